"""The subjects of the odd tree that are about metadata: modes, times, owners and extended attributes."""

from .tree_writer import BILLION, file_capability, posix_acl

NO_ID = 0xFFFFFFFF
# Tags of POSIX access control lists (acl(5)), as the kernel stores them.
USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
CAP_NET_BIND_SERVICE, CAP_NET_RAW, CAP_CHECKPOINT_RESTORE = 10, 13, 40


def make_modes(directory, options):
    """Every special bit, and files and directories that nobody may open."""
    for mode in (0o4755, 0o2755, 0o6711, 0o1644, 0o7777, 0o600, 0o444, 0o777):
        directory.file(b"file-%04o" % mode, b"mode\n", mode=mode)
    for mode in (0o1777, 0o2775, 0o3770, 0o6755, 0o7777, 0o700, 0o555):
        with directory.directory(b"directory-%04o" % mode, mode=mode) as inner:
            inner.file(b"inside", b"mode\n")
    if directory.tree.is_root:
        for mode in (0o000, 0o111, 0o200):
            directory.file(b"file-%04o" % mode, b"secret\n", mode=mode)
        for mode in (0o000, 0o444, 0o300):
            with directory.directory(b"directory-%04o" % mode, mode=mode) as inner:
                inner.file(b"inside", b"behind a closed door\n", mode=mode)
        directory.fifo(b"fifo-0000", mode=0o000)
    else:
        directory.tree.skip("files and directories of mode 0000", "only root can read them back")


def make_times(directory, options):
    """Times before 1970, around 2038 and 2106, and at the end of what ext4 holds; with 0, 1 and 999,999,999 ns."""
    seconds = (
        0,
        1,
        -1,
        -86_400,
        -(1 << 31),
        (1 << 31) - 1,
        1 << 31,
        (1 << 32) - 1,
        1 << 32,
        9_999_999_999,
        15_032_385_535,
    )
    for second in seconds:
        for fraction in (0, 1, 999_999_999):
            mtime = second * BILLION + fraction
            name = b"%d.%09d" % (second, fraction)
            directory.file(b"file " + name, name, mtime=mtime)
            directory.symlink(b"link " + name, name, mtime=mtime)
            with directory.directory(b"directory " + name, mtime=mtime) as inner:
                inner.file(b"later", b"", mtime=mtime + 5)
    directory.fifo(b"fifo", mtime=-BILLION + 1)
    directory.socket(b"socket", mtime=(1 << 33) * BILLION + 1)


def make_owners(directory, options):
    """Numbers of users and groups that no password file names, up to the greatest."""
    identities = (
        (0, 0),
        (1, 2),
        (12_345, 54_321),
        (65_534, 65_534),
        (65_535, 65_536),
        (1 << 31, (1 << 31) - 1),
        (4_294_967_294, 4_294_967_294),
    )
    for user, group in identities:
        directory.file(b"file-%d-%d" % (user, group), b"owned\n", owner=(user, group))
        directory.file(b"setuid-%d-%d" % (user, group), b"owned\n", owner=(user, group), mode=0o6755)
        directory.symlink(b"link-%d-%d" % (user, group), b"file", owner=(user, group))
        with directory.directory(b"directory-%d-%d" % (user, group), owner=(user, group), mode=0o2750) as inner:
            inner.file(b"inside", b"owned\n", owner=(group, user))


def make_attributes(directory, options):
    """Extended attributes of every name space that is stored, capabilities and access lists."""
    random = directory.tree.random
    directory.file(b"empty-value", b"x", xattrs={b"user.empty": b""})
    directory.file(b"binary", b"x", xattrs={b"user.binary": bytes(range(256)), b"user.zero": b"\0"})
    directory.file(b"several", b"x", xattrs={b"user.%02d" % i: random.randbytes(i) for i in range(40)})
    directory.file(b"long-name", b"x", xattrs={b"user." + b"n" * 250: b"long"})
    directory.file(b"odd-name", b"x", xattrs={b"user.caf\xe9 \n\x1b[1m=": b"odd"})
    directory.file(b"on-an-empty-file", b"", xattrs={b"user.note": b"nothing else here"})
    directory.file(b"read-only", b"x", mode=0o444, xattrs={b"user.note": b"set before the mode or as root"})
    for size in (60_000, 3_000):
        directory.file(b"value-of-%d" % size, b"x", xattrs={b"user.large": random.randbytes(size)})
    with directory.directory(b"on-a-directory", xattrs={b"user.note": b"directory"}) as inner:
        inner.file(b"inside")
    if not directory.tree.is_root:
        directory.tree.skip("trusted.* and security.capability attributes", "need root")
    else:
        trusted = {b"trusted.note": b"\x00\xff trusted"}
        directory.file(b"trusted", b"x", xattrs=trusted)
        directory.symlink(b"trusted-link", b"trusted", xattrs=trusted)
        directory.fifo(b"trusted-fifo", xattrs=trusted)
        directory.socket(b"trusted-socket", xattrs=trusted)
        with directory.directory(b"trusted-directory", xattrs=trusted):
            pass
        directory.file(
            b"capability",
            b"#!/bin/true\n",
            mode=0o755,
            owner=(1000, 1000),
            xattrs={b"security.capability": file_capability([CAP_NET_RAW, CAP_NET_BIND_SERVICE])},
        )
        directory.file(
            b"capability-high",
            b"#!/bin/true\n",
            mode=0o755,
            xattrs={b"security.capability": file_capability([CAP_CHECKPOINT_RESTORE], effective=False)},
        )
    _access_lists(directory)


def _access_lists(directory):
    access = posix_acl(
        [
            (USER_OBJ, 6, NO_ID),
            (USER, 4, 1234),
            (USER, 7, 70_000),
            (GROUP_OBJ, 4, NO_ID),
            (GROUP, 2, 4321),
            (MASK, 6, NO_ID),
            (OTHER, 0, NO_ID),
        ]
    )
    default = posix_acl(
        [(USER_OBJ, 7, NO_ID), (USER, 5, 1234), (GROUP_OBJ, 5, NO_ID), (MASK, 5, NO_ID), (OTHER, 0, NO_ID)]
    )
    # Mode and list say the same: the group's bits of the mode are the mask.
    directory.file(b"acl", b"x", mode=0o660, xattrs={b"system.posix_acl_access": access})
    with directory.directory(b"acl-default", mode=0o750, xattrs={b"system.posix_acl_default": default}) as inner:
        # Made before the default list is set: these must come back without an inherited one.
        inner.file(b"without", b"x", mode=0o664)
        with inner.directory(b"without-too", mode=0o775):
            pass
    with directory.directory(
        b"acl-both",
        mode=0o760,
        xattrs={
            b"system.posix_acl_access": posix_acl(
                [(USER_OBJ, 7, NO_ID), (USER, 4, 1234), (GROUP_OBJ, 4, NO_ID), (MASK, 6, NO_ID), (OTHER, 0, NO_ID)]
            ),
            b"system.posix_acl_default": default,
        },
    ):
        pass
