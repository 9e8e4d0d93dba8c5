"""Writes the *-generated.json fixtures: cases for which no vector is published.

Uses Python's hashlib, hmac and cryptography (48.0.0 when the fixtures were made), which share no code with the module
under test except OpenSSL below them. Everything but the HPKE file comes out the same on every run.
"""

import hashlib
import hmac
import json
import pathlib
import random
import struct

from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEED = 20261124
FOLDER = pathlib.Path(__file__).parent


def write(name, source, cases):
    text = json.dumps({"source": source, "cases": cases}, indent=1)
    (FOLDER / f"{name}.json").write_text(text + "\n")


def hashing(source):
    cases = []
    for message_length in [0, 1, 31, 32, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129, 1000, 4097]:
        for key_length in [0, 1, 32, 63, 64, 65, 200] if message_length < 200 else [0, 32, 200]:
            key, message = source.randbytes(key_length), source.randbytes(message_length)
            cases.append({
                "key": key.hex(),
                "message": message.hex(),
                "digest": hashlib.sha256(message).hexdigest(),
                "code": hmac.new(key, message, "sha256").hexdigest(),
            })
    write("hashing-generated", "Python's hashlib and hmac, by generate.py; no published vector", cases)


def key_derivation(source):
    cases = []
    for length in [1, 16, 31, 32, 33, 64, 65, 200, 8159, 8160]:
        input_key = source.randbytes(source.choice([1, 32, 100]))
        salt = source.randbytes(source.choice([0, 16, 32, 100]))
        info = source.randbytes(source.choice([0, 10, 80]))
        output = HKDF(hashes.SHA256(), length, salt, info).derive(input_key)
        cases.append({
            "ikm": input_key.hex(),
            "salt": salt.hex(),
            "info": info.hex(),
            "length": length,
            "prk": hmac.new(salt, input_key, "sha256").hexdigest(),
            "okmDigest": hashlib.sha256(output).hexdigest(),
        })
    note = "; okmDigest is the SHA-256 of the output"
    write("hkdf-generated", "Python's cryptography 48.0.0, by generate.py; no published vector" + note, cases)


def sealing(source):
    cases = []
    for suite, cipher in [(1, AESGCM), (2, ChaCha20Poly1305)]:
        for length in [0, 1, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1025]:
            key, plaintext = source.randbytes(32), source.randbytes(length)
            associated = source.randbytes(source.choice([0, 1, 12, 16, 17, 64, 100]))
            counter = source.choice([0, 1, 255, 2**32, 2**63, 2**64 - 1, source.getrandbits(64)])
            nonce = bytes(4) + struct.pack(">Q", counter)
            cases.append({
                "suite": suite,
                "key": key.hex(),
                "counter": str(counter),
                "aad": associated.hex(),
                "plaintext": plaintext.hex(),
                "sealed": cipher(key).encrypt(nonce, plaintext, associated).hex(),
            })
    note = "; the nonce is four zero bytes and the counter in big-endian order"
    write("aead-generated", "Python's cryptography 48.0.0, by generate.py; no published vector" + note, cases)


def hybrid_encryption(source):
    cases = []
    for suite, aead in [(1, hpke.AEAD.AES_256_GCM), (2, hpke.AEAD.CHACHA20_POLY1305)]:
        scheme = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, aead)
        for length in [1, 32, 64, 200]:
            recipient = X25519PrivateKey.from_private_bytes(source.randbytes(32))
            info, plaintext = source.randbytes(source.choice([0, 20, 80])), source.randbytes(length)
            sealed = scheme.encrypt(plaintext, recipient.public_key(), info)
            cases.append({
                "suite": suite,
                "info": info.hex(),
                "plaintext": plaintext.hex(),
                "recipientKey": recipient.private_bytes_raw().hex(),
                "encapsulatedKey": sealed[:32].hex(),
                "ciphertext": sealed[32:].hex(),
            })
    note = "; associated data is empty"
    write("hpke-generated", "Python's cryptography 48.0.0, by generate.py; no published vector" + note, cases)


generator = random.Random(SEED)
hashing(generator)
key_derivation(generator)
sealing(generator)
hybrid_encryption(generator)
