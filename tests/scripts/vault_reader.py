#!/usr/bin/env python3
"""A second reader of vault files, from docs/FORMAT-VAULT.md alone: hashlib and PyNaCl, none of phantom's code.

    vault_reader.py                      opens the vectors under tests/golden
    vault_reader.py FILE PASSPHRASE      prints what a vault file holds, one JSON object
"""
import hashlib
import hmac
import json
import pathlib
import struct
import sys

try:
    from nacl import bindings
except ImportError:
    bindings = None

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
SKIPPED = 77


def check(holds, what):
    if not holds:
        raise SystemExit(f"vault_reader: {what}")


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        check(self.at + size <= len(self.data), "cut short")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def text(self):
        return self.take(self.number(2)).decode()


def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def subkey(root, number):
    """crypto_kdf of libsodium, which is BLAKE2b with salt and personalisation."""
    return hashlib.blake2b(b"", digest_size=32, key=root, salt=struct.pack("<QQ", number, 0),
                           person=b"phmvault".ljust(16, b"\0")).digest()


def root_of(method, passes, memory_kib, salt, secret):
    if method == 1:
        return bindings.crypto_pwhash_alg(32, secret, salt, passes, memory_kib * 1024,
                                          bindings.crypto_pwhash_ALG_ARGON2ID13)
    label = {2: b"phantom vault key file v1", 3: b"phantom vault secret service v1"}[method]
    return hashlib.blake2b(label + salt, digest_size=32, key=secret).digest()


def sealed_value(cursor):
    nonce, key, value_nonce = cursor.take(24), cursor.take(48), cursor.take(24)
    return nonce, key, value_nonce, cursor.take(cursor.number(4))


def open_sealed(sealed, wrap, place):
    nonce, wrapped, value_nonce, value = sealed
    unseal = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt
    key = unseal(wrapped, text("phantom vault data key v1") + place, nonce, wrap)
    return unseal(value, text("phantom vault value v1") + place, value_nonce, key).decode()


def read_vault(data, secret):
    check(data[:8] == b"PHMVAULT", "no vault")
    head = Cursor(data[8:-32])
    form, method, zero, version = head.number(2), head.number(1), head.number(1), head.number(8)
    check(form in (1, 2) and zero == 0, f"format {form}")
    passes, memory, salt, key_check = head.number(4), head.number(4), head.take(16), head.take(16)
    project = head.text()
    root = root_of(method, passes, memory, salt, secret)
    check(hmac.compare_digest(subkey(root, 3)[:16], key_check), "wrong passphrase")
    code = hashlib.blake2b(data[:-32], digest_size=32, key=subkey(root, 2)).digest()
    check(hmac.compare_digest(code, data[-32:]), "damaged")
    wrap = subkey(root, 1)
    secrets = []
    for _ in range(head.number(4)):
        name, number, created, changed = head.text(), head.number(8), head.number(8), head.number(8)
        expires = head.number(8) if form > 1 else 0
        placeholder = head.text()
        former = head.text() if form > 1 else ""
        digits = placeholder[4:60]
        mark = hashlib.sha256(b"phantom placeholder v1" + digits.encode()).hexdigest()[:8]
        check(placeholder == "phm_" + digits + mark, f"placeholder of {name}")
        place = text(project) + text(name)
        value = open_sealed(sealed_value(head), wrap,
                            place + struct.pack(">Q", number) + text(placeholder))
        older = []
        for _ in range(head.number(1) if form > 1 else 0):
            old, old_changed, old_expires, with_placeholder = (
                head.number(8), head.number(8), head.number(8), head.text())
            opened = open_sealed(sealed_value(head), wrap,
                                 place + struct.pack(">Q", old) + text(with_placeholder))
            older.append({"version": old, "changed_ns": old_changed, "expires_ns": old_expires,
                          "value": opened})
        secrets.append({"name": name, "version": number, "created_ns": created,
                        "changed_ns": changed, "expires_ns": expires, "placeholder": placeholder,
                        "former": former, "value": value, "older": older})
    check(head.at == len(head.data), "bytes are left over")
    check([s["name"] for s in secrets] == sorted(s["name"] for s in secrets), "not in order")
    return {"format": form, "version": version, "project": project, "secrets": secrets}


def open_vectors():
    passphrase, key = b"correct horse", bytes(range(32))
    for name, secret, count in (("vault_format_1_passphrase.hex", passphrase, 2),
                                ("vault_format_1_key_file.hex", key, 2),
                                ("vault_format_2_passphrase.hex", passphrase, 3)):
        data = bytes.fromhex((GOLDEN / name).read_text().replace("\n", ""))
        vault = read_vault(data, secret)
        check(len(vault["secrets"]) == count and vault["project"] == "demo", name)
        for each in vault["secrets"]:
            check(each["value"] == "example-value-of-" + each["name"], name)
            for older in each["older"]:
                check(older["value"] == "older-example-value-of-" + each["name"], name)
        check(any(each["older"] for each in vault["secrets"]) == (vault["format"] == 2), name)
        for at in range(8, len(data), 7):
            bad = data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
            if 20 <= at < 28:
                continue  # a cost that would only take time
            try:
                read_vault(bad, secret)
            except (SystemExit, UnicodeDecodeError, KeyError):
                continue
            raise SystemExit(f"vault_reader: {name}: a flipped byte {at} was not noticed")


def main():
    if bindings is None:
        print("vault_reader: PyNaCl is missing", file=sys.stderr)
        return SKIPPED
    if len(sys.argv) == 3:
        data = pathlib.Path(sys.argv[1]).read_bytes()
        print(json.dumps(read_vault(data, sys.argv[2].encode())))
        return 0
    open_vectors()
    return 0


if __name__ == "__main__":
    sys.exit(main())
