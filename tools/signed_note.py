"""Hash trees (RFC 6962), verifier keys, signed notes, checkpoints and cosignatures (C2SP)."""

import base64
import hashlib
import re

try:
    from nacl.exceptions import CryptoError
    from nacl.signing import SigningKey, VerifyKey
except ImportError:
    VerifyKey = None

WIDTH = 256
DASH = "\u2014 "
SIGNATURES_MAX = 100
ORIGIN_BYTES_MAX = 255
HASH_BYTES = 32
ED25519 = 1
COSIGNATURE = 4
TIME_MAX = (1 << 63) - 1
SPACES = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]")
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f]")


class Failed(Exception):
    """The evidence contradicts itself."""


class Missing(Exception):
    """Something that is needed is not there."""


def require(condition, message):
    if not condition:
        raise Failed(message)


def sha256(data):
    return hashlib.sha256(data).digest()


EMPTY_ROOT = sha256(b"")


def leaf_hash(entry):
    return sha256(b"\x00" + entry)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


class Tree:
    """Grows leaf by leaf. append() returns the hashes that it completed of the levels whose
    subtrees are powers of 256 wide, the leaf first: what tiles are made of."""

    def __init__(self):
        self.size = 0
        self.frontier = []

    def append(self, leaf):
        digest, height, below = leaf, 0, self.size
        completed = [leaf]
        while below & 1:
            digest = node_hash(self.frontier.pop(), digest)
            height, below = height + 1, below >> 1
            if height % 8 == 0:
                completed.append(digest)
        self.frontier.append(digest)
        self.size += 1
        return completed

    def root(self):
        if not self.frontier:
            return EMPTY_ROOT
        digest = self.frontier[-1]
        for left in reversed(self.frontier[:-1]):
            digest = node_hash(left, digest)
        return digest


def need_nacl():
    if VerifyKey is None:
        raise Missing("PyNaCl is not there for this Python: install Debian's python3-nacl and use "
                      "/usr/bin/python3")


def signing_key(seed):
    """For self-tests."""
    need_nacl()
    return SigningKey(seed)


def verifies(key, message, signature):
    need_nacl()
    if len(signature) != 64:
        return False
    try:
        VerifyKey(key).verify(message, signature)
    except CryptoError:
        return False
    return True


def strict_base64(text, what):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Failed(f"{what}: not base64") from error
    require(base64.b64encode(data).decode() == text, f"{what}: not canonical base64")
    return data


def decoded(data, what):
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Failed(f"{what}: not UTF-8") from error


class Key:
    """A verifier key: name+hash+key. Of a witness with the type COSIGNATURE."""

    def __init__(self, text, kind=ED25519):
        parts = text.split("+", 2)
        require(len(parts) == 3, "verifier key: not name+hash+key")
        self.text, self.name = text, parts[0]
        require(self.name and not SPACES.search(self.name) and not CONTROLS.search(self.name),
                "verifier key: no valid name")
        typed = strict_base64(parts[2], "verifier key")
        require(len(typed) == 33 and typed[0] == kind, "verifier key: not Ed25519" if
                kind == ED25519 else "verifier key: not Ed25519 of a witness")
        self.key = typed[1:]
        self.id = sha256(self.name.encode() + b"\n" + typed)[:4]
        require(self.id.hex() == parts[1], "verifier key: its hash is wrong")


class Note:
    """A signed checkpoint."""

    def __init__(self, data, what):
        note = decoded(data, what)
        require(not CONTROLS.search(note), f"{what}: control characters")
        gap = note.rfind("\n\n")
        require(gap > 0 and note.endswith("\n") and gap + 2 < len(note), f"{what}: no signed note")
        self.data, self.what, self.text = data, what, note[: gap + 1]
        self.lines = note[gap + 2 : -1].split("\n")
        require(len(self.lines) <= SIGNATURES_MAX, f"{what}: over {SIGNATURES_MAX} signatures")
        self.signatures = [self.signature(line) for line in self.lines]
        lines = self.text.split("\n")
        require(len(lines) >= 4 and all(lines[:-1]), f"{what}: not a checkpoint")
        require(re.fullmatch(r"0|[1-9][0-9]{0,19}", lines[1]), f"{what}: its size is no number")
        self.origin, self.size = lines[0], int(lines[1])
        require(len(self.origin.encode()) <= ORIGIN_BYTES_MAX, f"{what}: its origin is too long")
        require(self.size < 1 << 64, f"{what}: its size is no number")
        self.root = strict_base64(lines[2], what)
        require(len(self.root) == HASH_BYTES, f"{what}: its root is no hash")
        require(self.size > 0 or self.root == EMPTY_ROOT, f"{what}: an empty tree's wrong root")

    def signature(self, line):
        parts = line[len(DASH) :].split(" ")
        good = line.startswith(DASH) and len(parts) == 2 and parts[0]
        require(good and not SPACES.search(parts[0]), f"{self.what}: malformed signature line")
        payload = strict_base64(parts[1], self.what)
        require(len(payload) >= 5, f"{self.what}: malformed signature line")
        return parts[0], payload

    def tasks(self, key):
        """What has to verify for this note to be signed by `key`, one tuple per line of it."""
        payloads = [payload for name, payload in self.signatures
                    if name == key.name and payload[:4] == key.id]
        require(payloads, f"{self.what}: not signed by {key.text}")
        failure = f"{self.what}: wrong signature by {key.name}"
        return [(key.key, self.text.encode(), payload[4:], failure) for payload in payloads]

    def check(self, key):
        check_signatures(self.tasks(key))

    def take_cosignatures(self, key):
        """The times at which this witness cosigned. Its lines are checked and taken off the note;
        those of other keys and types stay."""
        times, lines, signatures = [], [], []
        for line, (name, payload) in zip(self.lines, self.signatures):
            if name != key.name or payload[:4] != key.id:
                lines.append(line)
                signatures.append((name, payload))
                continue
            failure = f"{self.what}: wrong cosignature by {key.name}"
            require(len(payload) == 76, failure)
            time = int.from_bytes(payload[4:12], "big")
            message = f"cosignature/v1\ntime {time}\n{self.text}".encode()
            require(time <= TIME_MAX and verifies(key.key, message, payload[12:]), failure)
            times.append(time)
        self.lines, self.signatures = lines, signatures
        return times


def check_signatures(tasks):
    for key, message, signature, failure in tasks:
        require(verifies(key, message, signature), failure)


def self_test():
    tree = Tree()
    for value in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                  "606162636465666768696a6b6c6d6e6f"):
        tree.append(leaf_hash(bytes.fromhex(value)))
    root = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert tree.root().hex() == root, "RFC 6962 root"
    leaf = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert leaf_hash(b"L123456").hex() == leaf, "RFC 6962 leaf"
    while tree.size < WIDTH - 1:
        assert len(tree.append(bytes(HASH_BYTES))) == 1, "no tile is full yet"
    assert tree.append(bytes(HASH_BYTES))[1] == tree.root(), "a full tile's root goes one level up"
    # RFC 8032 test 1
    key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")
    assert verifies(key, b"", signature), "RFC 8032 test 1"
    assert not verifies(key, b"x", signature), "RFC 8032 test 1, other message"
    assert not verifies(bytes(32), b"", signature), "a key of small order"
    foo = Key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    payload = base64.b64decode(
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=")
    assert payload[:4] == foo.id, "key id"
    assert verifies(foo.key, b"This is an example message.\n", payload[4:]), "signed note"
    # docs/FORMAT.md section 17
    witness = Key("PeterNeumann+18b9780b+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", COSIGNATURE)
    text = ("example.com/behind-the-sofa\n20852163\n"
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n")
    line = (DASH + "PeterNeumann GLl4CwAAAABkGFDLJeR//pqzhnEKVvEm2wWbh2RJ6oru5+cUUfm5X9NnlaGr8aSH9QE5"
            "RVZD4QGlxl2F5UpVIIi94p178KLfqPPsAA==\n")
    cosigned = Note((text + DASH + "a AAAAAAA=\n" + line).encode(), "note")
    assert cosigned.take_cosignatures(witness) == [1679315147], "cosignature"
    assert cosigned.lines == [DASH + "a AAAAAAA="], "lines of others stay"
    for wrong in (text.replace("20852163", "20852164") + line,
                  text + DASH + "PeterNeumann GLl4CwA=\n", text + line.replace("AAAABkGFDL", "AAAABkGFDM")):
        try:
            Note(wrong.encode(), "note").take_cosignatures(witness)
        except Failed:
            continue
        raise AssertionError("a wrong cosignature holds")
    good = f"origin\n0\n{base64.b64encode(EMPTY_ROOT).decode()}\n\n{DASH}a AAAAAAA=\n"
    assert Note(good.encode(), "note").size == 0, "note"
    for old, new in (("\n0\n", "\n00\n"), ("AAAAAAA=", "AAAAAAB="), ("\n\n", "\n"), ("a A", "a  A"),
                     (DASH, "- "), ("origin", "ori\tgin"), ("\n0\n", "\n1\n\n"), ("=\n", "=")):
        try:
            Note(good.replace(old, new).encode(), "note")
        except Failed:
            continue
        raise AssertionError(f"a note with {new!r} was read")
