"""Wireshark's window with the plugin: what the menus do, what the tree and the dialogs show.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import re
import shutil
import time

import pytest

import desk
import harness

CAPTURE = "stuck_fin.pcap"
HEALTHY = "healthy.pcap"
FIRST, LAST = 159, 193  # of the only incident
STRANGER = 1            # a packet of no incident: ARP
FOCUS_FILTER = ("ctrl+slash", "ctrl+a")

TITLE = "NLM Health$"

pytestmark = pytest.mark.slow


def output(lab, capture, name):
    return lab.tshark("-q", "-r", capture, "-z", f"nlm_health,{name}").stdout.strip()


def open_capture(screen, capture, *arguments):
    """Wireshark in front of a capture, nothing else; the path."""
    path = capture if "/" in str(capture) else screen.lab.capture(capture)
    screen.place(screen.wireshark(path, *arguments), 0, 0, 1400, 900)
    return path


def select(screen, frame, name=CAPTURE):
    """Go to a packet, until it is the one whose details are there."""
    def shown():
        screen.main(name)
        screen.keys("Escape", "ctrl+g")
        screen.type(str(frame))
        screen.keys("Return")
        return re.match(rf"Frame {frame}:", screen.copied_soon("ctrl+alt+shift+a"))
    desk.wait_for(shown, f"frame {frame} should be selected")


def tools(screen, letter, name=CAPTURE):
    """Tools > NLM Health > the entry with this letter underlined."""
    screen.main(name)
    screen.keys("alt+t", "n", letter)


def window_text(screen, title):
    """All text of a text window, which is then closed."""
    screen.window(title)
    text = screen.copied("ctrl+a", "ctrl+c")
    screen.keys("Escape")
    screen.gone(title)
    return text.replace("\u2029", "\n").strip()


def tree(screen, name=CAPTURE):
    """The packet details, all expanded, as text."""
    screen.main(name)
    return screen.copied("ctrl+Right", "ctrl+alt+shift+a")


def tree_with(screen, text, name=CAPTURE):
    """The same, once it has this text: packets are dissected anew, and the tree is built, behind the keys."""
    def found():
        details = tree(screen, name)
        return details if text in details else None
    return desk.wait_for(found, f"the packet details should say {text!r}")


def selected(screen, frame, name=CAPTURE):
    """Wait until this packet is the selected one."""
    desk.wait_for(lambda: re.match(rf"Frame {frame}:", tree(screen, name)), f"frame {frame} should be selected")


def display_filter(screen, name=CAPTURE):
    screen.main(name)
    return screen.copied(*FOCUS_FILTER, "ctrl+c")


def filtered(screen, text, name=CAPTURE):
    """Wait until this is the display filter."""
    desk.wait_for_equal(lambda: display_filter(screen, name), text)


def apply_filter(screen, text, name=CAPTURE):
    screen.main(name)
    screen.keys(*FOCUS_FILTER)
    screen.type(text)
    screen.keys("Return")


def displayed(screen, name=CAPTURE):
    """How many packets are displayed, from Statistics > Capture File Properties."""
    screen.main(name)
    screen.keys("ctrl+alt+shift+c")
    screen.window("Capture File Properties")
    text = screen.copied("ctrl+a", "ctrl+c")
    screen.keys("Escape")
    screen.gone("Capture File Properties")
    count = re.search(r"\bPackets\s+\d+\s+(\d+|—)", text)
    assert count, text
    return 0 if count.group(1) == "—" else int(count.group(1))


def displays(screen, count, name=CAPTURE):
    """Wait until so many packets are displayed."""
    desk.wait_for_equal(lambda: displayed(screen, name), count)


def counted(lab, capture, text):
    """How many packets tshark displays with a filter when it knows the whole capture."""
    return len(lab.tshark("-2", "-r", capture, "-Y", text).stdout.splitlines())


# --- Tools > NLM Health ---


OFFER = re.compile(r"\n\nNote: \S+ lies beside this capture\..*", re.S)


def words(text):
    """The words of a text, however it is broken into lines; without what only the window offers."""
    return OFFER.sub("", text).split()


@pytest.mark.parametrize("letter, name", [("r", "report"), ("l", "locks")])
def test_text_windows_say_what_tshark_prints(screen, lab, letter, name):
    path = open_capture(screen, CAPTURE)
    tools(screen, letter)
    text = window_text(screen, TITLE)
    assert words(text) == words(output(lab, path, name))
    assert all(len(line) <= 72 for line in text.splitlines() if '"' not in line), text


def test_report_on_the_incident_of_the_selected_packet(screen, lab):
    path = open_capture(screen, CAPTURE)
    select(screen, FIRST)
    tools(screen, "t")
    text = words(window_text(screen, TITLE))
    whole = words(output(lab, path, "report"))
    assert " ".join(text).startswith("Incident 1: client 10.7.1.2, server 10.7.1.1")
    assert " ".join(text) in " ".join(whole)


def test_a_packet_of_no_incident_takes_the_next_one(screen):
    open_capture(screen, CAPTURE)
    select(screen, STRANGER)
    tools(screen, "t")
    assert window_text(screen, TITLE).startswith("Incident 1:")
    tools(screen, "s")
    filtered(screen, "nlm_health.incident == 1")


def test_a_capture_without_incidents_says_so(screen):
    open_capture(screen, HEALTHY)
    for letter in "tskfpnv":
        tools(screen, letter, HEALTHY)
        assert window_text(screen, TITLE) == "There is no incident in this capture."


@pytest.mark.parametrize("letter, expected", [("a", "nlm_health.incident"), ("s", "nlm_health.incident == 1"),
                                              ("k", "nlm_health.incident == 1 && nlm_health.incident.step")])
def test_filters_are_applied(screen, lab, letter, expected):
    path = open_capture(screen, CAPTURE)
    select(screen, LAST)
    tools(screen, letter)
    filtered(screen, expected)
    count = counted(lab, path, expected)
    assert count > 0
    displays(screen, count)


def test_conversation_filter(screen, lab):
    if lab.version != "4.0":
        pytest.skip("where the entry stands in the menu is known for 4.0")
    open_capture(screen, CAPTURE)
    select(screen, LAST)
    screen.keys("alt+a", *["Up"] * 7, "Right", "Up", "Return")  # Analyze > Conversation Filter > NLM Health
    filtered(screen, "nlm_health.incident == 1")


def test_go_to_first_and_last_packet(screen):
    open_capture(screen, CAPTURE)
    select(screen, 170)
    for letter, frame in [("f", FIRST), ("p", LAST)]:
        tools(screen, letter)
        selected(screen, frame)


def test_annotated_copies_are_saved_beside_the_capture(screen, lab):
    folder = lab.folder()
    path = folder / CAPTURE
    shutil.copy(lab.capture(CAPTURE), path)
    harness.hand_over(path)
    open_capture(screen, path)
    for name in ["stuck_fin-nlm_health.pcapng", "stuck_fin-nlm_health-2.pcapng"]:
        tools(screen, "c")
        assert window_text(screen, TITLE) == f"Annotated copy: {folder / name}"
        comments = lab.tshark("-r", folder / name, "--disable-protocol", "nlm_health", "-Y", "frame.comment", "-T", "fields",
                              "-e", "frame.number", "-e", "frame.comment").stdout
        assert re.search(rf"^{FIRST}\tNLM Health: incident 1, fin_unacked", comments, re.M)


@pytest.fixture
def two(lab):
    """A capture with two incidents, and [(first frame, last frame)] of each."""
    path = lab.scenario("two-servers.scn")
    return path, [(incident["first_frame"], incident["last_frame"]) for incident in lab.story(path)["incidents"]]


def test_next_and_previous_incident(screen, two):
    path, frames = two
    open_capture(screen, path)
    name = path.name
    for letter, place in [("n", 1), ("v", 0)]:
        select(screen, frames[1 - place][0], name)
        tools(screen, letter, name)
        selected(screen, frames[place][0], name)
    for letter, place, sentence in [("n", 1, "There is no later incident in this capture."),
                                    ("v", 0, "There is no earlier incident in this capture.")]:
        select(screen, frames[place][0], name)
        tools(screen, letter, name)
        assert window_text(screen, TITLE) == sentence


def test_a_filter_for_one_incident_goes_along_to_the_next(screen, two):
    path, frames = two
    open_capture(screen, path)
    name = path.name
    select(screen, frames[0][0], name)
    for letter, more in [("s", ""), ("k", " && nlm_health.incident.step")]:
        tools(screen, letter, name)
        tools(screen, "n", name)
        filtered(screen, f"nlm_health.incident == 2{more}", name)
        selected(screen, frames[1][0], name)
        tools(screen, "v", name)
        filtered(screen, f"nlm_health.incident == 1{more}", name)


# Tab leads from the text to the field below it, and on to the buttons.
COPY, SAVE, SHOW, NEXT = 2, 3, 4, 5


def press(screen, button):
    """Press a button from where the text is, and return there; how the clipboard was before does not matter."""
    screen.window(TITLE)
    screen.keys(*["Tab"] * button, "space", *["shift+Tab"] * button)


def shown_text(screen):
    screen.window(TITLE)
    return screen.copied("ctrl+a", "ctrl+c").replace("\u2029", "\n").strip()


def test_buttons_of_the_report(screen, lab, two):
    folder = lab.folder()
    path = folder / two[0].name
    shutil.copy(two[0], path)
    harness.hand_over(path)
    open_capture(screen, path)
    tools(screen, "r", path.name)
    shown = shown_text(screen)
    assert screen.copied(*["Tab"] * COPY, "space").strip() == shown
    screen.keys(*["shift+Tab"] * COPY)
    press(screen, SAVE)
    saved = folder / f"{path.stem}-nlm_health.txt"
    desk.wait_for(saved.exists, "the report should be saved")
    assert saved.read_text().strip() == shown
    assert shown_text(screen) == f"{shown}\n\nSaved: {saved}"
    for incident in (1, 2, 1, 2):
        press(screen, NEXT)
        assert shown_text(screen).startswith(f"Incident {incident}:")
    press(screen, SHOW)
    screen.keys("Escape")
    filtered(screen, "nlm_health.incident == 2", path.name)


def test_the_page_is_handed_to_the_browser(screen, lab):
    folder = lab.folder()
    opener, seen = folder / "xdg-open", folder / "opened"
    opener.write_text(f'#!/bin/sh\ncp "$(printf %s "$1" | sed s,^file://,,)" {seen}.part && mv {seen}.part {seen}\n')
    opener.chmod(0o755)
    path = lab.capture(CAPTURE)
    screen.start(path, env={"PATH": f"{folder}:{screen.environment['PATH']}"})
    tools(screen, "g")
    desk.wait_for(seen.exists, "a browser should be started")
    lab.tshark("-q", "-r", path, "-z", f"nlm_health,html,out={folder / 'page.html'}")
    assert seen.read_text() == (folder / "page.html").read_text()


def test_kernel_log_beside_the_capture_is_offered_and_taken_when_confirmed(screen, lab):
    path = open_capture(screen, CAPTURE)
    log = path.parent / "stuck_fin.cli.kernel.log"
    tools(screen, "r")
    text = window_text(screen, TITLE)
    assert f"{log.name} lies beside this capture." in " ".join(text.split()) and "logged at" not in text
    tools(screen, "o")
    screen.window("NLM Health: kernel log of this capture")
    assert screen.copied("Tab", "Tab", "ctrl+a", "ctrl+c") == str(log)
    screen.keys("Return")
    tools(screen, "r")
    text = window_text(screen, TITLE)
    assert words(text) == words(lab.tshark("-q", "-r", path, "-o", f"nlm_health.kernel_log:{log}", "-z", "nlm_health,report").stdout)
    tools(screen, "o")  # and taken back
    screen.window("NLM Health: kernel log of this capture")
    screen.keys("Tab", "Tab", "ctrl+a", "Delete", "Return")
    tools(screen, "r")
    assert words(window_text(screen, TITLE)) == words(output(lab, path, "report"))


def test_help_explains_every_entry(screen):
    open_capture(screen, CAPTURE)
    tools(screen, "h")
    text = window_text(screen, TITLE)
    assert all(label in text for label in ("Show as page", "Key packets of this incident", "Kernel log...", "Previous incident"))


# --- a display filter that is in force while packets are read ---


def test_a_filter_shows_all_packets_of_the_incident_from_the_start(screen, lab):
    expected = counted(lab, lab.capture(CAPTURE), "nlm_health.incident")
    open_capture(screen, CAPTURE, "-Y", "nlm_health.incident")
    filtered(screen, "nlm_health.incident")
    displays(screen, expected)
    screen.main(CAPTURE)
    screen.keys("ctrl+r")  # View > Reload
    time.sleep(2)
    displays(screen, expected)
    set_nlm_timeout(screen, 10, 5)
    time.sleep(2)
    displays(screen, expected)
    filtered(screen, "nlm_health.incident")


def test_a_filter_shows_all_packets_when_a_live_capture_has_ended(screen, lab):
    path = lab.capture(CAPTURE)
    screen.capture_live(path, "-Y", "nlm_health.incident")
    screen.main("*-")  # unsaved, from standard input
    displays(screen, counted(lab, path, "nlm_health.incident"), "*-")


# --- statistics ---


def table_text(screen, title):
    """What the button [Copy] of a table's window copies. The button is the third field behind the table, which is the one of which a cell can be copied."""
    screen.window(title)
    desk.wait_for(lambda: screen.copied_soon("ctrl+c") or screen.keys("Tab"), f"{title} should have a row")
    return screen.copied_soon("Tab", "Tab", "Tab", "space")


def table_row(screen, title, row):
    """Wait until the table has a row like this: its window is there before it is filled. The text of the table."""
    def found():
        text = table_text(screen, title)
        return text if re.search(row, text, re.M) else None
    return desk.wait_for(found, f"{title} should have {row!r}")


def test_statistics_tree(screen):
    open_capture(screen, CAPTURE)
    screen.keys("alt+s", "Up", "Right", "Return")  # NLM Health is the menu's last entry
    text = table_row(screen, "Calls and findings", re.escape("10.7.1.2 -> 10.7.1.1"))
    assert re.search(r" fin_unacked +11 ", text) and re.search(r" dead_call +1 ", text)


def test_table_of_pairs(screen):
    open_capture(screen, CAPTURE, "-z", "nlm_health,pairs")
    table_row(screen, "NLM Health pairs", r"^ *1 +10\.7\.1\.2 +10\.7\.1\.1 +1 +109\.\d+ +110\.\d+ +4 +4 ")


def test_table_of_incidents(screen, two):
    path, _ = two
    open_capture(screen, path, "-z", "nlm_health,incidents")
    table_row(screen, "NLM Health incidents", r"^ *1 .* 192\.0\.2\.10 +192\.0\.2\.20 .*server +shown +1 +79(?s:.*)"
                                              r"^ *2 .* 192\.0\.2\.10 +192\.0\.2\.30 .*server +shown +1 +79")


# --- the packet tree ---


def test_tree_shows_what_only_later_packets_tell(screen, lab):
    path = open_capture(screen, CAPTURE)
    finding = "This FIN is not acknowledged for 110.56 s and resent 10 times"
    select(screen, FIRST)
    assert finding in tree(screen)
    one_pass = lab.tshark("-r", path, "-Y", f"frame.number == {FIRST}", "-V").stdout
    assert "NLM Health" in one_pass and finding not in one_pass


def test_second_file_in_the_window_shows_no_trace_of_the_first(screen, lab):
    open_capture(screen, CAPTURE)
    tools(screen, "r")
    assert "Incident 1" in window_text(screen, TITLE)
    select(screen, FIRST)
    assert "[Incident: 1]" in tree(screen)
    second = lab.capture(HEALTHY)
    screen.keys("ctrl+o")
    screen.window("Open Capture File")
    screen.keys("ctrl+a")
    screen.type(str(second))
    screen.keys("Return")
    tools(screen, "r", HEALTHY)
    assert words(window_text(screen, TITLE)) == words(output(lab, second, "report"))
    tools(screen, "a", HEALTHY)
    displays(screen, 0, HEALTHY)
    apply_filter(screen, "nlm_health", HEALTHY)
    count = counted(lab, second, "nlm_health")
    assert count > 0
    displays(screen, count, HEALTHY)


def entry(screen, name):
    """Go to the entry with this name in a list."""
    def there():
        screen.look_up(name)
        return screen.copied_soon("ctrl+c") == name or screen.keys("Home")
    desk.wait_for(there, f"the list should have {name!r}")


def set_nlm_timeout(screen, old, new):
    """In the field of Edit > Preferences > Protocols > NLM Health that says `old`."""
    screen.main(CAPTURE)
    screen.keys("ctrl+shift+p")
    screen.window("Preferences")
    screen.keys("Home")
    entry(screen, "Protocols")
    screen.keys("Right")
    time.sleep(0.5)  # or what is typed next continues the name
    entry(screen, "NLM Health")
    desk.wait_for(lambda: screen.keys("Tab") or screen.copied_soon("ctrl+a", "ctrl+c") == str(old), f"a field should say {old}")
    screen.type(str(new))
    screen.keys("Return")
    screen.gone("Preferences")


def test_changed_preference_redissects(screen, lab):
    path = open_capture(screen, CAPTURE)
    before = output(lab, path, "report")
    set_nlm_timeout(screen, 10, 5)
    tools(screen, "r")
    after = words(window_text(screen, TITLE))
    assert after != words(before)
    assert after == words(lab.tshark("-q", "-r", path, "-o", "nlm_health.nlm_timeout:5", "-z", "nlm_health,report").stdout)
    select(screen, FIRST)
    tree_with(screen, "lockd nlm_timeout=5")
    set_nlm_timeout(screen, 5, 10)
    tools(screen, "r")
    assert words(window_text(screen, TITLE)) == words(before)


def boxes(screen):
    """How many windows are to be seen, also those without a title."""
    return len(screen._tool("xdotool", "search", "--onlyvisible", "--class", "wireshark").stdout.split())


def test_a_wrong_preference_is_said_once_and_not_at_every_start(screen, lab):
    wrong = ("-o", "nlm_health.timer:nonsense")
    screen.start(lab.capture(CAPTURE), *wrong)
    desk.wait_for(lambda: boxes(screen) > 1, "the wrong value should be told")
    screen.dismiss_others(CAPTURE)
    screen.close_programs()
    open_capture(screen, CAPTURE, *wrong)
    time.sleep(3)
    assert boxes(screen) == 1
    tools(screen, "r")
    assert 'Preference nlm_health.timer is "nonsense"' in window_text(screen, TITLE)
    screen.close_programs()
    open_capture(screen, CAPTURE)  # all is well meanwhile
    screen.close_programs()
    screen.start(lab.capture(CAPTURE), *wrong)
    desk.wait_for(lambda: boxes(screen) > 1, "the wrong value should be told once more")
    screen.dismiss_others(CAPTURE)


# --- the profile ---


def test_profile_shows_the_incident_in_columns(screen):
    open_capture(screen, CAPTURE, "-C", "NLM Health")
    select(screen, FIRST)
    text = screen.copied("alt+e", "Right", "Return")  # Edit > Copy > As Plain Text
    head, row = [line.split("\t") for line in text.splitlines()]
    shown = dict(zip(head, row))
    assert shown["No."] == str(FIRST) and shown["UTC"].startswith("12:30:02.758")
    assert [shown[name] for name in ("Incident", "Connection", "This packet")] == ["1", "lockd: Stuck FIN", "Stuck FIN"]


def test_profile_without_the_plugin_opens(screen, lab):
    hidden = {"HOME": str(lab.folder()), "WIRESHARK_PLUGIN_DIR": "/nonexistent",
              "WIRESHARK_CONFIG_DIR": str(lab.home / ".config" / "wireshark")}
    screen.start(lab.capture(CAPTURE), "-C", "NLM Health", env=hidden)
    screen.dismiss_others(CAPTURE)  # 4.4 and newer say that they switch colour rules off
    select(screen, FIRST)
    text = tree(screen)
    assert text.startswith(f"Frame {FIRST}:") and "nlm_health" not in text
