"""Two hosts on one link, in namespaces of the test's own: NFS-Ganesha on one, lock_client (libnfs) on the other.

A host is a process with network, mount, UTS and PID namespaces; whatever runs there dies with it, and it dies with the
thread that made it. /run and the state of the NFS daemons are empty file systems in its mount namespace. Nothing leaves
the namespaces: the only interfaces are lo and the link.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest

import harness

HERE = pathlib.Path(__file__).resolve().parent
SERVER, CLIENT = "10.9.0.1", "10.9.0.2"
ROUTED_CLIENT = "10.9.1.2"
NLM_PORT = 32803  # as in ganesha.conf
TIMEOUT = 3  # seconds; lockd's nlm_timeout may be 3 to 20
PREFERENCES = ["-o", f"nlm_health.nlm_timeout:{TIMEOUT}"]
NEEDED = {"ganesha.nfsd": "nfs-ganesha nfs-ganesha-vfs", "rpcbind": "rpcbind", "rpc.statd": "nfs-common",
          "nft": "nftables", "ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux",
          "setpriv": "util-linux", "tcpdump": "tcpdump", "cc": "gcc", "pkg-config": "pkg-config"}
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def why_not():
    """Why the live tests cannot run here; None if they can."""
    if not harness.IS_ROOT:
        return "needs root: network namespaces, reserved ports, NFS-Ganesha"
    missing = {package for program, package in NEEDED.items() if not shutil.which(program, path=PATH)}
    if shutil.which("pkg-config") and subprocess.run(["pkg-config", "--exists", "libnfs"]).returncode:
        missing.add("libnfs-dev")
    if not [*pathlib.Path("/usr").glob("lib*/ganesha/libfsalvfs.so"),
            *pathlib.Path("/usr").glob("lib/*/ganesha/libfsalvfs.so")]:
        missing.add("nfs-ganesha-vfs")
    if missing:
        return "packages are missing: apt-get install " + " ".join(sorted(" ".join(missing).split()))
    probe = "ip link add name lan0 type bridge && ip link add name lan type veth peer name lan1 && nft add table inet fault && mount -t tmpfs none /run"
    run = subprocess.run(["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "sh", "-c", probe],
                         capture_output=True, text=True, env={"PATH": PATH})
    return f"namespaces, veth, nftables or mounts are not allowed here: {run.stderr.strip()}" if run.returncode else None


@contextlib.contextmanager
def playing(request, lab, tmp_path_factory, parameter, play, at_once):
    """{scenario: future of play(lab, program, scenario)}, of those that the selected tests of the asking fixture name by this parameter."""
    reason = why_not()
    if reason:
        pytest.skip(f"live tests: {reason}")
    program = build_client(tmp_path_factory.mktemp("live"))
    wanted = {item.callspec.params[parameter] for item in request.session.items
              if request.fixturename in getattr(item, "fixturenames", ())}
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        yield {name: pool.submit(play, lab, program, name) for name in sorted(wanted)}


def build_client(folder):
    """Compile lock_client."""
    program = folder / "lock_client"
    libnfs = subprocess.run(["pkg-config", "--cflags", "--libs", "libnfs"], capture_output=True, text=True, check=True)
    run = subprocess.run(["cc", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-o", program, *sorted(HERE.glob("*.c")),
                          *libnfs.stdout.split()], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return program


def until(condition, what, seconds=30):
    """Wait until the condition holds; what it returned."""
    end = time.time() + seconds
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for {what}")


class Lines:
    """The lines that a program prints, each with the time of its arrival."""

    def __init__(self, stream):
        self.lines = []
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def _read(self, stream):
        for line in stream:
            self.lines.append((time.time(), line.rstrip("\n")))

    def all(self):
        """Every line, once the program has ended."""
        self._reader.join(20)
        return self.lines

    def first(self, pattern, after=0):
        return next((line for _, line in self.lines[after:] if re.search(pattern, line)), None)


class Host:
    """A host: commands run in its namespaces."""

    def __init__(self, name, folder):
        self.log = open(folder / f"{name}.log", "w+")
        setup = ("hostname $0 && mount -t tmpfs none /run && mount -t tmpfs none /srv"
                 " && mount -t tmpfs none /var/lib/nfs && mkdir /run/rpcbind /var/lib/nfs/sm /var/lib/nfs/sm.bak"
                 " /var/lib/nfs/ganesha && touch /srv/file /var/lib/nfs/state && ip link set lo up"
                 " && echo ready && exec sleep infinity")
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--uts", "--pid", "--fork",
             "--kill-child", "--mount-proc", "sh", "-c", setup, name],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True, env={"PATH": PATH})
        assert self.holder.stdout.readline() == "ready\n", f"{name} does not start: {self.said()}"
        children = pathlib.Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text().split()
        self.pid = children[0]

    def said(self):
        self.log.seek(0)
        return self.log.read()[-3000:]

    def inside(self, *command):
        return ["nsenter", "--target", self.pid, "--net", "--mount", "--uts", "--pid", "--", *map(str, command)]

    def start(self, *command, **more):
        """Start a program that runs on."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": self.log, "stderr": self.log, **more}
        return subprocess.Popen(self.inside(*command), env={"PATH": PATH}, text=True, **streams)

    def run(self, *command):
        run = subprocess.run(self.inside(*command), env={"PATH": PATH}, capture_output=True, text=True)
        assert run.returncode == 0, f"{command}: {run.stderr}"
        return run.stdout

    def write(self, path, text):
        """Write a file that only this host sees."""
        subprocess.run(self.inside("tee", path), input=text, text=True, check=True, stdout=subprocess.DEVNULL)

    def drop(self, hook, rule):
        """Add a packet filter; see lift()."""
        self.run("nft", "add table inet fault; add chain inet fault "
                 f"{hook} {{ type filter hook {hook} priority -400; }}; add rule inet fault {hook} {rule} drop")

    def lift(self):
        self.run("nft", "delete table inet fault")

    def registered(self, program):
        """Is the program registered with this host's rpcbind?"""
        run = subprocess.run(self.inside("rpcinfo", "-p", "127.0.0.1"), env={"PATH": PATH}, capture_output=True,
                             text=True)
        return re.search(rf"^\s*{program}\s", run.stdout, re.M)

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.log.close()


class Client:
    """lock_client, driven through its standard input."""

    def __init__(self, host, program):
        self.process = host.start(program, "-t", TIMEOUT, SERVER, "/srv", "file", stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.output = Lines(self.process.stdout)
        self.wait(" started$")

    def wait(self, pattern, after=0, seconds=10):
        """Time of the event of which the line matches."""
        def line():
            assert self.process.poll() is None or self.output.first(pattern, after), f"lock_client ended: {self}"
            return self.output.first(pattern, after)
        return float(until(line, f"{pattern!r}; {self}", seconds).split()[0])

    def __str__(self):
        return "\n".join(line for _, line in self.output.lines[-12:])

    def command(self, command, answer=None, seconds=10):
        """Send a command; with `answer` wait for what the server says."""
        after = len(self.output.lines)
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return answer and self.wait(f" answer .*{answer}$", after, seconds)

    def lock_and_unlock(self):
        self.command("lock 1", "GRANTED")
        self.command("unlock 1", "GRANTED")

    def events(self, word):
        """Times at which this happened."""
        return [float(line.split()[0]) for _, line in self.output.lines if line.split()[1] == word]

    def close(self):
        self.process.stdin.close()
        self.process.wait(5)


class LiveCapture:
    """tshark -i as an ordinary user who may capture, with the plugin; prints the findings as the packets arrive."""

    def __init__(self, lab, host, findings):
        self.file = lab.folder() / "live.pcapng"
        may_capture = ["--inh-caps", "+net_raw,+net_admin", "--ambient-caps", "+net_raw,+net_admin"]
        fields = [part for name in findings for part in ("-e", f"nlm_health.{name}")]
        command = ["nsenter", "--target", host.pid, "--net", "--", *harness.AS_USER, *may_capture, "tshark", "-l",
                   "-i", "lan", "-w", self.file, "-P", "-T", "fields", "-e", "frame.number", *fields, *PREFERENCES,
                   "-z", "nlm_health,json"]
        self.findings = findings
        self.process = subprocess.Popen(list(map(str, command)), env=lab.environment, cwd=lab.home, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.errors = Lines(self.process.stderr)
        self.output = Lines(self.process.stdout)
        until(self._running, f"the capture: {self.errors.lines}")

    def _running(self):
        assert self.process.poll() is None, self.errors.all()
        return self.file.exists() and self.file.stat().st_size

    def stop(self):
        """What the plugin says at the end of the capture."""
        time.sleep(1)  # what was sent last is on its way from dumpcap
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        lines = [line for _, line in self.output.all()]
        assert "{" in lines, (lines[-5:], self.errors.all())
        return json.loads("\n".join(lines[lines.index("{"):]))

    def seen(self, finding):
        """[(time of the print, frame)] of every frame that was printed with the finding."""
        column = 1 + self.findings.index(finding)
        rows = [(when, line.split("\t")) for when, line in self.output.lines if re.match(r"\d+\t", line)]
        return [(when, int(row[0])) for when, row in rows if row[column]]

    def close(self):
        self.process.kill()
        self.process.wait()


def address_of(host, interface, address):
    """No IPv6: its router solicitations are no part of the story."""
    host.run("ip", "link", "set", interface, "addrgenmode", "none", "up")
    host.run("ip", "address", "add", f"{address}/24", "dev", interface)


def wire(host, interface, other, others_interface):
    """Two hosts on a link of their own."""
    subprocess.run(["nsenter", "--target", host.pid, "--net", "ip", "link", "add", "name", interface, "type", "veth", "peer",
                    "name", others_interface, "netns", other.pid], check=True, env={"PATH": PATH})


class Network:
    """Server and client, linked, with their daemons."""

    addresses = [SERVER, CLIENT]

    def __init__(self):
        self._hosts = []

    def start(self, folder, statd=True, grace=False):
        logs = pathlib.Path(tempfile.mkdtemp(dir=folder))
        for name in ["server", "client"]:
            self._hosts.append(Host(name, logs))
        self.server, self.client_host = self._hosts
        self._link(logs)
        for host, address in zip([self.server, self.client_host], self.addresses):
            address_of(host, "lan", address)
        self._route()
        for host in [self.server, self.client_host]:
            host.start("rpcbind", "-f")
            until(lambda: host.registered("100000"), f"rpcbind: {host.said()}")
        if statd:
            self.server.start("rpc.statd", "-F", "-L", "--no-notify")
            until(lambda: self.server.registered("100024"), f"rpc.statd: {self.server.said()}")
        text = (HERE / "ganesha.conf").read_text().replace("@GRACELESS@", "false" if grace else "true")
        self.server.write("/run/ganesha.conf", text)
        self.start_ganesha()

    def _route(self):
        pass

    def _link(self, logs):
        """veth; the client's end is in a bridge with a second port, so that it keeps its carrier like a switch port."""
        wire(self.server, "lan", self.client_host, "wire")
        self.client_host.run("ip", "link", "add", "name", "lan", "type", "bridge")
        self.client_host.run("ip", "link", "add", "name", "plug", "type", "veth", "peer", "name", "socket")
        for port in ["wire", "plug", "socket"]:
            self.client_host.run("ip", "link", "set", port, "addrgenmode", "none", "up")
        for port in ["wire", "plug"]:
            self.client_host.run("ip", "link", "set", port, "master", "lan")
        # It would answer ARP for the client, too.
        self.client_host.run("ip", "link", "set", "socket", "arp", "off")

    def start_ganesha(self):
        self.server.run("rm", "-f", "/run/ganesha.log")
        self.server.start("ganesha.nfsd", "-F", "-L", "/run/ganesha.log", "-f", "/run/ganesha.conf", "-p",
                          "/run/ganesha.pid")
        until(lambda: "NFS SERVER INITIALIZED" in self.server.run("sh", "-c", "cat /run/ganesha.log || true"),
              f"NFS-Ganesha: {self.server.said()}")
        until(lambda: self.server.registered("100021"), f"NLM: {self.server.said()}")

    def end_ganesha(self, how):
        self.server.run("sh", "-c", f"kill -{how} $(cat /run/ganesha.pid); rm -f /run/ganesha.pid")

    def start_client(self, program):
        return Client(self.client_host, program)

    def close(self):
        for host in self._hosts:
            host.close()


class RoutedNetwork(Network):
    """The same with a router between them, on which faults are made; each end is captured by itself."""

    addresses = [SERVER, ROUTED_CLIENT]

    def _link(self, logs):
        self.router = Host("router", logs)
        self._hosts.append(self.router)
        wire(self.server, "lan", self.router, "east")
        wire(self.client_host, "lan", self.router, "west")

    def _route(self):
        for host, interface, address, far in [(self.server, "east", "10.9.0.254", "10.9.1.0/24"),
                                              (self.client_host, "west", "10.9.1.254", "10.9.0.0/24")]:
            address_of(self.router, interface, address)
            host.run("ip", "route", "add", far, "via", address)
        self.router.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")

    def translate(self):
        """The client leaves in the router's name and from other ports."""
        self.router.run("nft", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; "
                        "add rule ip nat post oifname east ip protocol tcp masquerade to :30000-39999 random")


class Capture:
    """tcpdump on a host's link."""

    def __init__(self, host, file):
        self.process = host.start("tcpdump", "-i", "lan", "-n", "-U", "-s", "0", "-Z", "root", "-w", file, stderr=subprocess.PIPE)
        self.lines = Lines(self.process.stderr)
        until(lambda: self.lines.first("listening on"), "tcpdump")

    def stop(self):
        time.sleep(1)
        # SIGINT goes to tcpdump, not to nsenter before it
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGINT)
        self.process.wait(20)
