#!/usr/bin/env python3
"""phantom exec with 50 secrets: one opening of the vault, and how long until the command has run.

    exec_speed.py                 counts what can be counted, shows what is timed
    exec_speed.py --bar-ms 80     fails when a session of 50 secrets takes longer than that

The vault has a key file, so no key is derived: what is timed is all that exec does besides. The time is
that of the whole `phantom exec -- true`, which is later than the start of `true`. Least of the runs.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

PHANTOM = os.path.realpath(os.environ.get("PHANTOM_BIN", ""))
ROUTED = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GITHUB_TOKEN")
SECONDS_MAX = 60


def check(holds, what):
    if not holds:
        raise SystemExit(f"exec_speed: {what}")


def run(project, env, *words):
    done = subprocess.run([PHANTOM, *words], cwd=project, env=env, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=SECONDS_MAX, check=False)
    check(done.returncode == 0, f"phantom {' '.join(words)}: {done.stderr}")
    return done.stdout


def make_project(root, count):
    project = root / f"project-{count}"
    project.mkdir()
    names = (list(ROUTED) + [f"SERVICE_{i}_API_KEY" for i in range(count)])[:count]
    (project / ".env").write_text(
        "".join(f"{name}=sk-example{i:04}NotARealKey0123456789abcdefABCDEF\n"
                for i, name in enumerate(names)), encoding="utf-8")
    env = {k: v for k, v in os.environ.items() if not k.startswith("PHANTOM_")}
    env.update(PHANTOM_HOME=str(root / f"home-{count}"), HOME=str(root))
    run(project, env, "init", "--key-file")
    listed = json.loads(run(project, env, "list", "--json"))["secrets"]
    check(len(listed) == count, f"{len(listed)} secrets, not {count}")
    return project, env


def count_events(project, env):
    before = run(project, env, "audit", "show", "--json").splitlines()
    run(project, env, "exec", "-q", "--", "true")
    after = run(project, env, "audit", "show", "--json").splitlines()
    types = [json.loads(row)["type"] for row in after[len(before):]]
    return {name: types.count(name) for name in set(types)}


def least_ms(project, env, runs):
    times = []
    for _ in range(runs):
        start = time.monotonic()
        run(project, env, "exec", "-q", "--", "true")
        times.append((time.monotonic() - start) * 1000)
    return min(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bar-ms", type=float)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    root = pathlib.Path(tempfile.mkdtemp(prefix="phantom-exec-"))
    try:
        one = make_project(root, 1)
        fifty = make_project(root, 50)
        events = count_events(*fifty)
        check(events.get("vault.unlocked") == 1, f"the vault was opened more than once: {events}")
        check(events.get("secret.opened") == 2, f"values were opened one by one: {events}")
        times = least_ms(*one, args.runs), least_ms(*fifty, args.runs)
        print(f"exec with 1 secret: {times[0]:.1f} ms, with 50: {times[1]:.1f} ms "
              f"(least of {args.runs}, no key derived)")
        if args.bar_ms is not None:
            check(times[1] < args.bar_ms, f"{times[1]:.1f} ms is not under {args.bar_ms} ms")
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
