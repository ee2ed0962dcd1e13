#!/usr/bin/env python3
"""V2: verification in a container that has nothing: no environment, no HOME, no D-Bus, no network, a
read-only root file system, nobody's uid. A public key is all it needs.

usage: PHANTOM_BIN=build/.../phantom v02_bare_container.py     (phantom-verify lies beside it)
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from bare_run import Bare, readable

PHANTOM = pathlib.Path(os.environ["PHANTOM_BIN"]).resolve()
VERIFIER = PHANTOM.with_name("phantom-verify")


def need(condition, text):
    if not condition:
        raise AssertionError(text)


def make(root):
    """What a checkout and an artifact would hold, and nothing of the home that made them."""
    def run(*words):
        return subprocess.run([PHANTOM, *words], env={"PHANTOM_HOME": str(root / "home")}, text=True,
                              capture_output=True, check=True, timeout=60).stdout
    run("ledger", "init")
    work = root / "work"
    (work / ".phantom").mkdir(parents=True)
    (work / ".phantom" / "ledger.vkey").write_text(json.loads(run("ledger", "info", "--json"))["vkey"])
    (work / ".phantom" / "anchor.json").write_text(run("audit", "head", "--json"))
    for _ in range(5):
        run("audit", "show")
    run("audit", "publish", work / "log")
    run("ledger", "backup", work / "backup")
    run("audit", "prove", "2", "-o", work / "proof", "--entry", work / "entry")
    for name in ("evidence", "damaged"):
        (work / name).mkdir()
        shutil.copytree(root / "home" / "ledger" / "db", work / name / "db")
        shutil.copyfile(root / "home" / "ledger" / "head", work / name / "head")
    head = work / "damaged" / "head"
    head.write_bytes(head.read_bytes().replace(b"phantom.local/", b"phantom.lokal/"))
    (work / "out").mkdir()
    readable(work)
    (work / "out").chmod(0o777)
    shutil.rmtree(root / "home")
    return work


def check(bare, work):
    def verify(program, *words, **more):
        return bare.run([*program, *words], work, **more)

    pins = ("--pins", ".phantom")
    phantom = (PHANTOM, "audit", "verify")
    for program, subject in ((phantom, ("--ledger", "evidence")),
                             (phantom, ("--ledger", "evidence", "--incremental")),
                             (phantom, ("--ledger", "evidence", "--deep")),
                             (phantom, ("--tiles", "log")), (phantom, ("--backup", "backup")),
                             ((VERIFIER,), ("--tiles", "log")), ((VERIFIER,), ("--backup", "backup"))):
        done = verify(program, *subject, *pins)
        need(done.returncode == 0 and "rung: L4" in done.stdout and not done.stderr,
             f"{subject}: {done}")
    done = verify((VERIFIER,), "--proof", "proof", "--entry", "entry", *pins)
    need(done.returncode == 0, f"proof: {done}")
    need(verify(phantom, "--ledger", "damaged", *pins).returncode == 1, "damaged")
    need(verify(phantom, "--ledger", "evidence").returncode == 3, "no key")
    done = verify(phantom, "--ledger", "nowhere", "--key", ".phantom/ledger.vkey")
    need(done.returncode == 3, f"nowhere: {done}")

    # All reports of V1, where there is a place for them, and 74 where there is none.
    out = work / "out"
    reports = ("--format", "sarif", "-o", out / "v.sarif", "--format", "junit", "-o", out / "v.xml",
               "--summary", out / "summary", "--trust-state", out / "trust", "--update-trust")
    done = verify(phantom, "--ledger", "evidence", *pins, *reports, writable=str(out),
                  then=f"cd {out} && wc -c v.sarif v.xml summary trust >&2")
    need(done.returncode == 0 and " total" in done.stderr, f"reports: {done}")
    if bare.cage:
        done = verify(phantom, "--ledger", "evidence", *pins, "-o", work / "v.txt")
        need(done.returncode == 74 and not (work / "v.txt").exists(), f"read-only: {done}")


def main():
    bare = Bare()
    with tempfile.TemporaryDirectory(prefix="phantom-bare-") as directory:
        root = pathlib.Path(directory)
        root.chmod(0o755)
        check(bare, make(root))
    for text in bare.left_out():
        print(f"v02_bare_container: this machine does not permit: {text}")
    print("v02_bare_container: verified with a public key and nothing else")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as failed:
        print(f"v02_bare_container: {failed}", file=sys.stderr)
        sys.exit(1)
