"""What the documents point at exists.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import re

import pytest

import harness

DOCUMENTS = ["README.md", *sorted(str(path.relative_to(harness.TOP)) for path in harness.TOP.glob("docs/*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_exist(document):
    path = harness.TOP / document
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert not missing


def test_readme_is_short():
    assert len((harness.TOP / "README.md").read_text(encoding="utf-8").splitlines()) <= 200
