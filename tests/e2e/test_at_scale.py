"""Many captures at once, as docs/at-scale.md shows it: GNU parallel here and over ssh, interrupted, resumed, merged.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import collections
import csv
import functools
import itertools
import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import time

import pytest

import harness
import opensearch

jsonschema = pytest.importorskip("jsonschema")

COUNT = 110
PAGE = (harness.TOP / "docs" / "at-scale.md").read_text()
SCHEMA = json.loads((harness.TOP / "docs" / "nlm_health.schema.json").read_text())
INDEX = json.loads((harness.TOP / "docs" / "opensearch-mapping.json").read_text())
SSHD = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin")


@functools.cache
def installed(program):
    if program != "parallel" or not shutil.which(program):
        return shutil.which(program)
    # moreutils has another one of that name.
    return "GNU" in subprocess.run(["parallel", "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


def need(*programs):
    missing = [program for program in programs if not installed(program)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


pytestmark = need("jq")


def documented(section):
    """The blocks of commands in a section of docs/at-scale.md."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    blocks = ["\n".join(line[4:] for line in block) for code, block in
              itertools.groupby(text.splitlines(), lambda line: line.startswith("    ")) if code]
    assert blocks, f"no commands under {section}"
    return blocks


def tsv(text):
    return csv.DictReader(text.splitlines(), dialect="excel-tab", quoting=csv.QUOTE_NONE)


class Survey:
    """A folder with tools/ and captures, and what is run in it."""

    def __init__(self, lab):
        self.lab = lab
        self.folder = lab.folder()
        shutil.copytree(harness.TOP / "tools", self.folder / "tools")
        self.hand_over()

    def hand_over(self):
        for path in self.folder.rglob("*"):
            harness.hand_over(path)

    def add(self, name, content):
        """A capture, of bytes or of another file."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            shutil.copy(content, path)
        harness.hand_over(path.parent)
        harness.hand_over(path)
        return name

    def shell(self, command, **more):
        return self.lab.run("sh", "-c", command, cwd=self.folder, **more)

    def one(self, name, **more):
        return self.lab.run("tools/capture_json", name, f"results/{name}.json", cwd=self.folder, **more)

    def result(self, name):
        return json.loads((self.folder / "results" / f"{name}.json").read_text())

    def table(self):
        self.shell(documented("The table")[0])
        return list(tsv((self.folder / "incidents.tsv").read_text()))

    def bulk(self):
        """[(_id, document)]"""
        lines = [json.loads(line) for line in self.shell("jq -ncf tools/bulk.jq all.json").stdout.splitlines()]
        assert all(list(action) == ["index"] for action in lines[::2])
        return [(action["index"]["_id"], document) for action, document in zip(lines[::2], lines[1::2])]


@pytest.fixture
def survey(lab):
    return Survey(lab)


# --- one capture ---


@pytest.mark.parametrize("name", ["stuck_fin.pcap", "healthy.pcap", "rst.pcap.gz"])
def test_result_holds_the_document(survey, lab, name):
    survey.add(name, lab.capture(name))
    survey.one(name)
    assert survey.result(name) == {"file": name, "error": None, "story": lab.story(lab.capture(name))}


def test_result_keeps_numbers_that_jq_cannot(survey):
    """Offsets and lengths of locks have 64 bits, jq's numbers 53."""
    story = '{"length": 18446744073709551615}'
    fake(survey, f"echo '{story}'")
    survey.add("any.pcap", b"")
    run_with_fake(survey, "any.pcap")
    assert story in (survey.folder / "results" / "any.pcap.json").read_text()


@pytest.mark.parametrize("content, error", [(b"no capture", "isn't a capture file"), ("cut", "cut short"), ("forbidden", "permission")])
def test_capture_that_cannot_be_read_is_a_result(survey, lab, content, error):
    whole = lab.capture("stuck_fin.pcap").read_bytes()
    survey.add("bad.pcap", {"cut": whole[:-7], "forbidden": whole}.get(content, content))
    if content == "forbidden":
        (survey.folder / "bad.pcap").chmod(0)
    survey.one("bad.pcap")
    result = survey.result("bad.pcap")
    assert error in result["error"]
    rows = survey.table()
    assert [(row["file"], row["result"], row["summary"]) for row in rows][-1] == ("bad.pcap", "error", result["error"])
    # Of a capture that is cut short, what was read is told, too.
    assert [row["cause"] for row in rows[:-1]] == (["fin_unacked"] if content == "cut" else [])


def fake(survey, script):
    """A tshark that does something else."""
    survey.add("fake/tshark", f"#!/bin/sh\n{script}\n".encode())
    (survey.folder / "fake" / "tshark").chmod(0o755)


def run_with_fake(survey, name, **more):
    return survey.one(name, env={"PATH": f"{survey.folder}/fake:{os.environ['PATH']}"}, **more)


@pytest.mark.parametrize("trouble", ["echo '{'; kill -KILL $$", "exit 1", "exit 127", "echo '{'; exit 134"])
def test_trouble_of_the_machine_is_no_result(survey, trouble):
    survey.add("fine.pcap", b"")
    fake(survey, trouble)
    assert run_with_fake(survey, "fine.pcap", check=False).status != 0
    assert list((survey.folder / "results").iterdir()) == []


def test_machine_without_the_plugin_the_profile_or_the_file(survey, lab):
    survey.add("stuck_fin.pcap", lab.capture("stuck_fin.pcap"))
    empty = survey.lab.folder()
    for name, env in [("missing.pcap", {}), ("stuck_fin.pcap", {"HOME": empty}),
                      ("stuck_fin.pcap", {"HOME": empty, "WIRESHARK_PLUGIN_DIR": "/nonexistent",
                                          "WIRESHARK_CONFIG_DIR": lab.home / ".config" / "wireshark"})]:
        run = survey.one(name, env={key: str(value) for key, value in env.items()}, check=False)
        assert run.status != 0 and run.stderr
        assert list(survey.folder.glob("results/*")) == []


def test_no_space_is_no_result(survey, lab):
    survey.add("stuck_fin.pcap", lab.capture("stuck_fin.pcap"))
    run = survey.shell("ulimit -f 1; tools/capture_json stuck_fin.pcap results/r.json", check=False)
    assert run.status != 0 and not (survey.folder / "results" / "r.json").exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed_in_the_middle_leaves_no_result(survey, how):
    fake(survey, "echo '{\"half\":'; touch started; exec sleep 2")
    survey.add("any.pcap", b"")
    worker = subprocess.Popen([*harness.AS_USER, "tools/capture_json", "any.pcap", "results/any.pcap.json"], cwd=survey.folder,
                              env={**survey.lab.environment, "PATH": f"{survey.folder}/fake:{os.environ['PATH']}"})
    wait_for(lambda: (survey.folder / "started").exists())
    worker.send_signal(how)
    assert worker.wait(20) != 0
    assert not (survey.folder / "results" / "any.pcap.json").exists()
    assert survey.table() == []


# --- many captures ---


def names_and_contents(lab):
    """All of captures/, scenarios, some that cannot be read or have odd names, copies; as many as are asked for."""
    whole = lab.capture("stuck_fin.pcap").read_bytes()
    yield "captures/odd/empty.pcap", b""
    yield "captures/odd/text.pcap", b"this is no capture\n"
    yield "captures/odd/cut in the middle.pcap", whole[:-7]
    yield "captures/odd/it's \"$(touch broken)\" é.pcap", whole
    captures = sorted(path for path in (harness.TOP / "captures").iterdir() if ".pcap" in path.name)
    scenarios = [lab.scenario(path.name) for path in sorted((harness.TOP / "tests" / "scenarios").glob("*.scn"))]
    for path in [*captures, *scenarios]:
        yield f"captures/first/{path.name}", path
    small = [path for path in [*captures, *scenarios] if path.name != "rst.pcap.gz"]
    for number in itertools.count(2):
        for path in small:
            yield f"captures/copy {number}/{path.name}", path


@pytest.fixture(scope="module")
def many(lab):
    survey = Survey(lab)
    for name, content in itertools.islice(names_and_contents(lab), COUNT):
        survey.add(name, content)
    survey.shell(documented("On this machine")[0].splitlines()[0])
    survey.names = (survey.folder / "captures.list").read_text().splitlines()
    assert len(survey.names) == COUNT
    return survey


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def done(survey):
    """The jobs of jobs.log: {number: exit value}. None is there twice."""
    log = survey.folder / "jobs.log"
    rows = [row for row in tsv(log.read_text() if log.exists() else "") if row["Exitval"]]
    assert [name for name, count in collections.Counter(row["Seq"] for row in rows).items() if count > 1] == []
    return {int(row["Seq"]): int(row["Exitval"]) for row in rows}


def interrupt_and_resume(survey, line):
    """All captures with a command of two jobs at a time, in two runs: the first is killed after a third of them."""
    (survey.folder / "jobs.log").unlink(missing_ok=True)
    shutil.rmtree(survey.folder / "results", ignore_errors=True)
    command = [*harness.AS_USER, "sh", "-c", f"exec env {line}"]
    log = open(survey.folder / "parallel.log", "w+")

    def start():
        return subprocess.Popen(command, cwd=survey.folder, env=survey.lab.environment,
                                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    first = start()
    wait_for(lambda: first.poll() is not None or len(done(survey)) >= COUNT // 3)
    assert first.poll() is None, (survey.folder / "parallel.log").read_text()[-2000:]
    first.kill()  # its jobs run on, and end while the second run is at work
    first.wait()
    before = done(survey)
    files = {number: survey.folder / "results" / f"{survey.names[number - 1]}.json" for number in before}
    written = {number: path.stat() for number, path in files.items()}
    assert COUNT // 3 <= len(before) < COUNT
    second = start()
    assert second.wait(600) == 0, (survey.folder / "parallel.log").read_text()[-2000:]
    # Nothing is lost, and what was done is not done again.
    assert done(survey) == {number: 0 for number in range(1, COUNT + 1)}
    assert {number: (path.stat().st_ino, path.stat().st_mtime_ns) for number, path in files.items()} == {
        number: (old.st_ino, old.st_mtime_ns) for number, old in written.items()}


def results(survey):
    """{capture: the text of its result}"""
    return {name: (survey.folder / "results" / f"{name}.json").read_text() for name in survey.names}


@pytest.fixture(scope="module")
def local(many):
    """The results of two local jobs."""
    interrupt_and_resume(many, documented("On this machine")[0].splitlines()[1].replace("--bar", "--bar --jobs 2"))
    return results(many)


@need("parallel")
@pytest.mark.slow
def test_every_capture_has_its_rows(many, local):
    stories = {name: json.loads(text) for name, text in local.items()}
    for name, result in stories.items():
        assert result["file"] == name
        if result["story"]:
            jsonschema.validate(result["story"], SCHEMA, cls=jsonschema.Draft7Validator)
    expected = collections.Counter()
    for name, result in stories.items():
        incidents = result["story"]["incidents"] if result["story"] else []
        expected[name] = len(incidents) + (result["error"] is not None) or 1
    table = many.table()
    assert collections.Counter(row["file"] for row in table) == expected and len(expected) == COUNT
    kinds = collections.defaultdict(set)
    for row in table:
        kinds[row["result"]].add(row["file"])
    assert kinds["error"] == {"captures/odd/text.pcap", "captures/odd/cut in the middle.pcap"}
    assert kinds["no packets"] == {"captures/odd/empty.pcap"}
    assert "captures/first/healthy.pcap" in kinds["no incident"] and "captures/first/stuck_fin.pcap" in kinds["incident 1"]
    assert not list(many.folder.rglob("broken"))
    missing, count = documented("The table")[1:]
    assert many.shell(missing).stdout == ""
    another = "cat - captures.list >captures.more <<END\ncaptures/another.pcap\nEND\n" + missing.replace("captures.list", "captures.more")
    assert many.shell(another).stdout == "captures/another.pcap\n"
    lines = [line.split("\t") for line in many.shell(count).stdout.splitlines()]
    assert sum(int(line[0]) for line in lines) == sum(row["result"].startswith("incident ") for row in table)


@need("parallel")
@pytest.mark.slow
def test_results_are_those_of_tshark(many, local, lab):
    names = many.names[3:COUNT:23]
    stories = harness.in_parallel(lambda name: lab.story(many.folder / name, "-C", "NLM Health batch"), names)
    assert [json.loads(local[name])["story"] for name in names] == stories


@need("parallel")
@pytest.mark.slow
def test_bulk_documents_fit_the_mapping(many, local):
    documents = many.bulk()
    assert len(documents) == len(many.table()) == len({name for name, _ in documents})
    assert {document["file"] for _, document in documents} == set(many.names)
    survey_sends(many, documents)
    wrong = {name: opensearch.wrong(document, INDEX)[:3] for name, document in documents}
    assert {name: what for name, what in wrong.items() if what} == {}


def survey_sends(survey, documents):
    """The documented commands send every document, in requests of whole pairs of lines, and tell what was refused."""
    survey.add("fake/curl", b"#!/bin/sh\necho \"$*\" >>calls\nf=$(mktemp request.XXXXXX)\ncat >$f\necho "
               b"'{\"errors\": true, \"items\": [{\"index\": {\"_id\": \"x#1\", \"error\": {\"reason\": \"no\"}}}]}'\n")
    (survey.folder / "fake" / "curl").chmod(0o755)
    path = {"PATH": f"{survey.folder}/fake:{os.environ['PATH']}", "URL": "http://localhost:9200"}
    answers = survey.shell(documented("Into OpenSearch or Elasticsearch")[0].replace("20M", "2M"), env=path).stdout
    requests = [path.read_text().splitlines() for path in survey.folder.glob("request.*")]
    requests = [lines for lines in requests if lines]
    assert len(requests) > 1 and answers.splitlines()[-1] == "x#1\tno"
    assert all(len(lines) % 2 == 0 and lines[0].startswith('{"index"') for lines in requests)
    sent = {json.loads(line)["index"]["_id"] for lines in requests for line in lines[::2]}
    assert sent == {name for name, _ in documents}
    assert all("http://localhost:9200/nlm-incidents" in line for line in (survey.folder / "calls").read_text().splitlines())


@need("parallel", "ssh", "rsync")
@pytest.mark.slow
def test_over_ssh(many, local, ssh):
    line = documented("On many machines")[1]
    hosts = "--sshlogin 8/host1,8/host2"
    assert hosts in line
    interrupt_and_resume(many, line.replace(hosts, f"--ssh 'ssh -F {ssh}' --sshlogin 2/survey"))
    assert results(many) == local


@pytest.fixture
def ssh(lab):
    """A server of our own on this machine, for the ordinary user, and the configuration of a client that knows it."""
    if not SSHD:
        pytest.skip("not installed: sshd (tests/run --ssh installs it)")
    if not harness.IS_ROOT:
        pytest.skip("needs root: a server without root's rights takes the ordinary user's account for locked")
    folder = lab.folder()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for key in ("host", "user"):
        lab.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key)
    environment = " ".join(shlex.quote(f"{name}={value}") for name, value in lab.environment.items())
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nPidFile none\n"
        f"UsePAM no\nStrictModes no\nSetEnv {environment}\n")
    (folder / "config").write_text(
        f"Host survey\nHostName 127.0.0.1\nPort {port}\nUser nobody\nIdentityFile {folder}/user\nIdentitiesOnly yes\n"
        f"UserKnownHostsFile {folder}/known\nBatchMode yes\nStrictHostKeyChecking yes\n"
        f"ControlMaster auto\nControlPath {folder}/%C\nControlPersist 10\n")
    (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    # The ordinary user may not log in. In the server's own mount namespace he may.
    (folder / "passwd").write_text(f"nobody:x:{harness.NOBODY}:{harness.NOBODY}:nobody:{lab.home}:/bin/sh\n")
    (folder / "shadow").write_text("nobody:NP:20000:0:99999:7:::\n")
    inside = ("mount --bind passwd /etc/passwd; mount --bind shadow /etc/shadow;"
              f" exec {shlex.join([*harness.AS_USER, SSHD])} -D -e -f {folder}/sshd_config")
    for path in folder.iterdir():
        harness.hand_over(path)
    log = open(folder / "sshd.log", "w+")
    server = subprocess.Popen(["unshare", "--mount", "sh", "-ec", inside], cwd=folder, stdin=subprocess.DEVNULL, stderr=log)
    try:
        wait_for(lambda: server.poll() is not None or "listening" in pathlib.Path(log.name).read_text(), 20)
        if server.poll() is not None and "listening" not in pathlib.Path(log.name).read_text():
            pytest.skip(f"no server here: {pathlib.Path(log.name).read_text()}")
        yield folder / "config"
    finally:
        server.terminate()
        server.wait()


# --- the mapping ---


def fields(schema, mapping):
    """Fields of an object of the schema that the mapping lacks."""
    for name, inner in schema["properties"].items():
        if name not in mapping["properties"]:
            yield name
            continue
        inner = inner.get("items", inner)
        inner = SCHEMA["definitions"][inner["$ref"].rpartition("/")[2]] if "$ref" in inner else inner
        if "properties" in inner:
            yield from (f"{name}.{below}" for below in fields(inner, mapping["properties"][name]))


def test_mapping_is_strict_and_has_every_field_of_an_incident():
    assert opensearch.lenient(INDEX["mappings"]) == []
    assert list(fields(SCHEMA["definitions"]["incident"], INDEX["mappings"])) == []


@pytest.mark.parametrize("change, complaint", [
    ({"new": 1}, ".new: not in the mapping"), ({"client": "10.7.1.300"}, "is no ip"), ({"id": 2**40}, "is no integer"),
    ({"start": "2026-11-22"}, "is no date_nanos"), ({"start": 5}, "is no date_nanos"), ({"duration": "5"}, "is no double"),
    ({"calls": [{"dead": "yes"}]}, "is no boolean"), ({"calls": [{"frames": [1, "2"]}]}, "is no long"),
    ({"calls": ["LOCK"]}, "is no object"), ({"calls": [{"other": 1}]}, ".calls.other: not in the mapping"),
    ({"cause": 7}, "is no keyword"), ({"calls": [{}] * 100_001}, "nested objects")])
def test_wrong_documents_are_refused(change, complaint):
    fine = {"file": "a", "id": 1, "client": "10.7.1.2", "server": "fe80::1", "start": "2026-11-22T12:24:47.463335000Z",
            "end": None, "duration": 5, "calls": [{"dead": True, "frames": [1, 2]}]}
    assert opensearch.wrong(fine, INDEX) == []
    found = opensearch.wrong({**fine, **change}, INDEX)
    assert len(found) == 1 and complaint in found[0]
