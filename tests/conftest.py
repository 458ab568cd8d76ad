"""What the tests in all folders share: options, markers, tshark with the plugin.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import pathlib
import tempfile

import pytest

import harness


def pytest_addoption(parser):
    parser.addoption("--fast", action="store_true", help="leave out the slow tests")
    parser.addoption("--update", action="store_true", help="write the expected part of the selected cases anew")
    parser.addoption("--keep-captures", metavar="FOLDER", help="copy the captures of the live tests there")


def pytest_configure(config):
    """What TShark said of this project's captures is kept for all workers, as long as the tests run."""
    if not hasattr(config, "workerinput"):
        config.kept = tempfile.TemporaryDirectory(prefix="nlm_health.kept.")
        os.environ["NLM_HEALTH_KEPT"] = config.kept.name


def pytest_unconfigure(config):
    if hasattr(config, "kept"):
        config.kept.cleanup()


# The files of tests/e2e that take longest, so that no worker goes on alone when the others are done.
LONGEST = ["test_command", "test_prefilter", "test_at_scale", "test_cases", "test_metamorphic", "test_growth", "test_outputs", "test_fuzz",
           "test_fields", "test_profiles"]


def pytest_collection_modifyitems(config, items):
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))
    if not config.getoption("--fast"):
        return
    for item in items:
        if item.get_closest_marker("slow") or item.get_closest_marker("live"):
            item.add_marker(pytest.mark.skip(reason="--fast"))


@pytest.fixture(scope="session")
def lab():
    """tshark with the plugin; see harness.Lab"""
    try:
        the_lab = harness.Lab()
    except Exception as error:  # once, and not for each test
        pytest.exit(f"nothing can be tested: {error}", 1)
    yield the_lab
    the_lab.close()


@pytest.fixture(scope="session")
def plugin_home(lab):
    """Home folder in which tshark finds the plugin."""
    return lab.home


@pytest.fixture(scope="session")
def tshark(lab):
    return lab.tshark


@pytest.fixture
def workdir(lab):
    """A folder of this test's own that tshark may write to."""
    return lab.folder()


@pytest.fixture(scope="session")
def corpus():
    """Folder with captures of other projects."""
    folder = os.environ.get("NLM_HEALTH_CORPUS")
    if not folder:
        pytest.skip("NLM_HEALTH_CORPUS is not set")
    return pathlib.Path(folder)
