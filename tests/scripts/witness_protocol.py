#!/usr/bin/env python3
"""Speaks C2SP tlog-witness with a running witness, as a log written from the specification alone.

usage: PHANTOM_BIN=build/.../phantom tests/scripts/witness_protocol.py

A ledger of phantom's own is cosigned too, and tools/reader.py checks that cosignature.
Signatures are made and checked with PyNaCl, one cosignature with openssl as well. The witness is
then killed at each system call that makes its state durable (strace; left out where it may not
trace), and at random while a log submits: what it had answered is never forgotten.
"""

import base64
import hashlib
import http.client
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nacl.signing import SigningKey, VerifyKey

PHANTOM = os.environ["PHANTOM_BIN"]
READER = Path(__file__).resolve().parents[2] / "tools" / "reader.py"
DASH = "\u2014 "
ANSWER = "sendmsg,sendto"
CALLS = ("openat", "write", "fsync", "rename", ANSWER)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(data):
    return base64.b64encode(data).decode()


def tree_root(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\x01", tree_root(leaves[:split]), tree_root(leaves[split:]))


def subproof(m, leaves, whole):
    """RFC 6962, 2.1.2."""
    if m == len(leaves):
        return [] if whole else [tree_root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if m <= split:
        return subproof(m, leaves[:split], whole) + [tree_root(leaves[split:])]
    return subproof(m - split, leaves[split:], False) + [tree_root(leaves[:split])]


class Log:
    def __init__(self, origin, seed=1, branches_at=None):
        self.origin, self.key = origin, SigningKey(bytes([seed]) * 32)
        self.leaves = [sha(b"\x00", b"%d%s" % (i, b"x" if branches_at and i >= branches_at else b""))
                       for i in range(400)]
        public = self.key.verify_key.encode()
        self.id = sha(origin.encode(), b"\n\x01", public)[:4]
        self.vkey = "%s+%s+%s" % (origin, self.id.hex(), b64(b"\x01" + public))

    def text(self, size, root=None):
        return "%s\n%d\n%s\n" % (self.origin, size, b64(root or tree_root(self.leaves[:size])))

    def note(self, size, root=None):
        text = self.text(size, root)
        return text + "\n" + self.line(self.key.sign(text.encode()).signature)

    def line(self, signature):
        return DASH + self.origin + " " + b64(self.id + signature) + "\n"

    def body(self, old, size):
        proof = subproof(old, self.leaves[:size], True) if 0 < old <= size else []
        return "old %d\n" % old + "".join(b64(h) + "\n" for h in proof) + "\n" + self.note(size)


class Cosigner:
    """What is known of a witness: its vkey."""

    def __init__(self, vkey):
        self.name, digits, key = vkey.split("+", 2)
        material = base64.b64decode(key)
        assert material[0] == 4 and len(material) == 33, vkey
        self.id, self.public = bytes.fromhex(digits), material[1:]
        assert self.id == sha(self.name.encode(), b"\n\x04", self.public)[:4], vkey

    def check(self, line, text):
        """The time of the cosignature; raises when it does not verify."""
        dash, name, payload = line.rstrip("\n").split(" ")
        payload = base64.b64decode(payload, validate=True)
        assert dash + " " == DASH and name == self.name and len(payload) == 76, line
        assert payload[:4] == self.id, line
        when = int.from_bytes(payload[4:12], "big")
        message = ("cosignature/v1\ntime %d\n" % when + text).encode()
        VerifyKey(self.public).verify(message, payload[12:])
        return when, message, payload[12:]


class Witness:
    def __init__(self, directory, tracer=()):
        self.process = subprocess.Popen(
            [*tracer, PHANTOM, "witness", "serve", str(directory), "--listen", "127.0.0.1:0",
             "--rate", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.vkey = self.process.stdout.readline().strip()
        url = self.process.stdout.readline().strip()
        if not url:
            raise RuntimeError(self.process.stderr.read())
        self.port = int(url.rsplit(":", 1)[1])

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body.encode() if body is not None else None)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read().decode()
        finally:
            connection.close()

    def add(self, body):
        return self.ask("POST", "/add-checkpoint", body)

    def newest(self, log):
        return self.ask("GET", "/%s/checkpoint" % sha(log.origin.encode()).hex())

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.communicate(timeout=20)
        return self.process.returncode


def make(directory, *logs):
    run("witness", "init", str(directory), "--name", "witness.example/w1")
    for log in logs:
        run("witness", "add-log", str(directory), log.vkey)


def run(*words):
    return subprocess.run([PHANTOM, *words], check=True, capture_output=True, text=True).stdout


def same(got, wanted, what):
    if got != wanted:
        raise AssertionError("%s: %r, not %r" % (what, got, wanted))


def check_rules(scratch):
    log, other = Log("example.com/log"), Log("example.com/log", 2)
    fork, unknown = Log("example.com/log", 1, 10), Log("example.com/unknown")
    make(scratch / "rules", log)
    witness = Witness(scratch / "rules")
    cosigner = Cosigner(witness.vkey)
    status = lambda body: witness.add(body)[0]
    same(witness.newest(log)[0], 404, "nothing cosigned yet")
    same(status(log.body(0, 0)), 200, "the empty tree")
    same(status(log.body(0, 20)), 200, "first tree")
    before = time.time()
    code, _, lines = witness.add(log.body(20, 33))
    same(code, 200, "growth")
    when, message, signature = cosigner.check(lines, log.text(33))
    assert before - 2 <= when <= time.time() + 2, when
    same(witness.newest(log)[2], log.note(33) + lines, "the newest checkpoint")
    same(witness.add(log.body(20, 40)), (409, "text/x.tlog.size", "33\n"), "an old size")
    same(witness.add(log.body(0, 40))[0], 409, "old size 0")
    same(status(unknown.body(0, 5)), 404, "an unknown origin")
    same(status(other.body(33, 40)), 403, "a key that is not trusted")
    same(status(log.body(33, 40) + log.line(b"\0" * 64)), 403, "a bad line of a trusted key")
    same(status(log.body(33, 40).replace("old 33", "old 41")), 400, "an old size beyond")
    same(status("old 33\n\n" + log.note(40)), 422, "no proof")
    same(status("old 33\n%s\n\n" % b64(b"\0" * 32) + log.note(33)), 422, "a proof of nothing")
    same(status(fork.body(33, 33)), 422, "another root")
    same(status(fork.body(33, 40)), 422, "another history")
    same(status("old 33\n" + "A" * 44 + "\n\n" + log.note(40)), 400, "no base64 of a hash")
    same(status("old 33\n" + (b64(b"\0" * 32) + "\n") * 64 + "\n" + log.note(40)), 400, "64 lines")
    same(status("x" * 70000), 413, "a long body")
    grease = DASH + "grease.example " + b64(os.urandom(2432)) + "\n"
    code, _, lines = witness.add(log.body(33, 40) + grease)
    same(code, 200, "lines of unknown keys")
    cosigner.check(lines, log.text(40))
    assert "grease" not in witness.newest(log)[2]
    code, _, again = witness.add(log.body(40, 40))
    same(code, 200, "the same size again")
    assert cosigner.check(again, log.text(40))[0] >= cosigner.check(lines, log.text(40))[0]
    same(witness.end(), 0, "exit code after SIGTERM")
    return cosigner, message, signature


def check_with_openssl(scratch, cosigner, message, signature):
    if shutil.which("openssl") is None:
        return
    # SubjectPublicKeyInfo of Ed25519, RFC 8410.
    (scratch / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + cosigner.public)
    (scratch / "message").write_bytes(message)
    for flip, wanted in ((0, 0), (1, 1)):
        (scratch / "signature").write_bytes(signature[:-1] + bytes([signature[-1] ^ flip]))
        done = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
             scratch / "key.der", "-rawin", "-in", scratch / "message", "-sigfile",
             scratch / "signature"], capture_output=True)
        same(done.returncode, wanted, "openssl")


def check_one_process(scratch):
    log = Log("example.com/log")
    make(scratch / "one", log)
    first = Witness(scratch / "one")
    second = subprocess.run([PHANTOM, "witness", "serve", scratch / "one", "--listen",
                             "127.0.0.1:0"], capture_output=True, text=True, timeout=20)
    same(second.returncode, 75, "a second process")
    assert "process %d" % first.process.pid in second.stderr, second.stderr
    first.end(signal.SIGKILL)
    third = Witness(scratch / "one")  # the lease died with its holder
    same(third.end(), 0, "after kill -9")


def check_a_ledger(scratch):
    home = scratch / "home"
    os.environ["PHANTOM_HOME"] = str(home)
    vkey = run("ledger", "init").strip()
    note = run("audit", "head")
    text, _, _ = note.partition("\n\n")
    make(scratch / "ledgers")
    run("witness", "add-log", str(scratch / "ledgers"), vkey)
    witness = Witness(scratch / "ledgers")
    code, _, line = witness.add("old 0\n\n" + note)
    same(code, 200, "a ledger's checkpoint")
    Cosigner(witness.vkey).check(line, text + "\n")
    same(witness.end(), 0, "exit code")
    lines = note + line
    payload = line.split(" ")[2]
    other = line.replace(payload, payload[:40] + ("A" if payload[40] != "A" else "B") + payload[41:])
    for anchor, wanted, said in ((lines, 0, "cosigned by witness.example/w1 up to size"),
                                 (note + other, 1, "wrong cosignature"),
                                 (note, 3, "no checkpoint from outside is cosigned by")):
        (scratch / "anchor").write_text(anchor, encoding="utf-8")
        done = subprocess.run([sys.executable, READER, home / "ledger", "--key", vkey, "--anchor",
                               scratch / "anchor", "--witness", witness.vkey, "--jobs", "1"],
                              capture_output=True, text=True)
        same((done.returncode, said in done.stdout), (wanted, True), done.stdout + done.stderr)


def submit(witness, log, size_known, size):
    """The size that was cosigned, or None when nothing was heard."""
    try:
        code, _, text = witness.add(log.body(size_known, size))
    except (OSError, http.client.HTTPException):
        return None
    same(code, 200, "a good request: %s" % text)
    Cosigner(witness.vkey).check(text, log.text(size))
    return size


def check_after(directory, log, acknowledged, attempted):
    """Nothing that was answered is forgotten; at most what was asked for last is there as well."""
    witness = Witness(directory)
    code, _, text = witness.add(log.body(399, 400))
    same(code, 409, "after the restart: %s" % text)
    size = int(text)
    assert acknowledged <= size <= attempted, (acknowledged, size, attempted)
    if size:
        note = witness.newest(log)[2]
        text, _, lines = note.partition("\n\n")
        same(text + "\n", log.text(size), "the state after the restart")
        Cosigner(witness.vkey).check(lines.splitlines()[-1], text + "\n")
    submit(witness, log, size, size)
    same(witness.end(), 0, "exit code")
    return size


def may_trace():
    if shutil.which("strace") is None:
        return False
    probe = subprocess.run(["strace", "-qq", "-e", "trace=fsync", "-e",
                            "inject=fsync:error=EIO:when=1+", "true"], capture_output=True)
    return probe.returncode == 0


def check_kill_points(scratch):
    """Kills at the n-th call of each kind while a request is answered, until there is no n-th."""
    log = Log("example.com/log")
    hits = {}
    for call in CALLS:
        for fault in ("signal=KILL", "error=EIO"):
            for number in range(1, 40):
                directory = scratch / ("%s-%s-%d" % (call, fault[:3], number))
                make(directory, log)
                witness = Witness(directory)
                assert submit(witness, log, 0, 5) == 5
                # Attached once it serves, so that only calls of the request count.
                tracer = subprocess.Popen(
                    ["strace", "-f", "-qq", "-o", scratch / "trace", "-e", "trace=" + call, "-e",
                     "inject=%s:%s:when=%d" % (call, fault, number), "-p",
                     str(witness.process.pid)], stderr=subprocess.DEVNULL)
                tasks = Path("/proc/%d/task" % witness.process.pid)
                while any("TracerPid:\t0" in (task / "status").read_text()
                          for task in tasks.iterdir()):
                    assert tracer.poll() is None, "strace ended"
                    time.sleep(0.002)
                try:
                    code, _, _ = witness.add(log.body(5, 9))
                except (OSError, http.client.HTTPException):
                    code = None
                hit = "INJECTED" in (scratch / "trace").read_text() or code is None
                witness.end(signal.SIGKILL)
                tracer.wait(timeout=20)
                assert code in (200, 500, None), code
                size = check_after(directory, log, 9 if code == 200 else 5, 9)
                shutil.rmtree(directory)
                if not hit:
                    break
                if call == ANSWER:
                    same(size, 9, "durable before the answer")
                hits[call] = hits.get(call, 0) + 1
    # Each of these is in the way from a request to its answer.
    same(set(hits), set(CALLS), "calls that were hit")
    return sum(hits.values())


def check_random_kills(scratch, rounds):
    log = Log("example.com/log")
    directory = scratch / "random"
    make(directory, log)
    size, chance = 0, random.Random(7)
    for _ in range(rounds):
        witness = Witness(directory)
        at = time.time() + chance.uniform(0.001, 0.03)
        attempted = size
        killer = subprocess.Popen([sys.executable, "-c", "import os,time; time.sleep(max(0, %f - "
                                   "time.time())); os.kill(%d, 9)" % (at, witness.process.pid)])
        while attempted < 380:
            attempted = size + chance.randint(1, 3)
            done = submit(witness, log, size, attempted)
            if done is None:
                break
            size = done
        killer.wait()
        witness.process.communicate(timeout=20)
        size = check_after(directory, log, size, attempted)
        if size > 340:
            break
    return size


def main():
    with tempfile.TemporaryDirectory(prefix="phantom-witness-") as name:
        scratch = Path(name)
        check_with_openssl(scratch, *check_rules(scratch))
        check_one_process(scratch)
        check_a_ledger(scratch)
        size = check_random_kills(scratch, 12)
        killed = check_kill_points(scratch) if may_trace() else 0
        print("witness_protocol: rules, openssl and one process hold; %d kill points%s, %d leaves "
              "after random kills" % (killed, "" if killed else " (no strace)", size))


if __name__ == "__main__":
    main()
