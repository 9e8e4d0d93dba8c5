"""Compares two files' content and where their holes are."""

import errno
import os

CHUNK = 256 << 10


class FileComparison:
    """Compares pairs of files of the same size; owns the buffers and counts the bytes compared."""

    def __init__(self, ignore, hole_tolerance):
        self._ignore = ignore
        self._hole_tolerance = hole_tolerance
        self._buffers = bytearray(CHUNK), bytearray(CHUNK)
        self.bytes = 0

    def differences(self, name, left_directory, right_directory, first, second):
        """What differs between the files `name` of two open directories, whose status the caller has."""
        left = _open_file(name, left_directory)
        try:
            right = _open_file(name, right_directory)
            try:
                return self._compare(left, right, first, second)
            finally:
                os.close(right)
        finally:
            os.close(left)

    def _compare(self, left, right, first, second):
        found = []
        size = first.st_size
        segments = [(0, size)]
        # A small file that fills its blocks has no hole: two system calls saved for most files.
        if size > CHUNK or min(first.st_blocks, second.st_blocks) * 512 < size:
            one, other = _data_segments(left, size), _data_segments(right, size)
            segments = one if one == other else _union(one, other)
            odd = 2 * _total(segments) - _total(one) - _total(other)
            if odd > self._hole_tolerance and "holes" not in self._ignore:
                found.append(f"holes differ in {odd} bytes: data {_total(one)} became {_total(other)}")
            spread = abs(first.st_blocks - second.st_blocks) * 512
            if spread > (64 << 10) + size // 32 and not {"holes", "blocks"} & self._ignore:
                found.append(f"allocated bytes {first.st_blocks * 512} became {second.st_blocks * 512}")
        if "content" not in self._ignore:
            offset = self._first_difference(left, right, segments)
            if offset is not None:
                found.append(f"content differs from byte {offset}")
        return found

    def _first_difference(self, left, right, segments):
        one, other = self._buffers
        for start, end in segments:
            offset = start
            while offset < end:
                count = min(CHUNK, end - offset)
                if count == CHUNK:
                    same = os.preadv(left, [one], offset) == CHUNK == os.preadv(right, [other], offset) and one == other
                else:
                    pieces = os.pread(left, count, offset), os.pread(right, count, offset)
                    same = len(pieces[0]) == count and pieces[0] == pieces[1]
                if not same:
                    return _exact_offset(left, right, offset, count)
                offset += count
            self.bytes += end - start
        return None


def _open_file(name, directory):
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(name, flags | os.O_NOATIME, dir_fd=directory)
    except PermissionError:
        return os.open(name, flags, dir_fd=directory)


def _data_segments(descriptor, size):
    """The stretches of a file that are not holes, as (start, end)."""
    segments = []
    offset = 0
    while offset < size:
        try:
            start = os.lseek(descriptor, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break
            raise
        offset = min(os.lseek(descriptor, start, os.SEEK_HOLE), size)
        segments.append((start, offset))
    return segments


def _union(one, other):
    joined = []
    for start, end in sorted(one + other):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _total(segments):
    return sum(end - start for start, end in segments)


def _exact_offset(left, right, offset, count):
    one, other = os.pread(left, count, offset), os.pread(right, count, offset)
    for position, (first, second) in enumerate(zip(one, other)):
        if first != second:
            return offset + position
    return offset + min(len(one), len(other))
