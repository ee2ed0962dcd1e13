"""CRC-32C (Castagnoli), as RocksDB's logs and tables use it, fast enough without a C extension.

A checksum is the remainder of the data, taken as a polynomial over GF(2). The lowest bits of the
data are folded onto higher ones that have the same remainder: x^d for the distances d below sum up
to 1. Squaring keeps such a sum true, so twice and four times the distances do as well, and Python's
long integers fold half of what is left in one step. The last bytes go through the usual table.
"""

DISTANCES = (728, 729, 733, 742, 744, 747, 750, 755, 759)
REVERSED_POLYNOMIAL = 0x82F63B78


def table_of(polynomial):
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        table.append(value)
    return table


TABLE = table_of(REVERSED_POLYNOMIAL)


def crc32c(data):
    length = len(data)
    crc = 0xFFFFFFFF
    if 8 * length > 2 * DISTANCES[-1]:
        bits, scale = int.from_bytes(data, "little") ^ crc, 1
        while 4 * scale * DISTANCES[-1] < 8 * length:
            scale *= 2
        while scale:
            low = scale * DISTANCES[0]
            while 8 * length > low + scale * DISTANCES[-1]:
                part = bits & ((1 << low) - 1)
                bits >>= low
                for distance in DISTANCES:
                    bits ^= part << (distance * scale - low)
                length -= low // 8
            scale //= 2
        data, crc = bits.to_bytes(length, "little"), 0
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked(crc):
    """RocksDB stores checksums in this form, as data with its own checksum in it is a weak spot."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def self_test():
    assert crc32c(b"123456789") == 0xE3069283, "CRC-32C of the check string"
    # RFC 3720 B.4
    for data, crc in ((bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43),
                      (bytes(range(32)), 0x46DD794E)):
        assert crc32c(data) == crc, "CRC-32C of RFC 3720"
    # Appending the checksum gives the same remainder whatever the data: folded or not.
    data = bytes(i * i % 251 for i in range(70_000))
    for length in (1, 180, 188, 190, 191, 379, 381, 760, 1523, 4096, 32_768, 69_999):
        whole = data[:length] + crc32c(data[:length]).to_bytes(4, "little")
        assert crc32c(whole) == 0x48674BC7, f"CRC-32C residue over {length} bytes"
    assert crc32c(data) != crc32c(data[:-1] + b"\x00"), "CRC-32C sees the last byte"
