"""What the end-to-end tests share: tshark as an ordinary user with the built plugin, captures and compiled scenarios.

Wireshark ignores the personal plugins of root, and root's files may be unreadable for others. So when root runs the
tests, tshark runs as nobody, with a home folder of its own and copies of what it reads.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import concurrent.futures
import datetime
import functools
import hashlib
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import typing

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", TOP / "build"))
NOBODY = 65534
# Of vendors, ports and enterprises: what Wireshark 4.0 reads at each start, which takes a third of it, and no test looks at.
NAMES = {"manuf", "services", "enterprises.tsv"}
REPLAY_UNKNOWN, REPLAY_UNREADABLE = 2, 3  # exit statuses of nlmh-replay
IS_ROOT = os.geteuid() == 0
AS_USER = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"] if IS_ROOT else []


def epoch(text):
    """Seconds since 1970 of an RFC 3339 time in UTC; exact to the microsecond."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    when = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return when.timestamp() + float(f"0.{fraction or 0}")


def log_file(name):
    """A kernel log of captures/ or of tests/scenarios/, where it is."""
    return next(path for path in (TOP / "captures" / name, TOP / "tests" / "scenarios" / name) if path.exists())


class Output:
    """What a program printed and its exit status."""

    def __init__(self, command, run):
        self.command = command
        self.stdout = run.stdout
        self.stderr = run.stderr
        self.status = run.returncode

    def __str__(self):
        command = " ".join(map(str, self.command))
        return f"{command}\nexit status {self.status}\n{self.stdout[-3000:]}\n{self.stderr[-3000:]}"


def hand_over(path):
    """Make a file or folder the ordinary user's."""
    if IS_ROOT:
        os.chown(path, NOBODY, NOBODY)


def in_parallel(function, items):
    """[function(item)] with as many at a time as there are processors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(function, items))


# Outputs that one run prints: TShark's start takes longer than all of them. Those of 4.0 come in reverse.
TOGETHER = ("pairs", "report", "json", "locks")


def story_in(text):
    """(what stands before the JSON document, the document, what stands behind it)"""
    begin = re.compile(r"^{$", re.M).search(text).start()
    end = re.compile(r"^}$\n", re.M).search(text, begin).end()
    return text[:begin], text[begin:end], text[end:]


def apart(text):
    """{output: its text} of what a run with TOGETHER prints"""
    pairs = re.search(r"^\n=+\nNLM Health pairs:.*?^=+\n", text, re.M | re.S)
    before, story, behind = story_in(text[:pairs.start()] + text[pairs.end():])
    locks, report = sorted([before, behind], key=lambda part: not part.startswith(("Locks at the end", "NLM Health: no lock is held")))
    return {"pairs": pairs.group(), "report": report, "json": story, "locks": locks}


class Usage(typing.NamedTuple):
    peak: int       # resident memory, bytes
    seconds: float  # of CPU time


class Lab:
    """A home folder with the plugin and its profiles in it, and everything that runs there."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="nlm_health."))
        self.home.chmod(0o755)
        self._scenarios = {}
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        # Sanitizers and Wireshark's own debugging switches may come from outside.
        for name, value in os.environ.items():
            if re.match(r"LD_PRELOAD$|[AU]B?SAN_OPTIONS$|G_(SLICE|DEBUG)$|WIRESHARK_(ABORT|DEBUG|EXTCAP_DIR)", name):
                self.environment[name] = value
        self.version = self._version()
        plugin = BUILD / "plugin" / "nlm_health.so"
        assert plugin.exists(), f"{plugin} is not built"
        folder = self.home / ".local/lib/wireshark/plugins" / self.version / "epan"
        folder.mkdir(parents=True)
        shutil.copy(plugin, folder)
        shutil.copytree(TOP / "captures", self.home / "captures")
        shutil.copytree(TOP / "profiles", self.home / ".config" / "wireshark" / "profiles",
                        ignore=shutil.ignore_patterns("CMakeLists.txt"))
        self._kept = pathlib.Path(os.environ.get("NLM_HEALTH_KEPT", self.home / "kept"))
        self._kept.mkdir(exist_ok=True)
        (self.home / "logs").mkdir()
        for log in [*TOP.glob("captures/*.log"), *TOP.glob("tests/scenarios/*.log")]:
            shutil.copy(log, self.home / "logs")
        for path in [self.home, *self.home.rglob("*")]:
            hand_over(path)
        self.environment["WIRESHARK_DATA_DIR"] = str(self._data())
        if not self._loaded():
            # One that is installed system-wide wins. This makes Wireshark look here instead.
            self.environment["WIRESHARK_PLUGIN_DIR"] = str(folder.parents[1])
            assert self._loaded(), f"tshark does not load {plugin}\n{self.tshark('-G', 'plugins')}"

    def _loaded(self):
        """Does tshark have the plugin that was built, and no other?"""
        plugins = self.tshark("-G", "plugins").stdout
        return re.search(rf"^nlm_health.*{re.escape(str(self.home))}", plugins, re.M) is not None

    def _data(self):
        """A new folder of what Wireshark has installed, without the names."""
        installed = re.search(r"^Global configuration:\s*(.+)$", self.tshark("-G", "folders").stdout, re.M)[1]
        folder = self.home / "data"
        folder.mkdir()
        folder.chmod(0o755)
        for path in pathlib.Path(installed).iterdir():
            if path.name in NAMES:
                (folder / path.name).touch()
            else:
                (folder / path.name).symlink_to(path)
        return folder

    def _version(self):
        text = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout
        return re.search(r"\d+\.\d+", text).group()

    def close(self):
        shutil.rmtree(self.home)

    def folder(self):
        """A new folder that tshark may write to."""
        path = pathlib.Path(tempfile.mkdtemp(dir=self.home))
        hand_over(path)
        return path

    def run(self, *command, env=None, check=True, timeout=180, cwd=None, **more):
        """Run a program as the ordinary user, in the home folder."""
        command = [*AS_USER, *map(str, command)]
        run = subprocess.run(command, env={**self.environment, **(env or {})}, cwd=cwd or self.home, text=True,
                             encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=timeout, **more)
        output = Output(command, run)
        assert not check or output.status == 0, str(output)
        return output

    def without_plugin(self):
        """Environment in which tshark finds no plugin of ours (Wireshark's own stay, unless it had to do without them)."""
        return {name: "/nonexistent" for name in ("HOME", "WIRESHARK_PLUGIN_DIR") if name in self.environment}

    def usage(self, *arguments, env=None):
        """What a run of tshark takes."""
        # A small process in between: a child's peak begins with what its parent had when it was started.
        code = "import os, resource, sys; status = os.spawnvp(os.P_WAIT, 'tshark', ['tshark', *sys.argv[1:]]); " \
               "used = resource.getrusage(resource.RUSAGE_CHILDREN); " \
               "print('used', used.ru_maxrss, used.ru_utime + used.ru_stime, file=sys.stderr); sys.exit(status)"
        python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
        text = self.run(python, "-c", code, *arguments, env=env, timeout=7200).stderr
        peak, seconds = re.search(r"used (\d+) ([\d.]+)", text).groups()
        return Usage(int(peak) * 1024, float(seconds))

    def tshark(self, *arguments, **more):
        return self.run("tshark", *arguments, **more)

    def replay(self, arguments, *more):
        """What nlmh-replay prints: the core without Wireshark. None when it does not know what is asked for."""
        command = self._replay_command([*arguments, *more])
        output = Output(command, subprocess.run(command, env=self.environment, capture_output=True, text=True))
        if output.status in (REPLAY_UNKNOWN, REPLAY_UNREADABLE):
            return None
        assert output.status == 0, str(output)
        return output.stdout

    def replay_seconds(self, arguments):
        """CPU time that nlmh-replay takes."""
        process = subprocess.Popen(self._replay_command(arguments), env=self.environment, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, arguments
        return used.ru_utime + used.ru_stime

    def _replay_command(self, arguments):
        program = BUILD / "tests" / "replay" / "nlmh-replay"
        assert program.exists(), f"{program} is not built"
        return [str(program), *map(str, arguments)]

    def told(self, capture, output, *arguments):
        """What an output of the plugin says of a capture: of those of this project, which no test changes, TShark is asked once."""
        if not self._is_own(capture):
            return self._tell(capture, output, *arguments)
        if output in TOGETHER:
            return apart(self._once(capture, *TOGETHER, *arguments))[output]
        return self._once(capture, output, *arguments)

    def _is_own(self, capture):
        own = pathlib.Path(capture)
        return own.parent == self.home / "captures" or own in self._scenarios.values()

    def _tell(self, capture, *words):
        """What TShark prints of a capture; words are outputs and, from the first one with a dash on, arguments."""
        outputs = list(itertools.takewhile(lambda word: not str(word).startswith("-"), words))
        taps = (word for output in outputs for word in ("-z", f"nlm_health,{output}"))
        return self.tshark("-q", "-r", capture, *words[len(outputs):], *taps).stdout

    def _once(self, capture, *words):
        """The same, kept for all workers of this run of the tests; without the home folder, which each has of its own."""
        made = next((key for key, path in self._scenarios.items() if path == capture), None)
        key = "\0".join(map(str, [*(made or [capture]), "", *words])).replace(str(self.home), "~")
        kept = self._kept / hashlib.sha256(key.encode()).hexdigest()
        if not kept.exists():
            text = self._tell(capture, *words).replace(str(self.home), "\0~")
            part = kept.with_name(f"{kept.name}.{os.getpid()}.{threading.get_ident()}")
            part.write_text(text, encoding="utf-8")
            part.rename(kept)
        return kept.read_text(encoding="utf-8").replace("\0~", str(self.home))

    def report(self, capture, *arguments):
        return self.told(capture, "report", *arguments)

    def story(self, capture, *arguments):
        """The JSON document of a capture."""
        return json.loads(self.told(capture, "json", *arguments))

    @functools.cached_property
    def fields(self):
        """{filter name: type} of every field and finding that the plugin registers."""
        rows = [line.split("\t") for line in self.tshark("-G", "fields").stdout.splitlines()]
        return {row[2]: row[3] for row in rows if row[0] == "F" and row[2].startswith("nlm_health.")}

    def capture(self, name):
        """Path of captures/NAME as tshark may read it."""
        path = self.home / "captures" / name
        assert path.exists(), f"there is no captures/{name}"
        return path

    def log(self, name):
        """Path of a kernel log of captures/ or of tests/scenarios/ as tshark may read it."""
        path = self.home / "logs" / name
        assert path.exists(), f"there is no {name} in captures/ or tests/scenarios/"
        return path

    def with_log(self, name):
        """Arguments that make tshark compare with a kernel log."""
        return ["-o", f"nlm_health.kernel_log:{self.log(name)}"]

    def outside(self, path):
        """Path of any capture as tshark may read it: a copy if the ordinary user cannot."""
        if not IS_ROOT or self.run("test", "-r", path, check=False).status == 0:
            return pathlib.Path(path)
        copy = self.folder() / pathlib.Path(path).name
        shutil.copy(path, copy)
        hand_over(copy)
        return copy

    def scenario(self, name, *options):
        """Capture made of tests/scenarios/NAME by the scenario compiler."""
        key = (name, *options)
        if key not in self._scenarios:
            compiler = BUILD / "tests" / "scenario" / "scenario_compile"
            assert compiler.exists(), f"{compiler} is not built"
            source = TOP / "tests" / "scenarios" / name
            assert source.exists(), f"there is no tests/scenarios/{name}"
            target = self.folder() / (pathlib.Path(name).stem + ".pcapng")
            command = [str(compiler), *options, str(source), str(target)]
            output = Output(command, subprocess.run(command, text=True, capture_output=True))
            assert output.status == 0, str(output)
            hand_over(target)
            self._scenarios[key] = target
        return self._scenarios[key]
