"""What the documents point at exists.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import importlib.machinery
import importlib.util
import re
import sys

import pytest

import harness

DOCUMENTS = ["README.md", "README.zh.md", *sorted(str(path.relative_to(harness.TOP)) for path in harness.TOP.glob("docs/**/*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_exist(document):
    path = harness.TOP / document
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert not missing


def test_readme_is_short():
    assert len((harness.TOP / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


@pytest.fixture(name="tables", scope="module")
def fixture_tables():
    """tools/tables as a module"""
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("tables", str(harness.TOP / "tools" / "tables"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tables", loader))
    loader.exec_module(module)
    return module


def test_every_cause_has_a_page(tables):
    causes = {row[0] for row in tables.rows("causes.def", "NH_CLAUSE")}
    without = {name for name, (enumerator, *_) in tables.findings().items() if enumerator in causes and not (tables.PAGES / f"{name}.md").exists()}
    assert len(causes) > 15 and not without


def test_pages_repeat_what_the_tables_say(tables):
    stale = [path.name for path, text in tables.pages().items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run tools/tables"


def test_pages_say_what_to_do(tables):
    for path in tables.pages():
        sections = re.findall(r"^## (.*)\n\n\S", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert path.name == "README.md" or sections == ["What you see", "Why it happens", "How to prove it", "What to do"], path


def test_readme_shows_the_report_as_it_is(lab):
    shown = re.search(r"^    Incident 1: .*?(?=^\S)", (harness.TOP / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
    lines = [line[4:] for line in shown.splitlines() if line.strip() not in ("", "...")]
    report = lab.report(lab.capture("stuck_fin.pcap"), *lab.with_log("stuck_fin.cli.kernel.log")).splitlines()
    assert len(lines) >= 10 and [line for line in lines if line not in report] == []
