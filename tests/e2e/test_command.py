"""nlm-health, the command: arguments in any order and of any kind, its words when something is wrong, its exit status.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import gzip
import json
import lzma
import os
import re
import shutil
import subprocess
import tarfile

import pytest

import harness

STILL = "lockd: server 10.7.1.1 not responding, still trying"
LOG = f"Nov 22 12:31:08 cli kernel: {STILL}\nNov 22 12:31:53 cli kernel: lockd: server 10.7.1.1 OK\n"
MOUNTS = ("proc /proc proc rw 0 0\n10.7.1.1:/srv/nfs /mnt nfs rw,relatime,vers=3,hard,proto=tcp,timeo=600,retrans=2,sec=sys,"
          "mountaddr=10.7.1.1 0 0\n")
NOTHING_FOUND, FOUND, FAILED = 0, 1, 2
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
needs = pytest.mark.skipif(not shutil.which("mergecap") or not shutil.which("editcap"), reason="mergecap is not installed")


@pytest.fixture(scope="module")
def place(lab):
    """A folder with the command, a capture with an outage, one without, and logs."""
    folder = lab.folder()
    shutil.copy(harness.TOP / "tools" / "nlm-health", folder)
    for name in ("stuck_fin.pcap", "healthy.pcap"):
        shutil.copy(harness.TOP / "captures" / name, folder)
    (folder / "kernel.log").write_text(LOG)
    (folder / "mounts").write_text(MOUNTS)
    own(folder)
    return folder


def own(folder):
    for path in [folder, *folder.rglob("*")]:
        harness.hand_over(path)


@pytest.fixture
def command(lab, place):
    def run(*arguments, status=FOUND, shell="sh", **more):
        out = lab.run(shell, place / "nlm-health", *arguments, cwd=place, check=False, **more)
        assert out.status == status, str(out)
        return out
    return run


def folded(out):
    return re.sub(r"\s+", " ", out.stdout)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("arguments", [("stuck_fin.pcap", "kernel.log", "mounts"), ("mounts", "kernel.log", "stuck_fin.pcap")])
def test_any_order(command, shell, arguments):
    text = folded(command(*arguments, shell=shell))
    assert "logged at 12:31:08.000" in text and "logged at 12:31:53.000" in text
    assert text.startswith("NLM Health: 1 incident")


def test_nothing_found(command):
    assert command("healthy.pcap", status=NOTHING_FOUND).stdout.startswith("NLM Health: healthy")


def test_json_and_one_incident(command):
    story = json.loads(command("--json", "stuck_fin.pcap").stdout)
    assert story["capture"]["verdict"] == "incidents"
    assert command("--json", "healthy.pcap", status=NOTHING_FOUND)
    assert "Incident 1" in command("stuck_fin.pcap", "--incident", "1").stdout
    assert "no incident 7" in command("stuck_fin.pcap", "--incident", "7", status=FAILED).stderr


@pytest.mark.parametrize("name", ["a log.txt", "a;log", " log ", "line\nbreak", "-log", "log,out=x", "$(reboot)", "'\"`"])
def test_names(command, place, name):
    capture, log = place / f"{name}.cap", place / name
    shutil.copy(place / "stuck_fin.pcap", capture)
    log.write_text(LOG)
    own(place)
    text = folded(command("--", capture.name, log.name))
    assert "logged at 12:31:08.000" in text, text
    capture.unlink()
    log.unlink()


def test_packed(command, place):
    (place / "log.gz").write_bytes(gzip.compress(LOG.encode()))
    (place / "capture.xz").write_bytes(lzma.compress((place / "stuck_fin.pcap").read_bytes()))
    (place / "capture.gz").write_bytes(gzip.compress((place / "stuck_fin.pcap").read_bytes()))
    own(place)
    assert "logged at 12:31:08.000" in folded(command("log.gz", "capture.gz"))
    if shutil.which("xz"):
        command("capture.xz")


def sosreport(folder, address="10.7.1.2", host="cli"):
    top = folder / "sosreport-x"
    for path, text in {"proc/mounts": MOUNTS, "var/log/messages": LOG, "sos_commands/host/hostname": f"{host}\n",
                       "sos_commands/kernel/uname_-a": f"Linux {host} 6.1.0-18-amd64 #1 SMP x86_64 GNU/Linux\n",
                       "sos_commands/networking/ip_-o_addr": f"1: lo inet 127.0.0.1/8 scope host lo\n2: eth0 inet {address}/24 scope global\n",
                       "sys/module/lockd/parameters/nlm_timeout": "10\n"}.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    return top


def archived(top, name, packed):
    """The folder, or a tar file of it beside it."""
    if not packed:
        return top
    archive = top.parent / name
    with tarfile.open(archive, f"w:{packed}") as file:
        file.add(top, top.name)
    return archive


@pytest.mark.parametrize("packed", [None, "gz", "xz"])
def test_sosreport(command, place, packed):
    folder = place / f"report-{packed}"
    folder.mkdir()
    argument = archived(sosreport(folder), f"report.tar.{packed}", packed)
    own(place)
    text = folded(command(argument, "stuck_fin.pcap"))
    assert "logged at 12:31:08.000" in text
    assert "nlm_timeout=10 (Linux 5.3+)" in text


def test_sosreport_of_the_server(command, place):
    folder = place / "of-server"
    folder.mkdir()
    own(sosreport(folder, address="10.7.1.1", host="srv"))
    own(folder)
    out = command("stuck_fin.pcap", folder / "sosreport-x")
    assert "is the server's" in out.stderr
    assert "(Linux 5.3+)" not in folded(out)


@needs
def test_a_ring(command, place, lab):
    lab.run("editcap", "-c", "60", place / "stuck_fin.pcap", place / "ring.pcap")
    parts = sorted(place.glob("ring_*.pcap"))
    assert len(parts) > 2
    whole = command("stuck_fin.pcap").stdout
    assert command(*reversed(parts)).stdout == whole
    folder = place / "ring folder"
    folder.mkdir()
    for part in parts:
        part.rename(folder / part.name)
    own(place)
    assert command(folder).stdout == whole


def test_outputs(command, place):
    annotated = place / "with comments.pcapng"
    command("stuck_fin.pcap", "--annotate", annotated)
    assert annotated.read_bytes().startswith(b"\x0a\x0d\x0d\x0a")
    assert "is the capture itself" in command("stuck_fin.pcap", "--annotate", "stuck_fin.pcap", status=FAILED).stderr
    assert "no regular file" in command("stuck_fin.pcap", "--annotate", "/dev/null", status=FAILED).stderr
    assert "cannot write" in command("stuck_fin.pcap", "--annotate", "/nonexistent/x", status=FAILED).stderr


def test_local_times(command):
    text = command("stuck_fin.pcap", "--local", env={"TZ": "Asia/Kolkata"}).stdout
    assert "2026-11-22 18:00:02.758 to 18:01:53.376 UTC+05:30" in folded(command("stuck_fin.pcap", "--local", env={"TZ": "Asia/Kolkata"}))
    assert "12:30:02" not in text
    text = folded(command("stuck_fin.pcap", "--local", env={"TZ": "Pacific/Auckland"}))
    assert "2026-11-23 01:24:47.463 to 01:31:56.384 UTC+13:00" in text


@pytest.mark.parametrize("arguments,words", [
    ((), "usage:"),
    (("nowhere.pcap",), "no such file: nowhere.pcap"),
    (("kernel.log",), "no capture among the arguments"),
    (("--nonsense", "stuck_fin.pcap"), "unknown option --nonsense"),
    (("stuck_fin.pcap", "--html"), "--html needs a value"),
    (("stuck_fin.pcap", "--incident", "x"), "--incident takes a number"),
    (("stuck_fin.pcap", "/dev/null"), "is not a regular file"),
    (("stuck_fin.pcap", "-o", "nlm_health.nonsense:1"), "nlm_health.nonsense"),
    (("watch",), "watch needs an interface"),
])
def test_refused(command, arguments, words):
    assert words in command(*arguments, status=FAILED).stderr


def test_wrong_files(command, place):
    (place / "empty").write_bytes(b"")
    (place / "noise").write_bytes(os.urandom(4000))
    (place / "secret").write_text(LOG)
    (place / "junk.tar").write_bytes(b"")
    with tarfile.open(place / "junk.tar", "w") as archive:
        archive.add(place / "mounts", "mounts")
    own(place)
    (place / "secret").chmod(0)
    assert "is empty" in command("stuck_fin.pcap", "empty", status=FAILED).stderr
    assert "neither a capture, nor a log" in command("stuck_fin.pcap", "noise", status=FAILED).stderr
    assert "permission denied" in command("stuck_fin.pcap", "secret", status=FAILED).stderr
    assert "neither a sosreport nor a supportconfig" in command("stuck_fin.pcap", "junk.tar", status=FAILED).stderr
    (place / "secret").unlink()


def test_cut_short(command, place):
    (place / "cut.pcap").write_bytes((place / "stuck_fin.pcap").read_bytes()[:-10])
    own(place)
    out = command("cut.pcap")
    assert '"cut.pcap" appears to have been cut short' in out.stderr
    (place / "stump.pcap").write_bytes((place / "stuck_fin.pcap").read_bytes()[:10])
    own(place)
    assert "stump.pcap" in command("stump.pcap", status=FAILED).stderr


def test_without_the_plugin(command, lab):
    env = {"HOME": str(lab.folder())}
    if "nlm_health" not in lab.run("tshark", "-G", "plugins", env=env).stdout:
        assert "does not load the plugin" in command("stuck_fin.pcap", status=FAILED, env=env).stderr


@pytest.mark.skipif(not shutil.which("tcpdump"), reason="tcpdump is not installed")
def test_large_captures_are_filtered(command, place):
    """The same report but for the numbers of frames; nothing is gained where all packets are of interest."""
    out = command("stuck_fin.pcap", env={"NLM_HEALTH_LARGE": "1"})
    assert "fin_unacked" in out.stdout
    assert command("stuck_fin.pcap", "--no-filter", env={"NLM_HEALTH_LARGE": "1"}).stdout == command("stuck_fin.pcap").stdout


@pytest.mark.skipif(not shutil.which("tcpdump"), reason="tcpdump is not installed")
def test_who_has_no_profile_is_lent_one(lab):
    """Of the sources, for a large capture; the user's own preferences of the plugin count all the same."""
    home = lab.folder()
    folder = home / ".local/lib/wireshark/plugins" / lab.version / "epan"
    folder.mkdir(parents=True)
    shutil.copy(harness.BUILD / "plugin" / "nlm_health.so", folder)
    for name in ("tools", "profiles"):  # whoever runs the command need not be able to read the sources
        shutil.copytree(harness.TOP / name, home / "sources" / name)
    settings = home / ".config" / "wireshark"
    settings.mkdir(parents=True)
    (settings / "preferences").write_text("nlm_health.timer: nonsense\n")
    own(home)
    trace = home / "trace"
    trace.write_text("")
    harness.hand_over(trace)
    watcher = home / "tshark"
    watcher.write_text(f'#!/bin/sh\necho "${{WIRESHARK_CONFIG_DIR:-own}}" "$@" >>"{trace}"\nexec {shutil.which("tshark")} "$@"\n')
    watcher.chmod(0o755)
    out = lab.run("sh", home / "sources" / "tools" / "nlm-health", lab.capture("stuck_fin.pcap"), check=False,
                  env={"HOME": str(home), "NLM_HEALTH_LARGE": "1", "PATH": f"{home}:{os.environ['PATH']}"})
    assert out.status == FOUND and "fin_unacked" in out.stdout, str(out)
    assert "own " not in trace.read_text() and "-C NLM Health batch" in trace.read_text(), trace.read_text()
    assert "nonsense" in out.stdout + out.stderr, str(out)


def test_nothing_is_left(command, lab):
    folder = lab.folder()
    command("stuck_fin.pcap", "kernel.log", env={"TMPDIR": str(folder)})
    command("stuck_fin.pcap", "nowhere", status=FAILED, env={"TMPDIR": str(folder)})
    assert not list(folder.iterdir())


@pytest.fixture
def window(command, lab):
    """nlm-health --open with a Wireshark that only says what it is told."""
    def opened(*arguments, **more):
        folder = lab.folder()
        (folder / "wireshark").write_text('#!/bin/sh\nprintf "%s\\n" "$@" >"$0.told"\n')
        (folder / "wireshark").chmod(0o755)
        harness.hand_over(folder)
        harness.hand_over(folder / "wireshark")
        command(*arguments, "--open", env={"PATH": f"{folder}:{os.environ['PATH']}"}, **more)
        return (folder / "wireshark.told").read_text().splitlines()
    return opened


def test_open_at_the_incident(window, command, place):
    """The capture itself, at the incident's first packet, with what else was given."""
    first = json.loads(command("--json", "stuck_fin.pcap", "kernel.log").stdout)["incidents"][0]["first_frame"]
    told = window("stuck_fin.pcap", "kernel.log", "mounts", "-o", "nlm_health.kernel_log_offset:1")
    assert told[told.index("-g") + 1] == str(first)
    assert told[told.index("-r") + 1] == str(place / "stuck_fin.pcap")
    assert {"nlm_health.kernel_log:kernel.log", "nlm_health.kernel_log_offset:1"} <= set(told)
    assert any(word.startswith("nlm_health.mount_options:") and "timeo=600" in word for word in told)


def test_open_that_fails_says_so(command, lab):
    folder = lab.folder()
    (folder / "wireshark").write_text("#!/bin/sh\necho no screen >&2; exit 1\n")
    (folder / "wireshark").chmod(0o755)
    harness.hand_over(folder)
    harness.hand_over(folder / "wireshark")
    out = command("stuck_fin.pcap", "--open", status=FAILED, env={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert "nlm-health: wireshark: no screen" in out.stderr


@needs
@pytest.mark.parametrize("given", [("stuck_fin.pcap", "--server", "server.pcap"), ("--server=server.pcap", "stuck_fin.pcap")])
def test_server_is_the_second_point(command, place, lab, given):
    """The same packets, 30 ms later by the server's clock: two capture points, and the same incident."""
    lab.run("editcap", "-F", "nsecpcap", "-t", "0.03", place / "stuck_fin.pcap", place / "server.pcap")
    own(place)
    story = json.loads(command("--json", *given).stdout)
    assert len(story["capture"]["points"]) == 2
    assert [incident["cause"] for incident in story["incidents"]] == ["fin_unacked"]
    assert "is no capture" in command("stuck_fin.pcap", "--server", "kernel.log", status=FAILED).stderr
    assert "cannot read nowhere" in command("stuck_fin.pcap", "--server", "nowhere", status=FAILED).stderr


def supportconfig(folder):
    """As SUSE's tool writes it: sections of commands and files in a few texts."""
    top = folder / "scc_cli_261122"
    top.mkdir()
    (top / "basic-environment.txt").write_text("#==[ Command ]======#\n# /bin/uname -a\nLinux cli 6.1.0-18-default #1 SMP x86_64 GNU/Linux\n")
    (top / "messages.txt").write_text(f"#==[ Log File ]=====#\n# /var/log/messages - Last 500 Lines\n{LOG}")
    (top / "fs-diskio.txt").write_text(f"#==[ Command ]=====#\n# /bin/mount\n{MOUNTS}")
    (top / "network.txt").write_text("#==[ Command ]=====#\n# /sbin/ip addr\n    inet 127.0.0.1/8 scope host lo\n    inet 10.7.1.2/24 scope global eth0\n")
    (top / "env.txt").write_text("#==[ Command ]=====#\n# /sbin/sysctl -a\nfs.nfs.nlm_timeout = 10\n")
    return top


@pytest.mark.parametrize("packed", [None, "gz", "xz"])
def test_supportconfig(command, place, packed):
    folder = place / f"support {packed}"
    folder.mkdir()
    argument = archived(supportconfig(folder), f"scc.t{packed}", packed)
    own(place)
    text = folded(command("stuck_fin.pcap", argument))
    assert "logged at 12:31:08.000" in text
    assert "nlm_timeout=10 (Linux 5.3+)" in text


@pytest.fixture
def installed(lab):
    """The command and the profiles as in the sources, a home of its own, and how to run it there."""
    folder = lab.folder()
    for name in ("tools", "profiles"):
        shutil.copytree(harness.TOP / name, folder / name)
    home = folder / "home"
    home.mkdir()
    own(folder)

    def run(*arguments, status=0):
        env = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
        out = lab.run("sh", folder / "tools" / "nlm-health", *arguments, env=env, check=False)
        assert out.status == status, str(out)
        return out.stdout + out.stderr
    run.home, run.profiles = home, home / ".config" / "wireshark" / "profiles"
    return run


def test_profile_is_installed_and_renewed(installed):
    """An earlier version is renewed, one with changes stays until somebody says yes, and is kept then."""
    assert '"NLM Health" is installed' in installed("--install-profile")
    assert '"NLM Health" is up to date' in installed("--install-profile")
    recent, buttons = installed.profiles / "NLM Health" / "recent", installed.profiles / "NLM Health" / "dfilter_buttons"
    recent.write_text("sizes of mine\n")
    now = buttons.read_text()
    versions = (harness.TOP / "profiles" / "versions").read_text()
    buttons.unlink()
    assert '"NLM Health" was an earlier version' in installed("--install-profile")
    assert buttons.read_text() == now and recent.read_text() == "sizes of mine\n" and "dfilter_buttons" in versions
    buttons.write_text(now + "mine\n")
    assert "changes of yours, and stays" in installed("--install-profile")
    assert buttons.read_text() == now + "mine\n"
    assert "with your changes it is now called" in installed("--install-profile", "--yes")
    assert buttons.read_text() == now
    assert [path.read_text() for path in installed.profiles.glob("NLM Health before */dfilter_buttons")] == [now + "mine\n"]


def test_versions_of_the_profiles_are_known(lab):
    """Whoever changes a file of a profile adds a line, so that copies of what it was before can be told from the user's own."""
    known = (harness.TOP / "profiles" / "versions").read_text(encoding="utf-8").splitlines()
    for path in sorted((harness.TOP / "profiles").glob("*/*")):
        if path.name != "recent":
            crc, size = subprocess.run(["cksum", path], text=True, capture_output=True, check=True).stdout.split()[:2]
            line = f"{crc} {size} {path.parent.name}/{path.name}"
            assert line in known, f"add to profiles/versions: {line}"


def test_uninstall_leaves_nothing(installed):
    installed("--install-profile")
    plugin = installed.home / ".local/lib/wireshark/plugins/9.9/epan/nlm_health.so"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("")
    own(installed.home)
    if not any("/usr/" in line for line in installed("--uninstall", status=FAILED).splitlines()):
        assert plugin.exists() and installed.profiles.exists()
        assert "Nothing of NLM Health is left" in installed("--uninstall", "--yes")
        assert not list(installed.home.iterdir())


REPLAY = """
import socket, struct, sys, time
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("lo", 0))
data, at, began, first = open(sys.argv[1], "rb").read(), 24, time.time(), None
unit = 1e-9 if data[:4] == b"\\x4d\\x3c\\xb2\\xa1" else 1e-6
while at < len(data):
    seconds, fraction, size = struct.unpack("<III", data[at:at + 12])
    when = seconds + fraction * unit
    first = first or when
    time.sleep(max(0, began + (when - first) / 20 - time.time()))
    frame, run = bytearray(data[at + 16:at + 16 + size]), int(sys.argv[2])
    tcp = 14 + (frame[14] & 15) * 4
    if frame[12:14] == b"\\x08\\x00" and frame[23] == 6:  # other numbers each time: the same packets twice would be two capture points
        for place, form, plus in (18, ">H", 77), (tcp + 4, ">I", 100003), (tcp + 8, ">I", 100003):
            value, = struct.unpack_from(form, frame, place)
            struct.pack_into(form, frame, place, (value + plus * run) % (65536 if form == ">H" else 2**32))
    link.send(frame)
    at += 16 + size
"""


# A bare system has no "ip": SIOCSIFFLAGS with IFF_UP and IFF_RUNNING.
LOOP_UP = """
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh22x", b"lo", 0x41))
"""


@pytest.mark.slow
@needs
@pytest.mark.skipif(not harness.IS_ROOT or not shutil.which("unshare"), reason="takes a network of its own")
def test_watch(lab, place):
    """Two outages over the borders of small files: each begins and ends once, each file is kept once, the kept ones tell all."""
    (place / "replay.py").write_text(REPLAY)
    (place / "up.py").write_text(LOOP_UP)
    (place / "kept").mkdir()
    own(place)
    caps = "+net_raw,+net_admin"
    user = f"setpriv --reuid {harness.NOBODY} --regid {harness.NOBODY} --clear-groups --inh-caps {caps} --ambient-caps {caps}"
    script = (f"python3 up.py; {user} sh nlm-health watch -i lo --keep kept --exec 'echo kept' --size 3 --filter '' --duration 58 & "
              "sleep 4; for n in 1 2; do python3 replay.py stuck_fin.pcap $n; done; wait $!")
    run = subprocess.run(["unshare", "-n", "sh", "-c", script], cwd=place, env=lab.environment, text=True, capture_output=True, timeout=170)
    lines = run.stdout.splitlines()
    assert run.returncode == FOUND, run.stdout + run.stderr
    for word in ("begins", "ends  "):
        assert sum(f"  {word}  client 10.7.1.2" in line for line in lines) == 2, run.stdout + run.stderr
    kept = [line for line in lines if line.startswith("kept ")]
    assert len(kept) == len(set(kept)) == len(list((place / "kept").iterdir())) >= 2
    own(place)
    story = json.loads(lab.run("sh", "nlm-health", "--json", "kept", cwd=place, check=False).stdout)
    assert [incident["cause"] for incident in story["incidents"]] == ["fin_unacked"] * 2
