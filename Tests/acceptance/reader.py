#!/usr/bin/env python3
"""An independent reader of Holdfast repositories, written from docs/format.md alone.

    nice python3 Tests/acceptance/reader.py verify --repository REPO --password-file FILE

Commands: `snapshots` · `restore ID|latest DIR` · `verify` · `dump-pack NAME` · `self-test` (needs no repository).
The key is one of --password-file, --key-file, --words-file or --slot-secret-hex. `verify` checks every object without
writing anything; `restore` writes into a directory that is new or empty. Needs Python 3.11 and the Debian packages
python3-cryptography and python3-zstandard. Section numbers in the comments are those of docs/format.md.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import hmac
import itertools
import os
import re
import stat
import sys
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import zstandard
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KIB, MIB = 1 << 10, 1 << 20


class FormatError(Exception):
    """Something in the repository is not as the format says."""


def require(condition: bool, message: str) -> None:
    if not condition:
        raise FormatError(message)


# --- §1 Conventions ---------------------------------------------------------------------------------------------------


class Cursor:
    """Reads integers and byte strings from front to back, and never past the end."""

    def __init__(self, data: bytes, what: str) -> None:
        self.data, self.at, self.what = data, 0, what

    def take(self, count: int) -> bytes:
        require(count <= len(self.data) - self.at, f"{self.what}: ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def unsigned(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def varint(self) -> int:
        value = 0
        for index in range(10):
            byte = self.unsigned(1)
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                require(byte != 0 or index == 0, f"{self.what}: a varint is longer than needed")
                require(value < 1 << 64, f"{self.what}: a varint exceeds 64 bits")
                return value
        raise FormatError(f"{self.what}: a varint has more than 10 bytes")

    @property
    def done(self) -> bool:
        return self.at == len(self.data)

    def finish(self) -> None:
        require(self.done, f"{self.what}: {len(self.data) - self.at} bytes too many")


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def u8(value: int) -> bytes:
    return value.to_bytes(1, "little")


def u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def u64(value: int) -> bytes:
    return value.to_bytes(8, "little")


def sha256(*parts: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")


def expand(prk: bytes, info: bytes, length: int) -> bytes:
    out, block = bytearray(), b""
    for counter in itertools.count(1):
        if len(out) >= length:
            return bytes(out[:length])
        block = mac(prk, block, info, u8(counter))
        out += block
    raise AssertionError


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int = 32) -> bytes:
    return expand(mac(salt, ikm), info, length)


AEADS: dict[int, tuple[type, int]] = {1: (AESGCM, 0x0002), 2: (ChaCha20Poly1305, 0x0003)}


def known_suite(suite: int, what: str) -> None:
    require(suite in AEADS, f"{what}: unknown suite {suite}")


def unseal(suite: int, key: bytes, counter: int, aad: bytes, sealed: bytes, what: str) -> bytes:
    known_suite(suite, what)
    try:
        return AEADS[suite][0](key).decrypt(bytes(4) + counter.to_bytes(8, "big"), sealed, aad)
    except (InvalidTag, ValueError):
        raise FormatError(f"{what}: does not open (damaged, forged, or another key)") from None


def hpke_open(suite: int, private: bytes, encapsulated: bytes, info: bytes, aad: bytes, sealed: bytes) -> bytes:
    """RFC 9180, base mode, single shot; DHKEM(X25519, HKDF-SHA256), HKDF-SHA256."""
    known_suite(suite, "HPKE")
    aead, aead_id = AEADS[suite]
    kem_suite = b"KEM\x00\x20"
    hpke_suite = b"HPKE\x00\x20\x00\x01" + aead_id.to_bytes(2, "big")

    def labeled_extract(suite_id: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return mac(salt, b"HPKE-v1", suite_id, label, ikm)

    def labeled_expand(suite_id: bytes, prk: bytes, label: bytes, context: bytes, length: int) -> bytes:
        return expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + label + context, length)

    try:
        shared_point = X25519PrivateKey.from_private_bytes(private).exchange(
            X25519PublicKey.from_public_bytes(encapsulated)
        )
        eae = labeled_extract(kem_suite, b"", b"eae_prk", shared_point)
        shared = labeled_expand(kem_suite, eae, b"shared_secret", encapsulated + x25519_public(private), 32)
        context = (
            b"\0"
            + labeled_extract(hpke_suite, b"", b"psk_id_hash", b"")
            + labeled_extract(hpke_suite, b"", b"info_hash", info)
        )
        secret = labeled_extract(hpke_suite, shared, b"secret", b"")
        key = labeled_expand(hpke_suite, secret, b"key", context, 32)
        nonce = labeled_expand(hpke_suite, secret, b"base_nonce", context, 12)
        return aead(key).decrypt(nonce, sealed, aad)
    except (InvalidTag, ValueError):
        raise FormatError("a sealed key does not open (damaged, forged, or another key)") from None


def x25519_public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def ed25519_public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def shown(value: bytes | str) -> str:
    """A name for a terminal: whatever is not printable is escaped."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown_time(nanoseconds: int) -> str:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
        return moment.strftime("%Y-%m-%d %H:%M:%S")
    except OverflowError:
        return f"{nanoseconds} ns"


# --- §1.2 Fields ------------------------------------------------------------------------------------------------------

RawFields = list[tuple[int, bytes]]
Record = dict[str, Any]


class Field(NamedTuple):
    """`form`: n, s, t, r, b, b<size>; then `+` (must be there), `?` (may be absent) and `*` (repeated).

    Without a mark, b<size> must be there, the others may be absent. `e` is an epoch, which must be there.
    """

    name: str
    form: str
    schema: Schema | None = None


Schema = dict[int, Field]


def split_fields(data: bytes, what: str) -> RawFields:
    cursor = Cursor(data, what)
    out: RawFields = []
    while not cursor.done:
        tag = cursor.varint()
        require(tag > 0 and (not out or tag >= out[-1][0]), f"{what}: tag {tag} is out of order")
        out.append((tag, cursor.take(cursor.varint())))
    return out


def encode_field(tag: int, value: bytes) -> bytes:
    return varint(tag) + varint(len(value)) + value


def decode_value(value: bytes, spec: Field, what: str) -> Any:
    what = f"{what}, {spec.name}"
    form = spec.form.rstrip("?*+")
    if form in ("n", "s", "e"):
        cursor = Cursor(value, what)
        number = cursor.varint()
        cursor.finish()
        require(form != "e" or number < 1 << 32, f"{what}: exceeds 32 bits")
        return (number >> 1) ^ -(number & 1) if form == "s" else number
    if form == "t":
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise FormatError(f"{what}: not UTF-8") from None
    if form == "r":
        return decode_fields(split_fields(value, what), spec.schema or {}, what)
    require(form == "b" or len(value) == int(form[1:]), f"{what}: has {len(value)} bytes")
    return value


def empty_value(spec: Field, what: str) -> Any:
    if spec.form.endswith("*"):
        return []
    require(spec.form != "e" and not spec.form.endswith("+"), f"{what}: {spec.name} is missing")
    form = spec.form.rstrip("?")
    if form in ("n", "s"):
        return 0
    if form == "t":
        return ""
    if form == "r" or spec.form.endswith("?"):
        return None
    require(form == "b", f"{what}: {spec.name} is missing")
    return b""


def decode_fields(fields: RawFields, schema: Schema, what: str) -> Record:
    record: Record = {}
    for tag, value in fields:
        spec = schema.get(tag)
        if spec is None:
            require(tag % 2 == 0, f"{what}: unknown critical tag {tag}")
            continue
        repeated = spec.form.endswith("*")
        require(repeated or spec.name not in record, f"{what}: tag {tag} occurs twice")
        decoded = decode_value(value, spec, what)
        if repeated:
            record.setdefault(spec.name, []).append(decoded)
            continue
        empty = decoded == 0 if spec.form != "r" else value == b"" and spec.name == "retention"
        require(not empty and (value != b"" or spec.form.startswith("r")), f"{what}: tag {tag} is zero or empty")
        record[spec.name] = decoded
    for spec in schema.values():
        if spec.name not in record:
            record[spec.name] = empty_value(spec, what)
    return record


def schema(*rows: tuple[Any, ...]) -> Schema:
    return {row[0]: Field(*row[1:]) for row in rows}


HEAD = ((1, "repository", "b32"), (3, "member", "b16"))
COMMIT_AT = schema((1, "member", "b16"), (3, "incarnation", "b8"), (5, "number", "n+"), (7, "sha", "b32"))
FORMAT = schema(
    (1, "version", "n+"), (2, "created", "s"), (3, "repository", "b32"), (5, "policy", "b32"), (7, "features", "t*")
)
MEMBER = schema(
    (1, "id", "b16"), (2, "name", "t"), (3, "public", "b32"), (5, "role", "n+"), (7, "serial", "n"),
    (9, "domains", "b16*"), (12, "not_before", "s"), (14, "not_after", "s"), (16, "agreement", "b32?"),
    (18, "slots", "b32*"),
)  # fmt: skip
DOMAIN = schema((1, "id", "b16"), (2, "name", "t"), (3, "epoch", "e"), (5, "readers", "b32*"))
REVOCATION = schema(
    (1, "member", "b16"), (3, "time", "s"),
    (5, "last", "r*", schema((1, "incarnation", "b8"), (3, "number", "n+"), (5, "sha", "b32"))),
    (6, "forgotten", "n"),
)  # fmt: skip
POLICY = schema(
    *HEAD, (5, "number", "n"), (7, "previous", "b32?"), (8, "time", "s"), (9, "suite", "n+"),
    (11, "members", "r*", MEMBER), (13, "domains", "r*", DOMAIN), (15, "managers", "b32*"), (17, "slots", "b32*"),
    (19, "features", "t*"), (21, "revocations", "r*", REVOCATION),
    (22, "retention", "r", schema((2, "least", "n"), (4, "most", "n"))),
)  # fmt: skip
SLOT = schema(
    (1, "repository", "b32"), (2, "label", "t"), (3, "kind", "n+"), (4, "created", "s"), (5, "suite", "n+"),
    (7, "salt", "b32"), (9, "log_n", "n"), (11, "r", "n"), (13, "p", "n"), (15, "commitment", "b32"),
    (17, "wrapped", "b80?"), (19, "recipient", "b8?"),
)  # fmt: skip
KEYRING = schema(
    (1, "repository", "b32"), (3, "secret", "b32?"), (5, "owner", "b32"), (7, "member", "b16"), (9, "seed", "b32?"),
    (11, "role", "n+"), (13, "readers", "r*", schema((1, "domain", "b16"), (3, "private", "b32"))),
    (15, "managers", "b32*"),
    (17, "derived", "r*", schema(
        (1, "domain", "b16"), (3, "epoch", "e"), (5, "chunk_id", "b32"), (7, "chunker", "b32"), (9, "directory", "b32"),
        (11, "dataset", "b32"),
    )),
)  # fmt: skip
KEY_BOX = schema(
    (1, "purpose", "n+"), (3, "commitment", "b32"),
    (5, "recipients", "r*", schema((1, "hint", "b8"), (3, "encapsulated", "b32"), (5, "sealed", "b48"))),
)  # fmt: skip
PACK_HEADER = schema(
    (1, "repository", "b32"), (3, "suite", "n+"), (5, "domain", "b16"), (7, "epoch", "e"), (9, "member", "b16"),
    (11, "run", "b16"), (13, "type", "n+"), (15, "salt", "b32"), (17, "box", "r+", KEY_BOX),
)  # fmt: skip
INDEX_HEADER = schema(
    (1, "repository", "b32"), (3, "suite", "n+"), (5, "domain", "b16"), (7, "epoch", "e"), (9, "salt", "b32")
)
PACK_LIST = schema(
    *HEAD, (5, "domain", "b16"), (7, "epoch", "e"), (9, "run", "b16"), (11, "number", "n"), (13, "kind", "n+"),
    (15, "packs", "b"), (17, "fragments", "b"),
)  # fmt: skip
COMMIT = schema(
    *HEAD, (5, "domain", "b16"), (7, "epoch", "e"), (9, "incarnation", "b8"), (11, "run", "b16"), (13, "serial", "n"),
    (15, "policy", "n"), (17, "policy_sha", "b32"), (19, "dataset", "b16"), (21, "number", "n+"),
    (23, "previous", "b32?"), (25, "time", "s"), (27, "root", "r+", schema((1, "chunk", "b32"), (3, "level", "n"))),
    (29, "added", "r*", schema((1, "number", "n"), (3, "sha", "b32"))),
    (31, "referred", "r*", schema((1, "member", "b16"), (3, "run", "b16"), (5, "number", "n"), (7, "sha", "b32"))),
    (33, "seen", "r*", COMMIT_AT), (35, "box", "r+", KEY_BOX), (37, "salt", "b32"), (39, "sealed", "b+"),
    (40, "interval", "n"), (42, "knowledge", "r*", schema((1, "site", "b16"), (3, "counter", "n"))),
    (43, "replaces", "b32?"),
)  # fmt: skip
STATISTICS = schema(
    (2, "new", "n"), (4, "changed", "n"), (6, "unmodified", "n"), (8, "directories", "n"), (10, "read", "n"),
    (12, "added", "n"), (14, "stored", "n"), (16, "failures", "n"), (18, "milliseconds", "n"), (20, "entries", "n"),
    (22, "content", "n"),
)  # fmt: skip
SEALED_PART = schema(
    (1, "dataset", "t"), (3, "time", "s"), (4, "host", "t"), (5, "paths", "b*"), (6, "user", "t"), (8, "tags", "t*"),
    (10, "description", "t"), (12, "program", "t"), (14, "statistics", "r", STATISTICS), (16, "excludes", "b*"),
    (18, "parent", "b32?"), (19, "flags", "n"), (21, "digest", "b32"),
    (23, "chunker", "r", schema((1, "kind", "n"), (3, "minimum", "n"), (5, "average", "n"), (7, "maximum", "n"))),
)  # fmt: skip
LEASE = schema(
    *HEAD, (5, "whose", "b16"), (7, "run", "b16"), (9, "number", "n"), (11, "state", "n+"), (13, "time", "s"),
    (15, "duration", "n"), (17, "what", "n+"), (18, "boot", "b16?"), (20, "process", "n"), (22, "start", "n"),
    (24, "commit", "b32?"),
)  # fmt: skip
ATTESTED = schema(
    *HEAD, (5, "domain", "b16"), (7, "epoch", "e"), (9, "number", "n"), (11, "previous", "b32?"), (13, "packs", "b"),
    (15, "time", "s"),
)  # fmt: skip
PLAN = schema(
    *HEAD, (5, "number", "n"), (7, "time", "s"), (9, "packs", "b"), (11, "fragments", "b"),
    (13, "replaced", "r*", schema((1, "old", "b32"), (3, "new", "b32*"))),
)  # fmt: skip
PLAN_DONE = schema(
    *HEAD, (5, "number", "n"), (7, "plan", "b32"), (9, "time", "s"), (11, "heads", "r*", COMMIT_AT), (13, "kept", "b"),
    (15, "dead", "b"),
)
FORGOTTEN = schema(
    *HEAD, (5, "number", "n"), (7, "time", "s"),
    (9, "commits", "r*", COMMIT_AT | schema((9, "previous", "b32?"))),
)  # fmt: skip
HOLD = schema(
    *HEAD, (5, "number", "n"), (7, "time", "s"), (9, "held", "b"), (11, "released", "b"), (13, "until", "s"),
    (14, "reason", "t"),
)  # fmt: skip
RECEIPT = schema(*HEAD, (5, "number", "n"), (7, "commit", "b32"), (9, "time", "s"), (10, "target", "t"))
ERASED = schema(
    *HEAD, (5, "number", "n"), (7, "time", "s"),
    (9, "replacements", "r*", schema(
        (1, "chunk", "b32"), (3, "ranges", "r*", schema((1, "offset", "n"), (3, "length", "n+"))), (5, "new", "b32?"),
    )),
)  # fmt: skip
AUDIT = schema(
    *HEAD, (5, "number", "n"), (7, "previous", "b32?"), (9, "time", "s"), (11, "what", "t+"),
    (12, "details", "r*", schema((1, "name", "t+"), (2, "value", "t"))),
)  # fmt: skip


# --- §1.3 Objects and §1.5 signed records -----------------------------------------------------------------------------


def magic(letter: str) -> bytes:
    return b"HFST-" + letter.encode() + b"1\n"


class RecordKind(NamedTuple):
    letter: str
    schema: Schema
    limit: int


COMMITS = RecordKind("C", COMMIT, 64 * MIB)
PACK_LISTS = RecordKind("L", PACK_LIST, 64 * MIB)
POLICIES = RecordKind("O", POLICY, 4 * MIB)
M, R, N, H = "[0-9a-f]{32}", "[0-9a-f]{32}", "[0-9]{10}", "[0-9a-f]{64}"
#: Signed records besides policies, pack lists and commits: pattern of the name, kind, fields that repeat parts of it.
OTHER_RECORDS: list[tuple[str, RecordKind, tuple[str, ...]]] = [
    (f"leases/({M})/({R})/({N}|end|dead)", RecordKind("E", LEASE, 64 * KIB), ("whose", "run", "number")),
    (f"attested/({M})/({N})", RecordKind("A", ATTESTED, 64 * MIB), ("member", "number")),
    (f"plans/({N})-({H})", RecordKind("D", PLAN, 64 * MIB), ("number", "sha")),
    (f"plans/({N})\\.done", RecordKind("N", PLAN_DONE, 64 * MIB), ("number",)),
    (f"forgotten/({N})", RecordKind("G", FORGOTTEN, 64 * MIB), ("number",)),
    (f"holds/({N})", RecordKind("H", HOLD, 64 * MIB), ("number",)),
    (f"receipts/({M})/({N})", RecordKind("R", RECEIPT, 64 * MIB), ("member", "number")),
    (f"erased/({N})", RecordKind("X", ERASED, 64 * MIB), ("number",)),
    (f"audit/({M})/({N})", RecordKind("U", AUDIT, 64 * MIB), ("member", "number")),
]


class Directory:
    """The repository's place: objects by name, read whole within a bound."""

    def __init__(self, path: str) -> None:
        self.path = path
        require(os.path.isfile(self.file("format")), f"{path}: not a repository (it has no object `format`)")

    def file(self, name: str) -> str:
        return os.path.join(self.path, name)

    def size(self, name: str) -> int:
        try:
            status = os.stat(self.file(name))
        except FileNotFoundError:
            raise FormatError(f"{name}: missing") from None
        require(stat.S_ISREG(status.st_mode), f"{name}: not a regular file")
        return status.st_size

    def read(self, name: str, limit: int) -> bytes:
        size = self.size(name)
        require(size <= limit, f"{name}: {size} bytes, at most {limit} are allowed")
        with open(self.file(name), "rb") as handle:
            data = handle.read(limit + 1)
        require(len(data) == size, f"{name}: changed while it was read")
        return data

    def names(self, pattern: str) -> Iterator[re.Match[str]]:
        """Names of objects that match, in ascending order; anything else in the place is not part of the repository."""
        top = pattern.split("/")[0]
        found: list[str] = []
        for folder, _, files in os.walk(self.file(top)):
            found += (os.path.relpath(os.path.join(folder, name), self.path) for name in files)
        return filter(None, (re.fullmatch(pattern, name) for name in sorted(found)))


def framed(data: bytes, letter: str, what: str) -> tuple[bytes, int]:
    """`magic ‖ u32 length ‖ body …`: the body and the offset behind it."""
    require(data[:8] == magic(letter), f"{what}: does not begin as an object of its kind and version 1")
    cursor = Cursor(data, what)
    cursor.take(8)
    body = cursor.take(cursor.unsigned(4))
    return body, cursor.at


@dataclass
class Signed:
    name: str
    sha: bytes
    record: Record


def open_signed(
    data: bytes, name: str, kind: RecordKind, repository: bytes, public_of: Callable[[bytes], bytes | None]
) -> Signed:
    body, end = framed(data, kind.letter, name)
    require(len(data) == end + 64, f"{name}: the signature does not end the object")
    record = decode_fields(split_fields(body, name), kind.schema, name)
    require(record["repository"] == repository, f"{name}: belongs to another repository")
    public = public_of(record["member"])
    require(public is not None, f"{name}: signed by {record['member'].hex()}, who is not a member")
    try:
        message = b"holdfast/v1/signed\0" + magic(kind.letter) + repository + body
        Ed25519PublicKey.from_public_bytes(public or b"").verify(data[end:], message)
    except (InvalidSignature, ValueError):
        raise FormatError(f"{name}: the signature is wrong") from None
    return Signed(name, sha256(data), record)


def unique(what: str, items: Iterable[Any]) -> None:
    seen: set[Any] = set()
    for item in items:
        require(item not in seen, f"{what} occurs twice")
        seen.add(item)


def split_names(data: bytes, with_length: bool, what: str) -> dict[bytes, int]:
    """Name (32) [‖ u64 length] each, ascending without duplicates."""
    width = 40 if with_length else 32
    require(len(data) % width == 0, f"{what}: a list of names has a length of {len(data)}")
    out: dict[bytes, int] = {}
    last = b""
    for at in range(0, len(data), width):
        name = data[at : at + 32]
        require(name > last or not out, f"{what}: names are not ascending")
        out[name] = int.from_bytes(data[at + 32 : at + width], "little")
        last = name
    return out


# --- §5 Key slots -----------------------------------------------------------------------------------------------------

CONSONANTS, VOWELS = "bdfghjklmnprstvz", "aiou"


def secret_from_words(text: str) -> bytes:
    """§5.2"""
    letters = re.sub(r"[\s-]+", "", text).lower()
    require(len(letters) == 90, f"recovery words: {len(letters)} letters instead of 90 (18 words of 5)")
    data = bytearray()
    for at in range(0, 90, 5):
        group = 0
        for letter, alphabet in zip(letters[at : at + 5], (CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS)):
            index = alphabet.find(letter)
            require(index >= 0, f"recovery words: `{shown(letters[at : at + 5])}` is not a word of the list")
            group = group << (4 if alphabet is CONSONANTS else 2) | index
        data += group.to_bytes(2, "big")
    secret, check = bytes(data[:32]), bytes(data[32:])
    require(sha256(b"holdfast/v1/recovery\0", secret)[:4] == check, "recovery words: the checksum is wrong")
    return secret


def words_from_secret(secret: bytes) -> str:
    data = secret + sha256(b"holdfast/v1/recovery\0", secret)[:4]
    words = []
    for at in range(0, len(data), 2):
        group = int.from_bytes(data[at : at + 2], "big")
        parts = (
            (CONSONANTS, group >> 12), (VOWELS, group >> 10 & 3), (CONSONANTS, group >> 6 & 15),
            (VOWELS, group >> 4 & 3), (CONSONANTS, group & 15),
        )  # fmt: skip
        words.append("".join(alphabet[index] for alphabet, index in parts))
    return " ".join(words)


@dataclass
class KeyFile:
    repository: bytes
    slot: bytes
    secret: bytes


@dataclass
class MemberFile:
    repository: bytes
    owner: bytes
    seed: bytes

    @property
    def agreement_key(self) -> bytes:
        return agreement_key(self.seed, self.repository)


def agreement_key(seed: bytes, repository: bytes) -> bytes:
    """§5.3"""
    return hkdf(seed, repository, b"holdfast/v1/member-agreement")


def parse_key_file(text: str) -> KeyFile | MemberFile:
    """§5.1, §5.3"""
    lines = [line.removesuffix("\r") for line in text.split("\n") if line.strip(" \t\r") and not line.startswith("#")]
    member = bool(lines) and lines[0].startswith("holdfast-member: ")
    names = ("holdfast-member", "owner", "seed") if member else ("holdfast-key", "slot", "secret")
    patterns = (
        f"{names[0]}: 1", f"repository: ({H})", f"{names[1]}: ({H})", f"{names[2]}: ({H})", "check: ([0-9a-f]{16})"
    )  # fmt: skip
    matches = [re.fullmatch(pattern, line) for pattern, line in zip(patterns, lines)]
    if len(lines) != len(patterns) or not all(matches):
        raise FormatError("key file: not the five lines that a key file has")
    check = sha256("".join(line + "\n" for line in lines[:4]).encode())[:8].hex()
    require(matches[4][1] == check, "key file: the check is wrong")  # type: ignore[index]
    return (MemberFile if member else KeyFile)(*(bytes.fromhex(match[1]) for match in matches[1:4]))  # type: ignore[index]


@dataclass
class Slot:
    name: bytes
    header: Record
    aad: bytes
    sealed: bytes

    def passphrase_secret(self, passphrase: bytes) -> bytes:
        header = self.header
        log_n, r, p = header["log_n"], header["r"], header["p"]
        maximum = (128 * r << log_n) + 128 * r * (p + 2) + MIB
        return hashlib.scrypt(
            passphrase, salt=header["salt"], n=1 << log_n, r=r, p=p, maxmem=min(maximum, 2**31 - 1), dklen=32
        )

    def opens_with(self, secret: bytes) -> bool:
        commitment = hkdf(secret, self.header["salt"], b"holdfast/v1/slot/commitment")
        return hmac.compare_digest(commitment, self.header["commitment"])

    def keyring(self, secret: bytes) -> Record:
        what = f"key slot {self.name.hex()}"
        key = hkdf(secret, self.header["salt"], b"holdfast/v1/slot/key")
        plain = unseal(self.header["suite"], key, 0, self.aad, self.sealed, what)
        keyring = decode_fields(split_fields(plain, f"{what}, keyring"), KEYRING, f"{what}, keyring")
        require((keyring["seed"] is None) == (self.header["kind"] == 4), f"{what}: a seed is missing or out of place")
        return keyring

    def keyring_of_member(self, private: bytes) -> Record:
        """§5: what HPKE opens for the agreement key."""
        what, header = f"key slot {self.name.hex()}", self.header
        require(header["kind"] == 4, f"{what}: not that of a member")
        require(header["recipient"] == sha256(x25519_public(private))[:8], f"{what}: sealed to another member")
        info = b"holdfast/v1/slot/recipient" + header["repository"]
        wrapped = header["wrapped"]
        secret = hpke_open(header["suite"], private, wrapped[:32], info, header["salt"], wrapped[32:])
        require(self.opens_with(secret), f"{what}: the commitment is wrong")
        return self.keyring(secret)


def check_cost(header: Record, what: str) -> None:
    log_n, r, p = header["log_n"], header["r"], header["p"]
    require(14 <= log_n <= 20 and 1 <= r <= 32 and 1 <= p <= 4, f"{what}: scrypt parameters out of bounds")
    require(128 * r << log_n <= 1 << 30, f"{what}: scrypt would need more than 1 GiB")


def parse_slot(name: bytes, data: bytes, repository: bytes) -> Slot:
    what = f"keys/{name.hex()}"
    require(sha256(data) == name, f"{what}: its bytes are not those of its name")
    body, end = framed(data, "K", what)
    header = decode_fields(split_fields(body, what), SLOT, what)
    require(header["repository"] == repository, f"{what}: belongs to another repository")
    known_suite(header["suite"], what)
    require(1 <= header["kind"] <= 4, f"{what}: unknown kind {header['kind']}")
    if header["kind"] == 1:
        check_cost(header, what)
    for names, kind in ((("log_n", "r", "p"), 1), (("wrapped", "recipient"), 4)):
        for part in names:
            require(bool(header[part]) == (header["kind"] == kind), f"{what}: {part} does not fit the kind of the slot")
    cursor = Cursor(data[end:], what)
    sealed = cursor.take(cursor.unsigned(4))
    cursor.finish()
    return Slot(name, header, data[:end], sealed)


class Credential(NamedTuple):
    kind: int  # of slot
    secret: bytes  # passphrase or slot secret
    key_file: KeyFile | None = None
    member: MemberFile | None = None


# --- §7 Chunks --------------------------------------------------------------------------------------------------------

PLAIN_LIMIT, FRAME_LIMIT, PACK_LIMIT, FRAMES_LIMIT = 16 * MIB, 16 * MIB + 64 * KIB, 512 * MIB, 1 << 20
DATA, PAGE, EXTENT_PAGE = 1, 2, 3
STORED, ZLIB, ZSTD, ZSTD_PREFIX = 0, 1, 2, 3


def decompress(codec: int, data: bytes, length: int, base: bytes, what: str) -> bytes:
    if codec == STORED:
        plain = data
    elif codec == ZLIB:
        plain = inflate(data, length, what)
    else:
        plain = unzstd(data, length, base, what)
    require(len(plain) == length, f"{what}: decompresses to {len(plain)} bytes instead of {length}")
    return plain


def inflate(data: bytes, length: int, what: str) -> bytes:
    stream = zlib.decompressobj(-15)
    try:
        plain = stream.decompress(data, length)
        plain += stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error as error:
        raise FormatError(f"{what}: {error}") from None
    require(stream.eof and not stream.unused_data, f"{what}: not exactly one deflate stream")
    return plain


def unzstd(data: bytes, length: int, base: bytes, what: str) -> bytes:
    require(data[:4] == b"\x28\xb5\x2f\xfd" and len(data) > 5, f"{what}: not a zstd frame")
    require(data[4] & 3 == 0, f"{what}: the zstd frame names a dictionary")
    dictionary = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if base else None
    try:
        parameters = zstandard.get_frame_parameters(data)
        declared = parameters.content_size
        require(declared in (length, zstandard.CONTENTSIZE_UNKNOWN), f"{what}: the zstd frame declares another length")
        require(parameters.window_size <= 128 * MIB, f"{what}: the zstd frame has a window above 128 MiB")
        return zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=128 * MIB).decompress(
            data, max_output_size=length, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise FormatError(f"{what}: {error}") from None


# --- §8 Packs ---------------------------------------------------------------------------------------------------------


class FrameEntry(NamedTuple):
    chunk: bytes
    type: int
    codec: int
    plain: int
    compressed: int
    base: bytes | None


def read_directory_entries(cursor: Cursor, count: int) -> list[FrameEntry]:
    what = cursor.what
    require(count <= FRAMES_LIMIT, f"{what}: {count} frames")
    require(count * 44 <= len(cursor.data) - cursor.at, f"{what}: ends early")
    out = []
    for _ in range(count):
        chunk, kind, codec, flags = cursor.take(32), cursor.unsigned(1), cursor.unsigned(1), cursor.unsigned(1)
        require(cursor.unsigned(1) == 0, f"{what}: a reserved byte is not zero")
        plain, compressed = cursor.unsigned(4), cursor.unsigned(4)
        require(kind in (DATA, PAGE, EXTENT_PAGE) and codec <= ZSTD_PREFIX, f"{what}: unknown chunk type or codec")
        require(flags == (codec == ZSTD_PREFIX), f"{what}: flags {flags} with codec {codec}")
        require(plain <= PLAIN_LIMIT and compressed <= FRAME_LIMIT, f"{what}: a frame exceeds the bounds")
        require(plain == compressed or codec != STORED, f"{what}: a stored chunk has two lengths")
        out.append(FrameEntry(chunk, kind, codec, plain, compressed, cursor.take(32) if flags else None))
    return out


@dataclass
class Pack:
    name: bytes
    length: int
    header: Record
    first: int  # offset of frame 0
    entries: list[FrameEntry]
    offsets: list[int]
    padding: int
    key: bytes | None = None

    @property
    def label(self) -> str:
        return pack_name(self.name)


def pack_name(name: bytes) -> str:
    return f"packs/{name.hex()[:2]}/{name.hex()}"


class Location(NamedTuple):
    pack: Pack
    place: int

    @property
    def entry(self) -> FrameEntry:
        return self.pack.entries[self.place]


# --- The repository ---------------------------------------------------------------------------------------------------

ROLES = {1: "owner", 2: "manager", 3: "writer", 4: "reader", 5: "replica"}


class DomainKeys(NamedTuple):
    chunk_id: bytes
    chunker: bytes
    directory: bytes
    dataset: bytes


@dataclass
class Commit:
    signed: Signed
    sealed: Record
    packs: set[bytes]

    @property
    def id(self) -> bytes:
        return self.signed.sha


class Repository:
    def __init__(self, path: str, credential: Credential, warn: Callable[[str], None]) -> None:
        self.place, self.warn = Directory(path), warn
        self.packs: dict[bytes, Pack] = {}
        self.where: dict[bytes, list[Location]] = {}
        self.cache: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()
        self.cached = 0
        self.handles: OrderedDict[bytes, int] = OrderedDict()
        self._read_format()
        if credential.member is None:
            slot = self._open_slot(credential)
            self.owner: bytes = self.keyring["owner"]
            self._read_policies()
            require(slot.name in self.policy.record["slots"], f"key slot {slot.name.hex()} is not valid by the policy")
            self._add_granted_keys()
        else:
            self._open_as_member(credential.member)
        self._check_keyring()

    # §3
    def _read_format(self) -> None:
        data = self.place.read("format", 64 * KIB)
        body, end = framed(data, "F", "format")
        require(data[end:] == sha256(data[:end]), "format: the checksum is wrong")
        self.format = decode_fields(split_fields(body, "format"), FORMAT, "format")
        require(self.format["version"] == 1, f"format: version {self.format['version']} is not known")
        require(not self.format["features"], f"format: unknown features {self.format['features']}")
        self.id: bytes = self.format["repository"]

    # §5
    def slots(self) -> Iterator[Slot]:
        names = [match[1] for match in self.place.names(f"keys/({H})")]
        require(len(names) <= 1024, f"keys/: {len(names)} slots")
        for name in names:
            try:
                yield self._slot(bytes.fromhex(name))
            except FormatError as error:
                self.warn(f"{error}: passed over")

    def _slot(self, name: bytes) -> Slot:
        data = self.place.read(f"keys/{name.hex()}", MIB)
        slot = parse_slot(name, data, self.id)
        require(slot.header["kind"] == 4 or len(data) <= 64 * KIB, f"keys/{name.hex()}: too large for its kind")
        return slot

    # §5.3
    def _open_as_member(self, file: MemberFile) -> None:
        require(file.repository == self.id, "the key file belongs to another repository")
        self.owner = file.owner
        self._read_policies()
        member = self.member(sha256(ed25519_public(file.seed))[:16], self.policy)
        if member is None or self.revocation(member["id"], self.policy) is not None:
            raise FormatError("the key file's member is not enrolled, or is revoked")
        self.keyring = self._granted(member, file.agreement_key) | {"seed": file.seed}
        require(self.keyring["owner"] == file.owner, "keyring: names another owner than the key file")

    def _granted(self, member: Record, private: bytes) -> Record:
        require(member["agreement"] == x25519_public(private), "the policy has another agreement key of the member")
        problem = "the policy names no slot for it"
        for name in member["slots"]:
            try:
                keyring = self._slot(name).keyring_of_member(private)
                require(keyring["repository"] == self.id, "keyring: belongs to another repository")
                require(keyring["member"] == member["id"], "keyring: belongs to another member")
                return keyring
            except FormatError as error:
                problem = str(error)
        raise FormatError(f"member {member['id'].hex()} has no slot that opens: {problem}")

    def _add_granted_keys(self) -> None:
        own = self.keyring
        member = self.member(own["member"], self.policy)
        if member is None or not member["slots"] or self.revocation(member["id"], self.policy) is not None:
            return
        later = self._granted(member, agreement_key(own["seed"], self.id))
        require(later["owner"] == own["owner"], "keyring: names another owner than the slot of the key")
        for part in ("readers", "managers", "derived"):
            own[part] = own[part] + [key for key in later[part] if key not in own[part]]
        own["secret"] = own["secret"] or later["secret"]

    def _open_slot(self, credential: Credential) -> Slot:
        given = credential.key_file
        require(given is None or given.repository == self.id, "the key file belongs to another repository")
        for slot in self.slots():
            if slot.header["kind"] != credential.kind or given and given.slot != slot.name:
                continue
            secret = slot.passphrase_secret(credential.secret) if credential.kind == 1 else credential.secret
            if slot.opens_with(secret):
                self.keyring = slot.keyring(secret)
                return slot
        raise FormatError("no key slot of its kind opens with this key")

    def _check_keyring(self) -> None:
        keyring = self.keyring
        require(keyring["repository"] == self.id, "keyring: belongs to another repository")
        public = ed25519_public(keyring["seed"])
        require(sha256(public)[:16] == keyring["member"], "keyring: the seed is not that of the member")
        self.private_keys = {sha256(x25519_public(key))[:8]: key for key in self._own_private_keys()}

    def _own_private_keys(self) -> list[bytes]:
        return [entry["private"] for entry in self.keyring["readers"]] + self.keyring["managers"]

    # §4
    def _read_policies(self) -> None:
        self.policies: list[Signed] = []
        numbers = {int(match[1]) for match in self.place.names(f"policy/({N})")}
        require(0 in numbers, "policy/0000000000: missing")
        strays = 0
        for number in sorted(numbers):
            if not self._is_signed_by_owner(number):
                require(number > 0, "policy/0000000000: not signed by the owner that the keyring names")
                self.warn(f"policy/{number:010}: no owner has signed it for this number: passed over")
                strays += 1
                if strays == 256:
                    break
                continue
            expected = len(self.policies)
            require(number == expected, f"policy/{expected:010}: missing or damaged, though later ones exist")
            self.policies.append(self._read_policy(number))
        require(not self.policy.record["features"], f"{self.policy.name}: unknown features")

    def _is_signed_by_owner(self, number: int) -> bool:
        """§4: whether an owner of the last policy has signed this object, for this number."""
        name = f"policy/{number:010}"
        try:
            data = self.place.read(name, POLICIES.limit)
            body, end = framed(data, "O", name)
            fields = split_fields(body, name)
            values = {tag: value for tag, value in fields if tag in (3, 5)}
            require(len(data) == end + 64, f"{name}: not signed")
            require(sum(Cursor(values[5], name).varint() for _ in range(5 in values)) == number, f"{name}: a copy")
            if self.policies:
                self._require_owner(values[3], self.policy, name)
                public = self.public_key(values[3], self.policy)
            else:
                public = self.owner
            require(public is not None and sha256(public)[:16] == values[3], f"{name}: signed by a stranger")
            message = b"holdfast/v1/signed\0" + data[:8] + self.id + body
            Ed25519PublicKey.from_public_bytes(public).verify(data[end:], message)
        except (FormatError, InvalidSignature, KeyError, ValueError):
            return False
        return True

    def _read_policy(self, number: int) -> Signed:
        name = f"policy/{number:010}"
        data = self.place.read(name, POLICIES.limit)
        if number == 0:
            require(sha256(data) == self.format["policy"], f"{name}: not the policy that `format` names")
            owner = self.owner
            signed = open_signed(data, name, POLICIES, self.id, {sha256(owner)[:16]: owner}.get)
            require(signed.record["previous"] is None, f"{name}: names a policy before it")
            self._require_owner(signed.record["member"], signed, name)
        else:
            before = self.policies[-1]
            signed = open_signed(data, name, POLICIES, self.id, lambda member: self.public_key(member, before))
            require(signed.record["previous"] == before.sha, f"{name}: does not follow the policy before it")
            self._require_owner(signed.record["member"], before, name)
        self._check_policy(signed, number)
        return signed

    def _require_owner(self, member: bytes, policy: Signed, name: str) -> None:
        record = self.member(member, policy)
        owner = record is not None and record["role"] == 1 and self.revocation(member, policy) is None
        require(owner, f"{name}: not signed by an owner")

    def _check_policy(self, policy: Signed, number: int) -> None:
        record, name = policy.record, policy.name
        require(record["number"] == number, f"{name}: has number {record['number']}")
        known_suite(record["suite"], name)
        require((record["previous"] is None) == (number == 0), f"{name}: names a wrong policy before it, or none")
        unique(f"{name}: a member", (member["id"] for member in record["members"]))
        unique(f"{name}: a domain", (domain["id"] for domain in record["domains"]))
        unique(f"{name}: a revocation", (revocation["member"] for revocation in record["revocations"]))
        for revocation in record["revocations"]:
            unique(f"{name}: a revoked chain", (at["incarnation"] for at in revocation["last"]))
        for domain in record["domains"]:
            require(len(domain["readers"]) + len(record["managers"]) <= 32, f"{name}: too many recipients")
        for member in record["members"]:
            require(len(member["slots"]) <= 4, f"{name}: too many slots of one member")
            require(sha256(member["public"])[:16] == member["id"], f"{name}: a member id is not that of its key")
            require(member["role"] in ROLES, f"{name}: unknown role {member['role']}")
        require(any(member["role"] == 1 for member in record["members"]), f"{name}: has no owner")
        slots = record["slots"]
        require(all(a < b for a, b in itertools.pairwise(slots)), f"{name}: slots are not ascending")
        require(len(slots) <= 64, f"{name}: {len(slots)} slots")

    @property
    def policy(self) -> Signed:
        return self.policies[-1]

    def revocation(self, member: bytes, policy: Signed) -> Record | None:
        return next((record for record in policy.record["revocations"] if record["member"] == member), None)

    def member(self, member: bytes, policy: Signed) -> Record | None:
        return next((record for record in policy.record["members"] if record["id"] == member), None)

    def public_key(self, member: bytes, policy: Signed | None = None) -> bytes | None:
        for candidate in [policy] if policy else reversed(self.policies):
            record = self.member(member, candidate)
            if record is not None:
                return record["public"]
        return None

    # §6
    def keys(self, domain: bytes, epoch: int) -> DomainKeys:
        secret = self.keyring["secret"]
        if secret is not None:
            context = domain + u32(epoch)
            parts = b"chunk-id" + context, b"chunker" + context, b"directory" + context, b"dataset" + domain
            return DomainKeys(*(hkdf(secret, self.id, b"holdfast/v1/" + part) for part in parts))
        for derived in self.keyring["derived"]:
            if (derived["domain"], derived["epoch"]) == (domain, epoch):
                return DomainKeys(*(derived[part] for part in ("chunk_id", "chunker", "directory", "dataset")))
        raise FormatError(f"no keys of domain {domain.hex()}, epoch {epoch}")

    def open_box(self, owner: Record, suite: int, what: str) -> bytes:
        """The content key in the key box of a pack header or commit."""
        box = owner["box"]
        require(box is not None, f"{what}: has no key box")
        require(len(box["recipients"]) <= 32, f"{what}: {len(box['recipients'])} recipients")
        info = (
            b"holdfast/v1/content-key" + self.id + owner["domain"] + u32(owner["epoch"]) + owner["member"]
            + owner["run"] + u8(box["purpose"])
        )  # fmt: skip
        for recipient in box["recipients"]:
            private = self.private_keys.get(recipient["hint"])
            if private is None:
                continue
            key = hpke_open(suite, private, recipient["encapsulated"], info, box["commitment"], recipient["sealed"])
            commitment = expand(key, b"holdfast/v1/content-key/commitment", 32)
            require(commitment == box["commitment"], f"{what}: the content key is not the one committed to")
            return key
        raise FormatError(f"{what}: the content key is not sealed for this keyring")

    # §8
    def handle(self, name: bytes) -> int:
        if name in self.handles:
            self.handles.move_to_end(name)
            return self.handles[name]
        if len(self.handles) >= 64:
            os.close(self.handles.popitem(last=False)[1])
        self.handles[name] = os.open(self.place.file(pack_name(name)), os.O_RDONLY)
        return self.handles[name]

    def pread(self, name: bytes, offset: int, length: int) -> bytes:
        data = os.pread(self.handle(name), length, offset)
        require(len(data) == length, f"{pack_name(name)}: ends early")
        return data

    def pack(self, name: bytes) -> Pack:
        if name not in self.packs:
            pack = self._open_pack(name)
            self.packs[name] = pack
            for index, entry in enumerate(pack.entries):
                self.where.setdefault(entry.chunk, []).append(Location(pack, index))
        return self.packs[name]

    def _open_pack(self, name: bytes) -> Pack:
        what = pack_name(name)
        length = self.place.size(what)
        require(length <= PACK_LIMIT, f"{what}: {length} bytes")
        require(length > 12, f"{what}: {length} bytes")
        start = self.pread(name, 0, 12)
        header_length = int.from_bytes(start[8:], "little")
        require(header_length <= min(64 * KIB, length) - 12, f"{what}: a header of {header_length} bytes")
        aad = start + self.pread(name, 12, header_length)
        header = decode_fields(split_fields(framed(aad, "P", what)[0], what), PACK_HEADER, what)
        self._check_pack_header(header, what)
        entries, directory_at = self._open_pack_directory(name, length, aad, header)
        offsets = list(itertools.accumulate((e.compressed + 16 for e in entries), initial=len(aad)))
        require(offsets[-1] <= directory_at, f"{what}: frames overlap the directory")
        return Pack(name, length, header, len(aad), entries, offsets[:-1], directory_at - offsets[-1])

    def _check_pack_header(self, header: Record, what: str) -> None:
        require(header["repository"] == self.id, f"{what}: belongs to another repository")
        known_suite(header["suite"], what)
        require(header["type"] in (1, 2), f"{what}: unknown type of pack {header['type']}")
        require(header["box"] is not None, f"{what}: has no key box")
        require(header["box"]["purpose"] == header["type"], f"{what}: the key box has another purpose")

    def _open_pack_directory(
        self, name: bytes, length: int, aad: bytes, header: Record
    ) -> tuple[list[FrameEntry], int]:
        what, suite = pack_name(name), header["suite"]
        require(length >= len(aad) + 24, f"{what}: too short")
        key = hkdf(
            self.keys(header["domain"], header["epoch"]).directory,
            header["salt"],
            b"holdfast/v1/pack-directory" + self.id,
        )
        trailer = Cursor(unseal(suite, key, 0, aad, self.pread(name, length - 24, 24), f"{what}, trailer"), what)
        sealed_length, zero = trailer.unsigned(4), trailer.unsigned(4)
        require(zero == 0, f"{what}: the trailer does not end in zero")
        at = length - 24 - sealed_length
        fits = at >= len(aad) and 20 <= sealed_length <= 20 + FRAMES_LIMIT * 76
        require(fits, f"{what}: a directory of {sealed_length} bytes")
        cursor = Cursor(unseal(suite, key, 1, aad, self.pread(name, at, sealed_length), f"{what}, directory"), what)
        entries = read_directory_entries(cursor, cursor.unsigned(4))
        cursor.finish()
        allowed = {1: (DATA,), 2: (PAGE, EXTENT_PAGE)}[header["type"]]
        require(all(e.type in allowed for e in entries), f"{what}: a chunk does not fit the type of the pack")
        return entries, at

    def pack_key(self, pack: Pack) -> bytes:
        if pack.key is None:
            header = pack.header
            content_key = self.open_box(header, header["suite"], pack.label)
            info = b"holdfast/v1/pack" + u8(header["suite"]) + self.id + header["domain"] + u32(header["epoch"])
            pack.key = hkdf(content_key, header["salt"], info)
        return pack.key

    def read_frame(self, location: Location, packs: set[bytes]) -> bytes:
        pack, entry = location.pack, location.entry
        header, what = pack.header, f"{pack.label}, frame {location.place}"
        offset = pack.offsets[location.place]
        aad = (
            b"holdfast/v1/frame\0" + u8(header["suite"]) + self.id + header["domain"] + u32(header["epoch"])
            + header["salt"] + u8(entry.type) + u8(entry.codec) + entry.chunk + (entry.base or bytes(32))
            + u32(entry.plain) + u32(entry.compressed)
        )  # fmt: skip
        sealed = self.pread(pack.name, offset, entry.compressed + 16)
        compressed = unseal(header["suite"], self.pack_key(pack), offset, aad, sealed, what)
        base = b""
        if entry.base is not None:
            places = [at for at in self.locate(entry.base, entry.type, packs) if at.entry.base is None]
            base = self._first_copy(entry.base, places, packs)
        plain = decompress(entry.codec, compressed, entry.plain, base, what)
        key = self.keys(header["domain"], header["epoch"]).chunk_id
        require(mac(key, u8(entry.type), plain) == entry.chunk, f"{what}: the content is not that of its chunk id")
        return plain

    def locate(self, chunk: bytes, kind: int, packs: set[bytes]) -> list[Location]:
        return [at for at in self.where.get(chunk, ()) if at.pack.name in packs and at.entry.type == kind]

    def _first_copy(self, chunk: bytes, places: list[Location], packs: set[bytes]) -> bytes:
        failure = FormatError(f"chunk {chunk.hex()}: in none of the packs that the commit lists")
        for location in places:
            try:
                return self.read_frame(location, packs)
            except FormatError as error:
                failure = error
        raise failure

    def chunk(self, chunk: bytes, kind: int, packs: set[bytes]) -> bytes:
        places = self.locate(chunk, kind, packs)
        if places and (chunk, kind) in self.cache:
            self.cache.move_to_end((chunk, kind))
            return self.cache[chunk, kind]
        plain = self._first_copy(chunk, places, packs)
        self.cache[chunk, kind] = plain
        self.cached += len(plain)
        while self.cached > 64 * MIB:
            self.cached -= len(self.cache.popitem(last=False)[1])
        return plain

    # §10
    def pack_list(self, member: bytes, run: bytes, number: int, sha: bytes) -> Signed:
        name = f"packlists/{member.hex()}/{run.hex()}/{number:010}"
        data = self.place.read(name, PACK_LISTS.limit)
        require(sha256(data) == sha, f"{name}: not the list that the commit names")
        return self._check_pack_list(data, name, member, run, number)

    def _check_pack_list(self, data: bytes, name: str, member: bytes, run: bytes, number: int) -> Signed:
        signed = open_signed(data, name, PACK_LISTS, self.id, self.public_key)
        record = signed.record
        parts = record["member"], record["run"], record["number"]
        require(parts == (member, run, number), f"{name}: has another name")
        require(record["kind"] in (1, 2), f"{name}: unknown kind {record['kind']}")
        split_names(record["packs"], True, name)
        split_names(record["fragments"], True, name)
        return signed

    def all_pack_lists(self) -> Iterator[Signed]:
        for match in self.place.names(f"packlists/({M})/({R})/({N})"):
            data = self.place.read(match[0], PACK_LISTS.limit)
            member, run = bytes.fromhex(match[1]), bytes.fromhex(match[2])
            yield self._check_pack_list(data, match[0], member, run, int(match[3]))

    # §11
    def commits(self, report: Callable[[str], None] | None = None) -> list[Signed]:
        """Every commit that counts. What is wrong with the history is reported, and does not block the rest."""
        report = report or self.warn
        forgotten, dead = self._forgotten(report), self._dead_runs()
        places: dict[tuple[bytes, bytes, int], set[bytes]] = {}
        for at, sha in forgotten:
            places.setdefault(at, set()).add(sha)
        gone = {sha.hex() for _, sha in forgotten}
        commits: list[Signed] = []
        for match in self.place.names(f"commits/({M})/([0-9a-f]{{16}})/({N})-({H})"):
            at = bytes.fromhex(match[1]), bytes.fromhex(match[2]), int(match[3])
            if match[4] in gone:
                continue
            places.setdefault(at, set()).add(bytes.fromhex(match[4]))
            try:
                signed = self._read_commit(match)
                self._check_alive(signed, dead)
                commits.append(signed)
            except FormatError as error:
                report(f"{error}: left out")
        self._check_chains(commits, places, report)
        return commits

    def _read_commit(self, match: re.Match[str]) -> Signed:
        name = match[0]
        data = self.place.read(name, COMMITS.limit)
        require(sha256(data).hex() == match[4], f"{name}: its bytes are not those of its name")
        signed = open_signed(data, name, COMMITS, self.id, self.public_key)
        record = signed.record
        parts = (record["member"].hex(), record["incarnation"].hex(), f"{record['number']:010}")
        require(parts == match.groups()[:3], f"{name}: has another name")
        self._check_commit(record, name)
        self._check_right_to_commit(record, name)
        self._check_revocation(signed)
        return signed

    def _check_commit(self, record: Record, name: str) -> None:
        first = (record["previous"] is None) == (record["number"] == 1)
        require(first, f"{name}: names a wrong commit before it, or none")
        require(record["box"]["purpose"] == 2, f"{name}: the key box has another purpose")
        lists = [(record["member"], record["run"], at["number"]) for at in record["added"]]
        lists += [(at["member"], at["run"], at["number"]) for at in record["referred"]]
        unique(f"{name}: a pack list", lists)
        chains = [(at["member"], at["incarnation"]) for at in record["seen"]]
        unique(f"{name}: a chain", [*chains, (record["member"], record["incarnation"])])
        unique(f"{name}: a site", (at["site"] for at in record["knowledge"]))

    def policy_of(self, commit: Record, name: str) -> Signed:
        number = commit["policy"]
        require(number < len(self.policies), f"{name}: names policy {number}, which is not there")
        policy = self.policies[number]
        require(policy.sha == commit["policy_sha"], f"{name}: names another policy {number}")
        return policy

    def _check_right_to_commit(self, record: Record, name: str) -> None:
        policy = self.policy_of(record, name)
        member = self.member(record["member"], policy)
        require(member is not None, f"{name}: its member is not in policy {record['policy']}")
        assert member is not None
        require(self.revocation(member["id"], policy) is None, f"{name}: its policy has revoked its member")
        require(member["role"] in (1, 2, 3), f"{name}: its member is a {ROLES[member['role']]}")
        if member["role"] == 3:
            record["replaces"] = None  # only owners and managers replace commits
        require(member["serial"] == record["serial"], f"{name}: another certificate serial than in the policy")
        domains = [domain["id"] for domain in policy.record["domains"]]
        allowed = record["domain"] in domains and record["domain"] in (member["domains"] or domains)
        require(allowed, f"{name}: its member has no right to the domain")
        seconds = record["time"] // 10**9
        in_time = not member["not_before"] or seconds >= member["not_before"]
        require(in_time, f"{name}: before the certificate of its member")
        in_time = not member["not_after"] or seconds <= member["not_after"]
        require(in_time, f"{name}: after the certificate of its member")

    def _forgotten(self, report: Callable[[str], None]) -> set[tuple[tuple[bytes, bytes, int], bytes]]:
        """Places and hashes of forgotten commits (§14); a record that does not count is reported."""
        out: set[tuple[tuple[bytes, bytes, int], bytes]] = set()
        expected = 0
        for signed in self.other_records("forgotten/", report):
            record = signed.record
            revocation = self.revocation(record["member"], self.policy)
            if revocation is not None and record["number"] >= revocation["forgotten"]:
                report(f"{signed.name}: written after its member was revoked")
                continue
            if record["number"] > expected:
                report(f"{signed.name}: a record of forgotten commits before it is missing or does not count")
            expected = record["number"] + 1
            out |= {((at["member"], at["incarnation"], at["number"]), at["sha"]) for at in record["commits"]}
        held = self._held(report)
        for _, sha in out:
            if sha in held:
                report(f"commit {sha.hex()} is on hold, and a record says that it was forgotten")
        return {(at, sha) for at, sha in out if sha not in held}

    def _held(self, report: Callable[[str], None]) -> set[bytes]:
        """Commits on hold (§14)."""
        holds: dict[bytes, list[tuple[int, bool]]] = {}
        for signed in self.other_records("holds/", report):
            record = signed.record
            members = (self.member(record["member"], policy) for policy in self.policies)
            owner = any(member is not None and member["role"] == 1 for member in members)
            revoked = self.revocation(record["member"], self.policy) is not None
            for sha in split_names(record["released"], False, signed.name):
                holds[sha] = [one for one in holds.get(sha, []) if revoked or (one[1] and not owner)]
            for sha in split_names(record["held"], False, signed.name):
                holds.setdefault(sha, []).append((record["until"], owner))
        now = time.time_ns()
        return {sha for sha, all_of in holds.items() if any(until == 0 or until > now for until, _ in all_of)}

    def _dead_runs(self) -> set[bytes]:
        """Member and run of those whose commits do not count, since a prune gave them up (§13)."""
        dead: set[bytes] = set()
        for signed in self.other_records("plans/"):
            if "dead" in signed.record:
                dead.update(split_names(signed.record["dead"], False, signed.name))
        return dead

    def _check_alive(self, commit: Signed, dead: set[bytes]) -> None:
        record = commit.record
        require(record["member"] + record["run"] not in dead, f"{commit.name}: its run was given up by a prune")

    @functools.cached_property
    def deleted_packs(self) -> dict[bytes, list[bytes]]:
        """Packs that plans carried out have deleted, with the packs that stand for each (§14.1)."""
        records = list(self.other_records("plans/"))
        done = {signed.record["number"]: signed.record for signed in records if "kept" in signed.record}
        out: dict[bytes, list[bytes]] = {}
        for signed in records:
            record = signed.record
            carried = done.get(record["number"])
            if "fragments" not in record or carried is None or carried["plan"] != signed.sha:
                continue
            kept = split_names(carried["kept"], False, signed.name)
            new = {at["old"]: at["new"] for at in record["replaced"]}
            for pack_id in split_names(record["packs"], True, signed.name):
                if pack_id not in kept:
                    out[pack_id] = new.get(pack_id, [])
        return out

    def standing_packs(self, pack_id: bytes) -> set[bytes]:
        """The pack itself, or what stands for it if it was deleted (§14.1)."""
        out: set[bytes] = set()
        seen: set[bytes] = set()
        todo = [pack_id]
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                todo += self.deleted_packs.get(at, [])
                if at not in self.deleted_packs:
                    out.add(at)
        return out

    def _check_chains(
        self,
        commits: list[Signed],
        places: dict[tuple[bytes, bytes, int], set[bytes]],
        report: Callable[[str], None],
    ) -> None:
        for member, incarnation in sorted({at[:2] for at in places}):
            chain = f"chain {member.hex()}/{incarnation.hex()}"
            numbers = {number for m, i, number in places if (m, i) == (member, incarnation)}
            for number in range(1, max(numbers) + 1):
                shas = places.get((member, incarnation, number), set())
                if len(shas) != 1:
                    report(f"{chain}: commit {number} is missing" if not shas else f"{chain}: two commits {number}")
        for commit in commits:
            record = commit.record
            before = places.get((record["member"], record["incarnation"], record["number"] - 1))
            if before and record["previous"] not in before:
                report(f"{commit.name}: does not follow the commit before it")
            for seen in record["seen"]:
                if seen["sha"] not in places.get((seen["member"], seen["incarnation"], seen["number"]), ()):
                    report(f"{commit.name}: saw commit {seen['sha'].hex()}, which is not there")

    def _check_revocation(self, commit: Signed) -> None:
        record, name = commit.record, commit.name
        revocation = self.revocation(record["member"], self.policy)
        if revocation is None:
            return
        last = next((at for at in revocation["last"] if at["incarnation"] == record["incarnation"]), None)
        require(last is not None and record["number"] <= last["number"], f"{name}: made after its member was revoked")
        same = last is None or record["number"] < last["number"] or commit.sha == last["sha"]
        require(same, f"{name}: not the one accepted last")

    def open_commit(self, signed: Signed) -> Commit:
        """Opens the sealed part and reads the lists and the directories of all packs that the commit needs."""
        record, name = signed.record, signed.name
        suite = self.policy_of(record, name).record["suite"]
        metadata_key = self.open_box(record, suite, name)
        key = hkdf(metadata_key, record["salt"], b"holdfast/v1/commit" + self.id)
        aad = (
            self.id + record["domain"] + record["member"] + record["incarnation"] + record["run"]
            + u64(record["number"])
        )  # fmt: skip
        plain = unseal(suite, key, 0, aad, record["sealed"], f"{name}, sealed part")
        sealed = decode_fields(split_fields(plain, f"{name}, sealed part"), SEALED_PART, f"{name}, sealed part")
        dataset_key = self.keys(record["domain"], record["epoch"]).dataset
        dataset = mac(dataset_key, b"holdfast/v1/dataset\0", sealed["dataset"].encode())[:16]
        require(dataset == record["dataset"], f"{name}: the dataset's name and id do not fit")
        return Commit(signed, sealed, self._listed_packs(record, name))

    def _listed_packs(self, record: Record, name: str) -> set[bytes]:
        own = record["member"], record["run"]
        wanted: list[tuple[bytes, bytes, int, bytes, tuple[int, ...]]] = []
        wanted += [(*own, at["number"], at["sha"], (1,)) for at in record["added"]]
        wanted += [(at["member"], at["run"], at["number"], at["sha"], (1, 2)) for at in record["referred"]]
        out: set[bytes] = set()
        for member, run, number, sha, kinds in wanted:
            pack_list = self.pack_list(member, run, number, sha)
            require(pack_list.record["kind"] in kinds, f"{pack_list.name}: of another kind than {name} says")
            require(pack_list.record["domain"] == record["domain"], f"{pack_list.name}: of another domain than {name}")
            for pack_id, length in split_names(pack_list.record["packs"], True, pack_list.name).items():
                if pack_id in self.deleted_packs:
                    out |= self.standing_packs(pack_id)
                    continue
                require(self.place.size(pack_name(pack_id)) == length, f"{pack_name(pack_id)}: not as long as listed")
                self._check_listed_pack(self.pack(pack_id), pack_list)
                out.add(pack_id)
        return out

    def _check_listed_pack(self, pack: Pack, pack_list: Signed) -> None:
        record, header = pack_list.record, pack.header
        require(header["domain"] == record["domain"], f"{pack.label}: of another domain than {pack_list.name}")
        if record["kind"] == 1:
            same = all(header[part] == record[part] for part in ("member", "run", "epoch"))
            require(same, f"{pack.label}: of another run than {pack_list.name}")

    # Signed records of §13 and §14
    def other_records(
        self, prefix: str = "", report: Callable[[str], None] | None = None
    ) -> Iterator[Signed]:
        for pattern, kind, parts in OTHER_RECORDS:
            if not pattern.startswith(prefix):
                continue
            for match in self.place.names(pattern):
                try:
                    data = self.place.read(match[0], kind.limit)
                    signed = open_signed(data, match[0], kind, self.id, self.public_key)
                    self._check_name(signed, match, parts)
                    self._check_signer(signed, kind.letter)
                except FormatError as error:
                    if report is None:
                        raise
                    report(f"{error}: left out")
                    continue
                yield signed

    def _check_signer(self, signed: Signed, letter: str) -> None:
        """§13 and §14: who may sign what; any policy may have given the role."""
        record, name = signed.record, signed.name
        if letter == "E" and record["state"] != 3:
            require(record["member"] == record["whose"], f"{name}: not signed by the member whose run it is")
            return
        allowed = {"X": (1,)}.get(letter, (1, 2)) if letter in "DNGXEH" else tuple(ROLES)
        members = (self.member(record["member"], policy) for policy in self.policies)
        roles = {member["role"] for member in members if member is not None}
        require(not roles.isdisjoint(allowed), f"{name}: its signer has no right to it")
        if letter in "AU":
            first = (record["previous"] is None) == (record["number"] == 0)
            require(first, f"{name}: names a wrong record before it, or none")

    def _check_name(self, signed: Signed, match: re.Match[str], parts: tuple[str, ...]) -> None:
        for part, text in zip(parts, match.groups()):
            value = signed.sha if part == "sha" else signed.record[part]
            if part == "number" and "state" in signed.record:
                state = {"end": 2, "dead": 3}.get(text, 1)
                require(signed.record["state"] == state, f"{signed.name}: has another state")
                require(state != 1 or value == int(text), f"{signed.name}: has number {value}")
            elif isinstance(value, int):
                require(value == int(text), f"{signed.name}: has number {value}")
            else:
                require(value.hex() == text, f"{signed.name}: has another name")

    # §9
    def check_fragment(self, name: bytes, data: bytes) -> None:
        what = f"index/{name.hex()}"
        require(sha256(data) == name, f"{what}: its bytes are not those of its name")
        body, end = framed(data, "I", what)
        header = decode_fields(split_fields(body, what), INDEX_HEADER, what)
        require(header["repository"] == self.id, f"{what}: belongs to another repository")
        directory_key = self.keys(header["domain"], header["epoch"]).directory
        key = hkdf(directory_key, header["salt"], b"holdfast/v1/index" + self.id)
        cursor = Cursor(unseal(header["suite"], key, 0, data[:end], data[end:], what), what)
        for _ in range(cursor.unsigned(4)):
            pack_id, length, first, kind = cursor.take(32), cursor.unsigned(8), cursor.unsigned(4), cursor.unsigned(1)
            require(cursor.take(3) == bytes(3), f"{what}: reserved bytes are not zero")
            entries = read_directory_entries(cursor, cursor.unsigned(4))
            if not os.path.exists(self.place.file(pack_name(pack_id))):
                self.warn(f"{what}: names {pack_name(pack_id)}, which is not there")
                continue
            pack = self.pack(pack_id)
            same = (pack.length, pack.first, pack.header["type"], pack.entries) == (length, first, kind, entries)
            require(same, f"{what}: differs from the directory of {pack.label}")
        cursor.finish()


# --- §12 The manifest -------------------------------------------------------------------------------------------------

DIRECTORY, DIRECTORY_END, FILE, LINK, FIFO, SOCKET, CHARACTER, BLOCK = range(1, 9)
KIND_NAMES = ("", "directory", "directory end", "file", "link", "FIFO", "socket", "character device", "block device")
LEVELS = 8
LARGE_ATTRIBUTES = schema((1, "sha", "b32"), (3, "extents", "b"), (5, "length", "n"))
EXTENT_TREE = schema((1, "chunk", "b32"), (3, "level", "n"))
DOT = schema((1, "site", "b16"), (3, "counter", "n"))
COMMON = schema(
    (1, "mode", "n"), (2, "user", "t"), (3, "uid", "n"), (4, "group", "t"), (5, "gid", "n"), (7, "seconds", "s"),
    (9, "nanoseconds", "n"), (27, "attributes", "b*"), (29, "large_attributes", "r", LARGE_ATTRIBUTES),
    (30, "flags", "n"), (40, "dot", "r", DOT), (42, "siblings", "b*"),
)  # fmt: skip
GROUPED = COMMON | schema((25, "hard_link", "n"))
DEVICE = GROUPED | schema((21, "major", "n"), (23, "minor", "n"))
ENTRY_SCHEMAS: dict[int, Schema] = {
    DIRECTORY: COMMON,
    DIRECTORY_END: schema(
        (31, "entries", "n"), (33, "content", "n"), (35, "digest", "b32"), (40, "dot", "r", DOT), (42, "siblings", "b*")
    ),
    FILE: GROUPED | schema(
        (11, "size", "n"), (13, "sha", "b32?"), (15, "extents", "b"), (17, "tree", "r", EXTENT_TREE),
        (43, "sparse_sha", "b32?"),
    ),
    LINK: GROUPED | schema((19, "target", "b")),
    FIFO: GROUPED,
    SOCKET: GROUPED,
    CHARACTER: DEVICE,
    BLOCK: DEVICE,
}  # fmt: skip
KNOWN_TAGS = {tag for kind in ENTRY_SCHEMAS.values() for tag in kind}
IMPLIED = 1  # flag: a parent of a saved path, not itself asked for; its time is not restored
NOT_IN_DIGEST = (15, 17, 25, 30, 40, 42)


@dataclass
class Entry:
    path: bytes
    kind: int
    raw: RawFields
    values: Record

    @property
    def name(self) -> bytes:
        return self.path.rpartition(b"/")[2]

    @property
    def label(self) -> str:
        return f"{KIND_NAMES[self.kind]} `{shown(self.path)}`"

    def digest(self) -> bytes:
        """§12.2: E of the entry."""
        parts = [b"holdfast/v1/entry\0", u8(self.kind), varint(len(self.name)), self.name]
        for tag, value in self.raw:
            if tag == 29:
                value = encode_field(1, self.values["large_attributes"]["sha"])
            if tag not in NOT_IN_DIGEST:
                parts.append(encode_field(tag, value))
        return sha256(*parts)


def check_path(path: bytes, what: str) -> None:
    require(len(path) <= 65535, f"{what}: a path of {len(path)} bytes")
    for component in path.split(b"/"):
        ok = 0 < len(component) <= 255 and b"\0" not in component and component not in (b".", b"..")
        require(ok, f"{what}: `{shown(path[:300])}` is not a path")


def read_path(cursor: Cursor, before: bytes) -> bytes:
    shared = cursor.varint()
    require(shared <= len(before), f"{cursor.what}: shares {shared} bytes of a path of {len(before)}")
    path = before[:shared] + cursor.take(cursor.varint())
    check_path(path, cursor.what)
    return path


def read_kind(cursor: Cursor) -> int:
    kind = cursor.unsigned(1)
    require(DIRECTORY <= kind <= BLOCK, f"{cursor.what}: unknown kind {kind}")
    return kind


def read_entry(cursor: Cursor, before: bytes) -> Entry:
    path, kind = read_path(cursor, before), read_kind(cursor)
    what = f"{KIND_NAMES[kind]} `{shown(path)}`"
    raw = split_fields(cursor.take(cursor.varint()), what)
    wrong = [tag for tag, _ in raw if tag in KNOWN_TAGS and tag not in ENTRY_SCHEMAS[kind]]
    require(not wrong, f"{what}: field {wrong[:1]} does not belong in this kind")
    entry = Entry(path, kind, raw, decode_fields(raw, ENTRY_SCHEMAS[kind], what))
    check_entry(entry, what)
    return entry


def check_entry(entry: Entry, what: str) -> None:
    values = entry.values
    if entry.kind == DIRECTORY_END:
        return
    require(values["mode"] <= 0o7777, f"{what}: mode {values['mode']:o}")
    require(values["nanoseconds"] < 10**9, f"{what}: {values['nanoseconds']} nanoseconds")
    numbers = [values[name] for name in ("uid", "gid", "major", "minor") if name in values]
    require(all(number < 1 << 32 for number in numbers), f"{what}: an owner or device number exceeds 32 bits")
    if entry.kind == LINK:
        target = values["target"]
        require(0 < len(target) <= 65535 and b"\0" not in target, f"{what}: a wrong target")
    if entry.kind == FILE:
        require(values["size"] < 1 << 63, f"{what}: a size of {values['size']}")
        stored = bool(values["extents"]) + (values["tree"] is not None)
        hashes = (values["sha"] is not None) + (values["sparse_sha"] is not None)
        require(stored == hashes == (values["size"] > 0), f"{what}: size, extents and hash do not fit")


class Child(NamedTuple):
    path: bytes
    kind: int
    chunk: bytes
    entries: int
    content: int
    digest: bytes


def read_child(cursor: Cursor, before: bytes) -> Child:
    path, kind = read_path(cursor, before), read_kind(cursor)
    child = Child(path, kind, cursor.take(32), cursor.varint(), cursor.varint(), cursor.take(32))
    decode_fields(split_fields(cursor.take(cursor.varint()), cursor.what), {}, cursor.what)
    return child


class Extent(NamedTuple):
    chunk: bytes | None
    offset: int
    length: int


def read_extent(cursor: Cursor) -> Extent:
    kind = cursor.unsigned(1)
    require(kind in (0, 1), f"{cursor.what}: unknown kind of extent {kind}")
    extent = Extent(cursor.take(32), cursor.varint(), cursor.varint()) if kind else Extent(None, 0, cursor.varint())
    require(extent.length > 0, f"{cursor.what}: an empty extent")
    within = extent.chunk is None or extent.offset + extent.length <= PLAIN_LIMIT
    require(within, f"{cursor.what}: an extent reaches past the largest chunk")
    return extent


def read_extents(data: bytes, limit: int, what: str) -> list[Extent]:
    cursor = Cursor(data, what)
    out: list[Extent] = []
    while not cursor.done:
        require(len(out) < limit, f"{what}: more than {limit} extents")
        out.append(read_extent(cursor))
    return out


@dataclass
class OpenDirectory:
    path: bytes
    entry: Entry
    last: bytes = b""  # name of the last child so far
    entries: int = 0
    content: int = 0
    digest: Any = field(default_factory=lambda: hashlib.sha256(b"holdfast/v1/directory\0"))


@dataclass
class Totals:
    entries: int = 0
    content: int = 0


class Snapshot:
    """Walks the manifest of one commit and reads content, checking all of §12 on the way."""

    def __init__(self, repository: Repository, commit: Commit) -> None:
        self.repository, self.commit = repository, commit
        self.open: list[OpenDirectory] = []
        self.top_last = b""
        self.totals = Totals()

    def entries(self) -> Iterator[Entry]:
        """All entries in order. A page is checked before any of its entries is handed out."""
        self.open, self.top_last, self.totals = [], b"", Totals()
        root = self.commit.signed.record["root"]
        require(root["level"] < LEVELS, f"manifest: {root['level'] + 1} levels")
        yield from self._page(root["chunk"], root["level"], self.commit.sealed["digest"], None)
        require(not self.open, "manifest: a directory does not end")
        statistics = self.commit.sealed["statistics"]
        if statistics is not None and statistics["entries"]:
            told, found = (statistics["entries"], statistics["content"]), (self.totals.entries, self.totals.content)
            require(told == found, "manifest: differs from the commit's statistics")

    def _page(self, chunk: bytes, level: int, digest: bytes, first: tuple[bytes, int] | None) -> Iterator[Entry]:
        what = f"page {chunk.hex()}"
        cursor = Cursor(self.repository.chunk(chunk, PAGE, self.commit.packs), what)
        require(cursor.unsigned(1) == 1, f"{what}: unknown version")
        require(cursor.unsigned(1) == level, f"{what}: of another level than expected")
        count = cursor.varint()
        require(count > 0 or (first is None and level == 0), f"{what}: is empty")
        if level == 0:
            yield from self._leaf(cursor, count, digest, first)
        else:
            yield from self._inner(cursor, count, level, digest, first)

    def _leaf(self, cursor: Cursor, count: int, digest: bytes, first: tuple[bytes, int] | None) -> Iterator[Entry]:
        entries: list[Entry] = []
        actual = hashlib.sha256()
        before = b""
        for _ in range(count):
            entry = read_entry(cursor, before)
            actual.update(entry.values["digest"] if entry.kind == DIRECTORY_END else entry.digest())
            entries.append(entry)
            before = entry.path
        cursor.finish()
        require(actual.digest() == digest, f"{cursor.what}: the digest is wrong")
        self._check_first(cursor, (entries[0].path, entries[0].kind) if entries else None, first)
        for entry in entries:
            self._place(entry)
            yield entry

    def _inner(
        self, cursor: Cursor, count: int, level: int, digest: bytes, first: tuple[bytes, int] | None
    ) -> Iterator[Entry]:
        children: list[Child] = []
        for _ in range(count):
            children.append(read_child(cursor, children[-1].path if children else b""))
        cursor.finish()
        require(sha256(*(child.digest for child in children)) == digest, f"{cursor.what}: the digest is wrong")
        self._check_first(cursor, (children[0].path, children[0].kind), first)
        for child in children:
            before = Totals(self.totals.entries, self.totals.content)
            yield from self._page(child.chunk, level - 1, child.digest, (child.path, child.kind))
            below = self.totals.entries - before.entries, self.totals.content - before.content
            require(below == (child.entries, child.content), f"{cursor.what}: the counts of a child are wrong")

    def _check_first(self, cursor: Cursor, found: tuple[bytes, int] | None, told: tuple[bytes, int] | None) -> None:
        require(told is None or found == told, f"{cursor.what}: begins with another entry than the page above says")

    def _place(self, entry: Entry) -> None:
        """Order of paths, parents, directory ends with their counts and digests."""
        if entry.kind == DIRECTORY_END:
            self._end(entry)
            return
        parent, slash, name = entry.path.rpartition(b"/")
        above = self.open[-1] if self.open else None
        require(parent == (above.path if above else b""), f"{entry.label}: not in the directory that is open")
        require(bool(slash) == bool(above), f"{entry.label}: not in the directory that is open")
        require(name > (above.last if above else self.top_last), f"{entry.label}: out of order")
        content = entry.values["size"] if entry.kind == FILE else 0
        self.totals.entries += 1
        self.totals.content += content
        if above:
            above.last = name
            above.entries += 1
            above.content += content
            above.digest.update(entry.digest())
        else:
            self.top_last = name
        if entry.kind == DIRECTORY:
            self.open.append(OpenDirectory(entry.path, entry))

    def _end(self, entry: Entry) -> None:
        is_open = bool(self.open) and self.open[-1].path == entry.path
        require(is_open, f"{entry.label}: ends a directory that is not open")
        ended = self.open.pop()
        digest = ended.digest.digest()
        values = entry.values
        require(values["digest"] == digest, f"{entry.label}: the digest is wrong")
        told = values["entries"], values["content"]
        require(told == (ended.entries, ended.content), f"{entry.label}: the counts are wrong")
        if self.open:
            above = self.open[-1]
            above.entries += ended.entries
            above.content += ended.content
            above.digest.update(digest)

    # Content

    def extents(self, entry: Entry) -> Iterator[Extent]:
        tree = entry.values["tree"]
        if tree is None:
            yield from read_extents(entry.values["extents"], 64, entry.label)
            return
        require(tree["level"] < LEVELS, f"{entry.label}: an extent tree of {tree['level'] + 1} levels")
        yield from self._extent_page(tree["chunk"], tree["level"])

    def _extent_page(self, chunk: bytes, level: int) -> Iterator[Extent]:
        what = f"extent page {chunk.hex()}"
        cursor = Cursor(self.repository.chunk(chunk, EXTENT_PAGE, self.commit.packs), what)
        require(cursor.unsigned(1) == 1, f"{what}: unknown version")
        require(cursor.unsigned(1) == level, f"{what}: of another level than expected")
        count = cursor.varint()
        require(count > 0, f"{what}: is empty")
        for _ in range(count):
            if level == 0:
                yield read_extent(cursor)
                continue
            child, content = cursor.take(32), cursor.varint()
            require(content > 0, f"{what}: a child without content")
            total = 0
            for extent in self._extent_page(child, level - 1):
                total += extent.length
                yield extent
            require(total == content, f"{what}: the content bytes of a child are wrong")
        cursor.finish()

    def data(self, extent: Extent, what: str) -> bytes:
        assert extent.chunk is not None
        chunk = self.repository.chunk(extent.chunk, DATA, self.commit.packs)
        require(extent.offset + extent.length <= len(chunk), f"{what}: an extent reaches past its chunk")
        return chunk[extent.offset : extent.offset + extent.length]

    def content(self, entry: Entry) -> Iterator[bytes | int]:
        """The file piece by piece: bytes, or the length of a hole. Raises at the end if the hash is wrong."""
        if entry.values["size"] == 0:
            return
        sparse = entry.values["sparse_sha"] is not None
        digest = hashlib.sha256(b"holdfast/v1/sparse\0" if sparse else b"")
        extents, total, holes = self.extents(entry), 0, False
        for is_hole, run in itertools.groupby(self.extents(entry), lambda extent: extent.chunk is None):
            holes = holes or is_hole
            require(sparse or not is_hole, f"{entry.label}: a hole, but no hash of a file with holes")
            count, length = self._measure(run)
            total += length
            require(total <= entry.values["size"], f"{entry.label}: extents exceed the size")
            if sparse:
                digest.update(u8(0 if is_hole else 1) + u64(length))
            if is_hole:
                next(itertools.islice(extents, count - 1, count))
                yield length
                continue
            for extent in itertools.islice(extents, count):
                piece = self.data(extent, entry.label)
                digest.update(piece)
                yield piece
        require(total == entry.values["size"], f"{entry.label}: extents add up to {total}")
        require(holes == sparse, f"{entry.label}: no hole, but the hash of a file with holes")
        told = entry.values["sparse_sha"] if sparse else entry.values["sha"]
        require(digest.digest() == told, f"{entry.label}: the hash of the content is wrong")

    def _measure(self, run: Iterator[Extent]) -> tuple[int, int]:
        count = length = 0
        for extent in run:
            count, length = count + 1, length + extent.length
        return count, length

    def attributes(self, entry: Entry) -> dict[bytes, bytes]:
        large = entry.values["large_attributes"]
        pairs = self._large_attributes(entry, large) if large else self._small_attributes(entry)
        names = [name for name, _ in pairs]
        ok = all(0 < len(name) <= 255 and b"\0" not in name for name in names)
        require(ok, f"{entry.label}: a wrong name of an attribute")
        require(all(a < b for a, b in itertools.pairwise(names)), f"{entry.label}: attributes are not ascending")
        return dict(pairs)

    def _small_attributes(self, entry: Entry) -> list[tuple[bytes, bytes]]:
        pairs = []
        for value in entry.values["attributes"]:
            cursor = Cursor(value, entry.label)
            name = cursor.take(cursor.varint())
            pairs.append((name, value[cursor.at :]))
        return pairs

    def _large_attributes(self, entry: Entry, large: Record) -> list[tuple[bytes, bytes]]:
        require(not entry.values["attributes"], f"{entry.label}: both fields 27 and 29")
        require(0 < large["length"] <= 64 * MIB, f"{entry.label}: {large['length']} bytes of attributes")
        extents = read_extents(large["extents"], 1024, entry.label)
        require(all(e.chunk for e in extents), f"{entry.label}: a hole in attributes")
        require(sum(e.length for e in extents) == large["length"], f"{entry.label}: the length of attributes is wrong")
        data = b"".join(self.data(e, entry.label) for e in extents)
        require(sha256(data) == large["sha"], f"{entry.label}: the hash of the attributes is wrong")
        cursor, pairs = Cursor(data, entry.label), []
        while not cursor.done:
            name = cursor.take(cursor.varint())
            pairs.append((name, cursor.take(cursor.varint())))
        return pairs


# --- Restoring --------------------------------------------------------------------------------------------------------


class Sink:
    """What becomes of the entries of a snapshot. This one reads everything and keeps nothing."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.groups: dict[int, Entry] = {}

    def run(self) -> None:
        for entry in self.snapshot.entries():
            if entry.kind == DIRECTORY_END:
                self.leave()
                continue
            attributes = self.snapshot.attributes(entry)
            if entry.kind == DIRECTORY:
                self.enter(entry, attributes)
                continue
            first = self._first_of_group(entry)
            if first is None:
                self.create(entry, attributes)
            else:
                self.link(first, entry)

    def _first_of_group(self, entry: Entry) -> Entry | None:
        group = entry.values["hard_link"]
        if group == 0:
            return None
        first = self.groups.setdefault(group, entry)
        same = (first.kind, first.raw) == (entry.kind, entry.raw)
        require(same, f"{entry.label}: differs from {first.label}, which is the same inode")
        return None if first is entry else first

    def enter(self, entry: Entry, attributes: dict[bytes, bytes]) -> None:
        pass

    def leave(self) -> None:
        pass

    def create(self, entry: Entry, attributes: dict[bytes, bytes]) -> None:
        if entry.kind == FILE:
            for _ in self.snapshot.content(entry):
                pass

    def link(self, first: Entry, entry: Entry) -> None:
        pass


class Level(NamedTuple):
    handle: int
    entry: Entry
    attributes: dict[bytes, bytes]


class Restorer(Sink):
    """Writes a snapshot below a directory. Works relative to open directories, so paths may be of any length."""

    def __init__(self, snapshot: Snapshot, target: str, warn: Callable[[str], None]) -> None:
        super().__init__(snapshot)
        self.warn, self.is_root = warn, os.geteuid() == 0
        os.makedirs(target, exist_ok=True)
        require(not os.listdir(target), f"{target}: is not empty")
        self.root = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
        self.levels: list[Level] = []

    @property
    def here(self) -> int:
        return self.levels[-1].handle if self.levels else self.root

    def at(self, handle: int, name: bytes) -> bytes:
        return b"/proc/self/fd/%d/" % handle + name

    def enter(self, entry: Entry, attributes: dict[bytes, bytes]) -> None:
        os.mkdir(entry.name, 0o700, dir_fd=self.here)
        handle = os.open(entry.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self.here)
        self.levels.append(Level(handle, entry, attributes))

    def leave(self) -> None:
        level = self.levels.pop()
        os.close(level.handle)
        self.metadata(level.entry, level.attributes)

    def create(self, entry: Entry, attributes: dict[bytes, bytes]) -> None:
        if entry.kind == FILE:
            self.file(entry)
        elif entry.kind == LINK:
            os.symlink(entry.values["target"], entry.name, dir_fd=self.here)
        elif not self.node(entry):
            return
        self.metadata(entry, attributes)

    def file(self, entry: Entry) -> None:
        handle = os.open(entry.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=self.here)
        with open(handle, "wb") as out:
            for piece in self.snapshot.content(entry):
                if isinstance(piece, int):
                    out.seek(piece, os.SEEK_CUR)
                else:
                    out.write(piece)
            out.truncate(entry.values["size"])

    def node(self, entry: Entry) -> bool:
        kinds = {FIFO: stat.S_IFIFO, SOCKET: stat.S_IFSOCK, CHARACTER: stat.S_IFCHR, BLOCK: stat.S_IFBLK}
        try:
            device = os.makedev(entry.values.get("major", 0), entry.values.get("minor", 0))
            os.mknod(entry.name, kinds[entry.kind] | 0o600, device, dir_fd=self.here)
            return True
        except (OSError, OverflowError) as error:
            self.warn(f"{entry.label}: not made: {error}")
            return False

    def link(self, first: Entry, entry: Entry) -> None:
        folder = os.dup(self.root)
        for name in first.path.split(b"/")[:-1]:
            deeper = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = deeper
        try:
            os.link(first.name, entry.name, src_dir_fd=folder, dst_dir_fd=self.here, follow_symlinks=False)
        except OSError as error:
            self.warn(f"{entry.label}: not linked: {error.strerror}")
        finally:
            os.close(folder)

    def metadata(self, entry: Entry, attributes: dict[bytes, bytes]) -> None:
        """Owner, attributes, mode, time: each may change what was set after it."""
        values, path = entry.values, self.at(self.here, entry.name)
        mode = values["mode"]
        if self.is_root:
            os.chown(path, values["uid"], values["gid"], follow_symlinks=False)
            for name, value in attributes.items():
                self.attribute(entry, path, name, value)
        else:
            mode &= 0o1777
        if entry.kind != LINK:
            os.chmod(path, mode)
        if values["flags"] & IMPLIED:
            return
        time = values["seconds"] * 10**9 + values["nanoseconds"]
        try:
            os.utime(path, ns=(time, time), follow_symlinks=False)
        except (OSError, OverflowError) as error:
            self.warn(f"{entry.label}: time {time} ns not set: {error}")

    def attribute(self, entry: Entry, path: bytes, name: bytes, value: bytes) -> None:
        try:
            os.setxattr(path, name, value, follow_symlinks=False)
        except OSError as error:
            self.warn(f"{entry.label}: attribute {shown(name)} not set: {error.strerror}")


# --- §15 Chunkers -----------------------------------------------------------------------------------------------------

FAST, PRF, FIXED = 1, 2, 3
WINDOW, MASK = 64, (1 << 64) - 1


@dataclass
class ChunkerParameters:
    kind: int
    minimum: int
    average: int
    maximum: int

    def check(self) -> None:
        low, middle, high = self.minimum, self.average, self.maximum
        if self.kind == FIXED:
            require(low == middle == high and low % 512 == 0 and 512 <= low <= 8 * MIB, "chunker: wrong block size")
        else:
            require(self.kind in (FAST, PRF), f"chunker: unknown kind {self.kind}")
            require(64 <= low < middle < high <= 8 * MIB, "chunker: sizes are not in order")
            require(middle & (middle - 1) == 0, "chunker: the average is not a power of two")

    @property
    def turn(self) -> int:
        return self.minimum + max(0, 3 * self.average // 4 - self.minimum) * 9 // 8


def words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]


def times_x(value: int) -> int:
    return (value << 1 & MASK) ^ (0x1B if value >> 63 else 0)


def times_x64(value: int) -> int:
    """x^64 is x^4 + x^3 + x + 1."""
    once = times_x(value)
    thrice = times_x(times_x(once))
    return times_x(thrice) ^ thrice ^ once ^ value


class FastHash:
    def __init__(self, key: bytes) -> None:
        self.table = words(expand(key, b"holdfast/v1/chunker/fast", 2048))

    def zeros(self, data: bytes, start: int) -> Iterator[int]:
        """Z of the windows that end at start, start + 1, …"""
        value = 0
        for at in range(start - WINDOW, len(data) + 1):
            if at >= start:
                yield 64 - value.bit_length()
            if at < len(data):
                value = (value << 1) + self.table[data[at]] & MASK


class PrfHash:
    def __init__(self, key: bytes) -> None:
        table = words(expand(key, b"holdfast/v1/chunker/prf/hash", 4096))
        self.tables = table[:256], table[256:]
        self.leaving = tuple([times_x64(word) for word in one] for one in self.tables)
        cipher = algorithms.AES(expand(key, b"holdfast/v1/chunker/prf/cipher", 16))
        self.encrypt = Cipher(cipher, modes.ECB()).encryptor().update

    def zeros(self, data: bytes, start: int) -> Iterator[int]:
        values = [0, 0]
        for at in range(start - WINDOW, len(data) + 1):
            if at >= start:
                word = int.from_bytes(self.encrypt(u64(values[0]) + u64(values[1]))[:8], "little")
                yield (word & -word).bit_length() - 1 if word else 64
            if at < len(data):
                for k in (0, 1):
                    values[k] = times_x(values[k]) ^ self.tables[k][data[at]]
                    if at >= start:
                        values[k] ^= self.leaving[k][data[at - WINDOW]]


def chunk_length(data: bytes, parameters: ChunkerParameters, window_hash: FastHash | PrfHash | None) -> int:
    """The length of the chunk with which `data`, the rest of a stream, begins."""
    limit = min(len(data), parameters.maximum)
    if window_hash is None or limit <= parameters.minimum:
        return limit
    bits = parameters.average.bit_length() - 1
    zeros = window_hash.zeros(data[:limit], parameters.minimum)
    for length, count in zip(range(parameters.minimum, limit), zeros):
        if count >= (bits + 2 if length < parameters.turn else bits - 2):
            return length
    return limit


def cuts(data: bytes, key: bytes, parameters: ChunkerParameters) -> list[int]:
    parameters.check()
    makers: dict[int, Callable[[bytes], FastHash | PrfHash]] = {FAST: FastHash, PRF: PrfHash}
    window_hash = makers[parameters.kind](key) if parameters.kind in makers else None
    out = [0]
    while out[-1] < len(data):
        rest = data[out[-1] : out[-1] + parameters.maximum]
        out.append(out[-1] + chunk_length(rest, parameters, window_hash))
    return out[1:]


# --- Commands ---------------------------------------------------------------------------------------------------------


def split_mix(seed: int) -> Iterator[int]:
    while True:
        seed = seed + 0x9E3779B97F4A7C15 & MASK
        value = seed
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & MASK
        value = (value ^ value >> 27) * 0x94D049BB133111EB & MASK
        yield value ^ value >> 31


def self_test() -> None:
    outputs = split_mix(2026)
    small = b"".join(u64(value) for value in itertools.islice(outputs, 1500))
    large = b"".join(u64(value) for value in itertools.islice(outputs, 25000))
    key = bytes(range(32))
    vectors = [
        (small, ChunkerParameters(FAST, 512, 1024, 4096),
         [1382, 2693, 3517, 5186, 6765, 7615, 8460, 9569, 10528, 11806, 12000]),
        (small, ChunkerParameters(PRF, 512, 1024, 4096),
         [1085, 2079, 3332, 4250, 5300, 5941, 6745, 7546, 8715, 9545, 10362, 11716, 12000]),
        (large, ChunkerParameters(FAST, 16384, 32768, 131072), [28000, 61184, 125515, 160823, 191207, 200000]),
        (small, ChunkerParameters(FIXED, 4096, 4096, 4096), [4096, 8192, 12000]),
    ]  # fmt: skip
    for data, parameters, expected in vectors:
        require(cuts(data, key, parameters) == expected, f"self-test: {parameters} cuts elsewhere")
    secret = bytes(range(0x20, 0x40))
    require(secret_from_words(words_from_secret(secret).upper()) == secret, "self-test: recovery words")
    print("self-test: the chunkers and the recovery words are as the format says")


def list_snapshots(repository: Repository) -> None:
    commits = [repository.open_commit(signed) for signed in repository.commits()]
    replaced = {commit.signed.record["replaces"] for commit in commits}
    for commit in sorted(commits, key=lambda one: (one.sealed["time"], one.id)):
        if commit.id in replaced:
            continue
        sealed, statistics = commit.sealed, commit.sealed["statistics"] or {"entries": 0, "content": 0}
        notes = [text for bit, text in ((1, "incomplete"), (2, "suspect")) if sealed["flags"] & bit]
        print(
            commit.id.hex(), shown_time(sealed["time"]), shown(sealed["host"]), shown(sealed["dataset"]),
            f"{statistics['entries']} entries, {statistics['content']} bytes",
            *(shown(path) for path in sealed["paths"]), *(f"#{shown(tag)}" for tag in sealed["tags"]), *notes,
        )  # fmt: skip


def find_snapshot(repository: Repository, wanted: str) -> Commit:
    signed = repository.commits()
    if wanted == "latest":
        opened = [repository.open_commit(one) for one in signed]
        replaced = {one.signed.record["replaces"] for one in opened}
        opened = [one for one in opened if one.id not in replaced]
        require(bool(opened), "the repository holds no snapshot")
        return max(opened, key=lambda one: (one.sealed["time"], one.id))
    require(re.fullmatch("[0-9a-f]{4,64}", wanted) is not None, f"`{shown(wanted)}` is not a snapshot id")
    found = [one for one in signed if one.sha.hex().startswith(wanted)]
    require(len(found) == 1, f"{len(found)} snapshots begin with {wanted}")
    return repository.open_commit(found[0])


def restore(repository: Repository, wanted: str, target: str) -> None:
    snapshot = Snapshot(repository, find_snapshot(repository, wanted))
    Restorer(snapshot, target, repository.warn).run()
    print(f"restored {snapshot.commit.id.hex()}: {snapshot.totals.entries} entries, {snapshot.totals.content} bytes")


def hash_file(path: str) -> bytes:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()


def verify_packs(repository: Repository, problem: Callable[[str], None]) -> int:
    matches = repository.place.names(f"packs/([0-9a-f]{{2}})/({H})")
    names = [bytes.fromhex(match[2]) for match in matches if match[2].startswith(match[1])]
    for name in names:
        try:
            same = hash_file(repository.place.file(pack_name(name))) == name
            require(same, f"{pack_name(name)}: its bytes are not those of its name")
            repository.pack(name)
        except FormatError as error:
            problem(str(error))
    everything = set(repository.packs)
    for pack in list(repository.packs.values()):
        for index in range(len(pack.entries)):
            try:
                repository.read_frame(Location(pack, index), everything)
            except FormatError as error:
                problem(str(error))
    return len(names)


def verify_steps(repository: Repository, problem: Callable[[str], None]) -> Iterator[tuple[str, Callable[[], int]]]:
    def count(items: Iterator[Any]) -> int:
        return sum(1 for _ in items)

    def fragments() -> int:
        names = [match[1] for match in repository.place.names(f"index/({H})")]
        for name in names:
            repository.check_fragment(bytes.fromhex(name), repository.place.read(f"index/{name}", 64 * MIB))
        return len(names)

    def snapshots() -> int:
        commits = repository.commits(problem)
        for signed in commits:
            try:
                Sink(Snapshot(repository, repository.open_commit(signed))).run()
            except FormatError as error:
                problem(f"snapshot {signed.sha.hex()}: {error}")
        return len(commits)

    yield "key slots", lambda: count(repository.slots())
    yield "policies", lambda: len(repository.policies)
    yield "packs", lambda: verify_packs(repository, problem)
    yield "index fragments", fragments
    yield "pack lists", lambda: count(repository.all_pack_lists())
    yield "leases and other records", lambda: count(repository.other_records())
    yield "snapshots", snapshots


def verify(repository: Repository) -> None:
    problems: list[str] = []
    for what, step in verify_steps(repository, problems.append):
        try:
            print(f"{what}: {step()}")
        except FormatError as error:
            problems.append(str(error))
    for text in problems:
        print(f"problem: {text}", file=sys.stderr)
    require(not problems, f"{len(problems)} problems")
    print("everything is as it should be")


def dump_pack(repository: Repository, text: str) -> None:
    name = text.rpartition("/")[2]
    require(re.fullmatch(H, name) is not None, f"`{shown(text)}` is not the name of a pack")
    pack = repository.pack(bytes.fromhex(name))
    header = pack.header
    print(f"pack {name}: {pack.length} bytes, type {header['type']}, suite {header['suite']}, epoch {header['epoch']}")
    print(f"domain {header['domain'].hex()}, member {header['member'].hex()}, run {header['run'].hex()}")
    print(f"{len(header['box']['recipients'])} recipients, {pack.padding} bytes of padding, {len(pack.entries)} frames")
    for entry, offset in zip(pack.entries, pack.offsets):
        base = f" base {entry.base.hex()}" if entry.base else ""
        codec = ("stored", "zlib", "zstd", "zstd with prefix")[entry.codec]
        print(f"{offset:>10} {entry.chunk.hex()} type {entry.type} {codec} {entry.plain} -> {entry.compressed}{base}")


def read_text(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as handle:
        return handle.read(64 * KIB)


def credential(options: argparse.Namespace) -> Credential:
    if options.password_file:
        with open(options.password_file, "rb") as handle:
            line = handle.read(64 * KIB)
        return Credential(1, re.sub(rb"\r?\n\Z", b"", line))
    if options.key_file:
        key_file = parse_key_file(read_text(options.key_file))
        if isinstance(key_file, MemberFile):
            return Credential(4, b"", None, key_file)
        return Credential(2, key_file.secret, key_file)
    if options.words_file:
        return Credential(3, secret_from_words(read_text(options.words_file)))
    require(re.fullmatch(H, options.slot_secret_hex) is not None, "the slot secret is not 64 hexadecimal digits")
    return Credential(3, bytes.fromhex(options.slot_secret_hex))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="An independent reader of Holdfast repositories.")
    commands = parser.add_subparsers(dest="command", required=True)
    signatures = {"snapshots": (), "verify": (), "restore": ("id", "directory"), "dump-pack": ("name",)}
    for name, arguments in signatures.items():
        command = commands.add_parser(name)
        for argument in arguments:
            command.add_argument(argument)
        command.add_argument("--repository", required=True)
        key = command.add_mutually_exclusive_group(required=True)
        for option in ("--password-file", "--key-file", "--words-file", "--slot-secret-hex"):
            key.add_argument(option)
    commands.add_parser("self-test")
    return parser.parse_args()


def run(options: argparse.Namespace) -> int:
    if options.command == "self-test":
        self_test()
        return 0
    warnings = 0

    def warn(text: str) -> None:
        nonlocal warnings
        warnings += 1
        print(f"warning: {text}", file=sys.stderr)

    repository = Repository(options.repository, credential(options), warn)
    if options.command == "snapshots":
        list_snapshots(repository)
    elif options.command == "restore":
        restore(repository, options.id, options.directory)
    elif options.command == "verify":
        verify(repository)
    else:
        dump_pack(repository, options.name)
    return 1 if warnings else 0


def main() -> int:
    try:
        return run(parse_arguments())
    except (FormatError, OSError, UnicodeDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
