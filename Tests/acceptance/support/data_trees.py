"""Trees that look like what people keep: very many small files, and a small firm's file server."""

import base64
import gzip
import os
import sqlite3

from .tree_writer import text_pieces

KIB = 1 << 10
MIB = 1 << 20


def make_small_files(root, options):
    """`options.files` files of 0 to 16 KiB, most below 2 KiB, about 100 in a directory, two levels deep."""
    random = root.tree.random
    pool = b"".join(text_pieces(random, MIB)) + random.randbytes(MIB // 2)
    left = options.files
    number = 0
    while left > 0:
        with root.directory(b"area-%05d" % number) as area:
            number += 1
            for inner_number in range(100):
                if left == 0:
                    break
                with area.directory(b"part-%02d" % inner_number) as part:
                    for _ in range(min(left, random.randrange(60, 140))):
                        size = min(int(random.lognormvariate(6.5, 1.4)), 16 * KIB)
                        start = random.randrange(len(pool) - size)
                        # The number in front makes nearly every file unlike all others.
                        content = (b"%d " % left + pool[start : start + size])[:size]
                        part.file(b"%x.%s" % (random.getrandbits(48), random.choice((b"txt", b"json", b"c"))), content)
                        left -= 1


def make_customer_data(root, options):
    """Documents in several versions, pictures, mail, logs, a database and a disk image; about 60 MiB × scale."""
    random = root.tree.random
    users = [b"user-%02d" % number for number in range(max(2, round(4 * options.scale)))]
    attachments = [random.randbytes(random.randrange(20 * KIB, 400 * KIB)) for _ in range(8)]
    with root.directory(b"projects") as projects:
        for number in range(max(1, round(6 * options.scale))):
            with projects.directory(b"Project %d" % number) as project:
                _project(project, random)
    with root.directory(b"mail") as mail:
        for user in users:
            with mail.directory(user, mode=0o700) as box:
                _mailbox(box, random, attachments)
    with root.directory(b"logs") as logs:
        _logs(logs, random, options.scale)
    with root.directory(b"databases") as databases:
        databases.file(b"shop.sqlite", _database(random, round(4000 * options.scale)))
    with root.directory(b"images") as images:
        block = [
            (position, random.randbytes(128 * KIB)) for position in range(0, round(16 * options.scale) * MIB, 2 * MIB)
        ]
        images.sparse_file(b"machine.raw", max(1, round(16 * options.scale)) * MIB, block, mode=0o600)
    with root.directory(b"configuration") as configuration:
        for number in range(60):
            configuration.file(b"service-%02d.json" % number, b'{"port": %d, "enabled": true}\n' % (1024 + number))


def _project(project, random):
    for number in range(12):
        text = bytearray(b"".join(text_pieces(random, random.randrange(2 * KIB, 120 * KIB))))
        for version in range(random.randrange(1, 4)):
            project.file(b"Report %02d v%d.txt" % (number, version + 1), bytes(text))
            position = random.randrange(len(text))
            text[position:position] = b" a sentence more. " * random.randrange(1, 30)
    with project.directory(b"Pictures") as pictures:
        for number in range(6):
            content = b"\xff\xd8\xff\xe0" + random.randbytes(random.randrange(60 * KIB, 900 * KIB))
            pictures.file(b"IMG_%04d.jpg" % number, content)
            if number == 0:
                pictures.file(b"IMG_0000 (copy).jpg", content)
    rows = b"".join(b"%d;%d.%02d;open\n" % (i, random.randrange(10_000), i % 100) for i in range(3000))
    project.file(b"orders.csv", rows)


def _mailbox(box, random, attachments):
    with box.directory(b"tmp"), box.directory(b"new"):
        pass
    with box.directory(b"cur") as current:
        for number in range(120):
            mail = b"Subject: message %d\r\n\r\n" % number + b"".join(text_pieces(random, random.randrange(300, 6000)))
            if number % 15 == 0:
                mail += b"\r\n" + base64.encodebytes(random.choice(attachments))
            current.file(
                b"%d.M%dP%d.host:2,S" % (1_600_000_000 + number, number, random.randrange(9999)), mail, mode=0o600
            )


def _logs(logs, random, scale):
    def lines(count):
        return b"".join(
            b"2026-01-%02dT%02d:%02d:%02d host app[%d]: request %08x took %d ms\n"
            % (i % 28 + 1, i % 24, i % 60, i * 7 % 60, i % 5000, random.getrandbits(32), random.randrange(2000))
            for i in range(count)
        )

    logs.file(b"app.log", lines(round(20_000 * scale)))
    logs.file(b"app.log.1", lines(round(30_000 * scale)))
    for number in range(2, 6):
        logs.file(b"app.log.%d.gz" % number, gzip.compress(lines(round(10_000 * scale)), mtime=0))


def _database(random, rows):
    """A SQLite database as bytes, built in memory."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, note TEXT, cents INTEGER)")
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?)",
            (
                (i, f"customer {random.randrange(500)}", random.randbytes(40).hex(), random.randrange(100_000))
                for i in range(rows)
            ),
        )
        connection.execute("CREATE INDEX by_customer ON orders (customer)")
        connection.commit()
        return connection.serialize()
    finally:
        connection.close()


def measure(path):
    """The number of entries and the bytes of regular files below a path, each hard link counted once."""
    seen = set()
    entries = size = 0
    pending = [path]
    while pending:
        with os.scandir(pending.pop()) as listing:
            for entry in listing:
                entries += 1
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    if status.st_nlink > 1:
                        if (status.st_dev, status.st_ino) in seen:
                            continue
                        seen.add((status.st_dev, status.st_ino))
                    size += status.st_size
    return entries, size
