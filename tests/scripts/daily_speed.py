#!/usr/bin/env python3
"""How long list, why and status take on a vault of 500 secrets and a ledger of a million events, start of
the process included. None of them derives a key.

usage: PHANTOM_BIN=build/.../phantom daily_speed.py [--events 1000000] [--secrets 500] [--submitter FILE]

Without --submitter, the program bench_submitter, the ledger stays small and no time is judged. The bar,
for a release build: 60 ms each.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

PHANTOM = str(pathlib.Path(os.environ["PHANTOM_BIN"]).resolve())
BAR_S = 0.060


def need(condition, text):
    if not condition:
        raise AssertionError(text)


def worked_by_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--secrets", type=int, default=500)
    parser.add_argument("--submitter")
    parser.add_argument("--runs", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="phantom-daily-") as directory:
        root = pathlib.Path(directory)
        work = root / "work"
        work.mkdir()
        env = {"PATH": os.environ["PATH"], "PHANTOM_HOME": str(root / "home"),
               "PHANTOM_VAULT_PASSPHRASE": "correct horse example"}

        def run(*words):
            done = subprocess.run(words, env=env, cwd=work, capture_output=True, text=True, timeout=1200)
            need(done.returncode == 0, f"{words}: {done.returncode} {done.stderr}")
            return done.stdout

        run(PHANTOM, "init", "--empty")
        names = [f"SERVICE_{number}_API_KEY" for number in range(given.secrets)]
        (work / "all.json").write_text(json.dumps({name: f"example-not-a-real-key-{name}" for name in names}))
        run(PHANTOM, "import", "all.json", "--from", "env-json")
        (work / ".env").write_text("".join(f"{name}=\n" for name in names))
        if given.submitter:
            run(str(pathlib.Path(given.submitter).resolve()), env["PHANTOM_HOME"], "fill", str(given.events))
        events = json.loads(run(PHANTOM, "status", "--json"))["ledger"]["size"]
        need(not given.submitter or events >= given.events, f"only {events} events")
        listed = json.loads(run(PHANTOM, "list", "--json"))["secrets"]
        need(len(listed) == given.secrets, f"{len(listed)} secrets")
        known = json.loads(run(PHANTOM, "why", names[-1], "--json"))
        need(known["vault"]["version"] == 1 and known["places"][0]["holds"] == "empty", known)

        def best(*words):
            """Best of some runs, by the clock and of the processor: what another program on the machine
            takes is not ours."""
            taken, worked = [], []
            for _ in range(given.runs):
                before, start = worked_by_children(), time.monotonic()
                run(PHANTOM, *words)
                taken.append(time.monotonic() - start)
                worked.append(worked_by_children() - before)
            return min(taken), min(worked)

        start = best("--version")
        figures = {"list": best("list"), "list --json": best("list", "--json"),
                   "why": best("why", names[-1], "--json"), "status": best("status", "--json")}
    figures["--version"] = start
    shown = ", ".join(f"{name} {1e3 * taken:.1f} ms (processor {1e3 * worked:.1f})"
                      for name, (taken, worked) in figures.items())
    print(f"daily_speed: {given.secrets} secrets, {events} events: {shown}")
    if given.submitter and max(taken for taken, _ in figures.values()) > BAR_S:
        print(f"daily_speed: above the bar of {1e3 * BAR_S:.0f} ms", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as failed:
        print(f"daily_speed: {failed}", file=sys.stderr)
        sys.exit(1)
