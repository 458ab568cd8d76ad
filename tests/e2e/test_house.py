"""The rooms of plugin/: what a file includes lies in its own room or in one below it.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import re

import harness

# From the ground up. A room may include itself and those before it.
ROOMS = ["core/base", "include", "core/wire", "core/model", "core/points", "core/locks", "core/judge", "core/clock", "core/net", "core/rpc", "core/log",
         "core/story", "core/out", "core", "wireshark"]


def includes():
    """(file, included file), both without plugin/ and their endings"""
    plugin = harness.TOP / "plugin"
    for path in sorted(plugin.rglob("*.[ch]")):
        for name in re.findall(r'^#include "([^"]+)\.h"', path.read_text(encoding="utf-8"), re.MULTILINE):
            yield str(path.relative_to(plugin).with_suffix("")), name


def room(name):
    return ROOMS.index(name.rpartition("/")[0])


def test_includes_point_down():
    upward = {f"{user} -> {used}" for user, used in includes() if room(user) < room(used)}
    assert not upward


def test_a_function_of_one_file_is_static():
    texts = {path: path.read_text(encoding="utf-8") for folder in ("plugin", "tests") for path in (harness.TOP / folder).rglob("*.c")}
    words = {path: set(re.findall(r"\bnh_\w+", text)) for path, text in texts.items()}
    alone = []
    for path, text in texts.items():
        for kind, name in re.findall(r"^(\w[^\n;{}#]*)\n(nh_\w+)\([^;{}]*\)\n\{$", text, re.MULTILINE):
            if "static" not in kind and not any(name in used for other, used in words.items() if other != path):
                alone.append(name)
    assert not alone


def test_a_declaration_stands_in_the_header_of_its_module():
    """What the core defines for the outside stands in include/nlm_health.h."""
    plugin = harness.TOP / "plugin"
    headers = {path: re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL) for path in plugin.rglob("*.h")}
    astray = []
    for path in plugin.rglob("*.c"):
        own = headers.get(path.with_suffix(".h"), "") + headers[plugin / "include" / "nlm_health.h"]
        for kind, name in re.findall(r"^(\w[^\n;{}#]*)\n(nh_\w+)\([^;{}]*\)\n\{$", path.read_text(encoding="utf-8"), re.MULTILINE):
            if "static" not in kind and not re.search(rf"\b{name}\([^;]*;", own):
                astray.append(f"{path.name}: {name}")
    assert not astray


def test_times_stand_in_limits():
    """A time constant has its place, with why and source; what is left are the unit itself and the kernel's table of timers."""
    for path in (harness.TOP / "plugin" / "core").rglob("*.[ch]"):
        if path.name in ("limits.h", "core.h", "rpc_timer.c", "kernel_log.h"):
            continue
        assert not re.findall(r"^.*\b[0-9]+ \* NH_(?:SECOND|MSEC)\b.*$", path.read_text(encoding="utf-8"), re.MULTILINE), path


def test_core_knows_nothing_of_wireshark():
    """But for its writer of JSON, which tests/matrix finds by that header."""
    using = set()
    for path in (harness.TOP / "plugin" / "core").rglob("*.[ch]"):
        used = set(re.findall(r"^#include <([^>]+)>", path.read_text(encoding="utf-8"), re.MULTILINE))
        assert not {name for name in used if name.startswith(("epan", "wiretap"))}, path
        if any(name.startswith(("wsutil", "wireshark", "ws_", "cfile")) for name in used):
            using.add(path.name)
    assert using == {"report_json.c"}


# C99's own and fcntl.h, besides GLib's: Windows has no others. What Unix alone has stands behind #ifdef G_OS_UNIX.
PORTABLE = {"errno.h", "fcntl.h", "math.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h"}


def test_includes_exist_on_every_system():
    unportable = set()
    for path in sorted((harness.TOP / "plugin").rglob("*.[ch]")):
        text = re.sub(r"^#ifdef (?:G_OS_UNIX|NLM_HEALTH_HAVE_\w+)\n.*?^#endif", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        used = set(re.findall(r"^#include <([^>]+)>", text, re.MULTILINE)) - PORTABLE
        if [name for name in used if not name.startswith(("glib", "epan/", "wiretap/", "wsutil/", "wireshark.h", "cfile.h"))]:
            unportable.add(path.name)
    assert not unportable


def test_a_plugin_never_ends_the_program():
    calls = {f"{path.name}: {call}" for path in (harness.TOP / "plugin").rglob("*.[ch]")
             for call in re.findall(r"\b(?:_?exit|atexit|abort|quick_exit|g_error|g_assert_not_reached) *\(",
                                    re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL))}
    assert not calls


def test_architecture_names_files_that_exist():
    plugin = harness.TOP / "plugin"
    known = {path.name for folder in (plugin, harness.TOP / "tests" / "unit", harness.TOP / "tests" / "scenario") for path in folder.rglob("*")}
    text = (harness.TOP / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:[\w./-]*/)?([\w-]+\.(?:c|h|def|cmake))`", text))
    assert len(named) > 40 and not named - known


def test_picture_has_every_room():
    """docs/pictures/rooms draws it."""
    drawn = re.findall(r'<text x="52"[^>]*>([^<]+)<', (harness.TOP / "docs" / "architecture.svg").read_text(encoding="utf-8"))
    assert drawn == ROOMS[::-1]


# Names of things, units for people, what is written to a log: the words of lines and policies that more than the story quotes.
WORDED = {"core/locks/lock_text.c", "core/clock/client.c", "core/clock/kernel_lines.c", "core/clock/mount_options.c", "core/clock/rpc_timer.c"}


def test_detectors_word_nothing():
    """What they see are rows and values (findings.def); core/story puts the words together."""
    plugin = harness.TOP / "plugin"
    worded = {str(path.relative_to(plugin)) for room in ("judge", "locks", "net", "rpc", "clock") for path in (plugin / "core" / room).glob("*.c")
              if "printf" in path.read_text(encoding="utf-8")}
    assert worded == WORDED
