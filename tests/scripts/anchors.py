#!/usr/bin/env python3
"""Anchors end to end: directories, git, a teammate's ledger; time stamps, stores and witnesses on the
loopback interface.

usage: PHANTOM_BIN=build/.../phantom anchors.py
"""

import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

PHANTOM = pathlib.Path(os.environ["PHANTOM_BIN"]).resolve()


def need(condition, text):
    if not condition:
        raise AssertionError(text)


def phantom(code, *words, where=None, **environment):
    done = subprocess.run([PHANTOM, *words], env={"PATH": os.environ["PATH"], **environment},
                          cwd=where, capture_output=True, text=True, timeout=60)
    need(done.returncode == code,
         f"{' '.join(map(str, words))}: {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
    return done.stdout


class Home:
    def __init__(self, root):
        self.root = root
        self.home = root / "home"
        self.environment = {"PHANTOM_HOME": str(self.home), "HOME": str(root)}
        root.mkdir(exist_ok=True)
        self.vkey = self.run("ledger", "init").strip()

    def run(self, *words, code=0):
        return phantom(code, *words, where=self.root, **self.environment)

    def anchor(self, *words, code=0):
        return self.run("audit", "anchor", *words, code=code)

    def verify(self, *words, code=0):
        return json.loads(self.run("audit", "verify", "--json", *words, code=code))

    def verify_as_another(self, *words, ledger=None, code=0):
        """Somebody with nothing of this home's but what is named: key, policy and receipts too."""
        return json.loads(phantom(
            code, "audit", "verify", "--json", "--ledger", ledger or self.home / "ledger", "--key",
            self.vkey, *words, PHANTOM_HOME=str(self.root / "another"), HOME=str(self.root)))

    def policy(self):
        return self.home / "anchors" / "policy"

    def ask_for(self, quorum):
        text = self.policy().read_text().replace("quorum none\n", "")
        self.policy().write_text(text + "quorum " + quorum + "\n")

    def copy(self, name):
        """Everything of the home but its socket."""
        shutil.copytree(self.home, self.root / name, ignore=shutil.ignore_patterns("sock"))
        return self.root / name

    def put_back(self, copy):
        shutil.rmtree(self.home)
        shutil.copytree(copy, self.home)

    def size(self):
        return int(self.run("audit", "head").split("\n")[1])

    def receipt(self, anchor, ending):
        return sorted((self.home / "anchors" / anchor).glob("*" + ending))[-1]


def openssl(where, *words):
    return subprocess.run(["openssl", *map(str, words)], cwd=where, capture_output=True, text=True,
                          timeout=60)


def make_authority(where):
    (where / "tsa.cnf").write_text("""
[tsa]
default_tsa = one
[one]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[stamps]
extendedKeyUsage = critical,timeStamping
[req]
distinguished_name = dn
[dn]
""")
    (where / "serial").write_text("01\n")
    for name, subject in (("ca", "/CN=test ca"), ("tsa", "/CN=test tsa")):
        extra = ("-x509", "-days", "30", "-addext", "basicConstraints=critical,CA:TRUE") if name == "ca" else ()
        done = openssl(where, "req", "-config", "tsa.cnf", "-new", "-newkey", "rsa:2048", "-nodes",
                       "-keyout", name + ".key", "-out", name + (".pem" if extra else ".csr"), "-subj",
                       subject, *extra)
        need(done.returncode == 0, done.stderr)
    done = openssl(where, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                   "-CAcreateserial", "-days", "20", "-extfile", "tsa.cnf", "-extensions", "stamps",
                   "-out", "tsa.pem")
    need(done.returncode == 0, done.stderr)


def stamp(where, request, answer):
    done = openssl(where, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", request, "-signer",
                   "tsa.pem", "-inkey", "tsa.key", "-chain", "ca.pem", "-out", answer)
    need(done.returncode == 0, done.stderr)


class Server(http.server.BaseHTTPRequestHandler):
    authority = None
    objects = {}
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, content=b"", kind="application/octet-stream"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        (self.authority / "q").write_bytes(self.body())
        stamp(self.authority, "q", "r")
        self.answer(200, (self.authority / "r").read_bytes(), "application/timestamp-reply")

    def do_PUT(self):
        content = self.body()
        if self.headers.get("X-Store") != "key":
            return self.answer(403)
        if self.headers.get("If-None-Match") == "*" and self.path in self.objects:
            return self.answer(412)
        self.objects[self.path] = content
        self.answer(201)

    def do_GET(self):
        content = self.objects.get(self.path)
        self.answer(404 if content is None else 200, content or b"")


def copies(home, root):
    """A directory and a repository: pushed, counted when read, and a rollback noticed."""
    (root / "worm").mkdir()
    subprocess.run(["git", "init", "-q", root / "repo"], check=True)
    home.anchor("add", "disk", "directory", "worm")
    home.anchor("add", "repo", "git", "repo", "--tag")
    home.anchor("add", "disk", "directory", "elsewhere", code=65)
    home.anchor("push")
    home.anchor("push", "disk")
    home.anchor("push", "--due")
    need(len(json.loads(home.anchor("list", "--json"))["anchors"]) == 2, "list")
    home.anchor("check", "--online")
    status = subprocess.run(["git", "-C", root / "repo", "status", "--short"], capture_output=True,
                            text=True, check=True).stdout
    need(status == "", f"git: {status}")
    need(home.verify()["rung"] == "L4", "the copies were read")
    home.verify("--max-unanchored", "0", code=4)
    need(home.anchor("export", "disk").count("\n") == 5, "the note")

    policy = home.home / "anchors" / "policy"
    before = policy.read_text()
    policy.write_text(before.replace("quorum none\n", "") + "anchor gone directory /nowhere/at/all\n"
                      "group every all disk repo gone\nquorum every\n")
    home.verify(code=3)
    home.anchor("push", "gone", code=75)
    policy.write_text(before)


def stamps(home, root, port):
    authority = root / "tsa"
    home.anchor("add", "tsa1", "tsa", f"http://127.0.0.1:{port}/tsa", "--ca", authority / "ca.pem")
    home.anchor("push", "tsa1")
    note, token = home.receipt("tsa1", ".note"), home.receipt("tsa1", ".tsr")
    checked = openssl(root, "ts", "-verify", "-data", note, "-in", token, "-CAfile", authority / "ca.pem")
    need("Verification: OK" in checked.stdout + checked.stderr, checked.stderr)
    home.anchor("check")
    whole = token.read_bytes()
    changed = bytearray(whole)
    changed[-20] ^= 1
    token.write_bytes(changed)
    checked = openssl(root, "ts", "-verify", "-data", note, "-in", token, "-CAfile", authority / "ca.pem")
    need(checked.returncode != 0, "openssl takes a changed stamp")
    home.anchor("check", code=1)
    home.verify(code=1)
    token.write_bytes(whole)

    home.anchor("add", "slow", "tsa", "manual", "--ca", authority / "ca.pem")
    home.anchor("push", "slow", "--request", root / "out.tsq")
    stamp(authority, root / "out.tsq", root / "in.tsr")
    home.anchor("push", "slow", "--response", root / "in.tsr")
    need(home.receipt("slow", ".tsr").read_bytes() == (root / "in.tsr").read_bytes(), "the answer")
    home.anchor("push", "slow", "--response", root / "in.tsr", code=66)


def store(home, root, port):
    (root / "header").write_text("X-Store: key\n")
    home.anchor("add", "bucket", "put", f"http://127.0.0.1:{port}/b", "--header-file", "header")
    home.anchor("push", "bucket")
    need(len(Server.objects) == 1, "one object")
    home.anchor("check", "--online")
    (root / "header").write_text("X-Store: wrong\n")
    home.run("audit", "show")
    home.anchor("push", "bucket", code=77)


def t05_t08_rollback(home, root):
    """The tail is cut and everything at home is put back to match: the anchors still tell."""
    shutil.copytree(home.home, root / "old")
    home.run("audit", "show")
    home.anchor("push", "disk", "repo")
    receipts = home.home / "anchors"
    for name in ("ledger", "trust", "keys"):
        shutil.rmtree(home.home / name)
        shutil.copytree(root / "old" / name, home.home / name)
    need(home.verify(code=1)["verdict"] == "FAILED", "the receipts tell")
    shutil.rmtree(receipts)
    shutil.copytree(root / "old" / "anchors", receipts)
    need(home.verify(code=1)["verdict"] == "FAILED", "the places themselves tell")
    home.anchor("push", "disk", "repo", code=1)
    kept = list((receipts / "evidence").glob("*.txt"))
    need(len(kept) == 2, f"evidence: {kept}")
    text = kept[0].read_text()
    need(text.startswith("phantom-anchor-conflict/v1\n") and text.count("phantom.local/") >= 2, text)


class Witness:
    """`phantom witness serve` on a free port, for one log."""

    def __init__(self, directory, log_vkey):
        phantom(0, "witness", "init", directory, "--name", "witness.example/w1")
        phantom(0, "witness", "add-log", directory, log_vkey)
        self.process = subprocess.Popen(
            [PHANTOM, "witness", "serve", directory, "--listen", "127.0.0.1:0", "--rate", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.vkey = self.process.stdout.readline().strip()
        self.url = self.process.stdout.readline().strip()

    def end(self):
        self.process.terminate()
        need(self.process.wait(timeout=20) == 0, "the witness ends")
        self.process.stdout.close()


def conflict_at(home):
    """A push that a witness contradicts: 1, evidence, and on record."""
    before = set((home.home / "anchors").glob("evidence/*.txt"))
    home.anchor("push", "w1", code=1)
    new = set((home.home / "anchors").glob("evidence/*.txt")) - before
    need(len(new) == 1, f"evidence: {new}")
    events = home.run("audit", "show", "--type", "ledger.anchor_conflict", "--json").splitlines()
    need(len(events) == len(before) + 1, f"events: {events}")
    return new.pop().read_text()


def t06_t16_a_witness_remembers(root):
    """The tail is cut, with keys, trust and receipts put back to match, and recording goes on; or
    another view is shown to somebody who asks the same witness. The ledger alone passes."""
    home = Home(root / "witnessed")
    witness = Witness(root / "witness", home.vkey)
    try:
        home.anchor("add", "w1", "witness", witness.url, "--key", witness.vkey)
        home.ask_for("w1")
        home.verify(code=3)
        home.anchor("push")
        need(home.receipt("w1", ".note").read_text().count("witness.example/w1 ") == 1, "cosigned")
        need(home.verify()["rung"] == "L4", "the quorum is met")
        old = home.copy("old")

        for _ in range(5):
            home.run("audit", "show")
        home.anchor("push")
        newest = home.receipt("w1", ".note")
        receipts = ("--policy", home.policy(), "--receipts", home.home / "anchors")
        need(home.verify_as_another(*receipts)["verdict"] == "VERIFIED", "with what was handed over")
        home.verify_as_another("--policy", home.policy(), "--receipts", old / "anchors" / "none",
                               code=3)
        need(home.verify_as_another(*receipts, ledger=old / "ledger", code=1)["verdict"] == "FAILED",
             "the older view against the newer receipt")
        whole = newest.read_bytes()
        newest.write_bytes(whole[:-8] + (b"A" if whole[-8:-7] != b"A" else b"B") + whole[-7:])
        home.verify(code=1)
        newest.write_bytes(whole)
        seen = int(newest.stem)

        home.put_back(old)
        need(home.verify()["rung"] == "L4", "nothing here tells")
        need(home.size() < seen, "cut")
        text = conflict_at(home)
        need(f"theirs {seen} -\n" in text, text)

        while home.size() <= seen + 2:
            home.run("audit", "show")
        text = conflict_at(home)
        need("because witness witness.example/w1 answers 422" in text, text)
    finally:
        witness.end()
    home.anchor("push", "w1", code=75)


def receipts_of_long_ago(home):
    for note in (home.home / "anchors").glob("*/*.note"):
        os.utime(note, (time.time() - 86_400,) * 2)


def mates(root):
    """Two ledgers that keep each other's checkpoints."""
    one, two = Home(root / "one"), Home(root / "two")
    for home, mate in ((one, two), (two, one)):
        home.anchor("add", "mate", "peer", mate.home, "--key", mate.vkey)
        home.ask_for("mate")
        home.verify(code=3)
    for home in (one, two):
        home.anchor("push")
    for home, mate in ((one, two), (two, one)):
        need(home.verify()["rung"] == "L4", "the mate's proof counts")
        shown = mate.run("audit", "show", "--type", "ledger.peer_recorded", "--json").splitlines()
        need(len(shown) == 1, f"on record there: {shown}")
        home.anchor("check")

    # What a mate's checkpoint adds here is no news for the mate: they do not keep each other busy.
    for home in (one, two):
        home.anchor("push")
    for home in (one, two):
        receipts_of_long_ago(home)
        before = home.size()
        home.anchor("push", "--due")
        need(home.size() == before, "nothing was due")

    old = one.copy("old")
    one.run("audit", "show")
    one.anchor("push")
    receipts = ("--policy", one.policy(), "--receipts", one.home / "anchors")
    need(one.verify_as_another(*receipts)["verdict"] == "VERIFIED", "with what was handed over")
    need(one.verify_as_another(*receipts, ledger=old / "ledger", code=1)["verdict"] == "FAILED",
         "rolled back, against the newer proof")
    proof = one.receipt("mate", ".receipt")
    whole = proof.read_text()
    proof.write_text(two.receipt("mate", ".receipt").read_text())
    one.verify(code=1)
    one.anchor("check", code=1)
    proof.unlink()
    one.verify_as_another(*receipts, code=3)
    proof.write_text(whole)
    one.verify()


def main():
    with tempfile.TemporaryDirectory(prefix="phantom-anchors-") as directory:
        root = pathlib.Path(directory)
        home = Home(root)
        (root / "tsa").mkdir()
        make_authority(root / "tsa")
        Server.authority = root / "tsa"
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            copies(home, root)
            stamps(home, root, server.server_port)
            store(home, root, server.server_port)
            t05_t08_rollback(home, root)
            t06_t16_a_witness_remembers(root)
            mates(root)
        finally:
            server.shutdown()
            server.server_close()
    print("anchors: directory, git, tsa, put, witness, peer and rollback behave")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as failed:
        print(f"anchors: {failed}", file=sys.stderr)
        sys.exit(1)
