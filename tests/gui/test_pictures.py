"""Pictures as a browser draws them: no text lies on another, none leaves the drawing, in any incident that the tests have.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import json
import re
import shutil
import subprocess

import pytest

import harness

BROWSER = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)

# Boxes of texts that lie on each other by more than a pixel, and such that stick out.
SCRIPT = """
const wrong = [];
for (const drawing of document.querySelectorAll('section')) {
    const frame = drawing.querySelector('svg').getBoundingClientRect();
    const texts = [...drawing.querySelectorAll('text')].map(e => ({ e, box: e.getBoundingClientRect() }));
    texts.sort((a, b) => a.box.top - b.box.top);
    texts.forEach((a, i) => {
        if (a.box.left < frame.left - 1 || a.box.right > frame.right + 1 || a.box.bottom > frame.bottom + 1)
            wrong.push([drawing.id, 'sticks out', a.e.textContent]);
        for (let j = i + 1; j < texts.length && texts[j].box.top < a.box.bottom - 3; j++) {
            const b = texts[j];
            if (Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left) > 1)
                wrong.push([drawing.id, a.e.textContent, b.e.textContent]);
        }
    });
}
document.body.textContent = 'RESULT' + JSON.stringify({ drawings: document.querySelectorAll('section').length, wrong }) + 'END';
"""


def page_of(path):
    program = harness.BUILD / "tests" / "replay" / "nlmh-replay"
    run = subprocess.run([program, "--page", path], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return path.stem, run.stdout


def all_drawings():
    """Style sheet and all drawings as sections of one page."""
    files = sorted([*harness.TOP.glob("captures/*.pcap"), *harness.TOP.glob("tests/scenarios/*.scn")])
    sheet, sections = "", []
    for name, text in harness.in_parallel(page_of, files):
        sheet = sheet or "".join(re.findall(r"<style>(.*?)</style>", text, re.S))
        sections += [f'<section id="{name}-{i}">{svg}</section>' for i, svg in enumerate(re.findall(r"<svg.*?</svg>", text, re.S), 1)]
    return sheet, sections


@pytest.mark.skipif(not BROWSER, reason="no Chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_text_lies_on_another(lab, tmp_path, scheme):
    sheet, sections = all_drawings()
    page = tmp_path / "all.html"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8><style>{sheet}</style><body>{''.join(sections)}<script>{SCRIPT}</script>", encoding="utf-8")
    run = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1250,900",
                          *(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []), "--dump-dom", page.as_uri()],
                         text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=180, check=True)
    found = json.loads(re.search(r"RESULT(.*)END", run.stdout, re.S)[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    assert found["drawings"] == len(sections) >= 60
    assert not found["wrong"], found["wrong"][:20]
