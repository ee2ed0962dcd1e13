#!/usr/bin/python3
"""Verifies a ledger by docs/FORMAT.md, sharing no code with phantom.

usage: reader.py LEDGER_DIR [--key VKEY-or-file] [--anchor NOTE_FILE]... [--trust-state NOTE_FILE]
                 [--witness VKEY-or-file]...
       reader.py --tiles DIR --key VKEY-or-file
       reader.py --self-test

Reads the store's files where they are, while a writer may be at work, and writes nothing. Needs
Python 3.9, its standard library and PyNaCl (Debian package python3-nacl), nothing else.

Exit codes: 0 verified, 1 failed, 2 usage, 3 something needed is missing, 74 I/O, 77 permission.
"""

import argparse
import pathlib
import struct
import sys

import crc32c
import flatbuffer_entry
import ledger_rows
import rocksdb_files
import rocksdb_table
import signed_note
import tile_directory
from ledger_rows import Ledger, Rows, Work
from rocksdb_files import Changed, Store
from rocksdb_table import Damaged, Unsupported
from signed_note import Failed, Key, Missing, Note, require, sha256

SLOT = 4096
DIGEST_AT = SLOT - 32
NOTE_AT = 20
TRIES = 4
SMALL_STORE_BYTES = 4 << 20
SCHEMA = pathlib.Path(__file__).resolve().parent.parent / "events" / "events.fbs"


def read_head_copy(data):
    """The newest note in the file `head`."""
    require(len(data) == 2 * SLOT, "head: wrong length")
    best = (0, None)
    for position in range(2):
        slot = data[position * SLOT : (position + 1) * SLOT]
        if slot == bytes(SLOT):
            continue
        require(sha256(slot[:DIGEST_AT]) == slot[DIGEST_AT:], "head: a slot is damaged")
        magic, generation, length = struct.unpack_from(">8sQI", slot)
        good = magic == b"PHMHEAD1" and generation > 0 and generation % 2 == position
        require(good and NOTE_AT + length <= DIGEST_AT and
                not any(slot[NOTE_AT + length : DIGEST_AT]), "head: a slot is damaged")
        best = max(best, (generation, slot[NOTE_AT : NOTE_AT + length]), key=lambda item: item[0])
    require(best[1] is not None, "head: it was emptied")
    return best[1]


def read_outside(files, what):
    """Notes from outside. One that does not parse is no evidence for anything."""
    notes, unusable = [], []
    for file in files:
        try:
            notes.append(Note(pathlib.Path(file).read_bytes(), f"{what} {file}"))
        except Failed as error:
            unusable.append(f"{error}: it is no checkpoint")
        except FileNotFoundError:
            unusable.append(f"{what} {file} is not there")
    return notes, unusable


def read_key(text, kind=signed_note.ED25519):
    """A verifier key, or a file with one."""
    file = pathlib.Path(text)
    if "+" not in text and not file.is_file():
        raise Missing(f"the key {text} is not there")
    if file.is_file():
        text = file.read_text(encoding="utf-8", errors="replace").strip()
    try:
        return Key(text, kind)
    except Failed as error:
        raise Missing(f"{error}") from error


def head_file(path):
    """The head copy. A write to it may be going on: then it is read again."""
    for attempt in range(TRIES):
        try:
            return Note(read_head_copy(path.read_bytes()), "head")
        except FileNotFoundError:
            return None
        except Failed:
            if attempt + 1 == TRIES:
                raise


def open_store(db, head, trusted):
    try:
        return Store(db)
    except FileNotFoundError as error:
        known = [note for note in [head] + trusted if note is not None and note.size > 0]
        require(not known, f"there is no store at {db}, and {known[0].what} says it held "
                           f"{known[0].size} events" if known else "")
        raise Missing(f"there is no store at {db}") from error


def read_identity(path):
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Missing(f"{path} is not there") from error


def verify_ledger(arguments, schema):
    directory = pathlib.Path(arguments.ledger)
    # Before the rows: what is in the head copy is in every later state of the store.
    head, bad_head = None, None
    try:
        head = head_file(directory / "head")
    except Failed as error:
        bad_head = error
    trusted, unusable = read_outside(arguments.trust_state, "trust state")
    anchors, unusable_anchors = read_outside(arguments.anchor, "anchor")
    undecided = unusable + unusable_anchors
    outside = trusted + anchors
    store = open_store(directory / "db", head, trusted)
    size = sum(table.size for table in store.tables.values())
    work = Work(schema, 1 if size < SMALL_STORE_BYTES else arguments.jobs)
    try:
        sizes = {note.size for note in outside + [head] if note is not None}
        identity = read_identity(directory / "db" / "IDENTITY")
        ledger = Ledger(Rows(store, work), sizes)
        try:
            ledger.verify(identity)
        except Missing as missing:
            require(ledger.tree.size > 0 or head is None, f"the store is empty, {missing}, and the "
                                                          "head copy says otherwise")
            raise
    finally:
        work.close()
        store.close()
    if bad_head is not None:
        raise bad_head
    require(head is not None, "head: it is missing")
    ledger.check_outside(head, ledger.log)
    committed = ledger.notes.get(head.size)
    same = committed is not None and committed.data == head.data
    require(same, "head: not the note that was committed")
    if ledger.unknown_types:
        undecided.append(f"{ledger.unknown_types} events of types the schema does not have: hashed "
                         "and signed, not understood")
    key = ledger.log
    if arguments.key is None:
        undecided.append(f"no key was given; it says it is signed by {ledger.log.text}")
    else:
        key = read_key(arguments.key)
        require(key.text == ledger.log.text, f"it is signed by {ledger.log.text}")
    witnesses = {read_key(text, signed_note.COSIGNATURE): [] for text in arguments.witness}
    for note in outside:
        ledger.check_outside(note, key)
        for witness, sizes in witnesses.items():
            sizes += [note.size] * bool(note.take_cosignatures(witness))
        if not ledger.wrote_lines_of(note):
            undecided.append(f"{note.what} has a signature line that the ledger did not write")
    for line in store.notes:
        print(f"note: {line}", file=sys.stderr)
    facts = (f"{ledger.tree.size} events, {ledger.commits} commits, {ledger.epoch_number} epochs, "
             f"root {ledger.newest.root.hex()}")
    for witness, sizes in witnesses.items():
        if sizes:
            facts += f", cosigned by {witness.name} up to size {max(sizes)}"
        else:
            undecided.append(f"no checkpoint from outside is cosigned by {witness.name}")
    if ledger.first_kept:
        facts += f", events 0 to {ledger.first_kept - 1} removed on record"
    if undecided:
        raise Missing(f"consistent: {facts}; but " + "; ".join(undecided))
    return facts


def verify_tiles(arguments):
    if arguments.key is None:
        raise Missing("no key was given")
    tiles = tile_directory.Tiles(arguments.tiles, read_key(arguments.key))
    note = tiles.verify()
    beyond = f", {tiles.beyond} of them reach beyond the checkpoint" if tiles.beyond else ""
    return f"{note.size} entries, {tiles.compared} tiles{beyond}, root {note.root.hex()}"


def verify(arguments):
    if arguments.tiles is not None:
        return verify_tiles(arguments)
    schema = pathlib.Path(arguments.schema)
    if not schema.is_file():
        raise Missing(f"the schema {schema} is not there, so payloads cannot be checked: --schema")
    return verify_ledger(arguments, schema.read_text(encoding="utf-8"))


def self_test():
    for module in (crc32c, rocksdb_table, rocksdb_files, signed_note, flatbuffer_entry, ledger_rows,
                   tile_directory):
        module.self_test()
    slot = struct.pack(">8sQI", b"PHMHEAD1", 2, 4) + b"note"
    slot += bytes(DIGEST_AT - len(slot))
    slot += sha256(slot)
    assert read_head_copy(slot + bytes(SLOT)) == b"note", "head copy"
    padded = slot[:24] + b"x" + slot[25:DIGEST_AT]
    for broken in (padded + sha256(padded) + bytes(SLOT), slot[:30] + b"x" + slot[31:] + bytes(SLOT),
                   bytes(SLOT) + slot, slot, bytes(2 * SLOT)):
        try:
            read_head_copy(broken)
        except Failed:
            continue
        raise AssertionError("a damaged head copy was read")
    print("reader: self-test passed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("ledger", nargs="?", help="the directory with db/ and head")
    parser.add_argument("--key", help="verifier key that is trusted, or a file with it")
    parser.add_argument("--anchor", action="append", default=[], help="a checkpoint kept elsewhere")
    parser.add_argument("--trust-state", action="append", default=[], help="an earlier checkpoint")
    parser.add_argument("--witness", action="append", default=[],
                        help="verifier key of a witness that cosigned the anchors, or a file with it")
    parser.add_argument("--schema", default=str(SCHEMA), help="text of the schema of the payloads")
    parser.add_argument("--jobs", type=int, default=0, help="processes; as many as cores if absent")
    parser.add_argument("--tiles", help="a published directory of tiles, instead of a ledger")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if not arguments.self_test and (arguments.ledger is None) == (arguments.tiles is None):
        parser.error("which ledger, or which --tiles?")
    try:
        if arguments.self_test:
            self_test()
            return 0
        print(f"VERIFIED {verify(arguments)}")
        return 0
    except (Failed, Damaged) as failure:
        print(f"FAILED {failure}")
        return 1
    except (Missing, Unsupported, Changed) as missing:
        print(f"INDETERMINATE {missing}")
        return 3
    except PermissionError as denied:
        print(f"reader: {denied}", file=sys.stderr)
        return 77
    except OSError as error:
        print(f"reader: {error}", file=sys.stderr)
        return 74


if __name__ == "__main__":
    sys.exit(main())
