#!/usr/bin/env python3
"""Runs command scripts: what a person types, what they see, what the files hold afterwards.

usage: PHANTOM_BIN=build/.../phantom tests/scripts/run.py [script.txt...]

A script is a text file of lines:
  # ...             a comment
  env NAME=VALUE    for the commands from here on
  unset NAME
  file PATH         the indented lines below (4 spaces) are its content
  bytes PATH        the same; each line is the inside of a Python bytes literal, no line ends added
  $ COMMAND         sh runs it in the project's directory; "phantom" is the program under test, and
                    "phantom-verify" the one beside it
  tty COMMAND       the same on a terminal of its own
  < TEXT => REPLY   tty: wait for TEXT, then type REPLY and Enter
  > TEXT            next line of standard output; [..] stands for anything
  ! TEXT            next line of standard error
  >* and !*         anything on standard output or error
  ~ TEXT            somewhere in the output; with tty this is the only check of it
  !~ TEXT           nowhere in the output
  ? N               the exit code; 0 if not given
  golden NAME       standard output is tests/golden/NAME
  shape NAME        standard output is JSON, one value a line, of the shape in tests/golden/NAME
  holds PATH        the file's content, as under `file`
  holds-bytes PATH  the same as under `bytes`
  absent PATH       there is no such file

Every script has its own empty home and project. PHANTOM_UPDATE_GOLDEN=1 writes the golden files.
"""

import ast
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
SECONDS_MAX = 60
CLEARED = ("PHANTOM_", "CLAUDE", "CODEX", "CURSOR", "GEMINI_CLI", "OPENCODE", "AIDER", "CI", "NO_COLOR")


class Mismatch(Exception):
    pass


def matches(pattern, line):
    parts = [re.escape(part) for part in pattern.split("[..]")]
    return re.fullmatch(".*".join(parts), line, re.S) is not None


def shape_of(value):
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, list):
        shapes = []
        for item in value:
            shape = shape_of(item)
            if shape not in shapes:
                shapes.append(shape)
        return shapes
    if value is None:
        return "null"
    return {bool: "bool", int: "int", float: "float", str: "text"}[type(value)]


class Run:
    def __init__(self, script, binary):
        self.script = script
        self.lines = script.read_text(encoding="utf-8").splitlines()
        self.at = 0
        self.root = Path(tempfile.mkdtemp(prefix="phantom-script-"))
        self.project = self.root / "project"
        self.project.mkdir()
        tools = self.root / "bin"
        tools.mkdir()
        (tools / "phantom").symlink_to(binary)
        (tools / "phantom-verify").symlink_to(binary.with_name("phantom-verify"))
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(CLEARED)}
        self.env.update(
            HOME=str(self.root / "user"),
            PHANTOM_HOME=str(self.root / "home"),
            PROJECT=str(self.project),
            PATH=f"{tools}:{self.env['PATH']}",
            PYTHON=sys.executable,
            LEDGERS=str(GOLDEN / "ledgers"),
        )
        (self.root / "user").mkdir()

    def fail(self, line_number, text):
        raise Mismatch(f"{self.script.name}:{line_number}: {text}")

    def block(self):
        """The indented lines from here on."""
        out = []
        while self.at < len(self.lines) and self.lines[self.at].startswith("    "):
            out.append(self.lines[self.at][4:])
            self.at += 1
        return out

    def content(self, as_bytes):
        if as_bytes:
            return b"".join(ast.literal_eval("b'" + line + "'") for line in self.block())
        return "".join(line + "\n" for line in self.block()).encode()

    def run(self):
        while self.at < len(self.lines):
            line = self.lines[self.at]
            number = self.at + 1
            self.at += 1
            word, _, rest = line.partition(" ")
            if not line.strip() or word == "#":
                continue
            if word == "env":
                name, _, value = rest.partition("=")
                self.env[name] = value.replace("$PROJECT", str(self.project))
            elif word == "unset":
                self.env.pop(rest, None)
            elif word in ("file", "bytes"):
                path = self.project / rest
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.content(word == "bytes"))
            elif word in ("$", "tty"):
                self.command(rest, word == "tty", number)
            elif word in ("holds", "holds-bytes"):
                wanted = self.content(word == "holds-bytes")
                got = (self.project / rest).read_bytes()
                pattern = wanted.decode("latin-1")
                if not matches(pattern, got.decode("latin-1")):
                    self.fail(number, f"{rest} holds {got!r}, not {wanted!r}")
            elif word == "absent":
                if os.path.lexists(self.project / rest):
                    self.fail(number, f"{rest} is there")
            else:
                self.fail(number, f"not a line of a script: {line}")

    def expectations(self):
        wanted = {">": [], "!": [], "~": [], "!~": [], "<": [], "?": 0, "golden": None, "shape": None,
                  ">*": False, "!*": False}
        while self.at < len(self.lines):
            line = self.lines[self.at]
            word, _, rest = line.partition(" ")
            if word in (">", "!", "~", "!~", "<"):
                wanted[word].append(rest)
            elif word in (">*", "!*"):
                wanted[word] = True
            elif word == "?":
                wanted["?"] = int(rest)
            elif word in ("golden", "shape"):
                wanted[word] = rest
            else:
                break
            self.at += 1
        return wanted

    def command(self, text, terminal, number):
        wanted = self.expectations()
        if terminal:
            code, out = self.on_terminal(text, wanted["<"], number)
            err = ""
        else:
            done = subprocess.run(["sh", "-c", text], cwd=self.project, env=self.env,
                                  stdin=subprocess.DEVNULL, capture_output=True,
                                  start_new_session=True, timeout=SECONDS_MAX)
            code, out, err = done.returncode, done.stdout.decode(), done.stderr.decode()
        seen = f"\n--- stdout\n{out}--- stderr\n{err}"
        if code != wanted["?"]:
            self.fail(number, f"exit code {code}, not {wanted['?']}{seen}")
        for each in wanted["~"]:
            if each not in out + err:
                self.fail(number, f"not in the output: {each}{seen}")
        for each in wanted["!~"]:
            if each in out + err:
                self.fail(number, f"in the output: {each}{seen}")
        if terminal:
            return
        if wanted["golden"]:
            self.golden(wanted["golden"], out, number)
        elif wanted["shape"]:
            shapes = [shape_of(json.loads(each)) for each in out.splitlines()]
            unique = [each for i, each in enumerate(shapes) if each not in shapes[:i]]
            self.golden(wanted["shape"], json.dumps(unique, indent=1, sort_keys=False) + "\n", number)
        elif not wanted[">*"]:
            self.compare("standard output", wanted[">"], out, number, seen)
        if not wanted["!*"]:
            self.compare("standard error", wanted["!"], err, number, seen)

    def compare(self, what, patterns, text, number, seen):
        lines = text.splitlines()
        for i, pattern in enumerate(patterns):
            if i >= len(lines) or not matches(pattern, lines[i]):
                got = lines[i] if i < len(lines) else "(nothing)"
                self.fail(number, f"{what} line {i + 1} is {got!r}, not {pattern!r}{seen}")
        if len(lines) > len(patterns):
            self.fail(number, f"{what} goes on with {lines[len(patterns)]!r}{seen}")

    def golden(self, name, text, number):
        path = GOLDEN / name
        if os.environ.get("PHANTOM_UPDATE_GOLDEN") == "1":
            path.write_text(text, encoding="utf-8")
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            self.fail(number, f"differs from tests/golden/{name}; if it should, run with "
                              f"PHANTOM_UPDATE_GOLDEN=1\n{text}")

    def on_terminal(self, text, dialogue, number):
        """Runs on a pseudo-terminal that is its controlling one; gives exit code and output."""
        child, master = pty.fork()
        if child == 0:
            os.chdir(self.project)
            os.execve("/bin/sh", ["sh", "-c", text], self.env)
        output = b""
        steps = [step.partition(" => ")[::2] for step in dialogue]
        end = time.monotonic() + SECONDS_MAX
        searched = 0
        try:
            while time.monotonic() < end:
                ready, _, _ = select.select([master], [], [], 0.2)
                if ready:
                    try:
                        chunk = os.read(master, 4096)
                    except OSError:
                        chunk = b""
                    if not chunk:
                        break
                    output += chunk
                while steps and steps[0][0].encode() in output[searched:]:
                    prompt, reply = steps.pop(0)
                    searched = output.index(prompt.encode(), searched) + len(prompt.encode())
                    # The prompt is on screen a moment before echo is off.
                    time.sleep(0.1)
                    raw = ast.literal_eval(f"'{reply}'").encode()
                    os.write(master, raw if raw in (b"\x03", b"\x04", b"\x1a") else raw + b"\n")
            else:
                os.kill(child, signal.SIGKILL)
                self.fail(number, f"took longer than {SECONDS_MAX} s: {output!r}")
        finally:
            _, status = os.waitpid(child, 0)
            os.close(master)
        if steps:
            self.fail(number, f"never asked: {steps[0][0]}; said {output!r}")
        return os.waitstatus_to_exitcode(status), output.decode(errors="replace").replace("\r\n", "\n")


def main():
    binary = os.environ.get("PHANTOM_BIN")
    if not binary or not Path(binary).is_file():
        print("PHANTOM_BIN does not name the program", file=sys.stderr)
        return 2
    scripts = [Path(each) for each in sys.argv[1:]] or sorted(HERE.glob("*.txt"))
    if not scripts:
        print("no scripts", file=sys.stderr)
        return 2
    failed = 0
    for script in scripts:
        run = Run(script, Path(binary).resolve())
        start = time.monotonic()
        try:
            run.run()
            print(f"ok      {script.name} ({time.monotonic() - start:.1f} s)")
        except (Mismatch, subprocess.TimeoutExpired, OSError, ValueError, SyntaxError) as error:
            failed += 1
            print(f"FAILED  {error}")
        finally:
            shutil.rmtree(run.root, ignore_errors=True)
    print(f"{len(scripts) - failed} of {len(scripts)} scripts passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
