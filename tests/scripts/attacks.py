#!/usr/bin/python3
"""What somebody with the user's own file access may do to a ledger, done to a real one with the real
program. docs/ATTACKS.md is the list; each function here carries its number and says in one line what
is done and what has to be the answer.

usage: PHANTOM_BIN=build/.../phantom tests/scripts/attacks.py [name...]
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SECONDS_MAX = 60
VERIFIED, FAILED, MISSING = 0, 1, 3
NO_INPUT, EXISTS, IO, BUSY, DENIED = 66, 73, 74, 75, 77
NO_EVIDENCE = ("LOCK", "OPTIONS", "LOG", "sock", "reserve")


class Wrong(Exception):
    pass


class Victim:
    """A home with a ledger of some events, and a backup of it from before the newest ones."""

    def __init__(self, scratch, binary):
        self.scratch, self.binary = scratch, binary
        self.home = scratch / "home"
        self.ledger = self.home / "ledger"
        self.backup = scratch / "backup"
        self.must(0, "ledger", "init")
        self.event()
        self.event()
        shutil.copytree(self.ledger, self.backup, ignore=shutil.ignore_patterns("sock"))
        self.event()
        self.event()
        self.must(VERIFIED, "audit", "verify")  # trust knows the newest checkpoint from here on
        self.size = self.events()

    def run(self, *words, prefix=(), **environment):
        environment = dict(os.environ, PHANTOM_HOME=str(self.home), HOME=str(self.scratch),
                           **environment)
        return subprocess.run([*prefix, self.binary, *words], env=environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_MAX,
                              check=False)

    def must(self, code, *words, says="", **more):
        done = self.run(*words, **more)
        seen = f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        if done.returncode != code:
            raise Wrong(f"exit code {done.returncode}, not {code}: {seen}")
        if says not in done.stdout + done.stderr:
            raise Wrong(f"not said: {says}: {seen}")
        return done.stdout

    def event(self):
        """Something that is recorded."""
        self.must(0, "audit", "show", "--last", "1")

    def events(self):
        return int(self.must(0, "audit", "head").splitlines()[1])

    def must_fail(self, check):
        """Verification fails, in this check."""
        out = self.must(FAILED, "audit", "verify", says="FAILED")
        if not any(line.split()[:2] == ["fail", f"{check}:"] for line in out.splitlines()):
            raise Wrong(f"another check than {check} failed:\n{out}")

    def must_refuse_to_write(self, *codes):
        """An action that has to be recorded does not happen."""
        project = self.scratch / "project"
        project.mkdir(exist_ok=True)
        (project / ".env").write_text("DEMO_API_KEY=sk-demo-not-a-real-key-0123456789\n",
                                      encoding="utf-8")
        environment = dict(os.environ, PHANTOM_HOME=str(self.home), HOME=str(self.scratch),
                           PHANTOM_VAULT_PASSPHRASE="correct horse example")
        done = subprocess.run([self.binary, "init"], env=environment, cwd=project, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_MAX,
                              check=False)
        if done.returncode not in codes:
            raise Wrong(f"init: {done.returncode}, not one of {codes}\n{done.stderr}")
        if "not-a-real-key" not in (project / ".env").read_text(encoding="utf-8"):
            raise Wrong("a secret was moved although nothing could be recorded")

    def put_back(self, *names):
        for name in names:
            target = self.ledger / name
            if (self.backup / name).is_dir():
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(self.backup / name, target)
            else:
                shutil.copy(self.backup / name, target)

    def evidence(self):
        return [path for path in sorted(self.ledger.rglob("*"))
                if path.is_file() and not path.name.startswith(NO_EVIDENCE)]


def a01_delete_the_log_only(victim):
    """Deletes db/, keeps head: FAILED in head; nothing more is recorded or done."""
    shutil.rmtree(victim.ledger / "db")
    victim.must_fail("head")
    victim.must_refuse_to_write(FAILED, NO_INPUT, EXISTS, DENIED)
    victim.must_fail("head")


def a02_delete_log_and_head(victim):
    """Deletes the whole ledger, trust stays: FAILED in trust; no second history begins."""
    shutil.rmtree(victim.ledger)
    victim.must_fail("trust")
    victim.must(DENIED, "ledger", "init")
    victim.must_refuse_to_write(NO_INPUT, DENIED)
    victim.must_fail("trust")


def t07_delete_everything_but_trust(victim):
    """Deletes ledger and keys: FAILED against trust, INDETERMINATE once that is gone as well."""
    shutil.rmtree(victim.ledger)
    shutil.rmtree(victim.home / "keys")
    victim.must_fail("trust")
    victim.must(DENIED, "ledger", "init")
    shutil.rmtree(victim.home / "trust")
    victim.must(MISSING, "audit", "verify", says="INDETERMINATE")


def a03_truncate_to_zero(victim):
    """Empties each file, and all: FAILED (the engine calls some of it an I/O error), no writing."""
    for file in victim.evidence():
        content = file.read_bytes()
        file.write_bytes(b"")
        done = victim.run("audit", "verify")
        if done.returncode not in (FAILED, IO) and content:
            raise Wrong(f"{file.name} emptied: {done.returncode}\n{done.stdout}")
        file.write_bytes(content)
    victim.must(VERIFIED, "audit", "verify")
    for file in victim.evidence():
        file.write_bytes(b"")
    victim.must(FAILED, "audit", "verify")
    victim.must_refuse_to_write(FAILED, NO_INPUT, IO)


def a04_cut_the_tail_and_let_the_tool_go_on(victim):
    """Puts an older db/ back under the newer head, runs the tool: the writer refuses, FAILED."""
    victim.put_back("db")
    victim.must_refuse_to_write(FAILED)
    victim.must_fail("head")


def a05_delete_the_log_and_trigger_an_event(victim):
    """Empties db/ and keeps head and keys: no chain begins anew, the tool says why, FAILED."""
    for file in (victim.ledger / "db").iterdir():
        file.unlink()
    victim.must_refuse_to_write(FAILED, EXISTS)
    victim.must_fail("head")
    if any((victim.ledger / "db").glob("*.sst")):
        raise Wrong("a new store was made")


def a06_restore_an_older_pair(victim):
    """Puts older db/ and head back: FAILED in trust, also after the tool wrote over the gap."""
    victim.put_back("db", "head")
    victim.must_fail("trust")
    for _ in range(4):
        victim.run("audit", "show", "--last", "1")
    if victim.events() < victim.size:
        raise Wrong("the ledger should have grown past what it was")
    victim.must_fail("trust")


def t08_roll_back_with_an_anchor_elsewhere(victim):
    """Puts ledger and trust back as they were: an anchor kept elsewhere fails it."""
    anchor = victim.scratch / "anchor"
    anchor.write_text(victim.must(0, "audit", "head"), encoding="utf-8")
    victim.put_back("db", "head")
    for file in (victim.home / "trust").glob("*.checkpoint"):
        file.unlink()
    victim.must(FAILED, "audit", "verify", "--against", str(anchor), says="FAILED")


def a07_delete_the_key_file(victim):
    """Deletes signing keys: old events stay verified, none is added unsigned; without pin, 3."""
    for file in (victim.home / "keys").glob("*.key"):
        if file.name != "subject.key":
            file.unlink()
    before = victim.events()
    victim.must(VERIFIED, "audit", "verify")
    victim.must_refuse_to_write(EXISTS)
    if victim.events() != before:
        raise Wrong("something was recorded without keys")
    for file in (victim.home / "trust").iterdir():
        file.unlink()
    victim.must(MISSING, "audit", "verify", says="INDETERMINATE")


def t05_cut_the_tail_and_stop(victim):
    """Cuts the newest commit off the log of the engine: FAILED, head is ahead."""
    logs = [path for path in sorted(victim.ledger.glob("db/*.log")) if path.stat().st_size > 64]
    newest = logs[-1]
    newest.write_bytes(newest.read_bytes()[:-40])
    victim.must_fail("head")
    victim.must_refuse_to_write(FAILED)


def a13_forged_history_in_files_nobody_reads(victim):
    """Drops files with made-up lines beside the store: show prints none of it, verify is as it was."""
    line = '{"hmac_chain_started_at": 1, "op": "vault.reveal", "name": "FORGED"}\n'
    for name in ("audit.log", "db/forged.json", "db/zzz.txt"):
        (victim.ledger / name).write_text(line, encoding="utf-8")
    if "FORGED" in victim.must(0, "audit", "show"):
        raise Wrong("a forged event was shown")
    victim.must(VERIFIED, "audit", "verify")


def a15_home_and_switches_changed(victim):
    """Runs the tool with other homes and PHANTOM_AUDIT values: refused, the ledger is as it was."""
    elsewhere = {"HOME": str(victim.scratch), "PHANTOM_HOME": str(victim.scratch / "other")}
    done = subprocess.run([victim.binary, "audit", "show"], env=dict(os.environ, **elsewhere),
                          text=True, capture_output=True, timeout=SECONDS_MAX, check=False)
    if done.returncode != NO_INPUT:
        raise Wrong(f"another home: {done.returncode}\n{done.stderr}")
    project = victim.scratch / "project"
    project.mkdir()
    (project / ".phantom.toml").write_text(
        '[phantom]\nversion = 1\nproject_id = "0123456789abcdef"\n', encoding="utf-8")
    for value in ("0", "off", "best-effort"):
        environment = dict(os.environ, PHANTOM_HOME=str(victim.home), HOME=str(victim.scratch),
                           PHANTOM_AUDIT=value)
        done = subprocess.run([victim.binary, "exec", "--", "echo", "ran"], env=environment,
                              text=True, capture_output=True, cwd=project, timeout=SECONDS_MAX,
                              check=False)
        if done.returncode == 0 or "ran" in done.stdout:
            raise Wrong(f"PHANTOM_AUDIT={value}: {done.returncode}\n{done.stdout}{done.stderr}")
    victim.must(VERIFIED, "audit", "verify")


def a15_disk_full(victim):
    """Leaves no room for a write: an I/O error, nothing happens, then all is as before."""
    before = victim.events()
    limit = ("sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "sh")
    done = victim.run("ledger", "rotate-key", prefix=limit)
    if done.returncode != IO:
        raise Wrong(f"full disk: {done.returncode}\n{done.stderr}")
    if victim.events() != before:
        raise Wrong("something was recorded on a full disk")
    victim.must(VERIFIED, "audit", "verify")


def a15b_lock_held(victim):
    """Holds the lock of the ledger: a bounded wait, then "busy"; reading goes on."""
    with open(victim.ledger / "LOCK", "r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        victim.must_refuse_to_write(BUSY)
        victim.must(0, "audit", "head")
        victim.must(VERIFIED, "audit", "verify")
    victim.must(VERIFIED, "audit", "verify")


def a16_log_unwritable(victim):
    """Takes write permission from the store: "not allowed", nothing happens unrecorded."""
    before = victim.events()
    plain = ()
    if os.geteuid() == 0:  # whom permissions do not stop
        plain = ("setpriv", "--bounding-set=-dac_override,-dac_read_search",
                 "--inh-caps=-dac_override,-dac_read_search")
    (victim.ledger / "db").chmod(0o500)
    try:
        done = victim.run("ledger", "rotate-key", prefix=plain)
        if done.returncode != DENIED:
            raise Wrong(f"unwritable: {done.returncode}\n{done.stderr}")
    finally:
        (victim.ledger / "db").chmod(0o700)
    if victim.events() != before:
        raise Wrong("something was recorded")
    victim.must(VERIFIED, "audit", "verify")


def f20_verifying_is_on_record(victim):
    """Nobody ever verifies: each good verification is an event that says how far it got."""
    victim.must(VERIFIED, "audit", "verify")
    out = victim.must(0, "audit", "show", "--type", "audit.verified")
    if "audit.verified" not in out or "L3" not in out:
        raise Wrong(f"verification is not on record:\n{out}")


def t16_two_views_of_one_ledger(victim):
    """Shows one view to A and another to B: each verifies alone, and fails against the other's head."""
    view = victim.scratch / "view"
    shutil.copytree(victim.home, view, ignore=shutil.ignore_patterns("sock"))
    victim.event()
    environment = dict(os.environ, PHANTOM_HOME=str(view), HOME=str(victim.scratch))

    def other(*words):
        return subprocess.run([victim.binary, *words], env=environment, text=True,
                              capture_output=True, timeout=SECONDS_MAX, check=False)

    for _ in range(3):
        other("audit", "show", "--last", "1")
    key = str(next((victim.home / "trust").glob("*.vkey")))
    heads = []
    for who, head in ((victim.run, "head.a"), (other, "head.b")):
        file = victim.scratch / head
        file.write_text(who("audit", "head").stdout, encoding="utf-8")
        heads.append(str(file))
    for ledger, own, others in ((victim.ledger, heads[0], heads[1]),
                                (view / "ledger", heads[1], heads[0])):
        words = ("audit", "verify", "--ledger", str(ledger), "--key", key, "--against")
        done = subprocess.run([victim.binary, *words, own], env=dict(
            os.environ, PHANTOM_HOME=str(victim.scratch / "auditor")), text=True,
            capture_output=True, timeout=SECONDS_MAX, check=False)
        if done.returncode != VERIFIED:
            raise Wrong(f"a view alone: {done.returncode}\n{done.stdout}")
        done = subprocess.run([victim.binary, *words, others], env=dict(
            os.environ, PHANTOM_HOME=str(victim.scratch / "auditor")), text=True,
            capture_output=True, timeout=SECONDS_MAX, check=False)
        if done.returncode != FAILED:
            raise Wrong(f"two views: {done.returncode}\n{done.stdout}")


def t19_exported_entry_edited(victim):
    """Edits an entry after it was exported with its proof: FAILED."""
    entry, proof = victim.scratch / "entry", victim.scratch / "proof"
    key = str(next((victim.home / "trust").glob("*.vkey")))
    victim.must(0, "audit", "prove", "1", "-o", str(proof), "--entry", str(entry))
    check = ("audit", "verify", "--proof", str(proof), "--entry", str(entry), "--key", key)
    victim.must(VERIFIED, *check)
    data = bytearray(entry.read_bytes())
    data[len(data) // 2] ^= 1
    entry.write_bytes(data)
    victim.must(FAILED, *check)


ATTACKS = [each for name, each in sorted(globals().items())
           if name[0] in "aft" and name[1:3].isdigit()]


def main():
    binary = os.environ.get("PHANTOM_BIN")
    if not binary:
        print(__doc__, file=sys.stderr)
        return 2
    wanted = sys.argv[1:]
    chosen = [each for each in ATTACKS if not wanted or each.__name__ in wanted]
    failed = 0
    for attack in chosen:
        with tempfile.TemporaryDirectory(prefix="phantom-attack-") as scratch:
            try:
                attack(Victim(pathlib.Path(scratch), str(pathlib.Path(binary).resolve())))
            except (Wrong, OSError, subprocess.TimeoutExpired) as error:
                failed += 1
                print(f"FAILED  {attack.__name__}: {error}")
            else:
                print(f"ok      {attack.__name__}")
    print(f"{len(chosen) - failed} of {len(chosen)} attacks are answered")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
