#!/usr/bin/env python3
"""V8: a writer appends as fast as it can while verification loops, full and incremental: never anything
but VERIFIED.

usage: PHANTOM_BIN=build/.../phantom v08_verify_while_writing.py [--seconds 3]
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

PHANTOM = pathlib.Path(os.environ["PHANTOM_BIN"]).resolve()


def need(condition, text):
    if not condition:
        raise AssertionError(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="phantom-writing-") as directory:
        root = pathlib.Path(directory)
        env = {"PHANTOM_HOME": str(root / "home"), "PATH": os.environ["PATH"]}

        def run(*words):
            return subprocess.run([PHANTOM, *words], env=env, text=True, capture_output=True,
                                  timeout=60)
        need(run("ledger", "init").returncode == 0, "ledger init")
        info = json.loads(run("ledger", "info", "--json").stdout)
        ledger = run("audit", "path").stdout.strip()
        # Each look at the log is an event: several processes hand in as many as they can.
        script = 'while :; do "$0" audit show --last 1 >/dev/null 2>&1 || exit; done'
        writers = [subprocess.Popen(["sh", "-c", script, PHANTOM], env=env, start_new_session=True)
                   for _ in range(3)]
        runs, sizes = 0, []
        try:
            trust = ("--trust-state", root / "trust", "--update-trust")
            end = time.monotonic() + seconds
            while time.monotonic() < end or runs < 4:
                for more in ((), (*trust, "--incremental")):
                    done = run("audit", "verify", "--ledger", ledger, "--key", info["vkey"], "--json",
                               *more)
                    need(done.returncode == 0, f"after {runs} runs: {done.stdout}{done.stderr}")
                    sizes.append(json.loads(done.stdout)["head"]["size"])
                    runs += 1
        finally:
            for writer in writers:
                os.killpg(writer.pid, 9)
                writer.wait()
    need(int(sizes[-1]) > int(sizes[0]), f"nothing was written meanwhile: {sizes}")
    print(f"v08_verify_while_writing: {runs} runs while the ledger grew from {sizes[0]} to {sizes[-1]}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as failed:
        print(f"v08_verify_while_writing: {failed}", file=sys.stderr)
        sys.exit(1)
