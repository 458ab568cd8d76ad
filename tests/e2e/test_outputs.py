"""What -z nlm_health,... prints and writes.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import base64
import gzip
import hashlib
import html.parser
import json
import os
import re
import shutil
import xml.etree.ElementTree as xml

import pytest

import harness
import names
import pcapng

jsonschema = pytest.importorskip("jsonschema")

SCHEMA = json.loads((harness.TOP / "docs" / "nlm_health.schema.json").read_text())
CAPTURES = sorted(path.name for path in (harness.TOP / "captures").iterdir() if ".pcap" in path.name)
SMALL = [name for name in CAPTURES if name != "rst.pcap.gz"]
OUTAGE = "stuck_fin.pcap"
STORM = "rst.pcap.gz"
HEALTHY = "healthy.pcap"
PREFIX = "NLM Health: "


def section(lab, capture, name, *more):
    """Everything that one -z output prints."""
    return lab.told(capture, name, *more)


def a_copy(lab, workdir, name, target=None):
    """A capture in a folder where tshark may write."""
    copy = workdir / (target or name)
    shutil.copy(lab.capture(name), copy)
    harness.hand_over(copy)
    return copy


def annotate(lab, source, target, *more, read=None, check=True):
    return lab.tshark("-q", "-r", read or source, *more, "-z", f"nlm_health,annotate,in={source},out={target}",
                      check=check)


# --- report and JSON document ---


@pytest.mark.parametrize("name", CAPTURES)
def test_json_keeps_to_the_schema(lab, name):
    story = lab.story(lab.capture(name))
    jsonschema.validate(story, SCHEMA, cls=jsonschema.Draft7Validator)


def test_schema_is_strict_and_knows_every_finding():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert names.FINDINGS and SCHEMA["definitions"]["finding"]["enum"] == names.FINDINGS  # else: tools/tables

    def objects(value):
        if isinstance(value, dict):
            if value.get("type") == "object":
                yield value
            for inner in value.values():
                yield from objects(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from objects(inner)
    for schema in objects(SCHEMA):
        assert schema["additionalProperties"] is False
        assert sorted(schema["required"]) == sorted(schema["properties"])


@pytest.mark.parametrize("name", SMALL)
def test_report_can_be_pasted(lab, name):
    report = section(lab, lab.capture(name), "report")
    assert report.startswith(PREFIX) and report.endswith("\n")
    for line in report.splitlines():
        assert line == line.rstrip() and len(line) <= 110 and line.isprintable(), repr(line)


@pytest.mark.parametrize("name", SMALL)
def test_report_tells_what_the_json_tells(lab, name):
    story, report = lab.story(lab.capture(name)), section(lab, lab.capture(name), "report")
    flat = " ".join(report.split())
    for incident in story["incidents"]:
        assert f"Incident {incident['id']}: client {incident['client']}, server {incident['server']}" in flat
        # without the name of the finding and the side, which stand elsewhere
        words = re.sub(r"\(\w+, from", "(from", " ".join(incident["summary"].split()))
        assert re.sub(r" Side: [^.]*\.$", "", words) in flat and f"Side: {incident['side']}" in flat
        for line in incident["kernel_lines"]:
            assert f'"{line["text"]}"' in report
        for step in incident["next_steps"]:
            assert " ".join(step.split()) in flat


def test_line_behind_the_end_of_the_capture_stands_apart(lab):
    """It comes only if no answer does: no reader of the document may take it for a line of this capture."""
    story = lab.story(lab.scenario("ends-before-line.scn"))
    jsonschema.validate(story, SCHEMA, cls=jsonschema.Draft7Validator)
    [incident] = story["incidents"]
    [due] = incident["kernel_lines_if_unanswered"]
    assert incident["kernel_lines"] == []
    assert due["text"].endswith("not responding, still trying") and due["earliest"] > story["capture"]["last"]
    within = lab.story(lab.capture("server_slow.pcap"))
    assert all(incident["kernel_lines"] and not incident["kernel_lines_if_unanswered"] for incident in within["incidents"])


@pytest.mark.parametrize("name", SMALL)
def test_parts_of_a_wait_make_the_whole(lab, name):
    for incident in lab.story(lab.capture(name))["incidents"]:
        parts = incident["parts"]
        if incident["kind"] == "lock":
            continue
        assert parts[0]["from"] == incident["start"] and parts[-1]["to"] == incident["end"]
        assert [part["to"] for part in parts[:-1]] == [part["from"] for part in parts[1:]]
        assert len({part["what"] for part in parts}) > 1 or len(parts) == 1


@pytest.mark.parametrize("output", ["report", "json", "locks", "tree", "pairs"])
def test_same_from_run_to_run(lab, output):
    """Also of a run that prints others."""
    runs = {lab.tshark("-q", "-r", lab.capture(OUTAGE), "-z", f"nlm_health,{output}").stdout for _ in range(2)}
    assert runs == {section(lab, lab.capture(OUTAGE), output)}


@pytest.mark.parametrize("output", ["report", "json", "locks"])
@pytest.mark.parametrize("name", [OUTAGE, "grace.pcap", "server_slow.pcap"])
def test_two_passes_tell_the_same(lab, name, output):
    assert section(lab, lab.capture(name), output) == section(lab, lab.capture(name), output, "-2")


def test_healthy_capture_says_so_in_one_line(lab):
    text = section(lab, lab.capture(HEALTHY), "report").split("\n\n")[0]
    assert text.startswith("NLM Health: healthy") and len(text.splitlines()) <= 2


def test_no_lock_traffic_says_so_in_one_line(lab, workdir):
    foreign = workdir / "foreign.pcapng"
    foreign.write_bytes(pcapng.section() + pcapng.interface(1) + pcapng.packet(0, 1_000_000, bytes(60)))
    harness.hand_over(foreign)
    assert section(lab, foreign, "report").startswith("NLM Health: no lock traffic in 1 frame, ")
    story = lab.story(foreign)
    assert story["capture"]["lock_traffic"] is False and story["incidents"] == []


@pytest.mark.parametrize("name", CAPTURES)
def test_report_is_short(lab, name):
    most = 35 if name == OUTAGE else 70
    assert len(section(lab, lab.capture(name), "report").splitlines()) <= most


JARGON = ["dead call", "rebind", "deferred", "observed", "major timeout"]


@pytest.mark.parametrize("name", SMALL)
def test_report_says_it_in_plain_words(lab, name):
    """Names of findings stand in the line of filters alone."""
    lines = section(lab, lab.capture(name), "report").splitlines()
    text = " ".join(line for line in lines if not line.startswith("  Filter") and "," not in line[:12])
    found = {word for word in JARGON if word in text} | {word for word in names.FINDINGS if "_" in word and word in text}
    found -= set(re.findall(r"\w+", lines[3])) if len(lines) > 3 and lines[2].split()[:1] == ["No."] else set()
    assert not found


def test_storm_is_folded(lab):
    report = section(lab, lab.capture(STORM), "report")
    assert len(report.splitlines()) < 200


def test_outputs_need_no_protocol_tree_and_go_together(lab):
    output = lab.tshark("-q", "-r", lab.capture(OUTAGE), "-z", "nlm_health,report", "-z", "nlm_health,json").stdout
    assert section(lab, lab.capture(OUTAGE), "report") in output
    assert section(lab, lab.capture(OUTAGE), "json") in output


HOSTILE = "hostile-name.scn"


def is_clean(text):
    """No escape sequence, no broken line, nothing that is no character."""
    return text.isprintable() and "\ufffe" not in text


@pytest.mark.parametrize("output", ["report", "summary", "json", "locks", "tree", "pairs", "annotate"])
def test_names_from_packets_spoil_no_output(lab, workdir, output):
    """A statd's name with a byte that is no UTF-8, a terminal's escape and a line end in it."""
    capture = lab.scenario(HOSTILE)
    if output == "annotate":
        annotate(lab, capture, workdir / "out.pcapng")
        texts = [line for text in ours(workdir / "out.pcapng").values() for line in text.splitlines()]
    else:
        texts = section(lab, capture, output).splitlines()
    assert texts and all(map(is_clean, texts))
    if output in ("report", "json", "annotate"):
        assert any("evil" in text for text in texts)


@pytest.mark.parametrize("passes", [[], ["-2"]], ids=["one", "two"])
@pytest.mark.parametrize("kind", ["pdml", "json", "ek", "text", "expert", "columns"])
def test_names_from_packets_spoil_no_dissection(lab, kind, passes):
    capture = lab.scenario(HOSTILE)
    if kind == "expert":
        text = lab.tshark("-q", *passes, "-r", capture, "-z", "expert").stdout
    elif kind == "columns":
        text = lab.tshark("-C", "NLM Health", *passes, "-r", capture).stdout
    else:
        text = lab.tshark(*passes, "-r", capture, *(["-V"] if kind == "text" else ["-T", kind])).stdout
    assert "evil" in text if kind not in ("columns", "expert") else text
    if kind == "pdml":
        xml.fromstring(text)
    elif kind == "json":
        json.loads(text)
    elif kind == "ek":
        assert [json.loads(line) for line in text.splitlines() if line]
    assert all(map(is_clean, text.replace("\t", " ").split("\n")))


def test_summary_has_a_line_per_incident(lab):
    story = lab.story(lab.capture("link_flaps_k6.1_srv.pcap"))
    lines = section(lab, lab.capture("link_flaps_k6.1_srv.pcap"), "summary").splitlines()
    assert len(lines) == 2 + len(story["incidents"]) and lines[1].split()[0] == "No."
    for incident, line in zip(story["incidents"], lines[2:]):
        words = line.split()
        assert words[0] == str(incident["id"]) and incident["client"] in words and incident["server"] in words
        assert incident["cause"] in words and incident["side"] in words and f"({incident['confidence']})" in words
        assert re.search(rf"{incident['requests']} requests?$", line)


def test_summary_without_incident(lab):
    assert section(lab, lab.capture(HEALTHY), "report").startswith(section(lab, lab.capture(HEALTHY), "summary"))


def test_report_of_one_incident(lab):
    whole = section(lab, lab.capture(OUTAGE), "report")
    one = section(lab, lab.capture(OUTAGE), "report,incident=1")
    assert one.startswith("Incident 1: ") and one in whole
    output = lab.tshark("-q", "-r", lab.capture(OUTAGE), "-z", "nlm_health,report,incident=2", check=False)
    assert "no incident 2" in output.stderr and not output.stdout
    if lab.version in ("4.0", "4.2", "4.4"):  # later ones have no status for what fails when the capture was read
        assert output.status != 0


class Page(html.parser.HTMLParser):
    """What of a page matters here: tags, ids, links."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name == "href"]
        assert not any(name.startswith("on") or name in ("style", "src") for name, _ in attrs)


@pytest.mark.parametrize("name", [OUTAGE, STORM, "link_flaps_k6.1_srv.pcap", HEALTHY, HOSTILE])
def test_page_is_one_file_without_script(lab, workdir, name):
    out = workdir / "page.html"
    capture = lab.scenario(name) if name == HOSTILE else lab.capture(name)
    lab.tshark("-q", "-r", capture, "-z", f"nlm_health,html,out={out}")
    text = out.read_text(encoding="utf-8")
    page = Page(text)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg"}
    policy = re.search(r"Content-Security-Policy\" content=\"([^\"]+)\"", text)[1]
    sheet = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    assert "default-src 'none'" in policy and f"'sha256-{digest}'" in policy and text.count("<style") == 1
    assert all(map(is_clean, text.splitlines()))
    story = lab.story(capture)
    for incident in story["incidents"]:
        assert f"i{incident['id']}" in page.ids and f"#i{incident['id']}" in page.links
    assert text.count("<svg") == len(story["incidents"])


@pytest.mark.parametrize("name", [OUTAGE, STORM, HOSTILE, "server_slow.pcap"])
def test_picture_is_well_formed_and_stays_inside(lab, workdir, name):
    out = workdir / "picture.svg"
    capture = lab.scenario(name) if name == HOSTILE else lab.capture(name)
    lab.tshark("-q", "-r", capture, "-z", f"nlm_health,svg,out={out},incident=1")
    root = xml.fromstring(out.read_text(encoding="utf-8"))
    width, height = (int(number) for number in root.get("viewBox").split()[2:])
    texts = root.findall(".//{*}text")
    assert root.tag.endswith("svg") and texts
    for shape in texts + root.findall(".//{*}rect"):
        assert 0 <= int(shape.get("x")) <= width and 0 <= int(shape.get("y")) <= height
    assert {"The application", "Is the server alive?"} <= {text.text for text in texts}


def test_input_is_no_output(lab, workdir):
    """The capture that is read, by any name, and what is no file."""
    source = a_copy(lab, workdir, OUTAGE)
    link, folder = workdir / "link.html", workdir / "folder"
    link.symlink_to(source)
    folder.mkdir()
    harness.hand_over(folder)
    before = source.read_bytes()
    for target in [source, link, folder, "-"]:
        output = lab.tshark("-q", "-r", source, "-z", f"nlm_health,html,out={target}", check=False)
        assert output.status != 0 and "cannot write" in output.stderr
    assert source.read_bytes() == before and {path.name for path in workdir.iterdir()} == {source.name, "link.html", "folder"}


def test_help_lists_every_output(lab):
    text = section(lab, lab.capture(HEALTHY), "help")
    registered = set(re.findall(r"^ *nlm_health,(\w+)$", str(lab.tshark("-z", "help")), re.M))
    assert set(re.findall(r"-z nlm_health,(\w+)", text)) == registered >= {"report", "json", "summary", "help", "tree"}
    unknown = lab.tshark("-q", "-r", lab.capture(HEALTHY), "-z", "nlm_health,nonsense", check=False)
    assert unknown.status != 0 and text.split("\n", 1)[1].strip() in unknown.stderr


def test_words_come_in_any_order(lab, workdir):
    source = a_copy(lab, workdir, OUTAGE, "a,b.pcap")
    first, second = workdir / "first.pcapng", workdir / "second,x.pcapng"
    annotate(lab, source, first)
    lab.tshark("-q", "-r", source, "-z", f"nlm_health,annotate,out={second},in={source}")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("wrong", ["report,x", "report,incident=0", "report,incident=x", "report,incident=1,incident=2",
                                   "report,out=x", "summary,incident=1", "jsonx", "locks,tcp", "annotate", "annotate,in=x", "annotate,out=x",
                                   "annotate,in=,out=x", "annotate,in=x,out="])
def test_wrong_arguments_are_refused(lab, wrong):
    output = lab.tshark("-q", "-r", lab.capture(HEALTHY), "-z", f"nlm_health,{wrong}", check=False)
    assert output.status != 0 and "nlm_health" in output.stderr and not output.stdout


def test_elastic_mapping_has_the_fields(lab):
    text = lab.tshark("-G", "elastic-mapping", "--elastic-mapping-filter", "nlm_health").stdout
    found = set(re.findall(r'"(nlm_health_\w+)"', text))
    # Wireshark leaves texts to Elasticsearch's own rules
    wanted = [name for name, kind in names.FIELDS.items() if kind != "FT_STRING"]
    missing = {name for name in wanted if not any(key.endswith(name.replace(".", "_")) for key in found)}
    assert not missing


# --- statistics ---


def tree_of(lab, name):
    """{pair: {row: first number}} of the statistics tree; what stands beside a pair itself bears the name of what it counts."""
    pairs, pair, counted = {}, None, None
    for line in section(lab, lab.capture(name), "tree").splitlines():
        match = re.match(r"(\s*)(\S.*?)\s{2,}(\d+)", line)
        if not match:
            continue
        if not match[1]:
            counted = match[2]
        elif len(match[1]) == 1:
            pair = pairs.setdefault(match[2], {})
            pair[counted] = int(match[3])
        elif pair is not None:
            pair[match[2]] = int(match[3])
    return pairs


def table_of(lab, name):
    """[{column: text}] of the table of pairs"""
    return rows_of(section(lab, lab.capture(name), "pairs"))


def rows_of(table):
    """[{column: text}] of a table of statistics"""
    lines = table.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("No."))
    columns = [word.strip() for word in lines[head].split("|")]
    return [dict(zip(columns, (word.strip() for word in line.split("|"))))
            for line in lines[head + 1:] if line.count("|") == len(columns) - 1]


@pytest.mark.parametrize("name", [HEALTHY, OUTAGE, "grace.pcap", "server_slow.pcap", "server_down_syn.pcap"])
def test_statistics_count_what_the_json_counts(lab, name):
    tree, table = tree_of(lab, name), table_of(lab, name)
    for pair in lab.story(lab.capture(name))["pairs"]:
        if not pair["calls"]:
            continue
        row = next(row for row in table if (row["Client"], row["Server"]) == (pair["client"], pair["server"]))
        assert [int(row[key]) for key in ("Calls", "Answered", "Unanswered", "Denied")] == \
            [pair[key] for key in ("calls", "answered", "unanswered", "denied")]
        branch = tree[f"{pair['client']} -> {pair['server']}"]
        assert [branch.get(key, 0) for key in ("Lock calls", "answered", "refused")] == \
            [pair[key] for key in ("calls", "answered", "denied")]


def test_tree_shows_the_findings(lab):
    rows = {row for pair in tree_of(lab, OUTAGE).values() for row in pair}
    assert "fin_unacked" in rows


@pytest.mark.parametrize("name", [HEALTHY, OUTAGE, "server_slow.pcap"])
def test_no_row_of_the_tree_is_counted_beside_what_it_is_no_part_of(lab, name):
    """Wireshark shows each row's share of the row above it: of calls, only what calls have; of findings, findings."""
    part_of = {"Lock calls": {"answered", "refused", "resent", "milliseconds to the answer"}, "Findings": set(names.FINDINGS)}
    root = None
    for line in section(lab, lab.capture(name), "tree").splitlines():
        match = re.match(r"(\s*)(\S.*?)\s{2,}\d+", line)
        if match and not match[1]:
            root = match[2]
        elif match and len(match[1]) == 2:
            assert match[2] in part_of[root]


@pytest.mark.parametrize("passes", [[], ["-2"]], ids=["one", "two"])
def test_table_of_incidents_is_the_summary(lab, passes):
    for capture in (lab.scenario("two-servers.scn"), lab.capture(OUTAGE), lab.capture(HEALTHY)):
        incidents = lab.story(capture)["incidents"]
        rows = rows_of(section(lab, capture, "incidents", *passes))
        assert [(int(row["No."]), row["Client"], row["Server"], row["Side"], row["How sure"], int(row["Requests hurt"]),
                 int(row["First packet"]), int(row["Last packet"])) for row in rows] == \
            [(incident["id"], incident["client"], incident["server"], incident["side"], incident["confidence"], incident["requests"],
              incident["first_frame"], incident["last_frame"]) for incident in incidents]
        assert all(abs(float(row["Lasted (s)"]) - incident["duration"]) < 0.001 for row, incident in zip(rows, incidents))
        assert all(row["Ended"] == ("yes" if incident["end"] else "no") for row, incident in zip(rows, incidents))


@pytest.mark.parametrize("passes", [[], ["-2"]], ids=["one", "two"])
def test_table_of_incidents_takes_a_filter(lab, passes):
    text = section(lab, lab.scenario("two-servers.scn"), "incidents,ip.addr == 192.0.2.30", *passes)
    assert [row["Server"] for row in rows_of(text)] == ["192.0.2.30"]


@pytest.mark.parametrize("passes", [[], ["-2"]], ids=["one", "two"])
def test_pairs_stand_by_their_longest_wait(lab, passes):
    rows = rows_of(section(lab, lab.scenario("pairs-by-wait.scn"), "pairs", *passes))
    assert [int(row["No."]) for row in sorted(rows, key=lambda row: -float(row["Longest wait (s)"]))] == [1, 2, 3]
    assert {row["Server"]: (int(row["Incidents"]), float(row["Outage (s)"])) for row in rows} == \
        {"192.0.2.20": (1, 40.0), "192.0.2.30": (1, 79.0), "192.0.2.40": (0, 0.0)}


# --- annotated copy ---


def packets_of(lab, path):
    """What of each packet must not change."""
    fields = ["frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.encap_type", "tcp.seq_raw",
              "tcp.payload", "udp.payload"]
    hex_dump = lab.tshark("-r", path, "-x").stdout
    return lab.tshark("-r", path, "-T", "fields", *(word for name in fields for word in ("-e", name))).stdout, hex_dump


def ours(path):
    """{frame: text} of our comments; each frame may have one."""
    found, frame = {}, 0
    for kind, block in pcapng.blocks(path):
        if kind != pcapng.PACKET:
            continue
        frame += 1
        texts = [text for text in pcapng.comments(kind, block) if text.startswith(PREFIX)]
        assert len(texts) <= 1
        if texts:
            found[frame] = texts[0]
    return found


@pytest.fixture
def annotated(lab, workdir):
    source = a_copy(lab, workdir, OUTAGE)
    target = workdir / "out.pcapng"
    annotate(lab, source, target)
    return source, target


def test_packets_stay_as_they_are(lab, annotated):
    source, target = annotated
    assert packets_of(lab, source) == packets_of(lab, target)


def test_comments_tell_the_story(lab, annotated):
    source, target = annotated
    found = ours(target)
    incidents = lab.story(source)["incidents"]
    assert incidents
    for incident in incidents:
        events = [event["frame"] for event in incident["timeline"] if event["frame"]]
        for frame in (events[0], events[-1]):
            assert f"{PREFIX}incident {incident['id']}, " in found[frame]
        assert f"Summary: {incident['summary']}" in found[incident["first_frame"]]
    told = {event["frame"] for incident in incidents for event in incident["timeline"]}
    assert set(found) <= told | {incident["first_frame"] for incident in incidents}
    head = pcapng.comments(*pcapng.blocks(target)[0])
    assert len(head) == 1 and head[0].startswith(PREFIX) and incidents[0]["summary"] in head[0]


def test_comments_can_be_read_without_the_plugin(lab, annotated):
    text = lab.tshark("--disable-protocol", "nlm_health", "-r", annotated[1], "-T", "fields", "-e",
                      "frame.comment").stdout
    assert f"{PREFIX}incident 1, " in text


def test_annotating_again_changes_nothing(lab, workdir, annotated):
    again = workdir / "again.pcapng"
    annotate(lab, annotated[1], again)
    assert again.read_bytes() == annotated[1].read_bytes()


def test_old_copy_is_replaced(lab, annotated):
    source, target = annotated
    expected = target.read_bytes()
    target.write_bytes(b"old")
    annotate(lab, source, target)
    assert target.read_bytes() == expected
    assert sorted(path.name for path in target.parent.iterdir()) == sorted([source.name, target.name])


def test_compressed_input(lab, workdir, annotated):
    source, target = annotated
    packed = workdir / "packed.pcap.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    harness.hand_over(packed)
    out = workdir / "a,b=c.pcapng"
    annotate(lab, packed, out)
    assert out.read_bytes() == target.read_bytes()


def with_every_block(lab, workdir):
    """The outage as pcapng with comments, names, secrets, a late interface and statistics."""
    link, packets = pcapng.read_pcap(lab.capture(OUTAGE))
    data = pcapng.section(pcapng.option(2, "some hardware"), pcapng.option(1, "a user's section"),
                          pcapng.option(1, f"{PREFIX}an older section comment"))
    data += pcapng.interface(link, pcapng.option(2, "eth0"), pcapng.option(1, "a user's interface"))
    data += pcapng.names(("192.0.2.1", "first.example"), ("192.0.2.2", "second.example"))
    data += pcapng.secrets(b"CLIENT_RANDOM 00 11\n")
    for number, (time, packet) in enumerate(packets, 1):
        if number == 5:
            data += pcapng.interface(link, pcapng.option(2, "eth1"))
        options = [pcapng.option(1, f"a user's packet {number}"), pcapng.option(1, f"{PREFIX}an older comment"),
                   pcapng.option(1, "NLM Health is a user's word too"), pcapng.option(2, (1).to_bytes(4, "little"))]
        data += pcapng.packet(number % 2 if number >= 5 else 0, time, packet, *(options if number % 3 == 0 else ()))
    data += pcapng.statistics(0, packets[-1][0], 77) + pcapng.statistics(1, packets[-1][0], 88)
    path = workdir / "every.pcapng"
    path.write_bytes(data)
    harness.hand_over(path)
    return path, len(packets)


def test_every_block_is_kept(lab, workdir):
    source, n_packets = with_every_block(lab, workdir)
    target = workdir / "out.pcapng"
    annotate(lab, source, target)

    def count(path):
        kinds = [kind for kind, _ in pcapng.blocks(path)]
        return {kind: kinds.count(kind) for kind in set(kinds)}
    assert count(target) == count(source) and count(target)[pcapng.PACKET] == n_packets
    for kind in (pcapng.NAMES, pcapng.SECRETS, pcapng.STATISTICS):  # to an interface Wireshark adds the time resolution
        content = [[block for other, block in pcapng.blocks(path) if other == kind] for path in (source, target)]
        if kind == pcapng.NAMES:  # 4.4 and newer write the names in the order of a hash table
            content = [list(map(pcapng.resolved, blocks)) for blocks in content]
        assert content[0] and content[0] == content[1], kind
    assert packets_of(lab, source) == packets_of(lab, target)


def test_comments_of_others_are_kept(lab, workdir):
    source, _ = with_every_block(lab, workdir)
    target = workdir / "out.pcapng"
    annotate(lab, source, target)

    def foreign(path):
        return [[text for text in pcapng.comments(kind, block) if not text.startswith(PREFIX)]
                for kind, block in pcapng.blocks(path) if kind in (pcapng.SECTION, pcapng.PACKET)]
    assert foreign(target) == foreign(source) and sum(map(len, foreign(source))) > 3
    assert "an older" not in target.read_bytes().decode(errors="replace")


def test_storm_gets_few_comments(lab, workdir):
    source = a_copy(lab, workdir, STORM)
    target = workdir / "out.pcapng"
    annotate(lab, source, target)
    assert 0 < len(ours(target)) < 200


def check_refused(lab, workdir, source, target, words, read=None, beforehand=True):
    """beforehand: TShark need not have read the capture to know. From 4.6 on its status can be told only then, and it reads nothing."""
    at_the_end = tuple(map(int, lab.version.split("."))) < (4, 6)
    before = {path: path.lstat() for path in workdir.rglob("*")}
    output = annotate(lab, source, target, "-z", "nlm_health,report", read=read, check=False)
    assert output.status != 0 or not (at_the_end or beforehand), str(output)
    assert words in output.stderr
    if at_the_end or not beforehand:
        assert output.stdout.startswith(PREFIX), "the other outputs are printed all the same"
    else:
        assert output.stdout == ""
    after = {path: path.lstat() for path in workdir.rglob("*")}
    assert {path: (stat.st_size, stat.st_mtime_ns) for path, stat in after.items()} == \
        {path: (stat.st_size, stat.st_mtime_ns) for path, stat in before.items()}


@pytest.mark.parametrize("kind", ["same", "dotted", "symlink", "hardlink"])
def test_input_is_never_overwritten(lab, workdir, kind):
    source = a_copy(lab, workdir, OUTAGE)
    target = {"same": source, "dotted": f"{workdir}/./{source.name}"}.get(kind, workdir / "other.pcapng")
    if kind == "symlink":
        target.symlink_to(source)
    elif kind == "hardlink":
        os.link(source, target)
    check_refused(lab, workdir, source, target, "same file")


@pytest.mark.parametrize("output", ["-", "fifo", "folder"])
def test_output_must_be_a_file(lab, workdir, output):
    source = a_copy(lab, workdir, OUTAGE)
    target = "-" if output == "-" else workdir / output
    if output == "fifo":
        os.mkfifo(target)
    elif output == "folder":
        target.mkdir()
    check_refused(lab, workdir, source, target, "file")


@pytest.mark.parametrize("source", ["-", "fifo", "absent", "text"])
def test_input_must_be_a_capture_file(lab, workdir, source):
    good = a_copy(lab, workdir, OUTAGE)
    path = "-" if source == "-" else workdir / source
    if source == "fifo":
        os.mkfifo(path)
    elif source == "text":
        path.write_text("no capture\n")
        harness.hand_over(path)
    check_refused(lab, workdir, path, workdir / "out.pcapng", "cannot", read=good)


def test_another_capture_is_refused(lab, workdir):
    check_refused(lab, workdir, a_copy(lab, workdir, HEALTHY), workdir / "out.pcapng", "was read",
                  read=a_copy(lab, workdir, OUTAGE), beforehand=False)


def test_truncated_input(lab, workdir):
    source = a_copy(lab, workdir, OUTAGE)
    source.write_bytes(source.read_bytes()[:-7])
    output = annotate(lab, source, workdir / "out.pcapng", check=False)
    assert output.status != 0 and "nlm_health: cannot read" in output.stderr
    assert [path.name for path in workdir.iterdir()] == [source.name]


def test_folder_that_cannot_be_written(lab, workdir):
    source = a_copy(lab, workdir, OUTAGE)
    locked = workdir / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    check_refused(lab, workdir, source, locked / "out.pcapng", "cannot write")
    check_refused(lab, workdir, source, workdir / "absent" / "out.pcapng", "cannot write")


def test_part_of_a_capture(lab, workdir):
    """tshark -c N numbers frames as the file does: what was read is annotated, the rest copied."""
    source, target = a_copy(lab, workdir, OUTAGE), workdir / "out.pcapng"
    annotate(lab, source, target, "-c", "60")
    assert len([kind for kind, _ in pcapng.blocks(target) if kind == pcapng.PACKET]) == \
        len(pcapng.read_pcap(source)[1])
    assert all(frame <= 60 for frame in ours(target))


# --- read filters ---


def counts_of(story):
    """What of an incident does not depend on frame numbers."""
    return [(i["cause"], i["side"], i["client"], i["server"], i["start"], i["end"]) for i in story["incidents"]]


@pytest.mark.parametrize("name", [OUTAGE, "server_blackhole.pcap", "udp_blackhole_k4.14.pcap", "grace.pcap"])
@pytest.mark.parametrize("wanted", ["rpc", "nlm_health", "nlm_health.incident == 1"])
def test_read_filter_keeps_the_incidents(lab, name, wanted):
    """In the first pass a frame that the filter rejects gives its number to the next one."""
    whole, part = lab.story(lab.capture(name)), lab.story(lab.capture(name), "-2", "-R", wanted)
    assert counts_of(part) == counts_of(whole)
    assert [pair["calls"] for pair in part["pairs"]] == [pair["calls"] for pair in whole["pairs"]]


def test_read_filter_leaves_no_trace_of_rejected_frames(lab):
    """A frame shows its own calls, none of the frame that had its number before."""
    arguments = ["-r", lab.capture(OUTAGE), "-2", "-T", "fields", "-e", "frame.time_epoch", "-e", "nlm_health.call.attempt",
                 "-e", "nlm_health.service"]
    whole = lab.tshark(*arguments).stdout.splitlines()
    part = lab.tshark(*arguments, "-R", "nlm").stdout.splitlines()
    assert part and set(part) <= set(whole)


# --- preferences ---


@pytest.mark.parametrize("preference, words", [
    ("mount_options:garbage in", "mount_options: there is no timeo"), ("mount_options:timeo=x", "wrong mount option"),
    ("timeo:0", "timeo is 0"), ("timeo:6001", "timeo is 6001"), ("retrans:65536", "retrans is 65536"),
    ("nlm_timeout:2", "nlm_timeout is 2"), ("kernel_log:/nowhere", "kernel_log: "), ("kernel_log:/dev/null", "kernel_log: "),
    ("kernel_log_offset:9900000000", 'kernel_log_offset: "9900000000" is out of range'),
    ("kernel_log_offset:-1e300", "kernel_log_offset: "), ("kernel_log_offset:nan", "kernel_log_offset: "), ("kernel_log_offset:1s", "kernel_log_offset: "),
    ("kernel_log_year:3000", "kernel_log_year is 3000"), ("kernel_log_year:2101", "kernel_log_year is 2101"), ("kernel_log_year:1969", "kernel_log_year is 1969"),
])
def test_wrong_preferences_are_told_once(lab, preference, words):
    """Also to who looks at fields only; nothing ends because of it."""
    output = lab.tshark("-r", lab.capture(HEALTHY), "-o", f"nlm_health.{preference}", "-2", "-T", "fields", "-e", "nlm_health.service")
    assert output.stdout.strip() and output.stderr.count(words) == 1, output.stderr


@pytest.mark.parametrize("preference", ["mount_options:rw,soft", "timeo:1", "timeo:6000", "retrans:0", "retrans:65535",
                                        "kernel_log_offset:-1576800000", "kernel_log_offset:0.25", "kernel_log_year:1970", "kernel_log_year:2100"])
def test_right_preferences_are_accepted(lab, preference):
    assert "nlm_health." not in lab.tshark("-r", lab.capture(HEALTHY), "-o", f"nlm_health.{preference}", "-c", "1").stderr


def test_tree_counts_what_rpc_resent(lab):
    """No copy that TCP resent, and no second answer."""
    for name in ("server_blackhole.pcap", "stuck_fin.pcap", "server_slow.pcap"):
        tree = tree_of(lab, name)
        for pair in lab.story(lab.capture(name))["pairs"]:
            if pair["calls"]:
                assert tree[f"{pair['client']} -> {pair['server']}"].get("resent", 0) == pair["resent"], name
