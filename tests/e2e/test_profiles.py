"""The configuration profiles, with tshark: they parse, they install, and the fast one changes no report.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import csv
import os
import pathlib
import re
import subprocess
import zipfile

import pytest

import harness
import traffic

PROFILES = harness.TOP / "profiles"
WINDOW, BATCH = "NLM Health", "NLM Health batch"
CAPTURES = sorted(path.name for path in (harness.TOP / "captures").glob("*.pcap*"))
OUTPUTS = ["-q", *(word for output in harness.TOGETHER for word in ("-z", f"nlm_health,{output}"))]
CAPTURE = "stuck_fin.pcap"


def lines(profile, name):
    text = (PROFILES / profile / name).read_text()
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def expressions():
    """Every display filter that the profile brings, macros apart."""
    for line in lines(WINDOW, "colorfilters"):
        yield line.split("@")[2]
    for line in lines(WINDOW, "dfilters"):
        yield re.fullmatch(r'"[^"]+" (.+)', line).group(1)
    for row in csv.reader(lines(WINDOW, "dfilter_buttons")):
        yield row[2]


@pytest.mark.parametrize("name", CAPTURES)
def test_batch_profile_changes_no_report(lab, name):
    default = {output: lab.told(lab.capture(name), output) for output in harness.TOGETHER}
    batch = lab.tshark("-C", BATCH, "-r", lab.capture(name), *OUTPUTS)
    assert "NLM Health" in default["report"] and harness.apart(batch.stdout) == default and not batch.stderr


@pytest.mark.slow
def test_batch_profile_changes_no_report_on_captures_of_others(lab):
    top = os.environ.get("NLM_HEALTH_CORPUS")
    paths = sorted(path for path in pathlib.Path(top or "/nonexistent").glob("[ABC]-*/*") if path.is_file())
    if not paths:
        pytest.skip("NLM_HEALTH_CORPUS is not set or empty")

    def changes(path):
        read = ["-r", lab.outside(path), *OUTPUTS]
        return lab.tshark("-C", BATCH, *read, check=False).stdout != lab.tshark(*read, check=False).stdout
    changed = harness.in_parallel(changes, paths)
    assert [path.name for path, different in zip(paths, changed) if different] == []


def test_batch_profile_does_less(lab):
    foreign = lab.folder() / "foreign.pcap"
    traffic.foreign(500).write(foreign)
    harness.hand_over(foreign)

    def displayed(path, what, *profile):
        return len(lab.tshark(*profile, "-r", path, "-Y", what).stdout.splitlines())
    for path, what in [(foreign, "dns"), (lab.capture(CAPTURE), "tcp.analysis.flags")]:
        assert displayed(path, what) > 0 == displayed(path, what, "-C", BATCH)


def test_batch_profile_leaves_on_what_is_needed():
    off = lines(BATCH, "disabled_protos")
    assert len(off) > 100 and not {"tcp", "udp", "ip", "rpc", "portmap", "nlm", "stat", "nlm_health", "vxlan"} & set(off)


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_filters_of_the_profile_are_valid(lab, expression):
    lab.tshark("-r", lab.capture(CAPTURE), "-Y", expression)


@pytest.mark.parametrize("macro, plain", [("${nlm_incident:1}", "nlm_health.incident == 1"),
                                          ("${nlm_pair:10.7.1.2;10.7.1.1}", "nlm_health"),
                                          ("${nlm_slow:0.05}", "nlm_health.call.answered_in > 0.05"),
                                          ("${nlm_suffered}", "nlm_health.dead_call || nlm_health.not_responding || "
                                                              "nlm_health.call.deferred == 1")])
def test_macros_of_the_profile(lab, macro, plain):
    read = ["-C", WINDOW, "-2", "-r", lab.capture(CAPTURE), "-Y"]
    assert "" != lab.tshark(*read, macro).stdout == lab.tshark(*read, plain).stdout


def test_columns_of_the_profile(lab):
    row = lab.tshark("-C", WINDOW, "-2", "-r", lab.capture(CAPTURE), "-Y", "frame.number == 159").stdout
    assert re.match(r" *159 12:30:02\.758\d* .* TCP 1 lockd: Stuck FIN Stuck FIN 916 ", row)


def test_profile_without_the_plugin(lab):
    missing = {"HOME": str(lab.folder()), "WIRESHARK_PLUGIN_DIR": "/nonexistent",
               "WIRESHARK_CONFIG_DIR": str(lab.home / ".config" / "wireshark")}
    run = lab.tshark("-C", WINDOW, "-r", lab.capture(CAPTURE), env=missing)
    assert len(run.stdout.splitlines()) == 198


def cmake(*words, **environment):
    subprocess.run(["cmake", *words], check=True, capture_output=True, env={**os.environ, **environment})


def test_profiles_are_installed(tmp_path):
    cmake("--install", str(harness.BUILD), DESTDIR=str(tmp_path))
    for profile in (WINDOW, BATCH):
        installed = list(tmp_path.rglob(f"wireshark/profiles/{profile}/preferences"))
        assert len(installed) == 1 and installed[0].read_bytes() == (PROFILES / profile / "preferences").read_bytes()


def test_archive_of_the_profiles():
    cmake("--build", str(harness.BUILD), "--target", "profile_zip")
    with zipfile.ZipFile(harness.BUILD / "nlm_health_profiles.zip") as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    files = [path for profile in (WINDOW, BATCH) for path in (PROFILES / profile).iterdir()]
    assert packed == {str(path.relative_to(PROFILES)): path.read_bytes() for path in files}
