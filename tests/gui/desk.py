"""A screen without a monitor, Wireshark's window on it, and hands: keys, windows, clipboard, screenshots.

Menus and dialogs are driven by the keyboard alone, and what they show is read through the clipboard: neither depends
on fonts, themes or places on the screen.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import harness

TOOLS = ["wireshark", "Xvfb", "xdotool", "xclip", "import"]
PATIENCE = 90  # seconds: the machine may be busy


def missing():
    """The tools of this file that are not installed."""
    return [tool for tool in TOOLS if not shutil.which(tool)]


def wait_for(question, what, patience=PATIENCE):
    """The first answer of question() that is not false."""
    end = time.monotonic() + patience
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < end, f"{what}: not within {patience} s"
        time.sleep(0.1)


def wait_for_equal(question, expected, patience=PATIENCE):
    """Ask until the answer is the expected one."""
    end = time.monotonic() + patience
    while (answer := question()) != expected:
        assert time.monotonic() < end, f"for {patience} s it is {answer!r}, and not {expected!r}"
        time.sleep(0.1)


class Desk:
    """An X server, and what is done on it."""

    def __init__(self, lab, size="1400x900"):
        self.lab = lab
        read, write = os.pipe()
        # Without -noreset it starts anew when its last client goes, and turns away whoever comes meanwhile.
        self.server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-noreset",
                                        "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as number:
            self.environment = {**lab.environment, "DISPLAY": f":{number.readline().strip()}"}
        del self.environment["WIRESHARK_DATA_DIR"]  # a window shows the names of ports and vendors, too
        self.programs = []
        self.at = None  # the window that the keys are meant for
        self.log = lab.folder() / "wireshark.log"
        self.settings = lab.home / ".config" / "wireshark"
        self.untouched = lab.folder() / "settings"
        shutil.copytree(self.settings, self.untouched)

    def close(self):
        self.close_programs()
        self.server.terminate()
        self.server.wait()

    def crashed(self):
        """What the programs that ended by themselves said, or None."""
        if all(program.poll() is None for program in self.programs):
            return None
        return self.log.read_text(errors="replace") or "said nothing"

    def close_programs(self):
        for program in self.programs:
            program.kill()
            program.wait()
        self.programs = []
        self.at = None

    def forget_settings(self):
        """What Wireshark has written into its settings, such as a preference that was changed, is not the next test's."""
        shutil.rmtree(self.settings)
        shutil.copytree(self.untouched, self.settings)
        for path in [self.settings, *self.settings.rglob("*")]:
            harness.hand_over(path)

    def _tool(self, *command, **more):
        return subprocess.run(list(map(str, command)), env=self.environment, text=True, capture_output=True, timeout=PATIENCE,
                              **more)

    # --- windows ---

    def windows(self):
        """{id: title} of what is to be seen."""
        found = self._tool("xdotool", "search", "--onlyvisible", "--name", ".").stdout.split()
        titles = {window: self._tool("xdotool", "getwindowname", window).stdout.strip() for window in found}
        return {window: title for window, title in titles.items() if title}

    def window(self, title, patience=PATIENCE):
        """The window with a title that matches, once it is there; it gets the keyboard."""
        def find():
            return [window for window, name in self.windows().items() if re.search(title, name)]
        self.at = wait_for(find, f"window {title!r}", patience)[-1]
        self._hold()
        time.sleep(0.2)
        return self.at

    def _hold(self):
        """Give the keyboard back to the window at hand: another one takes it when it has been filled, however late that is."""
        for _ in range(20):
            if self.at is None or self._tool("xdotool", "getwindowfocus").stdout.strip() == self.at:
                return
            if self._tool("xdotool", "windowfocus", self.at).returncode:
                return  # it has been closed
            time.sleep(0.1)

    def gone(self, title):
        wait_for(lambda: not any(re.search(title, name) for name in self.windows().values()), f"{title!r} should close")

    def place(self, window, x, y, width, height):
        self._tool("xdotool", "windowmove", window, x, y, "windowsize", window, width, height)
        time.sleep(0.5)

    # --- hands ---

    def keys(self, *names):
        for name in names:
            self._hold()
            done = self._tool("xdotool", "key", "--clearmodifiers", name)
            assert done.returncode == 0, done.stderr
            time.sleep(0.15)

    def type(self, text):
        self._hold()
        self._tool("xdotool", "type", "--clearmodifiers", "--delay", 20, text)
        time.sleep(0.15)

    def look_up(self, text):
        """Type the beginning of an entry's name in a list, which takes letters that come slowly for several names: so all at once."""
        self._hold()
        os.kill(self.programs[-1].pid, signal.SIGSTOP)
        self._tool("xdotool", "type", "--clearmodifiers", "--delay", 1, text)
        os.kill(self.programs[-1].pid, signal.SIGCONT)
        time.sleep(0.5)

    def click(self, x, y):
        self._tool("xdotool", "mousemove", x, y, "click", 1)
        time.sleep(0.15)

    def clipboard(self):
        return self._tool("xclip", "-selection", "clipboard", "-o").stdout

    def _clear_clipboard(self):
        # xclip stays and holds the clipboard until somebody else takes it: it must not hold our pipes.
        subprocess.run(["xclip", "-selection", "clipboard"], env=self.environment, input=b"\n", check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def copied(self, *names):
        """What the last of these keys puts into the clipboard."""
        self._clear_clipboard()
        self.keys(*names)
        return wait_for(lambda: self.clipboard().strip("\n"), f"{names} should copy something")

    def copied_soon(self, *names):
        """The same, or nothing if that takes longer than about a second."""
        self._clear_clipboard()
        self.keys(*names)
        for _ in range(8):
            time.sleep(0.1)
            text = self.clipboard().strip("\n")
            if text:
                return text
        return ""

    def shot(self, path):
        self._tool("import", "-window", "root", path)

    # --- Wireshark ---

    def _start(self, arguments, stdin, env=None):
        command = [*harness.AS_USER, "wireshark", *map(str, arguments)]
        with open(self.log, "ab") as log:
            self.programs.append(subprocess.Popen(command, env={**self.environment, **(env or {})}, cwd=self.lab.home,
                                                  stdin=stdin, stdout=log, stderr=log))

    def start(self, capture, *arguments, env=None):
        self._start(["-r", capture, *arguments], subprocess.DEVNULL, env)

    def capture_live(self, packets, *arguments):
        """Wireshark that captures what this file holds, as if it came from a wire."""
        with open(packets, "rb") as wire:
            self._start(["-k", "-i", "-", *arguments], wire)

    def wireshark(self, capture, *arguments):
        """Wireshark's window with a capture in it."""
        self.start(capture, *arguments)
        return self.main(pathlib.Path(capture).name)

    def dismiss_others(self, title):
        """Close messages, with or without a title of their own, until only the window with this title is left."""
        def alone():
            found = self._tool("xdotool", "search", "--onlyvisible", "--class", "wireshark").stdout.split()
            if found and list(self.windows().values()) == [title] and len(found) == 1:
                return True
            for self.at in found:
                self.keys("Escape")
            return False
        wait_for(alone, f"{title!r} alone on the screen")

    def main(self, name):
        """The main window, once it shows this capture."""
        return self.window(rf"^{re.escape(name)}( |$)")
