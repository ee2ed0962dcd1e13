"""Verifies the rows of a ledger: docs/FORMAT.md sections 2, 3, 5 and 11."""

import base64
import concurrent.futures
import itertools
import multiprocessing
import os
import struct

from flatbuffer_entry import Schema, read_entry
from signed_note import (EMPTY_ROOT, WIDTH, Failed, Key, Missing, Note, Tree, check_signatures,
                         require, sha256, verifies)

FORMATS = (b"phantom-ledger/1", b"phantom-ledger/2", b"phantom-ledger/3")
PRUNED = 3  # the version with removed events
STATE_TAGS = (b"ledger:epoch", b"ledger:prune", b"audit:holds")
STATE_KINDS = (b"vault:", b"config:", b"hold:")
SIGNATURES_PER_TASK = 64
NS_PER_MS = 1_000_000


def is_state_tag(name):
    """Tags whose events stay when others are removed."""
    return name in STATE_TAGS or name.startswith(STATE_KINDS)


def be64(value):
    return struct.pack(">Q", value)


def number_of(key, what):
    require(len(key) == 9, f"a malformed {what} row")
    return struct.unpack(">Q", key[1:])[0]


class Work:
    """Shares work out to processes; results come in order, and not too many wait at once."""

    def __init__(self, schema_text, processes=0):
        self.schema = Schema(schema_text)
        self.processes = processes or len(os.sched_getaffinity(0))
        self.pool = None
        if self.processes > 1:
            self.pool = concurrent.futures.ProcessPoolExecutor(
                self.processes, multiprocessing.get_context("fork"), set_schema, (schema_text,))
        set_schema(schema_text)

    def spread(self, function, tasks):
        if self.pool is None:
            yield from map(function, tasks)
            return
        waiting = []
        for task in tasks:
            waiting.append(self.pool.submit(function, task))
            if len(waiting) > 3 * self.processes:
                yield waiting.pop(0).result()
        for one in waiting:
            yield one.result()

    def close(self):
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)


SCHEMA = None


def set_schema(text):
    global SCHEMA
    SCHEMA = Schema(text)


def split_entries(data):
    """Entries behind their lengths, as bundles hold them."""
    entries, at = [], 0
    while at < len(data):
        require(at + 2 <= len(data), "a length is cut off")
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        require(end <= len(data), "an entry is cut off")
        entries.append(data[at + 2 : end])
        at = end
    return entries


def read_run(task):
    """Facts of the entries from `first` on, and what is wrong with the one after them, if any."""
    first, entries = task
    facts = []
    for seq, data in enumerate(entries, first):
        try:
            facts.append(read_entry(data, seq, SCHEMA))
        except (Failed, Missing) as error:
            return facts, type(error)(f"event {seq}: {error}")
    return facts, None


def read_bundle(task):
    """As read_run, from a bundle's bytes."""
    n, data = task
    try:
        entries = split_entries(data)
        require(len(entries) == WIDTH, f"it has {len(entries)} entries")
    except Failed as error:
        return [], Failed(f"bundle {n} does not split into its entries: {error}")
    return read_run((n * WIDTH, entries))


class Rows:
    """The store's rows by their kind. Every kind must be walked to its end."""

    def __init__(self, store, work):
        self.store, self.work = store, work
        meta = {key[1:]: value for key, value in self.of_kind(b"m")}
        require(b"format" in meta, "the store does not say its format")
        self.meta = meta
        if meta[b"format"] not in FORMATS:
            raise Missing(f"the store has the format {meta[b'format']!r}, which this reader does "
                          "not know")
        self.version = FORMATS.index(meta[b"format"]) + 1
        self.kinds = b"bcghimt" if self.version == 1 else b"cghmt"
        self.bundle_kinds = b"b"
        if self.version == PRUNED:
            self.kinds, self.bundle_kinds = b"cghkmt", b"bl"
        families = {"default"} if self.version == 1 else {"default", "bundles"}
        require(set(store.families) == families, "there is a column family nobody wrote, or one is "
                                                 "missing")
        self.bundles = "default" if self.version == 1 else "bundles"

    def of_kind(self, prefix, family="default"):
        upper = prefix[:-1] + bytes([prefix[-1] + 1])
        return self.store.rows(family, prefix, upper, self.work.spread)

    def check_rest(self):
        """No rows of other kinds: the ranges between the known ones are empty."""
        for family, kinds in (("default", self.kinds), (self.bundles, self.bundle_kinds)):
            if family == "default" and kinds == self.bundle_kinds:
                continue
            bounds = [b""] + [bytes([kind + more]) for kind in kinds for more in (0, 1)] + [None]
            for lower, upper in zip(bounds[::2], bounds[1::2]):
                for key, _ in self.store.rows(family, lower, upper, self.work.spread):
                    raise Failed(f"there is a row of an unknown kind: {key.hex()}")


class Ledger:
    """One run over one ledger. `sizes` are those whose root is wanted."""

    def __init__(self, rows, sizes):
        self.rows, self.work = rows, rows.work
        self.tree = Tree()
        self.roots = {size: EMPTY_ROOT for size in sizes if size == 0}
        self.sizes = frozenset(sizes)
        self.notes = {}  # size -> note, of the sizes that are wanted
        self.origin = self.log = self.epoch = self.next_epoch = None
        self.epoch_number = self.commits = self.unknown_types = self.commit_first_seq = 0
        self.epoch_first = 0  # first event that the epoch in force signs for
        self.last_time = -(1 << 63) - 1  # before all times there are
        self.tags, self.ids, self.used_keys = {}, {}, set()
        self.open_tiles, self.tile_rows, self.full_tiles = [], [], []
        self.commit_rows = iter(rows.of_kind(b"c"))
        self.read_commit()
        self.signatures = []
        self.first_kept = 0  # events before it were removed
        self.bundle_roots = {}  # size -> root, where events can have been removed up to
        self.prunes = []  # requests: number of the event, first kept, root, tags
        self.removed_links = {}  # tag -> event that stays, the one before it and the count
        self.loose_commit = None  # over removed events, and ends no epoch
        self.epochs = []  # size from which on the key signs, key

    def verify(self, identity):
        expected = {b"format": self.rows.meta[b"format"], b"store": identity}
        require(self.rows.meta == expected, "the store's identity is not the one it was made with")
        first = self.next_commit
        for _ in self.work.spread(check_signatures, self.tasks()):
            pass
        if self.tree.size == 0:
            require(first is None, "a checkpoint over events that are not there")
            raise Missing("the ledger holds no commit: its creation did not finish")
        prune = self.check_removed()
        self.check_tiles()
        self.check_tables(prune)
        self.rows.check_rest()

    def tasks(self):
        """Walks the events. Their commits' signatures come out as tasks."""
        if self.rows.version == PRUNED:
            self.take_removed()
        for facts, failure in self.runs():
            for fact in facts:
                self.take(fact)
            if failure is not None:
                raise failure
            while len(self.signatures) >= SIGNATURES_PER_TASK:
                yield self.signatures[:SIGNATURES_PER_TASK]
                del self.signatures[:SIGNATURES_PER_TASK]
        yield self.signatures
        require(self.next_commit is None, "a checkpoint over events that are not there")
        require(self.commit_first_seq == self.tree.size,
                f"no checkpoint covers event {self.tree.size - 1}")

    def runs(self):
        def bundles():
            stored = self.rows.of_kind(b"b", self.rows.bundles)
            for n, (key, value) in enumerate(stored, self.first_kept // WIDTH):
                found = number_of(key, "bundle")
                require(found == n, f"bundle {n} is missing")
                yield n, value

        yield from self.work.spread(read_bundle, bundles())
        begin = self.tree.size
        for key, value in self.rows.of_kind(b"t"):
            first = number_of(key, "tail")
            require(first == self.tree.size, f"event {self.tree.size} is missing or in two places")
            commits = self.commits
            try:
                entries = [value] if self.rows.version == 1 else split_entries(value)
            except Failed as error:
                raise Failed(f"the run of events from {first} on: {error}") from error
            require(entries, "a run without events")
            yield read_run((first, entries))
            require(self.tree.size < begin + WIDTH, "a bundle that is full is in pieces")
            if self.rows.version > 1:
                one = self.commits == commits + 1 and self.commit_first_seq == self.tree.size
                require(one, f"the run of events from {first} on is not that of one commit")

    def take_removed(self):
        """The hashes of removed events and, of those, the entries that were kept."""
        kept = iter(self.rows.of_kind(b"k"))
        key, data = next(kept, (None, b""))
        for n, (row, hashes) in enumerate(self.rows.of_kind(b"l", self.rows.bundles)):
            require(number_of(row, "hashes") == n, f"the hashes of removed bundle {n} are missing")
            require(len(hashes) == 32 * WIDTH, f"the hashes of removed bundle {n}: wrong length")
            for at in range(0, len(hashes), 32):
                seq, leaf = self.tree.size, hashes[at : at + 32]
                if key is not None and number_of(key, "kept") == seq:
                    self.take_kept(seq, leaf, read_entry(data, seq, self.work.schema))
                    key, data = next(kept, (None, b""))
                self.grow(leaf)
                require(self.next_epoch is None, f"event {seq}: its epoch's last checkpoint is gone")
        require(key is None, "there is a kept entry where none belongs")
        self.first_kept = self.tree.size
        require(self.first_kept > 0, "a pruned ledger's format, and nothing was removed")
        require(self.next_size is None or self.loose_commit is None or
                self.next_size > self.first_kept, "a checkpoint of removed events is there")

    def take_kept(self, seq, leaf, facts):
        require(facts.leaf == leaf, f"event {seq}: not what its hash was made of")
        require(facts.time_ns > self.last_time, f"event {seq}: time goes back")
        self.last_time = facts.time_ns
        tags = [tag for tag in facts.tags if is_state_tag(tag[0])]
        require(tags, f"event {seq}: it is kept and has no tag to be kept for")
        self.link_tags(seq, tags)
        self.take_prune(seq, facts)
        if seq == 0 or facts.keys is not None:
            self.take_keys(seq, facts.keys)
        self.unknown_types += not facts.known_type

    def take_prune(self, seq, facts):
        if facts.prune is not None:
            self.prunes.append((seq,) + facts.prune)

    def link_tags(self, seq, tags):
        for name, prev_seq, count in tags:
            if (name not in self.tags and prev_seq < self.first_kept and count > 1 and
                    not is_state_tag(name)):
                self.removed_links[name] = (seq, prev_seq, count - 1)
                self.tags[name] = (seq, count)
                continue
            last_seq, last_count = self.tags.get(name, (0, 0))
            if prev_seq != last_seq or count != last_count + 1:
                raise Failed(f"event {seq}: the link of its tag {name.decode()} is wrong")
            self.tags[name] = (seq, count)

    def check_removed(self):
        """The event that says why events are gone: the newest request for that many or more."""
        if self.first_kept == 0:
            return None
        for seq, first_kept, root, tags in reversed(self.prunes):
            what = f"event {seq}"
            require(first_kept <= seq and first_kept % WIDTH == 0,
                    f"{what} asks for a prune up to event {first_kept}, which nothing can be")
            require(first_kept == 0 or self.bundle_roots[first_kept] == root,
                    f"{what} asks for a prune of events with another root")
            if first_kept >= self.first_kept:
                return seq, first_kept, tags
        raise Failed(f"events 0 to {self.first_kept - 1} were removed and no event says so")

    def take(self, facts):
        seq = self.tree.size
        # No texts are made in here until one is needed: this runs once for each event.
        if facts.time_ns <= self.last_time:
            raise Failed(f"event {seq}: time goes back")
        self.last_time = facts.time_ns
        if facts.commit_first_seq != self.commit_first_seq:
            raise Failed(f"event {seq}: a checkpoint before it is missing or was added")
        if facts.id in self.ids:
            raise Failed(f"event {seq}: its id was used before, by event {self.ids[facts.id]}")
        self.ids[facts.id] = seq
        made_ms = int.from_bytes(facts.id[:6], "big")
        if self.rows.version > 1 and made_ms * NS_PER_MS > facts.time_ns:
            raise Failed(f"event {seq}: its id was made after it")
        self.link_tags(seq, facts.tags)
        self.take_prune(seq, facts)
        if seq == 0 or facts.keys is not None or self.next_epoch is not None:
            self.take_keys(seq, facts.keys)
        self.unknown_types += not facts.known_type
        self.grow(facts.leaf)

    def grow(self, leaf):
        completed = self.tree.append(leaf)
        while len(self.open_tiles) < len(completed):
            level = bytes([len(self.open_tiles)])
            self.open_tiles.append([])
            self.full_tiles.append(0)
            self.tile_rows.append(iter(self.rows.of_kind(b"h" + level)))
        for level, digest in enumerate(completed):
            self.open_tiles[level].append(digest)
            if len(self.open_tiles[level]) == WIDTH:
                self.check_tile(level)
        if self.rows.version == PRUNED and len(completed) > 1:
            self.bundle_roots[self.tree.size] = self.tree.root()
        if self.tree.size in self.sizes:
            self.roots[self.tree.size] = self.tree.root()
        if self.next_size is not None and self.next_size <= self.tree.size:
            self.take_commit(self.next_size)

    def read_commit(self):
        self.next_commit = next(self.commit_rows, None)
        self.next_size = None
        if self.next_commit is not None:
            self.next_size = number_of(self.next_commit[0], "commit")

    def take_keys(self, seq, keys):
        what = f"event {seq}"
        created = keys is not None and keys[2] is not None
        require(created == (seq == 0), f"{what}: ledger.created comes first, once")
        require(self.next_epoch is None, f"{what}: in the commit of an announcement, after it")
        if keys is None:
            return
        origin, epoch, log, epoch_key, closes = keys
        require(epoch == self.epoch_number + 1, f"{what}: epoch {epoch} is out of order")
        if not created:
            expected = (self.epoch_number, self.epoch_first, seq + 1 - self.epoch_first)
            require(closes == expected, f"{what}: it closes {closes}, found {expected}")
            self.epoch_first = seq + 1
        self.epoch_number = epoch
        key = Key(epoch_key)
        if created:
            self.origin, self.log, self.epoch = origin, Key(log), key
            self.epochs.append((0, key))
            require(self.log.name == origin, f"{what}: the log key has another name")
            self.used_keys.add(self.log.key)
        else:
            self.next_epoch = key
        require(key.name == f"{self.origin}/epoch/{epoch}", f"{what}: its key has another name")
        require(key.key not in self.used_keys, f"{what}: its key was used before")
        self.used_keys.add(key.key)

    def take_commit(self, size):
        require(size == self.tree.size, "there is a commit row where none belongs")
        if self.rows.version == PRUNED and self.first_kept == 0:
            require(self.loose_commit is None, "a checkpoint of removed events is there")
            if self.next_epoch is None:
                self.loose_commit = size
        note = Note(self.next_commit[1], f"the checkpoint over {size} events")
        root = base64.b64encode(self.tree.root()).decode()
        require(note.text == f"{self.origin}\n{size}\n{root}\n",
                f"{note.what}: its text is not what its events call for")
        require(len(note.signatures) == 2, f"{note.what}: a signature nobody can check")
        self.signatures += note.tasks(self.log) + note.tasks(self.epoch)
        if size in self.sizes:
            self.notes[size] = note
        self.newest = note
        self.commits += 1
        self.commit_first_seq = size
        if self.next_epoch is not None:
            self.epoch, self.next_epoch = self.next_epoch, None
            self.epochs.append((size, self.epoch))
        self.read_commit()

    def check_tile(self, level):
        tile, n = self.open_tiles[level], self.full_tiles[level]
        if level > 0 or self.rows.version == 1:
            key, value = next(self.tile_rows[level], (b"", b""))
            require(key == b"h" + bytes([level]) + be64(n), f"tile {level}/{n} is missing")
            require(value == b"".join(tile), f"tile {level}/{n} is not what its events hash to")
        self.open_tiles[level] = []
        self.full_tiles[level] += 1

    def check_tiles(self):
        for level, tile in enumerate(self.open_tiles):
            if level > 0 and tile:
                self.check_tile(level)
            for key, _ in self.tile_rows[level]:
                raise Failed(f"there is a tile that no events belong to: {key.hex()}")
        above = b"h" + bytes([len(self.open_tiles)])
        for key, _ in itertools.chain(
                self.rows.store.rows("default", b"h", b"h\x00", self.work.spread),
                self.rows.store.rows("default", above, b"i", self.work.spread)):
            raise Failed(f"there is a tile that no events belong to: {key.hex()}")

    def check_tables(self, prune):
        if prune is not None:
            self.check_tags_of_removed(prune)
            return
        tags = ((b"g" + name, be64(seq) + be64(count))
                for name, (seq, count) in sorted(self.tags.items()))
        self.compare(b"g", tags)
        if self.rows.version == 1:
            self.compare(b"i", ((b"i" + key, be64(seq)) for key, seq in sorted(self.ids.items())))

    def check_tags_of_removed(self, prune):
        """The tag table, with the rows of tags that removed events alone have."""
        request, asked, wanted = prune
        digest = bytes(32)
        left = dict(self.tags)

        def add(name, seq, count):
            leaf = sha256(b"\0" + name + be64(seq) + be64(count))
            return sha256(b"\1" + digest + leaf)

        for key, value in self.rows.of_kind(b"g"):
            name = key[1:]
            link = self.removed_links.get(name)
            if link is not None and link[0] >= request:
                digest = add(name, *link[1:])
            if name in left:
                seq, count = left.pop(name)
                require(value == be64(seq) + be64(count), f"row {key.hex()} is not what the events say")
                continue
            require(len(value) == 16, f"row {key.hex()} is malformed")
            seq, count = struct.unpack(">QQ", value)
            require(seq < self.first_kept and 0 < count <= seq + 1 and not is_state_tag(name),
                    f"row {key.hex()} is not what the events say")
            digest = add(name, seq, count)
        require(not left, "a tag has no row")
        require(asked > self.first_kept or digest == wanted,
                f"the rows of tags that removed events alone have are not those of event {request}")

    def compare(self, prefix, expected):
        for wanted, found in itertools.zip_longest(expected, self.rows.of_kind(prefix)):
            key = (wanted or found)[0]
            require(wanted == found, f"row {key.hex()} is not what the events say")

    def check_outside(self, note, key):
        """A note from outside against this ledger."""
        require(note.origin == self.origin, f"{note.what}: of another ledger")
        note.check(key)
        require(note.size <= self.tree.size, f"{note.what}: the ledger was rolled back, it holds "
                                             f"{self.tree.size} events and held {note.size}")
        require(self.roots[note.size] == note.root,
                f"{note.what}: another root, history was rewritten or forked")

    def wrote_lines_of(self, note):
        """Are all its signature lines those of the commit? Others may be a witness's, or ours with
        a byte changed: nobody can tell."""
        committed = self.notes.get(note.size)
        if committed is None and 0 < note.size <= self.first_kept:
            return self.signed_lines_of(note)
        return committed is not None and set(note.lines) <= set(committed.lines)


    def signed_lines_of(self, note):
        """The same where the commit was removed: good lines of the keys in force."""
        epoch = [key for begin, key in self.epochs if begin < note.size][-1]
        for name, payload in note.signatures:
            keys = [key for key in (self.log, epoch) if (name, payload[:4]) == (key.name, key.id)]
            if not keys or not verifies(keys[0].key, note.text.encode(), payload[4:]):
                return False
        return True


def self_test():
    assert is_state_tag(b"vault:p") and not is_state_tag(b"session:vault:p"), "state tags"
    assert split_entries(bytes.fromhex("00036f6e65000374776f00057468726565")) == [
        b"one", b"two", b"three"], "bundle"
    for broken in (b"\x00", b"\x00\x02a"):
        try:
            split_entries(broken)
        except Failed:
            continue
        raise AssertionError("a bundle that is cut off was read")
