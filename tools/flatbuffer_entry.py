"""Entries and payloads: FlatBuffers, checked in full before anything in them is believed.

A shape is what a schema says of a table. Its check is FlatBuffers' own: every offset and length
inside the buffer, numbers aligned, texts ended by a zero, required fields there. Tables of a kind
mostly share one vtable, so what follows from the vtable alone is worked out once and kept.
"""

import collections
import re
import struct

from signed_note import Failed, Key, Missing, leaf_hash, require

ENTRY_BYTES_MAX = 65_535
TAG_BYTES_MAX = 200
ENTRY_TABLES_MAX = 2_048
PAYLOAD_TABLES_MAX = ENTRY_BYTES_MAX // 4
PLANS_MAX = 10_000
LISTS_UNCHECKED_BYTES = 1_024
CREATED, ANNOUNCED = 9101, 9102
PRUNE_REQUESTED, PRUNE_COMPLETED = 9113, 9114
PRUNE_TAG = b"ledger:prune"
TAGS_MARK = b" tags="
EPOCH_TAG = b"ledger:epoch"
TAG = re.compile(rb"[!-9;-~]+:[!-~]+")

FORMATS = {"ubyte": "B", "byte": "b", "bool": "B", "ushort": "H", "short": "h", "uint": "I",
           "int": "i", "ulong": "Q", "long": "q", "float": "f", "double": "d"}
ID16 = ("16s", 16, 1)

Facts = collections.namedtuple(
    "Facts", "leaf id time_ns commit_first_seq tags keys known_type prune")


class Malformed(Exception):
    """Not the FlatBuffer it should be."""


class Shape:
    """Fields in the order of their ids: each a number (format, size, alignment), "string", or a
    one-item list of a number, "string" or shape, which is a vector."""

    def __init__(self, fields, required=()):
        self.fields, self.required = fields, set(required)
        self.plans = {}
        self.keep = False  # tables of this shape are kept in Buffer.kept as they are checked

    def plan(self, vtable, phase):
        """What can be said of a table from its vtable and its place modulo 8."""
        found = self.plans.get((vtable, phase))
        if found is None:
            if len(self.plans) > PLANS_MAX:
                self.plans.clear()
            found = self.plans[vtable, phase] = Plan(self, vtable, phase)
        return found


def number(name):
    size = struct.calcsize("<" + FORMATS[name])
    return FORMATS[name], size, size


class Plan:
    def __init__(self, shape, vtable, phase):
        places = struct.unpack(f"<{len(vtable) // 2}H", vtable)[2:] if len(vtable) > 4 else ()
        known = zip(range(len(shape.fields)), places)
        present = [(place, field) for field, place in known if place]
        if not shape.required <= {field for _, field in present}:
            raise Malformed("a required field is absent")
        self.slots, self.offsets, self.end = {}, [], 0
        form, at, self.single = "<", 0, []
        for slot, (place, field) in enumerate(sorted(present)):
            kind = shape.fields[field]
            code, size, align = kind if isinstance(kind, tuple) else ("I", 4, 4)
            if (phase + place) % align:
                raise Malformed("a field that is not aligned")
            if not isinstance(kind, tuple):
                self.offsets.append((slot, place, kind))
            self.slots[field] = slot
            form += f"{place - at}x{code}" if place >= at else "!"
            at = place + size
            self.end = max(self.end, at)
            self.single.append((struct.Struct("<" + code), place))
        # Fields on top of each other are odd, not forbidden.
        self.struct = None if "!" in form else struct.Struct(form)

    def values(self, data, at):
        return tuple(one.unpack_from(data, at + place)[0] for one, place in self.single)


U32 = struct.Struct("<I").unpack_from
I32 = struct.Struct("<i").unpack_from
U16 = struct.Struct("<H").unpack_from


class Buffer:
    """One FlatBuffer while it is checked."""

    def __init__(self, data, tables_max):
        self.data, self.size, self.tables_left, self.kept = data, len(data), tables_max, []
        self.content = 0  # bytes of all texts and vectors of numbers, as often as they are named
        self.listed = 0  # those in lists, and 8 for each item

    def table(self, at, shape):
        """Checks the table at `at`; returns its plan and the values of its fields."""
        data = self.data
        if at & 3 or at + 4 > self.size:
            raise Malformed("a table outside the buffer")
        self.tables_left -= 1
        if self.tables_left < 0:
            raise Malformed("too many tables")
        vtable = at - I32(data, at)[0]
        if vtable & 1 or vtable < 0 or vtable + 2 > self.size:
            raise Malformed("a vtable outside the buffer")
        length = U16(data, vtable)[0]
        if length & 1 or vtable + length > self.size:
            raise Malformed("a vtable outside the buffer")
        plan = shape.plan(data[vtable : vtable + length], at & 7)
        if at + plan.end > self.size:
            raise Malformed("a field outside the buffer")
        values = plan.struct.unpack_from(data, at) if plan.struct else plan.values(data, at)
        size = self.size
        for slot, place, kind in plan.offsets:
            offset = values[slot]
            if offset == 0:
                raise Malformed("an offset of zero")
            place += at + offset
            if kind == "string":
                if place & 3 or place + 4 > size:
                    raise Malformed("a text outside the buffer")
                end = place + 4 + U32(data, place)[0]
                if end >= size or data[end]:
                    raise Malformed("a text without an end")
                self.content += end - place - 4
            else:
                self.vector(place, kind[0])
        if shape.keep:
            self.kept.append(View(data, at, plan, values))
        return plan, values

    def vector(self, at, kind):
        data = self.data
        if at & 3 or at + 4 > self.size:
            raise Malformed("a vector outside the buffer")
        count = U32(data, at)[0]
        width = kind[1] if isinstance(kind, tuple) else 4
        if at + 4 + count * width > self.size:
            raise Malformed("a vector outside the buffer")
        if isinstance(kind, tuple):
            self.content += count * width
            return
        for place in range(at + 4, at + 4 + 4 * count, 4):
            target = place + U32(data, place)[0]
            if kind != "string":
                before = self.content
                self.table(target, kind)
                self.listed += 8 + self.content - before
                continue
            if target & 3 or target + 4 > self.size:
                raise Malformed("a text outside the buffer")
            end = target + 4 + U32(data, target)[0]
            if end >= self.size or data[end]:
                raise Malformed("a text without an end")
            self.listed += 8 + end - target - 4


class View:
    """Reads fields of a table that was checked."""

    def __init__(self, data, at, plan, values):
        self.data, self.at, self.plan, self.values = data, at, plan, values

    def number(self, field, default=0):
        slot = self.plan.slots.get(field)
        return default if slot is None else self.values[slot]

    def raw(self, field):
        slot = self.plan.slots.get(field)
        if slot is None:
            return b""
        at = self.at + self.plan.single[slot][1] + self.values[slot]
        return self.data[at + 4 : at + 4 + U32(self.data, at)[0]]


def root_view(buffer, start, shape):
    """Checks the buffer whose root's offset is at `start`."""
    offset = U32(buffer.data, start)[0]
    if offset == 0:
        raise Malformed("no root")
    at = start + offset
    return View(buffer.data, at, *buffer.table(at, shape))


TAG_SHAPE = Shape(["string", number("ulong"), number("ulong")], {0})
TAG_SHAPE.keep = True
SEALED_SHAPE = Shape(["string", "string", [number("ubyte")], [number("ubyte")]], {0, 1, 2, 3})
ENTRY_SHAPE = Shape([
    number("ushort"), number("ulong"), ID16, number("ushort"), number("long"), number("long"),
    number("long"), "string", "string", "string", number("ubyte"), "string", number("uint"),
    number("uint"), "string", "string", "string", number("ulong"), "string", number("ubyte"),
    number("ushort"), [TAG_SHAPE], [number("ubyte")], [SEALED_SHAPE], number("ulong")], {2, 22})


class Schema:
    """Shapes of the payloads by event type, read from the text of a FlatBuffers schema."""

    def __init__(self, text):
        text = re.sub(r"//[^\n]*", "", text)
        found = re.findall(r"\btable\s+(\w+)\s*(\([^)]*\))?\s*\{([^}]*)\}", text)
        tables = {name: Shape([]) for name, _, _ in found}
        self.shapes = {}
        for name, attributes, body in found:
            fields = re.findall(r"\w+\s*:\s*(\[?\s*\w+\s*\]?)([^;]*);", body)
            for number_of_field, (kind, rest) in enumerate(fields):
                tables[name].fields.append(self.kind(kind, tables))
                if re.search(r"\(.*\brequired\b", rest):
                    tables[name].required.add(number_of_field)
            event = re.search(r'\bno:\s*"(\d+)"', attributes)
            if event:
                self.shapes[int(event[1])] = tables[name]

    @staticmethod
    def kind(text, tables):
        name = text.strip("[] ")
        kind = number(name) if name in FORMATS else tables[name] if name in tables else name
        return [kind] if text.startswith("[") else kind


def read_payload(kind, payload, schema):
    """The checked root table, or nothing when the type is unknown."""
    shape = schema.shapes.get(kind)
    if shape is None:
        return None
    buffer = Buffer(payload, PAYLOAD_TABLES_MAX)
    try:
        root = root_view(buffer, 0, shape)
    except Malformed as error:
        raise Failed(f"its payload does not fit its type: {error}") from error
    require(len(payload) <= LISTS_UNCHECKED_BYTES or buffer.listed <= len(payload),
            "its payload does not fit its type: its lists overlap")
    return root


def read_keys(kind, root):
    """Origin, epoch, log key, epoch key and what is closed (epoch, first event, number of events),
    as far as the event announces them."""
    try:
        texts = [root.raw(field).decode() for field in ((0, 2, 3) if kind == CREATED else (1,))]
    except UnicodeDecodeError as error:
        raise Failed("the key it announces is not UTF-8") from error
    for key in texts[-2:] if kind == CREATED else texts:
        Key(key)
    if kind == CREATED:
        return texts[0], 1, texts[1], texts[2], None
    return None, root.number(0), None, texts[0], tuple(root.number(field) for field in (2, 3, 4))


def read_prune(root):
    """First event that stays, root over those that go, hash of the tags that they alone have."""
    tree_root, policy = root.raw(1), root.raw(2)
    require(len(tree_root) == 32, "it asks for a prune and names no root")
    mark = policy.rfind(TAGS_MARK)
    tags = policy[mark + len(TAGS_MARK) :]
    require(mark >= 0 and re.fullmatch(rb"[0-9a-f]{64}", tags),
            "it asks for a prune and does not name the tags that go")
    return root.number(0), tree_root, bytes.fromhex(tags.decode())


def read_entry(data, seq, schema):
    """What the other events and the tree have to know of an entry."""
    require(16 <= len(data) <= ENTRY_BYTES_MAX, "wrong length")
    require(U32(data, 0)[0] == len(data) - 4, "bytes are left over")
    require(data[8:12] == b"PHEN", "not an entry")
    buffer = Buffer(data, ENTRY_TABLES_MAX)
    try:
        entry = root_view(buffer, 4, ENTRY_SHAPE)
    except Malformed as error:
        raise Failed(f"malformed: {error}") from error
    inner_tables = ENTRY_TABLES_MAX - buffer.tables_left - 1
    require(buffer.content + 8 * inner_tables <= len(data), "its parts overlap")
    if entry.number(0) != 1:
        raise Missing(f"an entry of format {entry.number(0)}")
    require(entry.number(1) == seq, f"it carries the number {entry.number(1)}")
    tags = [(tag.raw(0), tag.number(1), tag.number(2)) for tag in buffer.kept]
    names = [name for name, _, _ in tags]
    for name in names:
        require(len(name) <= TAG_BYTES_MAX and TAG.fullmatch(name), "a malformed tag")
    require(len(set(names)) == len(names), "it has a tag twice")
    kind, payload = entry.number(3), entry.raw(22)
    require(len(payload) >= 8, "its payload is too short")
    root = read_payload(kind, payload, schema)
    keys = read_keys(kind, root) if kind in (CREATED, ANNOUNCED) and root else None
    require((EPOCH_TAG in names) == (keys is not None), "epoch tag and type do not fit")
    require((PRUNE_TAG in names) == (kind in (PRUNE_REQUESTED, PRUNE_COMPLETED)),
            "prune tag and type do not fit")
    prune = read_prune(root) if kind == PRUNE_REQUESTED and root else None
    return Facts(leaf_hash(data), entry.number(2), entry.number(4), entry.number(24), tags, keys,
                 root is not None, prune)


def self_test():
    def build(fields, phase=0):
        """A table of numbers behind its vtable, root offset first."""
        vtable = struct.pack(f"<{2 + len(fields)}H", 4 + 2 * len(fields), 0,
                             *(place for place, _ in fields))
        vtable += bytes(-len(vtable) % 8)
        at = 8 + len(vtable) + phase
        table = bytearray(struct.pack("<i", at - 8)) + bytes(24)
        for place, packed in fields:
            table[place : place + len(packed)] = packed
        return struct.pack("<I", at) + bytes(4) + vtable + bytes(phase) + bytes(table), at

    shape = Shape([number("ulong"), "string"], {0})
    text = struct.pack("<I", 4) + struct.pack("<I", 3) + b"abc\x00"
    data, at = build([(8, struct.pack("<Q", 7)), (16, text)])
    buffer = Buffer(data, 9)
    root = root_view(buffer, 0, shape)
    assert (root.number(0), root.raw(1)) == (7, b"abc"), "a table"
    assert (buffer.content, buffer.listed) == (3, 0), "what a table holds"
    # Three items of a list that are one text.
    shared = struct.pack("<IIIII", 3, 12, 8, 4, 3) + b"abc\x00"
    buffer = Buffer(shared, 9)
    buffer.vector(0, "string")
    assert (buffer.content, buffer.listed) == (0, 33), "what a list holds"
    assert buffer.listed > len(shared), "a list of one text"
    unended = data.replace(b"abc\x00", b"abcd")
    for broken, where, why in (
            (unended, at, "text"), (data[:-8], at, "end"), (data, at + 2, "place"),
            (build([(0, b"")])[0], at, "required"),
            (build([(12, struct.pack("<Q", 7))])[0], at, "alignment")):
        try:
            Buffer(broken, 9).table(where, shape)
        except Malformed:
            continue
        raise AssertionError(f"a table with a wrong {why} was read")
    schema = Schema('/// A: x\ntable T (no: "12", name: "t") { a:uint = 3 (r: "c"); b:[U]; }\n'
                    "table U { s:[string]; k:[ubyte] (required); }")
    assert schema.shapes[12].fields[0] == ("I", 4, 4), "schema"
    inner = schema.shapes[12].fields[1][0]
    assert inner.fields == [["string"], [("B", 1, 1)]] and inner.required == {1}, "schema"
