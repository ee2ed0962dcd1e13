"""Reads a RocksDB directory as it is: no library, no copy, no lock, nothing written.

CURRENT names the manifest, a log of edits that says which tables and logs hold the rows of each
column family. Rows of a key carry sequence numbers: the newest counts, and a deletion hides what is
below it. A writer may be at work meanwhile; what is returned then is some commit's state.
"""

import bisect
import collections
import heapq
import itertools
import os
import pathlib
import re
import resource
import struct

import rocksdb_table
from crc32c import crc32c, masked
from rocksdb_table import (COMPARATOR, DELETION, FOOTER_BYTES, MAGIC, SINGLE_DELETION, VALUE,
                           Damaged, Table, Unsupported, check, prefixed, read_group, varint)

BLOCK = 32 * 1024
HEADER = 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
WHOLE, CUT_OFF = "whole", "cut off"
TRIES = 10

# Kinds of a write batch's records: with the default column family, with one that is named.
PUTS, DELETES = (0x01, 0x05), (0x00, 0x04, 0x07, 0x08)
NAMED = (0x04, 0x05, 0x08)
LOG_DATA, NOOP = 0x03, 0x0D

# Edits of a manifest: number -> what follows it.
TEXTS = {1: "comparator", 8193: "db id", 8198: "history", 8199: "log added", 8200: "log deleted"}
NUMBERS = {2: "log", 3: "next file", 4: "sequence", 9: "previous log", 10: "oldest log",
           203: "newest family"}
COMPACT_CURSOR, DELETED_FILE, NEW_FILE, IN_FAMILY, ADD_FAMILY, DROP_FAMILY, IN_GROUP = (
    5, 6, 103, 200, 201, 202, 300)
IGNORABLE = 1 << 13
FILE_END, FILE_OLDEST_LOG, FILE_PATH, FILE_MUST_KNOW = 1, 3, 65, 1 << 6


class Changed(Exception):
    """The writer replaced files while they were read."""


def read_log(data, what):
    """The records of a log and how it ends. A record at the end may be cut off, or be zeros where
    the writer had made room; anything else that does not fit is damage."""
    records, parts, at, inside = [], [], 0, False
    while at < len(data):
        left = BLOCK - at % BLOCK
        if left < HEADER:
            check(not any(data[at : at + left]), f"{what} is damaged at {at}")
            at += left
            continue
        if len(data) - at < HEADER:
            return records, CUT_OFF
        crc, length, kind = struct.unpack_from("<IHB", data, at)
        if crc == length == kind == 0 and not any(data[at:]):
            return records, CUT_OFF
        check(kind <= LAST and HEADER + length <= left, f"{what} is damaged at {at}")
        end = at + HEADER + length
        if end > len(data):
            return records, CUT_OFF
        check(masked(crc32c(data[at + 6 : end])) == crc, f"{what}: wrong checksum at {at}")
        check(kind >= FULL and (kind in (FULL, FIRST)) != inside, f"{what} is damaged at {at}")
        parts.append(data[at + HEADER : end])
        inside = kind in (FIRST, MIDDLE)
        if not inside:
            records.append(b"".join(parts))
            parts = []
        at = end
    return records, CUT_OFF if inside else WHOLE


def batch_rows(batch, what):
    """Column family, key, sequence number and kind in one, value."""
    check(len(batch) >= 12, f"{what}: a write that is too short")
    sequence, count = struct.unpack_from("<QI", batch)
    at, found = 12, 0
    while at < len(batch):
        kind, at = batch[at], at + 1
        if kind == NOOP:
            continue
        if kind == LOG_DATA:
            _, at = prefixed(batch, at)
            continue
        if kind not in PUTS and kind not in DELETES:
            raise Unsupported(f"{what}: a write of kind {kind}")
        family, value = 0, b""
        if kind in NAMED:
            family, at = varint(batch, at, 32)
        key, at = prefixed(batch, at)
        if kind in PUTS:
            value, at = prefixed(batch, at)
        row_kind = VALUE if kind in PUTS else DELETION
        yield family, key, (sequence + found) << 8 | row_kind, value
        found += 1
    check(found == count, f"{what}: a write with fewer or more rows than it says")


def next_free_number(batches, free, what):
    """The sequence number after those of the batches; none of theirs may be below `free`."""
    for batch in batches:
        check(len(batch) >= 12, f"{what}: a write that is too short")
        sequence, count = struct.unpack_from("<QI", batch)
        check(sequence >= free, f"{what}: a write takes sequence numbers that are taken")
        free = sequence + count
    return free


File = collections.namedtuple("File", "number size smallest largest")


class Family:
    """A column family: its tables by level, and the first log with rows that are in no table."""

    def __init__(self, name):
        self.name, self.log = name, 0
        self.levels = collections.defaultdict(dict)
        self.fresh = {}  # key -> (sequence number and kind, value): rows of the logs
        self.sorted = None

    def fresh_rows(self, lower, upper):
        if self.sorted is None:
            self.sorted = sorted(self.fresh)
        begin = bisect.bisect_left(self.sorted, lower)
        end = len(self.sorted) if upper is None else bisect.bisect_left(self.sorted, upper)
        for key in self.sorted[begin:end]:
            trailer, value = self.fresh[key]
            yield key, -trailer, value


class Manifest:
    def __init__(self, records):
        self.families, self.dropped = {0: Family("default")}, set()
        self.oldest_log, self.seen = 0, set()
        group = []
        for record in records:
            edit = read_edit(record)
            left = edit.get(IN_GROUP)
            if left is None:
                check(not group, "the manifest has a group of edits that is cut off")
                self.apply(edit)
                continue
            # Edits of a group count once the last one is there.
            check(not group or group[-1][IN_GROUP] == left + 1,
                  "the manifest has a group of edits in disorder")
            group.append(edit)
            if left == 0:
                for one in group:
                    self.apply(one)
                group = []
        needed = {"log", "next file", "sequence"}
        check(needed <= self.seen, "the manifest does not say all it has to")

    def apply(self, edit):
        self.seen.update(key for key in edit if isinstance(key, str))
        if edit.get("comparator", COMPARATOR) != COMPARATOR:
            raise Unsupported("another order of keys in the manifest")
        self.oldest_log = max(self.oldest_log, edit.get("oldest log", 0))
        number = edit.get(IN_FAMILY, 0)
        if ADD_FAMILY in edit:
            name = edit[ADD_FAMILY].decode("utf-8", "replace")
            known = self.families.get(number)
            again = known is not None and not (number == 0 and name == "default")
            check(not again, "the manifest adds a column family twice")
            if known is None:
                self.families[number] = Family(name)
        check(number in self.families, "the manifest speaks of an unknown column family")
        if DROP_FAMILY in edit:
            del self.families[number]
            self.dropped.add(number)
            return
        family = self.families[number]
        family.log = max(family.log, edit.get("log", 0))
        for level, file in edit["deleted"]:
            there = family.levels[level].pop(file, None)
            check(there is not None, f"the manifest removes table {file}, which is not there")
        for level, file in edit["added"]:
            check(file.number not in family.levels[level], f"table {file.number} is there twice")
            family.levels[level][file.number] = file


def read_edit(record):
    """One edit: names and numbers of TEXTS and NUMBERS, tables added and deleted."""
    edit, at = {"added": [], "deleted": []}, 0
    while at < len(record):
        tag, at = varint(record, at, 32)
        if tag in TEXTS or tag == ADD_FAMILY:
            edit[TEXTS.get(tag, tag)], at = prefixed(record, at)
        elif tag in NUMBERS or tag in (IN_FAMILY, IN_GROUP):
            edit[NUMBERS.get(tag, tag)], at = varint(record, at)
        elif tag == DROP_FAMILY:
            edit[tag] = True
        elif tag == COMPACT_CURSOR:
            _, at = varint(record, at, 32)
            _, at = prefixed(record, at)
        elif tag == DELETED_FILE:
            level, at = varint(record, at, 32)
            number, at = varint(record, at)
            edit["deleted"].append((level, number))
        elif tag == NEW_FILE:
            at = read_new_file(record, at, edit)
        elif tag & IGNORABLE and tag > 8200:
            _, at = prefixed(record, at)
        else:
            raise Unsupported(f"an edit of kind {tag} in the manifest")
    return edit


def read_new_file(record, at, edit):
    level, at = varint(record, at, 32)
    number, at = varint(record, at)
    size, at = varint(record, at)
    smallest, at = prefixed(record, at)
    largest, at = prefixed(record, at)
    _, at = varint(record, at)  # sequence numbers: smallest, largest
    _, at = varint(record, at)
    while True:
        field, at = varint(record, at, 32)
        if field == FILE_END:
            break
        value, at = prefixed(record, at)
        if field == FILE_OLDEST_LOG:
            check(len(value) == 8, "the manifest has a malformed number")
            edit["oldest log"] = struct.unpack("<Q", value)[0]
        elif (field == FILE_PATH and value != b"\x00") or (
                field != FILE_PATH and field & FILE_MUST_KNOW):
            raise Unsupported(f"field {field} of a table in the manifest")
    edit["added"].append((level, File(number, size, smallest, largest)))
    return at


def key_order(internal):
    return internal[:-8], -int.from_bytes(internal[-8:], "little")


def allow_many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Store:
    """A snapshot of the store in `directory`. Raises Damaged, Unsupported or FileNotFoundError."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.tables = {}
        allow_many_files()
        for _ in range(TRIES):
            self.close()
            try:
                if self.open():
                    break
            except FileNotFoundError:
                if not (self.directory / "CURRENT").exists():
                    raise
                missing = self.missing_table()
                check(missing is None, f"the table {missing} is missing")
        else:
            raise Changed("the writer changes files faster than they can be read")
        self.check_leftovers()

    def close(self):
        for table in self.tables.values():
            table.close()
        self.tables = {}

    def frame(self):
        current = (self.directory / "CURRENT").read_bytes()
        check(re.fullmatch(rb"MANIFEST-[0-9]{6,20}\n", current), "CURRENT does not name a manifest")
        name = current[:-1].decode()
        return name, (self.directory / name).read_bytes()

    def open(self):
        name, data = self.frame()
        records, end = read_log(data, name)
        if end != WHOLE:
            check((name, data) != self.frame(), f"{name} is damaged at its end")
            return False
        try:
            self.manifest = Manifest(records)
        except Damaged as damage:
            raise Damaged(f"{name}: {damage}") from damage
        self.families = {family.name: family for family in self.manifest.families.values()}
        self.notes = []
        self.read_logs()
        for family in self.families.values():
            for file in itertools.chain(*(level.values() for level in family.levels.values())):
                table = Table(self.path(file.number))
                check(table.size == file.size, f"{table.name} has another length than it had")
                self.tables[file.number] = table
        # Logs are removed once the manifest no longer needs them: it must still be the same.
        return (name, data) == self.frame()

    def path(self, number):
        return self.directory / f"{number:06}.sst"

    def missing_table(self):
        """A table that is gone though the manifest still needs it."""
        records, end = read_log(self.frame()[1], "the manifest")
        if end != WHOLE:
            return None
        for family in Manifest(records).families.values():
            for number in itertools.chain(*family.levels.values()):
                if not self.path(number).exists():
                    return self.path(number).name
        return None

    def read_logs(self):
        first = min(family.log for family in self.families.values())
        first = max(first, self.manifest.oldest_log)
        free = 0
        for path in sorted(self.directory.glob("[0-9]*.log"), key=lambda path: int(path.stem)):
            number = int(path.stem)
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                if number >= first:
                    raise
                continue
            records, end = read_log(data, path.name)
            if end == CUT_OFF:
                self.notes.append(f"{path.name} ends in a record that was not finished")
            free = next_free_number(records, free, path.name)
            if number >= first:
                self.replay(number, records, path.name)

    def replay(self, number, records, what):
        families = self.manifest.families
        for record in records:
            for family, key, trailer, value in batch_rows(record, what):
                if family in self.manifest.dropped:
                    continue
                check(family in families, f"{what}: a row of an unknown column family")
                if number >= families[family].log:
                    fresh = families[family].fresh
                    if trailer >= fresh.get(key, (0, b""))[0]:
                        fresh[key] = (trailer, value)

    def check_leftovers(self):
        """Tables that nobody reads are checked as far as phantom checks them: their footers."""
        for path in sorted(self.directory.glob("*.sst")):
            try:
                with open(path, "rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    file.seek(max(0, size - FOOTER_BYTES))
                    footer = file.read()
            except FileNotFoundError:
                continue
            if len(footer) == FOOTER_BYTES and footer[-8:] == MAGIC:
                rocksdb_table.check_footer(footer, path.name)

    def table_rows(self, files, lower, upper, spread):
        """Rows of tables that do not overlap, in order."""
        last = None
        for file in files:
            table = self.tables[file.number]
            first, final = key_order(file.smallest), key_order(file.largest)
            if final[0] < lower or (upper is not None and first[0] >= upper):
                continue
            for block in spread(read_group, table.groups(lower, upper)):
                for row in block:
                    check(last is None or last < row[:2], f"{table.name} is out of order")
                    last = row[:2]
                    yield row
                in_range = first <= block[0][:2] and block[-1][:2] <= final
                check(in_range, f"{table.name} has other rows than the manifest says")

    def rows(self, name, lower=b"", upper=None, spread=map):
        """Keys and values of a column family in key order, from `lower` to before `upper`.
        `spread(read_group, tasks)` yields results in order and may share the work out."""
        family = self.families[name]
        runs = [family.fresh_rows(lower, upper)]
        for level, files in sorted(family.levels.items()):
            order = sorted(files.values(), key=lambda file: key_order(file.smallest))
            for run in [[file] for file in order] if level == 0 else [order]:
                runs.append(self.table_rows(run, lower, upper, spread))
        last = None
        for key, trailer, value in heapq.merge(*runs):
            if key == last or key < lower:
                continue
            if upper is not None and key >= upper:
                break
            last = key
            if -trailer & 0xFF not in (DELETION, SINGLE_DELETION):
                yield key, value


def self_test():
    def record(kind, data):
        return struct.pack("<IHB", masked(crc32c(bytes([kind]) + data)), len(data), kind) + data

    log = record(FULL, b"one") + record(FIRST, b"tw") + record(LAST, b"o")
    assert read_log(log, "log") == ([b"one", b"two"], WHOLE), "log"
    assert read_log(log[:-1], "log") == ([b"one"], CUT_OFF), "torn log"
    assert read_log(log + bytes(99), "log") == ([b"one", b"two"], CUT_OFF), "room made in a log"
    for place in range(len(record(FULL, b"one"))):
        flipped = bytearray(log)
        flipped[place] ^= 1
        try:
            read = read_log(bytes(flipped), "log")
        except Damaged:
            continue
        # A length that is too large looks like a record that was cut off.
        assert read == ([], CUT_OFF) and place in (4, 5), "a damaged log was read"
    batch = struct.pack("<QI", 7, 2) + b"\x01\x01a\x02xy" + b"\x04\x03\x01b"
    rows = [(0, b"a", 7 << 8 | 1, b"xy"), (3, b"b", 8 << 8, b"")]
    assert list(batch_rows(batch, "batch")) == rows, "write batch"
    edit = read_edit(b"\x02\x05\x67\x00\x07\x40" + b"\x02ab\x02cd\x01\x02\x01" + b"\xc8\x01\x03")
    assert edit["added"] == [(0, File(7, 64, b"ab", b"cd"))], "edit of a manifest"
    assert edit["log"] == 5 and edit[IN_FAMILY] == 3, "edit of a manifest"
