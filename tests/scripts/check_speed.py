#!/usr/bin/env python3
"""How long `phantom check` takes: what is staged, and the whole tree, each with one secret in it that has to be found;
the first also in a home with a ledger, where the search is recorded.

usage: PHANTOM_BIN=build/.../phantom check_speed.py [--full] [--runs N]

The bars are for --full, a release build and two cores: 2,000 files and 50 MB staged in less than 1 s, 20,000 files
and 500 MB of a tree in less than 8 s. Without --full the repositories are small and times are only shown. At any
size these hold: every file is looked at, the number of git's starts does not grow with the files, and memory does not
grow with the tree.
"""

import argparse
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import random
import shutil
import stat
import string
import subprocess
import sys
import tempfile
import time

PHANTOM = pathlib.Path(os.environ["PHANTOM_BIN"]).resolve()
TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
STAGED_S_MAX = 1.0
TREE_S_MAX = 8.0
FILE_BYTES = 25_000
# Two workers with a piece of a text each; the rest is the program, its tables, and the list of names.
MEMORY_MB_MAX = 96
MEMORY_GROWTH_MB_MAX = 24


def check_bench():
    loader = importlib.machinery.SourceFileLoader("check_bench", str(TOOLS / "check_bench"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_bench", loader))
    loader.exec_module(module)
    return module


BENCH = check_bench()


def need(condition, text):
    if not condition:
        raise AssertionError(text)


class Place:
    """A directory with a git that counts how often it is started."""

    def __init__(self, root):
        self.root = root
        self.count_file = root / "started"
        tools = root / "tools"
        tools.mkdir()
        git = tools / "git"
        git.write_text(f"#!/bin/sh\necho >> {self.count_file}\nexec {shutil.which('git')} \"$@\"\n")
        git.chmod(git.stat().st_mode | stat.S_IXUSR)
        self.env = BENCH.ENV | {"PHANTOM_HOME": str(root / "no-home")}
        self.counting_env = self.env | {"PATH": f"{tools}:{os.environ['PATH']}"}

    def repository(self, name, files):
        root = self.root / name
        root.mkdir()
        BENCH.git(root, "init", "-q")
        BENCH.make_tree(root, files - 1, FILE_BYTES)
        letters = string.ascii_letters + string.digits
        value = "hf_" + "".join(random.SystemRandom().choices(letters, k=34))
        (root / "d0" / "client.ts").write_text(f'// one\nconst key = "{value}";\n')
        BENCH.git(root, "add", ".")
        return root

    def check(self, repository, scope, files, env=None):
        """Seconds, processor seconds, MB of one run."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start = time.monotonic()
            child = subprocess.Popen([PHANTOM, "check", scope, "--json"], cwd=repository, env=env or self.env,
                                     stdout=out, stderr=err)
            _, status, used = os.wait4(child.pid, 0)
            seconds = time.monotonic() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            said = err.read().decode()
            need(child.returncode == 1, f"check {scope}: exit code {child.returncode}: {said}")
            found = json.load(out)["findings"]
        need([(each["path"], each["line"]) for each in found] == [("d0/client.ts", 2)], f"found {found}")
        need(f"{files} texts looked at" in said.replace(",", ""), f"not every file was looked at: {said}")
        return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024

    def git_starts(self, repository, scope, files):
        self.count_file.write_text("")
        self.check(repository, scope, files, self.counting_env)
        return len(self.count_file.read_text())


def best(runs, run):
    return min((run() for _ in range(runs)), key=lambda each: each[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    staged_files, tree_files = (2_000, 20_000) if given.full else (80, 160)
    failed = []

    def show(what, files, measured, seconds_max):
        seconds, cpu, memory = measured
        over = given.full and seconds >= seconds_max
        print(f"{what}, {files} files, {files * FILE_BYTES / 1e6:.0f} MB: {seconds:.3f} s (bar {seconds_max:.0f} s"
              f"{'' if given.full else ' at full size'}), processor {cpu:.2f} s, {memory:.0f} MB"
              + ("   TOO SLOW" if over else ""))
        if over:
            failed.append(what)
        need(memory < MEMORY_MB_MAX, f"{what} took {memory:.0f} MB of memory")

    with tempfile.TemporaryDirectory(prefix="phantom-check-speed-") as directory:
        place = Place(pathlib.Path(directory))
        few = place.repository("few", 10)
        staged = place.repository("staged", staged_files)
        for scope in ("--staged", "--all"):
            once, often = place.git_starts(few, scope, 10), place.git_starts(staged, scope, staged_files)
            # One more for each worker that a small repository has no work for.
            need(often <= once + os.cpu_count(), f"check {scope} starts git {once} times for few files, {often} for many")
        _, _, memory_few = place.check(few, "--all", 10)

        show("staged", staged_files, best(given.runs, lambda: place.check(staged, "--staged", staged_files)),
             STAGED_S_MAX)

        home = place.root / "home"
        recording = place.env | {"PHANTOM_HOME": str(home)}
        subprocess.run([PHANTOM, "ledger", "init"], env=recording, check=True, capture_output=True)
        show("staged, recorded", staged_files,
             best(given.runs, lambda: place.check(staged, "--staged", staged_files, recording)), STAGED_S_MAX)
        shown = subprocess.run([PHANTOM, "audit", "show", "--json", "--type", "check.scanned"], env=recording,
                               check=True, capture_output=True, text=True).stdout.splitlines()
        need(len(shown) == given.runs, f"{len(shown)} searches are in the ledger, not {given.runs}")
        shutil.rmtree(staged)

        tree = place.repository("tree", tree_files)
        measured = best(given.runs, lambda: place.check(tree, "--all", tree_files))
        show("whole tree", tree_files, measured, TREE_S_MAX)
        need(measured[2] - memory_few < MEMORY_GROWTH_MB_MAX,
             f"memory grew from {memory_few:.0f} to {measured[2]:.0f} MB with the tree")
        need(not (place.root / "no-home").exists(), "a search made a home")
    if failed:
        sys.exit("too slow: " + "; ".join(failed))


if __name__ == "__main__":
    main()
