"""Cases without code: tests/cases/NAME.expect says what to read and what the plugin must find in it.

    # a comment
    scenario: stuck_fin.scn --ipv6          or    capture: stuck_fin.pcap
    prefs: nlm_health.kernel_log:@stuck_fin.cli.kernel.log
    report: not responding, still trying
    field: 191 nlm_health.call.dead_reason = fin_unacked
    ---
    one pass
    162 fin_unacked
    two passes
    159 fin_unacked
    162 fin_unacked
    incidents
    1 fin_unacked server likely 10.7.1.2 10.7.1.1 frames 159-193

Above the line, written by hand and never changed by --update: `scenario` (in tests/scenarios/, with the compiler's
options) or `capture` (in captures/); `prefs`, as many as it takes, where @NAME is a log beside one of these;
`report`, a text that the report must contain (blanks and line ends are alike), `no report`, one that it must not
contain; `field`, a value that a frame must show in its tree on a second pass (enumerations by name).
Below the line, written by  tests/run -k NAME --update  and to be read before it is committed: every frame with a
finding on one pass and on two, and the incidents.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import difflib
import json
import re
import typing
import xml.etree.ElementTree as xml

import pytest

import harness
import names

FOLDER = harness.TOP / "tests" / "cases"
RULE = "---"
HEADINGS = {"scenario", "capture", "prefs", "report", "no report", "field"}


class Case:
    """A file of tests/cases/."""

    def __init__(self, path):
        self.path = path
        text = path.read_text(encoding="utf-8")
        head, _, self.body = text.partition(f"\n{RULE}\n")
        self.head = head.rstrip("\n")
        self.said = {heading: [] for heading in HEADINGS}
        for line in self.head.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            heading, colon, value = line.partition(":")
            assert colon and heading in HEADINGS, f"{path.name}: what is {line!r}?"
            self.said[heading].append(value.strip())
        assert len(self.said["scenario"]) + len(self.said["capture"]) == 1, f"{path.name}: one scenario or one capture"

    def arguments(self, lab):
        """What makes tshark read the case."""
        if self.said["capture"]:
            path = lab.capture(self.said["capture"][0])
        else:
            name, *options = self.said["scenario"][0].split()
            path = lab.scenario(name, *options)
        prefs = [re.sub(r"@(\S+)", lambda match: str(lab.log(match[1])), pref) for pref in self.said["prefs"]]
        return ["-r", path, *(word for pref in prefs for word in ("-o", pref))]

    def replay_arguments(self):
        """The same for nlmh-replay, which compiles scenarios itself."""
        name, *options = (self.said["capture"] or self.said["scenario"])[0].split()
        folder = harness.TOP / ("captures" if self.said["capture"] else "tests/scenarios")
        prefs = [re.sub(r"@(\S+)", lambda match: str(harness.log_file(match[1])), pref) for pref in self.said["prefs"]]
        return [folder / name, *options, *(word for pref in prefs for word in ("-o", pref))]


def all_cases():
    return sorted(FOLDER.glob("*.expect"))


def label(item):
    """What a test is called: after its case, and after the demand that it checks."""
    return getattr(item, "stem", str(item))


each_case = pytest.mark.parametrize("path", all_cases(), ids=label)


class Told(typing.NamedTuple):
    """What one run of TShark says."""
    frames: list  # [(frame, incident, [finding])] of every frame; the incident as text, empty when there is none
    story: dict
    report: str


TOLD = {}  # by arguments: several tests ask the same


def tell(lab, arguments, *more):
    key = (*map(str, arguments), *more)
    if key not in TOLD:
        TOLD[key] = ask(lab, arguments, *more)
    return TOLD[key]


def ask(lab, arguments, *more):
    registered = [name for name in names.FINDINGS if f"nlm_health.{name}" in lab.fields]
    text = lab.tshark(*arguments, *more, "-T", "fields", "-E", "separator=/t", "-e", "frame.number", "-e", "nlm_health.incident",
                      *(word for name in registered for word in ("-e", f"nlm_health.{name}")),
                      "-z", "nlm_health,json", "-z", "nlm_health,report").stdout
    table = re.match(r"(\d+\t.*\n)*", text).group()
    rows = [line.split("\t") for line in table.splitlines()]
    frames = [(int(frame), incident, [name for name, value in zip(registered, values) if value]) for frame, incident, *values in rows]
    before, story, behind = harness.story_in(text[len(table):])
    return Told(frames, json.loads(story), before + behind)


def findings_of(rows):
    """["FRAME finding finding"] of every frame that has any"""
    return [" ".join([str(frame), *found]) for frame, _, found in rows if found]


def check_spans(rows, story):
    """The first and the last frame that show an incident are those that the report names."""
    spans = {}
    for frame, incidents, _ in rows:
        for incident in map(int, filter(None, incidents.split(","))):
            spans[incident] = (spans.get(incident, (frame,))[0], frame)
    assert spans == {i["id"]: (i["first_frame"], i["last_frame"]) for i in story["incidents"]}


def incidents_of(story):
    return [f"{i['id']} {i['cause']} {i['side']} {i['confidence']} {i['client']} {i['server']} "
            f"frames {i['first_frame']}-{i['last_frame']}" for i in story["incidents"]]


def dump(once, twice, story):
    """What stands below the line."""
    check_spans(twice, story)
    lines = ["one pass", *findings_of(once), "two passes", *findings_of(twice), "incidents", *incidents_of(story)]
    return "".join(line + "\n" for line in lines)


def dump_of_replay(case, lab):
    """The same of the core without Wireshark, None where only Wireshark can read the case."""
    output = lab.replay(case.replay_arguments(), "--findings", "--json")
    if output is None:
        return None
    rows, _, story = output.partition("{")
    passes = {"1": [], "2": []}
    for row in rows.splitlines():
        number, frame, incident, *findings = row.split("\t")
        passes[number].append((int(frame), incident, sorted(findings, key=names.FINDINGS.index)))
    return dump(passes["1"], passes["2"], json.loads("{" + story))


def dump_of_tshark(lab, arguments):
    once, twice = tell(lab, arguments), tell(lab, arguments, "-2")
    return dump(once.frames, twice.frames, once.story)


def compare(case, found):
    if found != case.body:
        difference = difflib.unified_diff(case.body.splitlines(), found.splitlines(), "expected", "found", lineterm="")
        pytest.fail(f"{case.path.name}\n" + "\n".join(difference), pytrace=False)


@pytest.fixture
def case(path):
    return Case(path)


@pytest.fixture
def arguments(case, lab):
    return case.arguments(lab)


@each_case
def test_findings(case, lab, request):
    """As nlmh-replay has it, in milliseconds; TShark where the replay cannot read the case."""
    found = dump_of_replay(case, lab) or dump_of_tshark(lab, case.arguments(lab))
    if request.config.getoption("--update"):
        case.path.write_text(f"{case.head}\n{RULE}\n{found}", encoding="utf-8")
        return
    compare(case, found)


@each_case
def test_report(case, lab):
    """It says what the case demands."""
    report = lab.replay(case.replay_arguments(), "--report") or tell(lab, case.arguments(lab)).report
    assert report.strip()
    plain = re.sub(r"\s+", " ", report)
    for text in case.said["report"]:
        assert text in plain, f"not in the report: {text}\n{report}"
    for text in case.said["no report"]:
        assert text not in plain, f"in the report: {text}\n{report}"


def test_stories_on_the_way_change_nothing(lab):
    """A window tells the story while packets come: whoever looked often is told the same at the end."""
    def is_changed(path):
        case = Case(path)
        arguments = case.replay_arguments()
        once = lab.replay(arguments, "--json")
        return once is not None and once != lab.replay(arguments, "--json", "--live")

    scenarios = [path for path in all_cases() if Case(path).said["scenario"]]
    assert len(scenarios) > 100
    assert not [path.stem for path, changed in zip(scenarios, harness.in_parallel(is_changed, scenarios)) if changed]


def tshark_cases():
    """Those that TShark reads, too: every real capture, what lies in other layers, and each seventh of the rest."""
    cases = [Case(path) for path in all_cases()]
    plain = [case for case in cases if not case.said["capture"] and " --" not in case.said["scenario"][0]]
    return [case.path for case in cases if case not in plain] + [case.path for case in plain[::7]]


@pytest.mark.parametrize("path", tshark_cases(), ids=label)
def test_tshark_agrees(case, lab, arguments):
    """The plugin in TShark finds the same; its report is the same on one pass and on two, and the replay's."""
    once, twice = tell(lab, arguments), tell(lab, arguments, "-2")
    compare(case, dump(once.frames, twice.frames, once.story))
    assert once.report == twice.report
    replayed = lab.replay(case.replay_arguments(), "--report")
    assert replayed is None or replayed == once.report


VALUES = [(path, line) for path in all_cases() for line in Case(path).said["field"]]
TREES = {}  # by case: {frame: its tree}


def trees_of(lab, case, arguments):
    """All frames of which a case demands a value, of one run."""
    if case.path not in TREES:
        wanted = " || ".join(sorted({f"frame.number == {line.split()[0]}" for line in case.said["field"]}))
        root = xml.fromstring(lab.tshark(*arguments, "-2", "-Y", wanted, "-T", "pdml").stdout)
        TREES[case.path] = {next(field.get("show") for field in packet.iter("field") if field.get("name") == "frame.number"): packet
                            for packet in root.iter("packet")}
    return TREES[case.path]


def shown(lab, tree, name):
    """The values of a field as a user reads them in the tree: texts of enumerations, times without a zone, durations in
    seconds (4.6 words them in another way)."""
    fields = [field for field in tree.iter("field") if field.get("name") == name]
    if lab.fields[name] == "FT_RELATIVE_TIME":
        return [f"{field.get('show')} seconds" for field in fields]
    return [re.sub(r"^[^:]*: | \(\d+\)$", "", field.get("showname", field.get("show"))) for field in fields]


@pytest.mark.parametrize("path, line", VALUES, ids=label)
def test_value(case, line, lab, arguments):
    match = re.fullmatch(r"(\d+) (nlm_health\.[\w.]+) = (.*)", line)
    assert match, f"{case.path.name}: what is {line!r}?"
    frame, name, value = match.groups()
    assert value in shown(lab, trees_of(lab, case, arguments)[frame], name)
