"""tests/matrix where it needs neither root nor chroots: the check against headers.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

import harness


def check(*folders, **environment):
    words = [word for folder in folders for word in ("--headers", str(folder))]
    return subprocess.run([harness.TOP / "tests" / "matrix", *words], text=True, capture_output=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, **environment})


def rows_of(checked):
    return [line.split()[1:] for line in checked.stdout.splitlines()[1:]]


@pytest.fixture(scope="module")
def installed():
    """Folder of the installed headers."""
    folder = pathlib.Path("/usr/include/wireshark")
    if not (folder / "ws_version.h").exists():
        pytest.skip("no headers of Wireshark in /usr/include")
    return folder


@pytest.fixture(scope="module")
def checked(installed, tmp_path_factory):
    """The installed headers, and those in which one function takes another argument, as happens from series to series."""
    changed = tmp_path_factory.mktemp("headers") / "changed"
    shutil.copytree(installed, changed)
    header = changed / "epan" / "dissectors" / "packet-rpc.h"
    text = header.read_text(encoding="utf-8")
    assert "rpc_proc_name(" in text
    header.write_text(text.replace("rpc_proc_name(", "rpc_proc_name(struct of_the_next_series *arena, "), encoding="utf-8")
    return check(installed, changed)


def test_installed_headers_pass(lab, checked):
    version, files, *found = rows_of(checked)[0]
    assert version.startswith(f"{lab.version}.") and int(files) > 10 and found == ["0", "0"], checked.stderr


def test_another_declaration_fails(checked):
    """Every file that calls it is counted."""
    assert checked.returncode == 1
    version, files, fail, warnings = rows_of(checked)[1]
    assert 0 < int(fail) < int(files)


@pytest.mark.parametrize("compiler, status, fail", [("true", 0, 0), ("false", 1, 1)])
def test_status_tells_whether_all_compiles(installed, compiler, status, fail):
    checked = check(installed, CC=compiler)
    version, files, *found = rows_of(checked)[0]
    assert checked.returncode == status and found == [str(fail * int(files)), "0"]


def test_folder_without_headers_is_named(tmp_path):
    refused = check(tmp_path)
    assert refused.returncode == 1
    assert f"no ws_version.h in {tmp_path}" in refused.stderr


def code_of(path):
    """A C file without comments and texts."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', lambda match: "\n" * match.group().count("\n"), text, flags=re.DOTALL)


@pytest.mark.parametrize("words, why", [
    (r"near|far|small|hyper|interface", "windows.h defines it"),
    (r"S_IS[A-Z]+|st_ino|[RWX]_OK|fstat|_exit", "GLib or wsutil has one for every system"),
    (r"(?:g_|v|g_v)?sprintf|g_v?snprintf|str(?:cpy|ncpy|cat|ncat|dup|ndup)|atoi|gets|(?:m|c|re)alloc|free|[nh]to[hn][ls]|"
     r"is(?:alnum|alpha|ascii|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)|to(?:lower|upper)|g_v?fprintf",
     "Wireshark's checkAPIs.pl, which its own build runs over a custom plugin, has it among its prohibited functions"),
])
def test_no_word_that_is_not_everywhere(words, why):
    found = [f"{path.relative_to(harness.TOP)}: {match.group()}" for path in sorted((harness.TOP / "plugin").rglob("*.[ch]"))
             for match in re.finditer(rf"\b(?:{words})\b", code_of(path))]
    assert not found, why
