"""The scripts that a newcomer meets first.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import shutil
import subprocess

import pytest

import harness


def run(*command):
    environment = {**os.environ, "BUILD_DIR": str(harness.BUILD)}
    return subprocess.run(command, cwd="/", env=environment, text=True, stdin=subprocess.DEVNULL, capture_output=True)


@pytest.mark.parametrize("script", ["demo", "tests/run", "tests/matrix", ".ci/run", "tools/setup", "tools/package", "tools/release",
                                    "tests/portable",
                                    "tools/capture_json", "tools/prefilter", "tools/nlm-health", "tools/nlm-health.bash"])
def test_shellcheck(script):
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    checked = run("shellcheck", harness.TOP / script)
    assert checked.returncode == 0, checked.stdout


def test_style():
    """The plugin is written as .clang-format says; each version of clang-format breaks lines in another way."""
    if not shutil.which("clang-format") or "version 14." not in run("clang-format", "--version").stdout:
        pytest.skip("clang-format 14 is not installed")
    checked = run("clang-format", "--dry-run", "-Werror", *sorted((harness.TOP / "plugin").rglob("*.[ch]")))
    assert checked.returncode == 0, checked.stderr[:3000]


def test_demo_explains_the_outage():
    shown = run(harness.TOP / "demo")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    story = shown.stdout.partition("-z nlm_health,report")[2]
    assert "lockd: server 10.7.1.1 not responding, still trying" in story
    assert "cmake --install" in story


@pytest.mark.parametrize("script", ["demo", "tools/setup", "tools/package"])
def test_unknown_option_is_refused(script):
    refused = run(harness.TOP / script, "--nonsense")
    assert refused.returncode == 2
    assert "--nonsense" in refused.stderr
