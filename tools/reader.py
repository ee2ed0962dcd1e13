#!/usr/bin/env python3
"""Verifies a ledger by docs/FORMAT.md, sharing no code with phantom.

usage: reader.py LEDGER_DIR [--key VKEY-or-file] [--anchor NOTE_FILE]... [--rows DUMP]
       reader.py --self-test

Needs Python's standard library and `ldb` (Debian package rocksdb-tools), which is run on a copy of
the store. --rows reads `ldb scan --hex` output that is there already.

Exit codes: 0 verified, 1 failed, 2 usage, 3 something needed is missing.
"""

import argparse
import base64
import functools
import hashlib
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

WIDTH = 256
SLOT = 4096
DASH = "\u2014 "
EPOCH_TAG = "ledger:epoch"
CREATED, ANNOUNCED = 9101, 9102


class Failed(Exception):
    """The evidence contradicts itself."""


class Missing(Exception):
    """Something that is needed is not there."""


def require(condition, message):
    if not condition:
        raise Failed(message)


# --- hashing (RFC 6962) ---------------------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha256(b"\x00" + entry)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


class Tree:
    """Grows leaf by leaf; keeps the roots of complete subtrees whose size is a power of 256."""

    def __init__(self):
        self.size = 0
        self.frontier = []
        self.tiles = {}  # level -> list of hashes

    def append(self, leaf):
        digest, height, below = leaf, 0, self.size
        self.tiles.setdefault(0, []).append(digest)
        while below & 1:
            digest = node_hash(self.frontier.pop(), digest)
            height, below = height + 1, below >> 1
            if height % 8 == 0:
                self.tiles.setdefault(height // 8, []).append(digest)
        self.frontier.append(digest)
        self.size += 1

    def root(self):
        if not self.frontier:
            return sha256(b"")
        digest = self.frontier[-1]
        for left in reversed(self.frontier[:-1]):
            digest = node_hash(left, digest)
        return digest


# --- signatures (RFC 8032 Ed25519, C2SP signed notes) ----------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def point_add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


@functools.lru_cache(maxsize=16)
def multiples(point):
    """Multiples of a point that stays the same over many signatures: 64 rows of 16."""
    table = []
    for _ in range(64):
        row = [(0, 1, 1, 0)]
        for _ in range(15):
            row.append(point_add(row[-1], point))
        table.append(row)
        point = point_add(row[-1], point)
    return table


def point_multiply(scalar, point):
    result = (0, 1, 1, 0)
    for row in multiples(point):
        result = point_add(result, row[scalar & 15])
        scalar >>= 4
    return result


def point_decode(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = point_decode(BASE_Y.to_bytes(32, "little"))


def point_equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def ed25519_verifies(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r = point_decode(key), point_decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    h = int.from_bytes(digest, "little") % L
    return point_equal(point_multiply(s, BASE), point_add(r, point_multiply(h, a)))


def strict_base64(text, what):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Failed(f"{what}: not base64") from error
    require(base64.b64encode(data).decode() == text, f"{what}: not canonical base64")
    return data


class Key:
    def __init__(self, text):
        parts = text.split("+", 2)
        require(len(parts) == 3, "verifier key: not name+hash+key")
        self.text, self.name = text, parts[0]
        typed = strict_base64(parts[2], "verifier key")
        require(len(typed) == 33 and typed[0] == 1, "verifier key: not Ed25519")
        self.key = typed[1:]
        self.id = sha256(self.name.encode() + b"\n" + typed)[:4]
        require(self.id.hex() == parts[1], "verifier key: its hash is wrong")


class Note:
    def __init__(self, data, what):
        try:
            note = data.decode()
        except UnicodeDecodeError as error:
            raise Failed(f"{what}: not UTF-8") from error
        require(not re.search(r"[\x00-\x09\x0b-\x1f]", note), f"{what}: control characters")
        gap = note.rfind("\n\n")
        require(gap > 0 and note.endswith("\n"), f"{what}: not a signed note")
        self.what, self.text = what, note[: gap + 1]
        self.signatures = []
        for line in note[gap + 2 : -1].split("\n"):
            parts = line[len(DASH) :].split(" ")
            require(line.startswith(DASH) and len(parts) == 2, f"{what}: malformed signature line")
            self.signatures.append((parts[0], strict_base64(parts[1], what)))
        lines = self.text.split("\n")
        require(len(lines) >= 4 and all(lines[:-1]), f"{what}: not a checkpoint")
        require(re.fullmatch(r"0|[1-9][0-9]*", lines[1]), f"{what}: its size is no number")
        self.origin, self.size = lines[0], int(lines[1])
        self.root = strict_base64(lines[2], what)

    def check(self, key):
        found = False
        for name, payload in self.signatures:
            if name != key.name or payload[:4] != key.id:
                continue
            good = ed25519_verifies(key.key, self.text.encode(), payload[4:])
            require(good, f"{self.what}: wrong signature by {key.name}")
            found = True
        require(found, f"{self.what}: not signed by {key.text}")


# --- FlatBuffers, as much as an entry needs ----------------------------------------------------------


class Table:
    def __init__(self, data, position):
        self.data, self.at = data, position
        self.vtable = position - self.number("<i", position)
        self.fields = (self.number("<H", self.vtable) - 4) // 2

    def number(self, form, position):
        require(0 <= position <= len(self.data) - struct.calcsize(form), "entry: out of bounds")
        return struct.unpack_from(form, self.data, position)[0]

    def place(self, field):
        if field >= self.fields:
            return None
        offset = self.number("<H", self.vtable + 4 + 2 * field)
        return self.at + offset if offset else None

    def scalar(self, field, form, default=0):
        place = self.place(field)
        return default if place is None else self.number(form, place)

    def follow(self, field):
        place = self.place(field)
        return None if place is None else place + self.number("<I", place)

    def raw(self, field):
        place = self.follow(field)
        if place is None:
            return b""
        length = self.number("<I", place)
        require(place + 4 + length <= len(self.data), "entry: out of bounds")
        return self.data[place + 4 : place + 4 + length]

    def text(self, field):
        return self.raw(field).decode()

    def tables(self, field):
        place = self.follow(field)
        if place is None:
            return []
        places = [place + 4 + 4 * i for i in range(self.number("<I", place))]
        return [Table(self.data, at + self.number("<I", at)) for at in places]


class Entry:
    def __init__(self, data, seq):
        require(16 <= len(data) <= 65535, f"event {seq}: wrong length")
        require(struct.unpack_from("<I", data)[0] == len(data) - 4, f"event {seq}: bytes left over")
        require(data[8:12] == b"PHEN", f"event {seq}: not an entry")
        table = Table(data, 4 + struct.unpack_from("<I", data, 4)[0])
        if table.scalar(0, "<H") != 1:
            raise Missing(f"event {seq}: a newer entry format")
        require(table.scalar(1, "<Q") == seq, f"event {seq}: carries another number")
        place = table.place(2)
        require(place is not None and place + 16 <= len(data), f"event {seq}: no event id")
        self.id = data[place : place + 16]
        self.type = table.scalar(3, "<H")
        self.time_ns = table.scalar(4, "<q")
        self.tags = [(t.text(0), t.scalar(1, "<Q"), t.scalar(2, "<Q")) for t in table.tables(21)]
        self.payload = table.raw(22)
        self.commit_first_seq = table.scalar(24, "<Q")

    def payload_table(self):
        return Table(self.payload, struct.unpack_from("<I", self.payload)[0])


# --- the ledger --------------------------------------------------------------------------------------


def be64(value):
    return struct.pack(">Q", value)


def read_rows(dump):
    rows = {}
    for line in dump.splitlines():
        match = re.fullmatch(r"0x([0-9A-Fa-f]*) (?:==>|:) 0x([0-9A-Fa-f]*)", line.strip())
        if match:
            rows[bytes.fromhex(match[1])] = bytes.fromhex(match[2])
    return rows


def scan_store(db):
    if not (db / "CURRENT").exists():
        raise Missing(f"there is no store at {db}")
    if shutil.which("ldb") is None:
        raise Missing("ldb is not installed (Debian package rocksdb-tools)")
    with tempfile.TemporaryDirectory(prefix="phantom-reader-") as scratch:
        copy = pathlib.Path(scratch) / "db"
        shutil.copytree(db, copy)
        command = ["ldb", f"--db={copy}", "scan", "--hex"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        require(done.returncode == 0, "the store does not read: " + done.stderr.strip()[:300])
        return read_rows(done.stdout)


def read_entries(rows, size):
    full = size // WIDTH
    expected = set()
    for n in range(full):
        key = b"b" + be64(n)
        require(key in rows, f"bundle {n} is missing")
        expected.add(key)
        bundle, at = rows[key], 0
        for i in range(WIDTH):
            require(at + 2 <= len(bundle), f"bundle {n} is too short")
            length = struct.unpack_from(">H", bundle, at)[0]
            require(at + 2 + length <= len(bundle), f"bundle {n} is too short")
            yield n * WIDTH + i, bundle[at + 2 : at + 2 + length]
            at += 2 + length
        require(at == len(bundle), f"bundle {n} is too long")
    for seq in range(full * WIDTH, size):
        key = b"t" + be64(seq)
        require(key in rows, f"event {seq} is missing")
        expected.add(key)
        yield seq, rows[key]
    found = {key for key in rows if key[:1] in (b"b", b"t")}
    require(found == expected, "there are entries where none belong")


class Ledger:
    def __init__(self, rows):
        self.rows = rows
        commits = sorted(key for key in rows if key[:1] == b"c")
        require(all(len(key) == 9 for key in commits), "a malformed commit row")
        if not commits:
            raise Missing("the ledger holds no commit")
        self.sizes = [struct.unpack(">Q", key[1:])[0] for key in commits]
        self.head = Note(rows[commits[-1]], "the newest checkpoint")
        self.roots = {0: sha256(b"")}
        self.log = self.epoch = self.next_epoch = None
        self.epoch_number = 0
        self.tags, self.ids = {}, {}
        self.last_time = None
        self.commit_first_seq = 0

    def verify(self, identity):
        meta = {key[1:]: value for key, value in self.rows.items() if key[:1] == b"m"}
        if meta.get(b"format") != b"phantom-ledger/1":
            raise Missing("a format this reader does not know")
        require(meta == {b"format": b"phantom-ledger/1", b"store": identity}, "meta rows differ")
        require(self.sizes[-1] == self.head.size > 0, "the newest checkpoint has another size")
        tree, commits = Tree(), iter(self.sizes)
        next_size = next(commits)
        for seq, data in read_entries(self.rows, self.head.size):
            self.take(seq, Entry(data, seq))
            tree.append(leaf_hash(data))
            self.roots[tree.size] = tree.root()
            if tree.size == next_size:
                self.check_commit(next_size)
                next_size = next(commits, None)
        require(next_size is None, "a checkpoint over events that are not there")
        self.check_tables(tree)

    def take(self, seq, entry):
        what = f"event {seq}"
        require(self.last_time is None or entry.time_ns > self.last_time, f"{what}: time goes back")
        self.last_time = entry.time_ns
        in_commit = entry.commit_first_seq == self.commit_first_seq
        require(in_commit, f"{what}: a checkpoint before it is missing or was added")
        require(entry.id not in self.ids, f"{what}: its id was used before")
        self.ids[entry.id] = seq
        for name, prev_seq, count in entry.tags:
            last_seq, last_count = self.tags.get(name, (0, 0))
            linked = prev_seq == last_seq and count == last_count + 1
            require(linked, f"{what}: the link of its tag {name} is wrong")
            self.tags[name] = (seq, count)
        require(self.next_epoch is None, f"{what}: in the commit of an announcement, after it")
        news = entry.type in (CREATED, ANNOUNCED)
        tagged = any(name == EPOCH_TAG for name, _, _ in entry.tags)
        require(news == tagged, f"{what}: epoch tag and type do not fit")
        require((entry.type == CREATED) == (seq == 0), f"{what}: ledger.created comes first, once")
        if entry.type == CREATED:
            payload = entry.payload_table()
            self.log, self.epoch, self.epoch_number = Key(payload.text(2)), Key(payload.text(3)), 1
            require(payload.text(0) == self.head.origin == self.log.name, f"{what}: other origin")
            require(self.epoch.name == self.log.name + "/epoch/1", f"{what}: epoch key's name")
        elif entry.type == ANNOUNCED:
            payload = entry.payload_table()
            self.next_epoch, number = Key(payload.text(1)), payload.scalar(0, "<Q")
            require(number == self.epoch_number + 1, f"{what}: epoch {number} is out of order")
            require(self.next_epoch.name == f"{self.log.name}/epoch/{number}", f"{what}: its name")
            self.epoch_number = number

    def check_commit(self, size):
        what = f"the checkpoint over {size} events"
        note = Note(self.rows[b"c" + be64(size)], what)
        root = base64.b64encode(self.roots[size]).decode()
        text = f"{self.head.origin}\n{size}\n{root}\n"
        require(note.text == text, f"{what}: its text is not what its events call for")
        note.check(self.log)
        note.check(self.epoch)
        require(len(note.signatures) == 2, f"{what}: a signature nobody can check")
        self.commit_first_seq = size
        if self.next_epoch is not None:
            self.epoch, self.next_epoch = self.next_epoch, None

    def check_tables(self, tree):
        expected = {}
        for level, hashes in tree.tiles.items():
            for n in range(0, len(hashes), WIDTH):
                tile = hashes[n : n + WIDTH]
                if level > 0 or len(tile) == WIDTH:
                    expected[b"h" + bytes([level]) + be64(n // WIDTH)] = b"".join(tile)
        for name, (seq, count) in self.tags.items():
            expected[b"g" + name.encode()] = be64(seq) + be64(count)
        for event_id, seq in self.ids.items():
            expected[b"i" + event_id] = be64(seq)
        skipped = (b"b", b"t", b"c", b"m")
        found = {key: value for key, value in self.rows.items() if key[:1] not in skipped}
        for key in sorted(expected.keys() | found.keys()):
            require(expected.get(key) == found.get(key), f"row {key.hex()} differs from the events")

    def check_outside(self, data, what, key):
        note = Note(data, what)
        require(note.origin == self.head.origin, f"{what}: of another ledger")
        note.check(key)
        require(note.size <= self.head.size, f"{what}: the ledger was rolled back")
        require(self.roots[note.size] == note.root, f"{what}: another root, history was rewritten")
        return note


def read_head_copy(data):
    require(len(data) == 2 * SLOT, "head: wrong length")
    best = (0, None)
    for position in range(2):
        slot = data[position * SLOT : (position + 1) * SLOT]
        if slot == bytes(SLOT):
            continue
        require(sha256(slot[: SLOT - 32]) == slot[SLOT - 32 :], "head: a slot is damaged")
        magic, generation, length = struct.unpack_from(">8sQI", slot)
        require(magic == b"PHMHEAD1" and generation % 2 == position, "head: a slot is damaged")
        require(20 + length <= SLOT - 32, "head: a slot is damaged")
        best = max(best, (generation, slot[20 : 20 + length]), key=lambda item: item[0])
    require(best[1] is not None, "head: it was emptied")
    return best[1]


def verify(arguments):
    directory = pathlib.Path(arguments.ledger)
    db, head = directory / "db", directory / "head"
    rows = read_rows(pathlib.Path(arguments.rows).read_text()) if arguments.rows else scan_store(db)
    ledger = Ledger(rows)
    ledger.verify((db / "IDENTITY").read_bytes())
    require(head.exists(), "head: it is missing")
    copy = read_head_copy(head.read_bytes())
    note = ledger.check_outside(copy, "head", ledger.log)
    require(rows.get(b"c" + be64(note.size)) == copy, "head: not the note that was committed")
    for file in arguments.anchor:
        ledger.check_outside(pathlib.Path(file).read_bytes(), f"anchor {file}", ledger.log)
    if arguments.key is None:
        raise Missing(f"consistent, but no key was given; it says it is signed by {ledger.log.text}")
    key = pathlib.Path(arguments.key)
    pinned = key.read_text().strip() if key.is_file() else arguments.key
    require(pinned == ledger.log.text, f"it is signed by {ledger.log.text}")
    print(f"VERIFIED {ledger.head.size} events, {len(ledger.sizes)} commits, "
          f"{ledger.epoch_number} epochs, root {ledger.head.root.hex()}")


# --- self test ---------------------------------------------------------------------------------------


def self_test():
    tree = Tree()
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657",
              "606162636465666768696a6b6c6d6e6f"]
    for value in inputs:
        tree.append(leaf_hash(bytes.fromhex(value)))
    root = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert tree.root().hex() == root, "RFC 6962 root"
    key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")
    assert ed25519_verifies(key, b"", signature), "RFC 8032 test 1"
    assert not ed25519_verifies(key, b"x", signature), "RFC 8032 test 1, other message"
    foo = Key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    payload = base64.b64decode(
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=")
    assert payload[:4] == foo.id, "key id"
    assert ed25519_verifies(foo.key, b"This is an example message.\n", payload[4:]), "signed note"
    slot = struct.pack(">8sQI", b"PHMHEAD1", 2, 4) + b"note"
    slot += bytes(SLOT - 32 - len(slot))
    slot += sha256(slot)
    assert read_head_copy(slot + bytes(SLOT)) == b"note", "head copy"
    for broken in (slot[:30] + b"x" + slot[31:] + bytes(SLOT), bytes(SLOT) + slot, slot):
        try:
            read_head_copy(broken)
        except Failed:
            continue
        raise AssertionError("a damaged head copy was read")
    assert read_rows("0x6D61 ==> 0x00\nnoise\n") == {b"ma": b"\x00"}, "rows"
    print("reader: self-test passed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("ledger", nargs="?")
    parser.add_argument("--key")
    parser.add_argument("--anchor", action="append", default=[])
    parser.add_argument("--rows")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        self_test()
        return 0
    if arguments.ledger is None:
        parser.error("which ledger?")
    try:
        verify(arguments)
    except Failed as failure:
        print(f"FAILED {failure}")
        return 1
    except (struct.error, UnicodeDecodeError) as failure:
        print(f"FAILED an entry does not read: {failure}")
        return 1
    except (Missing, FileNotFoundError) as missing:
        print(f"INDETERMINATE {missing}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
