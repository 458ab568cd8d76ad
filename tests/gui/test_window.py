"""Wireshark's window with the plugin: what the menus do, what the tree and the dialogs show.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import re
import shutil
import time

import pytest

import harness

CAPTURE = "stuck_fin.pcap"
HEALTHY = "healthy.pcap"
FIRST, LAST = 159, 193  # of the only incident
STRANGER = 1            # a packet of no incident: ARP
FOCUS_FILTER = ("ctrl+slash", "ctrl+a")

pytestmark = pytest.mark.slow


def output(lab, capture, name):
    return lab.tshark("-q", "-r", capture, "-z", f"nlm_health,{name}").stdout.strip()


def open_capture(screen, capture, *arguments):
    """Wireshark in front of a capture, nothing else; the path."""
    path = capture if "/" in str(capture) else screen.lab.capture(capture)
    screen.place(screen.wireshark(path, *arguments), 0, 0, 1400, 900)
    return path


def select(screen, frame, name=CAPTURE):
    screen.main(name)
    screen.keys("ctrl+g")
    screen.type(str(frame))
    screen.keys("Return")


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


def display_filter(screen, name=CAPTURE):
    screen.main(name)
    return screen.copied(*FOCUS_FILTER, "ctrl+c")


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


def counted(lab, capture, text):
    """How many packets tshark displays with a filter when it knows the whole capture."""
    return len(lab.tshark("-2", "-r", capture, "-Y", text).stdout.splitlines())


# --- Tools > NLM Health ---


@pytest.mark.parametrize("letter, title, name", [("r", "NLM Health: report", "report"), ("l", "NLM Health: locks", "locks")])
def test_text_windows_say_what_tshark_prints(screen, lab, letter, title, name):
    path = open_capture(screen, CAPTURE)
    tools(screen, letter)
    assert window_text(screen, title) == output(lab, path, name)


def test_report_on_the_incident_of_the_selected_packet(screen, lab):
    path = open_capture(screen, CAPTURE)
    select(screen, FIRST)
    tools(screen, "t")
    text = window_text(screen, "NLM Health: incident")
    assert text.startswith("Incident 1: client 10.7.1.2, server 10.7.1.1")
    assert text in output(lab, path, "report")


def test_selected_packet_of_no_incident(screen):
    open_capture(screen, CAPTURE)
    for letter in "tsfp":
        select(screen, STRANGER)
        tools(screen, letter)
        assert window_text(screen, "NLM Health$") == "The selected packet belongs to no incident."


@pytest.mark.parametrize("letter, expected", [("a", "nlm_health.incident"), ("s", "nlm_health.incident == 1")])
def test_filters_are_applied(screen, lab, letter, expected):
    path = open_capture(screen, CAPTURE)
    select(screen, LAST)
    tools(screen, letter)
    assert display_filter(screen) == expected
    assert 0 < displayed(screen) == counted(lab, path, expected)


def test_conversation_filter(screen, lab):
    if lab.version != "4.0":
        pytest.skip("where the entry stands in the menu is known for 4.0")
    open_capture(screen, CAPTURE)
    select(screen, LAST)
    screen.keys("alt+a", *["Up"] * 7, "Right", "Up", "Return")  # Analyze > Conversation Filter > NLM Health
    assert display_filter(screen) == "nlm_health.incident == 1"


def test_go_to_first_and_last_packet(screen):
    open_capture(screen, CAPTURE)
    select(screen, 170)
    for letter, frame in [("f", FIRST), ("p", LAST)]:
        tools(screen, letter)
        assert re.match(rf"Frame {frame}:", tree(screen))


def test_annotated_copies_are_saved_beside_the_capture(screen, lab):
    folder = lab.folder()
    path = folder / CAPTURE
    shutil.copy(lab.capture(CAPTURE), path)
    harness.hand_over(path)
    open_capture(screen, path)
    for name in ["stuck_fin-nlm_health.pcapng", "stuck_fin-nlm_health-2.pcapng"]:
        tools(screen, "c")
        assert window_text(screen, "NLM Health: annotated copy") == f"Annotated copy: {folder / name}"
        comments = lab.tshark("-r", folder / name, "--disable-protocol", "nlm_health", "-Y", "frame.comment", "-T", "fields",
                              "-e", "frame.number", "-e", "frame.comment").stdout
        assert re.search(rf"^{FIRST}\tNLM Health: incident 1, fin_unacked", comments, re.M)


# --- statistics ---


def test_statistics_tree(screen):
    open_capture(screen, CAPTURE)
    screen.keys("alt+s", "Up", "Right", "Return")  # NLM Health is the menu's last entry
    screen.window("Calls and findings")
    text = screen.copied("Tab", "Tab", "Tab", "space")  # [Copy]
    assert "10.7.1.2 -> 10.7.1.1" in text
    assert re.search(r"finding fin_unacked +11 ", text) and re.search(r"finding dead_call +1 ", text)


def test_table_of_pairs(screen):
    open_capture(screen, CAPTURE, "-z", "nlm_health,pairs")
    screen.window("NLM Health pairs")
    text = screen.copied("Tab", "Tab", "Tab", "space")
    assert re.search(r"^10\.7\.1\.2 +10\.7\.1\.1 +4 +4 .* 1$", text, re.M)


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
    assert "Incident 1" in window_text(screen, "NLM Health: report")
    select(screen, FIRST)
    assert "[Incident: 1]" in tree(screen)
    second = lab.capture(HEALTHY)
    screen.keys("ctrl+o")
    screen.window("Open Capture File")
    screen.keys("ctrl+a")
    screen.type(str(second))
    screen.keys("Return")
    tools(screen, "r", HEALTHY)
    assert window_text(screen, "NLM Health: report") == output(lab, second, "report")
    tools(screen, "a", HEALTHY)
    assert displayed(screen, HEALTHY) == 0
    apply_filter(screen, "nlm_health", HEALTHY)
    assert 0 < displayed(screen, HEALTHY) == counted(lab, second, "nlm_health")


def field_with(screen, text):
    """Go to the first field of Edit > Preferences > Protocols > NLM Health that says text; False if there is none."""
    screen.window("Preferences")
    screen.keys("Home")
    screen.type("Protocols")
    screen.keys("Right")
    time.sleep(1)  # or what is typed next continues the word
    screen.type("NLM Health")
    for _ in range(8):
        screen.keys("Tab")
        if screen.copies(text, "ctrl+a", "ctrl+c"):
            return True
    return False


def set_nlm_timeout(screen, old, new):
    for _ in range(4):  # on a busy machine a word may be taken for two, and lead elsewhere
        screen.main(CAPTURE)
        screen.keys("ctrl+shift+p")
        if field_with(screen, str(old)):
            break
        screen.keys("Escape")
        screen.gone("Preferences")
    else:
        raise AssertionError(f"no field says {old}")
    screen.type(str(new))
    screen.keys("Return")
    screen.gone("Preferences")


def test_changed_preference_redissects(screen, lab):
    path = open_capture(screen, CAPTURE)
    before = output(lab, path, "report")
    set_nlm_timeout(screen, 10, 5)
    tools(screen, "r")
    after = window_text(screen, "NLM Health: report")
    assert after != before
    assert after == lab.tshark("-q", "-r", path, "-o", "nlm_health.nlm_timeout:5", "-z", "nlm_health,report").stdout.strip()
    select(screen, FIRST)
    assert "lockd nlm_timeout=5" in tree(screen)
    set_nlm_timeout(screen, 5, 10)
    tools(screen, "r")
    assert window_text(screen, "NLM Health: report") == before


# --- the profile ---


def test_profile_shows_the_incident_in_columns(screen):
    open_capture(screen, CAPTURE, "-C", "NLM Health")
    select(screen, FIRST)
    text = screen.copied("alt+e", "Right", "Return")  # Edit > Copy > As Plain Text
    head, row = [line.split("\t") for line in text.splitlines()]
    shown = dict(zip(head, row))
    assert shown["No."] == str(FIRST) and shown["UTC"].startswith("12:30:02.758")
    assert [shown[name] for name in ("Incident", "Service", "Trouble", "This packet")] == ["1", "nlm", "fin_unacked", "Stuck FIN"]


def test_profile_without_the_plugin_opens(screen, lab):
    hidden = {"HOME": str(lab.folder()), "WIRESHARK_PLUGIN_DIR": "/nonexistent",
              "WIRESHARK_CONFIG_DIR": str(lab.home / ".config" / "wireshark")}
    screen.start(lab.capture(CAPTURE), "-C", "NLM Health", env=hidden)
    screen.dismiss_others(CAPTURE)  # 4.4 and newer say that they switch colour rules off
    select(screen, FIRST)
    text = tree(screen)
    assert text.startswith(f"Frame {FIRST}:") and "nlm_health" not in text
