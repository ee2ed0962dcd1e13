#!/usr/bin/env python3
"""reveal --clipboard: the value reaches the clipboard through a pipe and leaves it in time.

usage: PHANTOM_BIN=build/.../phantom reveal_clipboard.py

A made-up desktop (programs called wl-copy, wl-paste and xclip on PATH that keep the clipboard in a
file and note how they were called), and a real X server with the real xclip where both are installed.
"""

import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

PHANTOM = str(pathlib.Path(os.environ["PHANTOM_BIN"]).resolve())
VALUE = "example-not-a-real-key-000"
NEWER = "example-not-a-real-key-111"
SECONDS_MAX = 30

FAKE = """#!/bin/sh
printf '%s %s\\n' "$(basename "$0")" "$*" >>"$DESKTOP/calls"
env >>"$DESKTOP/environment"
case "$(basename "$0") $*" in
  *--clear*) : >"$DESKTOP/clipboard" ;;
  wl-paste*) cat "$DESKTOP/clipboard" ;;
  *) [ ! -e "$DESKTOP/broken" ] || exit 1; cat >"$DESKTOP/clipboard" ;;
esac
"""


def need(condition, text):
    if not condition:
        raise AssertionError(text)


def await_true(condition, text):
    until = time.monotonic() + SECONDS_MAX
    while not condition():
        need(time.monotonic() < until, text)
        time.sleep(0.02)


class Project:
    def __init__(self, root, **more):
        self.root = root
        self.env = {"PATH": os.environ["PATH"], "PHANTOM_HOME": str(root / "home"),
                    "PHANTOM_VAULT_PASSPHRASE": "correct horse example", **more}
        self.work = root / "work"
        self.work.mkdir()
        self.run("init", "--empty")
        self.run("add", "KEY", "--stdin", given=VALUE)

    def run(self, *words, given=""):
        done = subprocess.run([PHANTOM, *words], env=self.env, cwd=self.work, input=given, text=True,
                              capture_output=True, timeout=SECONDS_MAX)
        need(done.returncode == 0, f"{words}: {done.stderr}")
        return done.stdout

    def reveal(self, *words):
        """On a terminal of its own that is closed at once; gives exit code and what was shown."""
        child, master = pty.fork()
        if child == 0:
            os.chdir(self.work)
            os.execve(PHANTOM, [PHANTOM, "reveal", *words], self.env)
        shown, answered, until = b"", False, time.monotonic() + SECONDS_MAX
        while time.monotonic() < until:
            if not select.select([master], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(master, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            if not answered and b"Type yes" in shown:
                os.write(master, b"yes\n")
                answered = True
        os.close(master)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), shown.decode()


def with_made_up_desktop(root):
    desktop = root / "desktop"
    programs = root / "programs"
    desktop.mkdir()
    programs.mkdir()
    for name in ("wl-copy", "wl-paste"):
        (programs / name).write_text(FAKE)
        (programs / name).chmod(0o755)
    project = Project(root, DESKTOP=str(desktop), WAYLAND_DISPLAY="wayland-0")
    project.env["PATH"] = f"{programs}:/usr/bin:/bin"
    clipboard = desktop / "clipboard"
    calls = desktop / "calls"

    code, shown = project.reveal("KEY", "--clipboard", "--seconds", "1")
    need(code == 0, shown)
    need(VALUE not in shown, "the value is on the terminal")
    # The terminal is closed and the command has ended; who clears lives on.
    await_true(lambda: clipboard.read_text() == "", "the clipboard was not cleared")
    need("wl-copy --clear" in calls.read_text(), calls.read_text())
    need(VALUE not in calls.read_text(), "the value was an argument")
    need("PHANTOM_" not in (desktop / "environment").read_text(), "phantom's variables were passed on")

    # What somebody copied meanwhile is not ours to clear.
    calls.unlink()
    code, shown = project.reveal("KEY", "-c", "--seconds", "1")
    need(code == 0 and clipboard.read_text() == VALUE, shown)
    clipboard.write_text("somebody else's")
    await_true(lambda: "wl-paste" in calls.read_text(), "the clipboard was not looked at")
    time.sleep(0.3)
    need(clipboard.read_text() == "somebody else's", "somebody else's clipboard was cleared")
    need("--clear" not in calls.read_text(), calls.read_text())

    # A program that fails: nothing is shown instead.
    (desktop / "broken").write_text("")
    code, shown = project.reveal("KEY", "--clipboard", "--seconds", "1")
    need(code == 74 and "the clipboard was not set" in shown and VALUE not in shown, shown)
    (programs / "wl-copy").unlink()
    code, shown = project.reveal("KEY", "--clipboard")
    need(code == 66 and "no program that sets the clipboard" in shown and VALUE not in shown, shown)

    # An older value.
    project.run("add", "KEY", "--stdin", given=NEWER)
    code, shown = project.reveal("KEY")
    need(code == 0 and NEWER in shown, shown)
    code, shown = project.reveal("KEY", "--version", "1")
    need(code == 0 and VALUE in shown and NEWER not in shown, shown)
    code, shown = project.reveal("KEY", "--version", "7")
    need(code == 66 and "kept are 1 and 2" in shown, shown)

    events = project.run("audit", "show", "--type", "secret.reveal.*", "--json")
    need(VALUE not in events and events.count('"clipboard"') == 6, events)
    need(events.count('"outcome":"failed"') == 1, events)


def with_real_xclip(root):
    if not all(map(shutil.which, ("Xvfb", "xclip"))):
        return False
    ready, server_end = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(server_end), "-nolisten", "tcp"],
                              pass_fds=[server_end], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        os.close(server_end)
        if not select.select([ready], [], [], SECONDS_MAX)[0]:
            return False
        display = os.read(ready, 16).decode().strip()
        if not display:
            return False
        project = Project(root, DISPLAY=f":{display}")

        def held():
            return subprocess.run(["xclip", "-selection", "clipboard", "-out"], env=project.env,
                                  capture_output=True, text=True, timeout=SECONDS_MAX).stdout

        code, shown = project.reveal("KEY", "--clipboard", "--seconds", "2")
        need(code == 0 and VALUE not in shown, shown)
        need(held() == VALUE, f"the clipboard holds {held()!r}")
        await_true(lambda: held() == "", "the clipboard was not cleared")
    finally:
        server.terminate()
        server.wait(SECONDS_MAX)
    return True


def main():
    with tempfile.TemporaryDirectory(prefix="phantom-clipboard-") as directory:
        root = pathlib.Path(directory)
        (root / "a").mkdir()
        with_made_up_desktop(root / "a")
        (root / "b").mkdir()
        real = with_real_xclip(root / "b")
    print("reveal_clipboard: made-up desktop" + (", Xvfb with xclip" if real else "; no X server here"))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as failed:
        print(f"reveal_clipboard: {failed}", file=sys.stderr)
        sys.exit(1)
