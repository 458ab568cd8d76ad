"""Options and fixtures of the live tests; what tshark needs comes from the end-to-end tests.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402


def pytest_addoption(parser):
    try:
        parser.addoption("--fast", action="store_true", help="leave out the slow tests")
    except ValueError:
        pass  # tests/e2e runs as well and has it already
    parser.addoption("--keep-captures", metavar="FOLDER", help="copy the captures of the live tests there")


def pytest_configure(config):
    config.addinivalue_line("markers", "live: real peers in network namespaces, captured live; left out by --fast")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--fast"):
        for item in items:
            if item.get_closest_marker("live"):
                item.add_marker(pytest.mark.skip(reason="--fast"))


@pytest.fixture(scope="session")
def lab():
    """tshark with the plugin; see harness.Lab"""
    try:
        the_lab = harness.Lab()
    except Exception as error:
        pytest.exit(f"nothing can be tested: {error}", 1)
    yield the_lab
    the_lab.close()
