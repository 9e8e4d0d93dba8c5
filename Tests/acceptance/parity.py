#!/usr/bin/env python3
# Loses packs and flips bits in a repository with 5 % parity, and has them recovered.
#
#     python3 Tests/acceptance/parity.py --holdfast .build/release/holdfast --full
#
"""Loses packs and flips bits in a repository with 5 % parity, and has them recovered.

A backup of random data makes a repository of more than 20 packs. Each pack in turn (without --full: a seeded sample) is
deleted, and `parity repair` must bring back the same bytes. Then thousands of bits are flipped, spread over all objects,
parity itself among them (leases are left alone: they matter only while a run lives, and nothing protects them): after the
repair every object is what it was, `check --read-data` finds nothing, and a restore is identical. Last, so many packs
are deleted that nothing can be done: the exit status says so, and no wrong bytes are stored.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile


class Failed(Exception):
    """Something is not as it must be."""


class Campaign:
    def __init__(self, options: argparse.Namespace, work: str) -> None:
        self.options = options
        self.work = work
        self.random = random.Random(options.seed)
        self.repository = os.path.join(work, "repository")
        self.source = os.path.join(work, "source")
        self.passed = 0
        self.failed = 0
        password = os.path.join(work, "password")
        with open(password, "w", encoding="ascii") as file:
            file.write("parity acceptance\n")
        os.chmod(password, 0o600)
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": work, "TZ": "UTC",
            "HOLDFAST_REPOSITORY": self.repository, "HOLDFAST_PASSWORD_FILE": password,
            "HOLDFAST_CACHE_DIR": os.path.join(work, "cache"), "HOLDFAST_STATE_DIR": os.path.join(work, "state"),
        }

    def run(self, *arguments: str, expect: int = 0) -> dict:
        done = subprocess.run(
            [self.options.holdfast, *arguments, "--json"], env=self.environment, capture_output=True, check=False)
        if done.returncode != expect:
            raise Failed(f"{' '.join(arguments)}: status {done.returncode} instead of {expect}: "
                         f"{done.stderr[-2000:].decode(errors='replace')}")
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        return json.loads(lines[-1]) if lines else {}

    def step(self, name: str, body) -> None:
        try:
            print(f"{name}: {body()}", flush=True)
            self.passed += 1
        except (Failed, OSError) as error:
            print(f"FAILED {name}: {error}", flush=True)
            self.failed += 1

    def objects(self) -> dict[str, bytes]:
        """All objects that are not leases, with the hash of their bytes."""
        found = {}
        for folder, names, files in os.walk(self.repository):
            if folder == self.repository:
                names[:] = [name for name in names if name not in ("tmp", "leases")]
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, self.repository)] = hashlib.file_digest(file, "sha256").digest()
        return found

    def require_same(self, before: dict[str, bytes]) -> None:
        after = self.objects()
        different = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
        if different:
            raise Failed(f"{len(different)} objects differ, such as {different[0]}")

    def make(self) -> str:
        os.mkdir(self.source)
        for number in range(self.options.packs):
            with open(os.path.join(self.source, f"file-{number:03}"), "wb") as file:
                file.write(self.random.randbytes(17 << 20))
        for number in range(300):
            with open(os.path.join(self.source, f"small-{number:03}"), "wb") as file:
                file.write(self.random.randbytes(self.random.randrange(20_000)))
        self.run("init", "--parity", "5")
        self.run("backup", self.source)
        packs = [name for name in self.objects() if name.startswith("packs/")]
        if len(packs) < 20:
            raise Failed(f"only {len(packs)} packs")
        sizes = {"packs": 0, "parity": 0}
        for name in self.objects():
            kind = name.split("/")[0]
            if kind in sizes:
                sizes[kind] += os.path.getsize(os.path.join(self.repository, name))
        share = 100 * sizes["parity"] / sizes["packs"]
        if self.run("parity", "check")["objects_unprotected"] != 0:
            raise Failed("something is not protected")
        return f"{len(packs)} packs, {sizes['packs'] >> 20} MiB, {share:.2f} % parity"

    def lose_packs(self) -> str:
        before = self.objects()
        packs = sorted(name for name in before if name.startswith("packs/"))
        chosen = packs if self.options.full else self.random.sample(packs, 2)
        for name in chosen:
            os.unlink(os.path.join(self.repository, name))
            summary = self.run("parity", "repair")
            if summary["repaired"] != [name]:
                raise Failed(f"{name} was deleted, and recovered: {summary['repaired']}")
            self.require_same(before)
        return f"{len(chosen)} of {len(packs)} packs deleted, one after another, and recovered"

    def flip_bits(self) -> str:
        before = self.objects()
        names = sorted(before)
        lengths = [os.path.getsize(os.path.join(self.repository, name)) for name in names]
        count = self.options.flips
        hit = set()
        for name in self.random.choices(names, weights=lengths, k=count):
            path = os.path.join(self.repository, name)
            position = self.random.randrange(os.path.getsize(path))
            with open(path, "r+b", buffering=0) as file:
                file.seek(position)
                byte = file.read(1)[0]
                file.seek(position)
                file.write(bytes([byte ^ 1 << self.random.randrange(8)]))
            hit.add(name)
        # The small objects are hit as well: one flip in each of a sample of every kind.
        for kind in sorted({name.split("/")[0] for name in names}):
            name = self.random.choice([name for name in names if name.split("/")[0] == kind])
            path = os.path.join(self.repository, name)
            with open(path, "r+b", buffering=0) as file:
                position = self.random.randrange(os.path.getsize(path))
                file.seek(position)
                byte = file.read(1)[0]
                file.seek(position)
                file.write(bytes([byte ^ 1]))
            hit.add(name)
        if self.run("parity", "check", expect=20)["lost"]:
            raise Failed("parity check says that something is lost")
        summary = self.run("parity", "repair")
        self.require_same(before)
        self.run("check", "--read-data")
        worst = f"{summary['worst_stripe_lost']} of {summary['worst_stripe_limit']}"
        return f"{count} flips hit {len(hit)} objects, all recovered; at worst {worst} blocks of a stripe"

    def restore(self) -> str:
        target = os.path.join(self.work, "restored")
        shutil.rmtree(target, ignore_errors=True)
        self.run("restore", "latest:" + self.source, "--target", target, "--verify")
        for name in sorted(os.listdir(self.source)):
            with open(os.path.join(self.source, name), "rb") as left, open(os.path.join(target, name), "rb") as right:
                if hashlib.file_digest(left, "sha256").digest() != hashlib.file_digest(right, "sha256").digest():
                    raise Failed(f"{name} is not the same")
        count = len(os.listdir(target))
        shutil.rmtree(target)
        return f"{count} files restored and compared"

    def lose_too_much(self) -> str:
        before = self.objects()
        packs = self.random.sample(sorted(name for name in before if name.startswith("packs/")), 5)
        aside = os.path.join(self.work, "aside")
        os.mkdir(aside)
        for name in packs:
            os.rename(os.path.join(self.repository, name), os.path.join(aside, os.path.basename(name)))
        summary = self.run("parity", "repair", expect=20)
        after = self.objects()
        if any(before[name] != hash for name, hash in after.items()):
            raise Failed("wrong bytes were stored")
        for name in packs:
            path = os.path.join(self.repository, name)
            if not os.path.exists(path):
                os.rename(os.path.join(aside, os.path.basename(name)), path)
        self.require_same(before)
        return f"5 packs deleted at once: {len(summary['lost'])} told as lost, nothing wrong stored"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--holdfast", default=os.environ.get("HOLDFAST_BINARY", ".build/release/holdfast"))
    parser.add_argument("--work", help="where everything is made; a temporary directory by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--packs", type=int, default=22, help="how many files of 17 MiB are saved")
    parser.add_argument("--flips", type=int, default=4000)
    parser.add_argument("--full", action="store_true", help="delete each pack in turn rather than a sample")
    options = parser.parse_args()
    options.holdfast = os.path.abspath(options.holdfast)
    work = options.work or tempfile.mkdtemp(prefix="holdfast-parity-")
    os.makedirs(work, exist_ok=True)
    campaign = Campaign(options, work)
    try:
        campaign.step("make", campaign.make)
        if campaign.failed == 0:
            campaign.step("lost packs", campaign.lose_packs)
            campaign.step("flipped bits", campaign.flip_bits)
            campaign.step("restore", campaign.restore)
            campaign.step("too much", campaign.lose_too_much)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{campaign.passed} passed, {campaign.failed} failed")
    return 0 if campaign.passed and not campaign.failed else 1


if __name__ == "__main__":
    sys.exit(main())
