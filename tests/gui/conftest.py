"""Fixtures of the tests of the window; what tshark needs comes from tests/conftest.py.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import pathlib

import pytest

import desk


@pytest.fixture(scope="session")
def the_desk(lab):
    if desk.missing():
        pytest.skip(f"not installed: {', '.join(desk.missing())}")
    the_desk = desk.Desk(lab)
    yield the_desk
    the_desk.close()


@pytest.fixture
def screen(the_desk, request):
    """An empty screen, and Wireshark as it was installed. What the test leaves on the screen is kept as a picture in $NLM_HEALTH_ARTEFACTS."""
    the_desk.forget_settings()
    yield the_desk
    artefacts = os.environ.get("NLM_HEALTH_ARTEFACTS")
    if artefacts:
        pathlib.Path(artefacts).mkdir(parents=True, exist_ok=True)
        the_desk.shot(pathlib.Path(artefacts) / f"{request.node.name}.png")
    crash = the_desk.crashed()
    the_desk.close_programs()
    assert crash is None, f"Wireshark ended by itself: {crash}"
