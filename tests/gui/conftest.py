"""Fixtures of the tests of the window; tshark and the plugin come from the end-to-end tests.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import desk  # noqa: E402
import harness  # noqa: E402

PROFILES = harness.TOP / "profiles"


def pytest_addoption(parser):
    try:
        parser.addoption("--fast", action="store_true", help="leave out the slow tests")
    except ValueError:
        pass  # tests/e2e runs as well and has it already


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a few seconds; left out by --fast")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--fast"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="--fast"))


@pytest.fixture(scope="session")
def lab():
    """tshark with the plugin, and with our profiles; see harness.Lab"""
    try:
        the_lab = harness.Lab()
    except Exception as error:
        pytest.exit(f"nothing can be tested: {error}", 1)
    settings = the_lab.home / ".config"
    shutil.copytree(PROFILES, settings / "wireshark" / "profiles", ignore=shutil.ignore_patterns("CMakeLists.txt"))
    for path in [settings, *settings.rglob("*")]:
        harness.hand_over(path)
    yield the_lab
    the_lab.close()


@pytest.fixture(scope="session")
def the_desk(lab):
    if desk.missing():
        pytest.skip(f"not installed: {', '.join(desk.missing())}")
    the_desk = desk.Desk(lab)
    yield the_desk
    the_desk.close()


@pytest.fixture
def screen(the_desk, request):
    """An empty screen. What the test leaves on it is kept as a picture in $NLM_HEALTH_ARTEFACTS."""
    yield the_desk
    artefacts = os.environ.get("NLM_HEALTH_ARTEFACTS")
    if artefacts:
        pathlib.Path(artefacts).mkdir(parents=True, exist_ok=True)
        the_desk.shot(pathlib.Path(artefacts) / f"{request.node.name}.png")
    crash = the_desk.crashed()
    the_desk.close_programs()
    assert crash is None, f"Wireshark ended by itself: {crash}"
