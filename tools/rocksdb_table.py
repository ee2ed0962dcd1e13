"""Reads RocksDB's block-based tables (.sst, format version 5) by their public format.

A table is a row of blocks, each followed by one byte of compression type and a masked CRC-32C over
both, and a footer. Every block is found through the footer and checked, and they leave no byte
between them, so that no byte of a table goes unseen. What our stores never have (range deletions,
merges, blobs, dictionaries, other checksums) is refused, not skipped.
"""

import os
import struct
import zlib

from crc32c import crc32c, masked

FOOTER_BYTES = 53
HANDLES_END = 41
MAGIC = struct.pack("<Q", 0x88E241B785F4CFF7)
FORMAT_VERSION = 5
CRC32C_TYPE = 1
TRAILER_BYTES = 5
BLOCK_BYTES_MAX = 64 << 20
GROUP_BYTES = 256 << 10
DELETION, VALUE, SINGLE_DELETION = 0, 1, 7
BINARY_SEARCH, TWO_LEVEL = 0, 2
NO_COMPRESSION, ZLIB, LZ4, LZ4HC = 0, 2, 4, 5
COMPARATOR = b"leveldb.BytewiseComparator"


class Damaged(Exception):
    """The files contradict their own format."""


class Unsupported(Exception):
    """Well formed, perhaps, but nothing this reader knows."""


def check(condition, message):
    if not condition:
        raise Damaged(message)


def varint(data, at, bits=64):
    """The number and the place after it."""
    value = shift = 0
    while True:
        check(at < len(data) and shift < bits, "a number runs over its end")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            check(value < 1 << bits, "a number is too large")
            return value, at


def prefixed(data, at):
    """Bytes behind their length, and the place after them."""
    length, at = varint(data, at, 32)
    check(at + length <= len(data), "a text runs over its end")
    return data[at : at + length], at + length


def zigzag(value):
    return value >> 1 ^ -(value & 1)


def lz4_decompress(data, size):
    """One LZ4 block: literals, then copies from what is there already, in turn."""
    out, at, end = bytearray(), 0, len(data)
    try:
        while True:
            token = data[at]
            at += 1
            length = token >> 4
            if length == 15:
                more = 255
                while more == 255:
                    more = data[at]
                    at += 1
                    length += more
            if length:
                out += data[at : at + length]
                at += length
            if at >= end:
                break
            distance = data[at] | data[at + 1] << 8
            at += 2
            length = token & 15
            if length == 15:
                more = 255
                while more == 255:
                    more = data[at]
                    at += 1
                    length += more
            length += 4
            start = len(out) - distance
            check(distance > 0 and start >= 0, "compressed data points before its start")
            if distance >= length:
                out += out[start : start + length]
            else:
                out += (out[start:] * (length // distance + 1))[:length]
            check(len(out) <= size, "compressed data is longer than it says")
    except IndexError as error:
        raise Damaged("compressed data is cut off") from error
    check(at == end and len(out) == size, "compressed data is not as long as it says")
    return bytes(out)


def decompress(data, kind):
    if kind == NO_COMPRESSION:
        return data
    if kind not in (ZLIB, LZ4, LZ4HC):
        raise Unsupported(f"compression type {kind}")
    size, at = varint(data, 0, 32)
    check(size <= BLOCK_BYTES_MAX, "a block says it is larger than blocks are")
    if kind != ZLIB:
        return lz4_decompress(data[at:], size)
    inflate = zlib.decompressobj(wbits=-15)
    try:
        out = inflate.decompress(data[at:], size + 1)
    except zlib.error as error:
        raise Damaged("compressed data does not inflate") from error
    check(len(out) == size and inflate.eof and not inflate.unused_data,
          "compressed data is not as long as it says")
    return out


def open_block(stored, what):
    """The contents of a block, given with its trailer."""
    check(len(stored) > TRAILER_BYTES, f"{what}: cut off")
    good = masked(crc32c(stored[:-4])) == struct.unpack("<I", stored[-4:])[0]
    check(good, f"{what}: wrong checksum")
    return decompress(stored[:-TRAILER_BYTES], stored[-TRAILER_BYTES])


def block_entries(block, delta_values=False):
    """Keys and values in order. Keys share their beginnings, but for those at restart points.

    With delta_values, as in an index, values have no length: they are read as block handles, of
    which all but the first after a restart point say only how much longer they are.
    """
    check(len(block) >= 4, "a block is too short")
    restarts = struct.unpack_from("<I", block, len(block) - 4)[0]
    if restarts >> 31:
        raise Unsupported("a hash index in a data block")
    end = len(block) - 4 - 4 * restarts
    check(restarts > 0 and end >= 0, "a block's restart points run over it")
    points = struct.unpack_from(f"<{restarts}I", block, end)
    entries, starts, at, key, handle = [], set(), 0, b"", (0, 0)
    while at < end:
        begin = at
        shared, at = varint(block, at, 32)
        fresh, at = varint(block, at, 32)
        length = 0
        if not delta_values:
            length, at = varint(block, at, 32)
        check(shared <= len(key) and at + fresh + length <= end, "an entry runs over its block")
        key = key[:shared] + block[at : at + fresh]
        at += fresh
        if shared == 0:
            starts.add(begin)
        if not delta_values:
            value = block[at : at + length]
            at += length
        elif shared == 0:
            offset, at = varint(block, at)
            size, at = varint(block, at)
            value = handle = (offset, size)
        else:
            more, at = varint(block, at)
            value = handle = (sum(handle) + TRAILER_BYTES, handle[1] + zigzag(more))
        entries.append((key, value))
    check(at == end, "an entry runs over its block")
    check(not entries or starts.issuperset(points), "a restart point is inside an entry")
    return entries


def data_rows(block):
    """User key, -(sequence number and kind), value: in the order RocksDB keeps them in."""
    rows = []
    for key, value in block_entries(block):
        check(len(key) >= 8, "a key has no sequence number")
        trailer = int.from_bytes(key[-8:], "little")
        if trailer & 0xFF not in (DELETION, VALUE, SINGLE_DELETION):
            raise Unsupported(f"a row of kind {trailer & 0xFF}")
        rows.append((key[:-8], -trailer, value))
    return rows


def read_group(task):
    """Rows of neighbouring data blocks; the work that other processes can do."""
    descriptor, what, blocks = task
    begin = blocks[0][0]
    stored = os.pread(descriptor, blocks[-1][0] + blocks[-1][1] + TRAILER_BYTES - begin, begin)
    rows = []
    for offset, size, first, last in blocks:
        data = stored[offset - begin : offset - begin + size + TRAILER_BYTES]
        check(len(data) == size + TRAILER_BYTES, f"{what}: cut off")
        try:
            block = data_rows(open_block(data, f"the block at {offset}"))
            in_place = block and first <= block[0][0] and block[-1][0] <= last
            check(in_place, f"the block at {offset} is not where the index has it")
            rows += block
        except Damaged as damage:
            raise Damaged(f"{what}: {damage}") from damage
        except Unsupported as missing:
            raise Unsupported(f"{what}: {missing}") from missing
    return rows


def check_footer(footer, what):
    """Handles of the metaindex and the index. Only the one form our stores are written in passes:
    RocksDB itself does not look at the padding and takes longer forms of a number."""
    check(footer[-8:] == MAGIC, f"{what}: not a block-based table")
    numbers, at = [], 1
    for _ in range(4):
        begin = at
        number, at = varint(footer[:HANDLES_END], at)
        check(at - begin == 1 or footer[at - 1] != 0, f"{what}: its footer is damaged")
        numbers.append(number)
    version = struct.unpack_from("<I", footer, HANDLES_END)[0]
    check(not any(footer[at:HANDLES_END]), f"{what}: its footer is damaged")
    check(version == FORMAT_VERSION, f"{what}: format version {version} in its footer")
    if footer[0] != CRC32C_TYPE:
        raise Unsupported(f"{what}: checksums of type {footer[0]}")
    return (numbers[0], numbers[1]), (numbers[2], numbers[3])


class Table:
    """A table's frame: everything but the data blocks is read and checked here. The file stays
    open, so that it can be read even when the writer has removed it, by processes forked off too."""

    def __init__(self, path):
        self.name = os.path.basename(path)
        self.file = open(path, "rb")
        try:
            self.size = os.fstat(self.file.fileno()).st_size
            check(self.size >= FOOTER_BYTES, f"{self.name}: too short")
            footer = self.read(self.size - FOOTER_BYTES, FOOTER_BYTES)
            self.read_frame(*check_footer(footer, self.name))
        except BaseException:
            self.close()
            raise

    def close(self):
        self.file.close()

    def read(self, offset, size):
        check(offset + size <= self.size, f"{self.name}: a block beyond its end")
        return os.pread(self.file.fileno(), size, offset)

    def block(self, handle):
        offset, size = handle
        return open_block(self.read(offset, size + TRAILER_BYTES), f"{self.name}: {offset}")

    def read_frame(self, metaindex, index):
        blocks = [metaindex, index]
        self.properties = {}
        for name, value in block_entries(self.block(metaindex)):
            offset, at = varint(value, 0)
            size, at = varint(value, at)
            check(at == len(value), f"{self.name}: a malformed handle")
            if name in (b"rocksdb.range_del", b"rocksdb.compression_dict") or name.startswith(
                    b"partitionedfilter."):
                raise Unsupported(f"{self.name}: {name.decode()}")
            block = self.block((offset, size))
            if name == b"rocksdb.properties":
                self.properties = dict(block_entries(block))
            if (offset, size) not in blocks:  # the index may be listed once more
                blocks.append((offset, size))
        self.check_properties()
        self.index = self.index_entries(index)
        if self.index_type == TWO_LEVEL:
            parts = [handle for _, handle in self.index]
            blocks += parts
            self.index = [entry for part in parts for entry in self.index_entries(part)]
        at = 0
        for offset, size in sorted(blocks + [handle for _, handle in self.index]):
            check(offset == at, f"{self.name}: its blocks do not follow each other")
            at += size + TRAILER_BYTES
        check(at == self.size - FOOTER_BYTES, f"{self.name}: bytes before its footer")

    def number(self, name, default=0):
        value = self.properties.get(name.encode())
        if value is None:
            return default
        return varint(value, 0)[0]

    def check_properties(self):
        check(b"rocksdb.num.entries" in self.properties, f"{self.name}: it has no properties")
        kind = self.properties.get(b"rocksdb.block.based.table.index.type", bytes(4))
        check(len(kind) == 4, f"{self.name}: a malformed property")
        self.index_type = struct.unpack("<I", kind)[0]
        if self.index_type not in (BINARY_SEARCH, TWO_LEVEL):
            raise Unsupported(f"{self.name}: an index of type {self.index_type}")
        if self.properties.get(b"rocksdb.comparator") != COMPARATOR:
            raise Unsupported(f"{self.name}: another order of keys")
        for name in ("rocksdb.num.range-deletions", "rocksdb.merge.operands"):
            if self.number(name):
                raise Unsupported(f"{self.name}: {name}")
        if b"rocksdb.external_sst_file.version" in self.properties:
            raise Unsupported(f"{self.name}: made outside of the store")

    def index_entries(self, handle):
        """Last possible user key and handle of each block that an index names."""
        user_keys = self.number("rocksdb.index.key.is.user.key")
        delta_values = self.number("rocksdb.index.value.is.delta.encoded")
        entries = []
        for key, value in block_entries(self.block(handle), bool(delta_values)):
            check(user_keys or len(key) >= 8, f"{self.name}: a malformed index key")
            if not delta_values:
                offset, at = varint(value, 0)
                value = offset, varint(value, at)[0]
            entries.append((key if user_keys else key[:-8], value))
        return entries

    def groups(self, lower=b"", upper=None):
        """Data blocks that may have keys from `lower` to before `upper`, as tasks of read_group."""
        group, size, last = [], 0, b""
        for key, handle in self.index:
            if key >= lower and (upper is None or last < upper):
                group.append((*handle, last, key))
                size += handle[1]
            last = key
            if size >= GROUP_BYTES:
                yield self.file.fileno(), self.name, group
                group, size = [], 0
        if group:
            yield self.file.fileno(), self.name, group


def self_test():
    # A literal, a copy that overlaps itself, then literals to the end.
    assert lz4_decompress(b"\x11a\x01\x00\x50bcdef", 11) == b"aaaaaa" b"bcdef", "LZ4 block"
    long = bytes([0xF0, 5]) + bytes(range(20))
    assert lz4_decompress(long, 20) == bytes(range(20)), "LZ4 long literals"
    for broken in (b"\x11a\x02\x00\x50bcdef", b"\x11a\x00\x00\x50bcdef", b"\x11a\x01", b"\x11a"):
        try:
            lz4_decompress(broken, 11)
        except Damaged:
            continue
        raise AssertionError("broken LZ4 data was read")
    assert varint(b"\xac\x02", 0) == (300, 2) and zigzag(3) == -2, "numbers"
    block = b"\x00\x02\x01abX" + b"\x01\x01\x01cY" + struct.pack("<II", 0, 1)
    assert block_entries(block) == [(b"ab", b"X"), (b"ac", b"Y")], "block"
    index = b"\x00\x01a\x00\x64" + b"\x01\x01b\x05" + struct.pack("<II", 0, 1)
    handles = [value for _, value in block_entries(index, delta_values=True)]
    assert handles == [(0, 100), (105, 97)], "index block"
    stored = block + b"\x00"
    stored += struct.pack("<I", masked(crc32c(stored)))
    assert open_block(stored, "block") == block, "block trailer"
    for place in range(len(stored)):
        flipped = bytearray(stored)
        flipped[place] ^= 1
        try:
            open_block(bytes(flipped), "block")
        except Damaged:
            continue
        raise AssertionError("a damaged block was read")
