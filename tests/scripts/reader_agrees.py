#!/usr/bin/python3
"""Holds phantom's verifier and tools/reader.py against each other: on ledgers that phantom made, whole
and tampered with, both come to the same verdict. Those of tests/golden/ledgers were made by an
earlier phantom (tests/golden/make_ledgers.cc, make_pruned.sh) and have to stay readable.

usage: PHANTOM_BIN=build/.../phantom tests/scripts/reader_agrees.py [made|golden]
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "ledgers"
GOLDEN_NAMES = ("bundles", "epochs", "fresh", "pruned", "sealed")
READER = pathlib.Path(__file__).resolve().parents[2] / "tools" / "reader.py"
VERIFIED, FAILED, MISSING = 0, 1, 3
SECONDS_MAX = 60
STARTS = 12  # more than the store lets logs pile up: it has tables then
FLIPS_PER_FILE = 5
NO_EVIDENCE = ("LOCK", "OPTIONS", "LOG", "sock", "reserve")


class Case:
    """A scratch directory with a ledger in `home` and a copy of it to tamper with."""

    def __init__(self, scratch, binary):
        self.scratch, self.binary = scratch, binary
        self.problems = []
        self.checked = 0

    def phantom(self, home, *words):
        environment = dict(os.environ, PHANTOM_HOME=str(self.scratch / home))
        return subprocess.run([self.binary, *words], env=environment, capture_output=True, text=True,
                              timeout=SECONDS_MAX, check=False)

    def make(self, home, starts):
        done = self.phantom(home, "ledger", "init")
        assert done.returncode == 0, done.stderr
        self.record(home, starts)

    def record(self, home, starts):
        for _ in range(starts):
            done = self.phantom(home, "audit", "show", "--last", "1")
            assert done.returncode == 0, done.stderr

    def copy(self, home, name):
        target = self.scratch / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.scratch / home / "ledger", target,
                        ignore=shutil.ignore_patterns("sock"))
        return target

    def key(self, home):
        return str(next((self.scratch / home / "trust").glob("*.vkey")))

    def anchor(self, home, name):
        """A file with the ledger's newest checkpoint."""
        file = self.scratch / name
        done = self.phantom(home, "audit", "head")
        assert done.returncode == 0, done.stderr
        file.write_text(done.stdout, encoding="utf-8")
        return str(file)

    def expect(self, what, verdicts, ledger, key, anchors=(), trust=None):
        """Both verdicts are among `verdicts` and, when that is one, the same."""
        phantom = ["audit", "verify", "--ledger", str(ledger), "--key", key]
        reader = [sys.executable, str(READER), str(ledger), "--key", key]
        for anchor in anchors:
            phantom += ["--against", anchor]
            reader += ["--anchor", anchor]
        if trust is not None:
            phantom += ["--trust-state", trust]
            reader += ["--trust-state", trust]
        first = self.phantom("nobody", *phantom)
        second = subprocess.run(reader, capture_output=True, text=True, timeout=SECONDS_MAX,
                                check=False)
        self.checked += 1
        for who, done in (("phantom", first), ("reader", second)):
            if done.returncode not in verdicts:
                self.problems.append(f"{what}: {who} says {done.returncode}, not {verdicts}\n"
                                     f"{done.stdout}{done.stderr}")

    def flip_bytes(self, key):
        ledger = self.copy("home", "flipped")
        for path in sorted(ledger.rglob("*")):
            if not path.is_file() or path.name.startswith(NO_EVIDENCE):
                continue
            data = path.read_bytes()
            for at in range(len(data) // (2 * FLIPS_PER_FILE), len(data),
                            max(1, len(data) // FLIPS_PER_FILE)):
                path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
                # 74: the engine below phantom calls some damage an I/O error.
                self.expect(f"{path.name} byte {at}", (FAILED, MISSING, 74), ledger, key)
            path.write_bytes(data)

    def run(self):
        self.make("home", STARTS)
        key = self.key("home")
        before = self.copy("home", "before")
        assert list(before.glob("db/*.sst")), "the ledger has no tables"
        old = self.anchor("home", "old.checkpoint")
        self.record("home", 2)
        new = self.anchor("home", "new.checkpoint")
        whole = self.copy("home", "whole")
        self.make("other", 1)
        other = self.anchor("other", "other.checkpoint")

        self.expect("whole", [VERIFIED], whole, key, [old], new)
        self.expect("whole, and another's key", [FAILED], whole, self.key("other"))
        self.expect("whole, and another's anchor", [FAILED], whole, key, [other])
        self.expect("rolled back, nobody can tell", [VERIFIED], before, key)
        self.expect("rolled back, an anchor can tell", [FAILED], before, key, [new])
        self.expect("rolled back, trust can tell", [FAILED], before, key, trust=new)
        self.expect("absent", [MISSING], self.scratch / "absent", key)
        self.expect("absent, trust can tell", [FAILED], self.scratch / "absent", key, trust=new)

        def tampered(what, verdict, change):
            ledger = self.copy("home", "tampered")
            change(ledger)
            self.expect(what, [verdict], ledger, key)

        tampered("no head", FAILED, lambda ledger: (ledger / "head").unlink())
        tampered("emptied head", FAILED, lambda ledger: (ledger / "head").write_bytes(bytes(8192)))
        tampered("older head", VERIFIED, lambda ledger: shutil.copy(before / "head", ledger / "head"))
        tampered("newer head", FAILED, lambda ledger: [
            shutil.rmtree(ledger / "db"), shutil.copytree(before / "db", ledger / "db")])
        tampered("no tables", FAILED, lambda ledger: [
            path.unlink() for path in ledger.glob("db/*.sst")])
        tampered("no logs", FAILED, lambda ledger: [
            path.unlink() for path in ledger.glob("db/*.log")])
        tampered("another store", FAILED, lambda ledger: shutil.copy(
            self.scratch / "other/ledger/db/IDENTITY", ledger / "db/IDENTITY"))
        self.flip_bytes(key)


# (what, the file it is done to, what becomes of its bytes; None: the file is removed)
GOLDEN_TAMPERINGS = (
    ("head is gone", "head", None),
    ("head was emptied", "head", lambda data: b""),
    ("the slots of head are swapped", "head", lambda data: data[4096:] + data[:4096]),
    ("a bit of head", "head", lambda data: flipped(data, 4096 + 30)),
    ("the manifest is gone", "db/MANIFEST-*", None),
    ("the manifest is cut", "db/MANIFEST-*", lambda data: data[:-1]),
    ("a bit of the manifest", "db/MANIFEST-*", lambda data: flipped(data, len(data) // 2)),
    ("CURRENT names another manifest", "db/CURRENT", lambda data: b"MANIFEST-000001\n"),
    ("another store's identity", "db/IDENTITY", lambda data: flipped(data, 3)),
    ("bytes after the identity", "db/IDENTITY", lambda data: data + b"0"),
    ("the newest log is gone", "db/*.log", None),
    ("the newest log was emptied", "db/*.log", lambda data: b""),
    ("the newest log is cut", "db/*.log", lambda data: data[:-1]),
    ("the newest log is there twice", "db/*.log", lambda data: data + data),
    ("a bit of the newest log", "db/*.log", lambda data: flipped(data, len(data) // 2)),
    ("the newest table is gone", "db/*.sst", None),
    ("the newest table is cut", "db/*.sst", lambda data: data[:-1]),
    ("bytes after the newest table", "db/*.sst", lambda data: data + bytes(7)),
    ("a bit of the newest table", "db/*.sst", lambda data: flipped(data, 40)),
    ("a bit of the table's footer", "db/*.sst", lambda data: flipped(data, len(data) - 9)),
)


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def check_golden(case):
    """Ledgers of the past stay readable, and what is done to them does not stay unseen."""
    for name in GOLDEN_NAMES:
        key, anchor = str(GOLDEN / f"{name}.vkey"), str(GOLDEN / f"{name}.checkpoint")
        case.expect(f"golden {name}", [VERIFIED], GOLDEN / name, key, [anchor], anchor)
        other = GOLDEN_NAMES[GOLDEN_NAMES.index(name) - 1]
        case.expect(f"golden {name}, and another's key", [FAILED], GOLDEN / name,
                    str(GOLDEN / f"{other}.vkey"))
        for what, pattern, change in GOLDEN_TAMPERINGS:
            ledger = case.scratch / "golden"
            shutil.rmtree(ledger, ignore_errors=True)
            shutil.copytree(GOLDEN / name, ledger)
            files = [path for path in sorted(ledger.glob(pattern)) if path.stat().st_size > 0]
            if not files:
                continue  # a small one has no tables
            if change is None:
                files[-1].unlink()
            else:
                files[-1].write_bytes(change(files[-1].read_bytes()))
            case.expect(f"golden {name}: {what}", (FAILED, MISSING, 74), ledger, key)
    # Of format 1, which neither reads: no verdict, and no alarm.
    case.expect("golden v1", [MISSING], GOLDEN / "v1" / "ledger",
                str(next((GOLDEN / "v1" / "trust").glob("*.vkey"))))


def main():
    binary = os.environ.get("PHANTOM_BIN")
    if not binary:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="phantom-reader-") as scratch:
        case = Case(pathlib.Path(scratch), str(pathlib.Path(binary).resolve()))
        if "golden" not in sys.argv[1:]:
            case.run()
        if "made" not in sys.argv[1:]:
            check_golden(case)
    for problem in case.problems:
        print(problem)
    print(f"reader_agrees: {case.checked} ledgers, {len(case.problems)} problems")
    return 1 if case.problems else 0


if __name__ == "__main__":
    sys.exit(main())
