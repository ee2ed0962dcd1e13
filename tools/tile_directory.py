"""Verifies a log published as a directory of tiles (C2SP tlog-tiles), from its entries up."""

import base64
import pathlib
import re
import struct
import tempfile

from ledger_rows import split_entries
from signed_note import (DASH, HASH_BYTES, WIDTH, Failed, Key, Missing, Note, Tree, leaf_hash, require,
                         sha256, signing_key)

TILE = re.compile(r"(?P<level>entries|0|[1-9][0-9]?)/(?P<n>(?:x[0-9]{3}/)*[0-9]{3})"
                  r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?")


def tile_path(level, n, width=WIDTH):
    """Where tile n of a level is: its number in groups of three digits, all but the last marked."""
    path = f"{n % 1000:03}"
    while n >= 1000:
        n //= 1000
        path = f"x{n % 1000:03}/{path}"
    return f"tile/{level}/{path}" + ("" if width == WIDTH else f".p/{width}")


def tile_of(path):
    """Level, number and width; nothing when the name is not that of a tile."""
    match = TILE.fullmatch(path)
    if match is None:
        return None
    groups = match["n"].replace("x", "").split("/")
    if len(groups) > 1 and groups[0] == "000":
        return None
    width = int(match["width"] or WIDTH)
    if match["width"] and width >= WIDTH:
        return None
    return match["level"], int("".join(groups)), width


def read_bundle(directory, n, width):
    """The first `width` entries of bundle n; a wider bundle has them too."""
    for there in [width] + list(range(width + 1, WIDTH + 1)):
        try:
            data = (directory / tile_path("entries", n, there)).read_bytes()
        except FileNotFoundError:
            continue
        try:
            entries = split_entries(data)
        except Failed as error:
            raise Failed(f"{tile_path('entries', n, there)}: {error}") from error
        require(len(entries) == there, f"{tile_path('entries', n, there)}: {len(entries)} entries")
        return entries[:width]
    raise Missing(f"{tile_path('entries', n, width)} is not there")


def expected_tiles(size):
    """Level, number and width of each tile a log of this size has to serve."""
    level = 0
    while size:
        for n in range(size // WIDTH):
            yield level, n, WIDTH
        if size % WIDTH:
            yield level, size // WIDTH, size % WIDTH
        level, size = level + 1, size // WIDTH


class Tiles:
    def __init__(self, directory, key):
        self.directory, self.key = pathlib.Path(directory), key
        self.hashes = []  # by level
        self.compared = self.beyond = 0

    def verify(self):
        checkpoint = self.directory / "checkpoint"
        if not checkpoint.is_file():
            raise Missing(f"there is no checkpoint in {self.directory}")
        note = Note(checkpoint.read_bytes(), "the checkpoint")
        require(note.origin == self.key.name, f"the checkpoint is of {note.origin}, the key is that "
                                              f"of {self.key.name}")
        note.check(self.key)
        tree, missing = Tree(), None
        for n in range(0, note.size, WIDTH):
            for entry in read_bundle(self.directory, n // WIDTH, min(WIDTH, note.size - n)):
                for level, digest in enumerate(tree.append(leaf_hash(entry))):
                    if level == len(self.hashes):
                        self.hashes.append([])
                    self.hashes[level].append(digest)
        require(tree.root() == note.root, "the entries have another root than the checkpoint says")
        self.compare_files()
        for level, n, width in expected_tiles(note.size):
            tile = self.directory / tile_path(level, n, width)
            if not tile.is_file() and not (self.directory / tile_path(level, n)).is_file():
                missing = missing or tile_path(level, n, width)
        if missing:
            raise Missing(f"{missing} is not there")
        return note

    def compare_files(self):
        root = self.directory / "tile"
        for path in sorted(root.rglob("*")):
            if path.is_dir():
                continue
            name = path.relative_to(root).as_posix()
            tile = tile_of(name)
            require(tile is not None, f"tile/{name} is no tile")
            level, n, width = tile
            height = 0 if level == "entries" else int(level)
            hashes = self.hashes[height] if height < len(self.hashes) else []
            expected = hashes[n * WIDTH : n * WIDTH + width]
            # A log writes tiles before the checkpoint that covers them.
            self.beyond += len(expected) < width
            data = path.read_bytes()
            if level == "entries":
                try:
                    found = [leaf_hash(entry) for entry in split_entries(data)]
                except Failed as error:
                    raise Failed(f"tile/{name}: {error}") from error
            else:
                require(len(data) % HASH_BYTES == 0, f"tile/{name}: wrong length")
                found = [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
            require(len(found) == width, f"tile/{name}: wrong length")
            require(found[: len(expected)] == expected, f"tile/{name} is not what its entries hash "
                                                        "to")
            self.compared += 1


def write_log(directory, entries, signer, key):
    """A small log for the self-test."""
    tree, levels = Tree(), [[], []]
    for entry in entries:
        for level, digest in enumerate(tree.append(leaf_hash(entry))):
            levels[level].append(digest)
    packed = [struct.pack(">H", len(entry)) + entry for entry in entries]
    for level, pieces in (("entries", packed), (0, levels[0]), (1, levels[1])):
        for at in range(0, len(pieces), WIDTH):
            tile = pieces[at : at + WIDTH]
            path = directory / tile_path(level, at // WIDTH, len(tile))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(tile))
    text = f"{key.name}\n{len(entries)}\n{base64.b64encode(tree.root()).decode()}\n"
    payload = base64.b64encode(key.id + signer.sign(text.encode()).signature).decode()
    witness = f"{DASH}witness.example AAAAAAA=\n"
    note = f"{text}\n{witness}{DASH}{key.name} {payload}\n"
    (directory / "checkpoint").write_bytes(note.encode())


def verdict(directory, key):
    try:
        Tiles(directory, key).verify()
    except (Failed, Missing) as error:
        return type(error)
    return None


def self_test():
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067", "tile path"
    assert tile_path(2, 5, 17) == "tile/2/005.p/17", "tile path"
    assert tile_of("entries/x001/x234/067.p/9") == ("entries", 1234067, 9), "tile name"
    for name in ("0/1", "0/001.p/256", "00/001", "0/x000/001", "0/001.p/0", "x/001", "0/x001"):
        assert tile_of(name) is None, f"{name} is no tile"
    assert list(expected_tiles(256)) == [(0, 0, 256), (1, 0, 1)], "tiles of 256"
    tiles = list(expected_tiles(70_000))
    assert len(tiles) == 273 + 1 + 1 + 1 + 1, "tiles of 70,000"
    assert {(0, 273, 112), (1, 1, 17), (2, 0, 1)} <= set(tiles), "tiles of 70,000"

    signer = signing_key(bytes(range(32)))
    typed = b"\x01" + bytes(signer.verify_key)
    number = sha256(b"log.example\n" + typed)[:4].hex()
    key = Key(f"log.example+{number}+{base64.b64encode(typed).decode()}")
    with tempfile.TemporaryDirectory(prefix="phantom-reader-") as scratch:
        directory = pathlib.Path(scratch)
        write_log(directory, [b"%d" % i for i in range(300)], signer, key)
        assert verdict(directory, key) is None, "a log"
        files = sorted(path for path in directory.rglob("*") if path.is_file())
        assert len(files) == 6, "a log of 300 has a checkpoint, bundles and tiles"
        for path in files:
            data = path.read_bytes()
            path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
            assert verdict(directory, key) is Failed, f"{path.name} was changed"
            path.unlink()
            assert verdict(directory, key) is Missing, f"{path.name} is missing"
            path.write_bytes(data)
        (directory / "tile/0/000.p").mkdir()
        (directory / "tile/0/000.p/9").write_bytes((directory / "tile/0/000").read_bytes()[:288])
        assert verdict(directory, key) is None, "a partial tile may stay"
        (directory / "tile/0/000.p/9").write_bytes(bytes(288))
        assert verdict(directory, key) is Failed, "a partial tile may not differ"
