#!/usr/bin/env python3
"""Kills commands that change the vault at every commit they make. After each, `phantom doctor` must find
vault and record in agreement or say what is open and mend it, and the next command must work.

usage: PHANTOM_BIN=build/dev/phantom doctor_after_kill.py     (77: this build has no points to kill at)
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

BIN = os.environ["PHANTOM_BIN"]
POINTS = ("commit.prepared", "commit.written")
COMMITS_MAX = 12
OPEN = ("waits to take its place", "its end is not on record", "never took place")


def run(words, project, environment, point=None, text=""):
    variables = dict(environment)
    if point:
        variables["PHANTOM_POINT"] = point
    return subprocess.run([BIN] + words, cwd=project, env=variables, input=text, text=True,
                          capture_output=True, timeout=60)


def fail(what, done):
    print(f"{what}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    sys.exit(1)


def sweep(name, words, text, base, scratch, environment):
    """Every place of one command; says which open states were met."""
    met = set()
    killed = 0
    for point in POINTS:
        for number in range(1, COMMITS_MAX):
            here = scratch / "case"
            shutil.rmtree(here, ignore_errors=True)
            shutil.copytree(base, here)
            variables = dict(environment, PHANTOM_HOME=str(here / "home"))
            # The binding is to the directory, so the project stays where it is.
            project = base / "project"
            dead = run(words, project, variables, f"{point}:{number}", text)
            if dead.returncode != -signal.SIGKILL:
                break
            killed += 1
            where = f"{name} killed at {point}:{number}"
            seen = run(["doctor", "--only", "vault"], project, variables)
            said = [each for each in OPEN if each in seen.stdout]
            met.update(said)
            if seen.returncode != (1 if said else 0):
                fail(f"{where}: doctor", seen)
            if said and "--fix" not in seen.stdout + seen.stderr:
                fail(f"{where}: doctor does not say what to do", seen)
            mended = run(["doctor", "--only", "vault", "--fix"], project, variables)
            if mended.returncode != 0 or (said and "mended" not in mended.stdout):
                fail(f"{where}: doctor --fix", mended)
            again = run(["doctor", "--only", "vault"], project, variables)
            if again.returncode != 0 or again.stdout:
                fail(f"{where}: doctor afterwards", again)
            listed = run(["list"], project, variables)
            if listed.returncode != 0 or "FIRST_API_KEY" not in listed.stdout:
                fail(f"{where}: list", listed)
    return killed, met


def main():
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="phantom-doctor-"))
    try:
        base = scratch / "base"
        project = base / "project"
        project.mkdir(parents=True)
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("PHANTOM_")}
        environment.update(PHANTOM_HOME=str(base / "home"), HOME=str(scratch),
                           PHANTOM_VAULT_PASSPHRASE="correct horse example")
        (project / ".env").write_text("FIRST_API_KEY=first-value-0123456789abcdef\n"
                                      "SECOND_API_KEY=second-value-0123456789abcdef\n")
        made = run(["init"], project, environment)
        if made.returncode != 0:
            fail("init", made)
        met = set()
        for name, words, text in (("add", ["add", "THIRD_API_KEY", "--stdin"], "third-value-01234567"),
                                  ("remove", ["remove", "SECOND_API_KEY", "--yes"], "")):
            killed, open_states = sweep(name, words, text, base, scratch, environment)
            if killed == 0:
                print("skipped: this build has no points to kill at")
                return 77
            met |= open_states
            print(f"{name}: killed {killed} times, open states met: {len(open_states)}")
        if len(met) < 2:
            print(f"only these open states were met: {sorted(met)}")
            return 1
        return 0
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
