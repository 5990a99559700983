"""Files, as a log sees them: what it is handed instead of an operating system.

A `File` is written at its end and read anywhere.  `Disk` is where files are by their path; this
module has the real one.  A simulated one keeps to the same: what was appended can be read at once,
and is lost by a crash of the machine unless it was flushed; `replace` is all or nothing.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Protocol

Data = bytes | bytearray | memoryview
MANY = 256 << 10
"""Bytes from which on reading them costs more than not to: bench/broker/serving.py."""

PUBLIC = 0o666
"""The mode of a file for whoever may see the directory: what the process's umask leaves of it."""


class File(Protocol):
    """An open file."""

    @property
    def size(self) -> int:
        """Bytes in it."""

    def append(self, data: Data) -> None:
        """Write at the end; where that fails with an OSError, nothing was written."""

    def read(self, at: int, count: int) -> bytes:
        """So many bytes from there, or those that there are."""

    def piece(self, at: int, count: int) -> Data | Piece:
        """The same for who only hands them on to a socket: they may lie in the file still."""

    def truncate(self, size: int) -> None:
        """Keep the first so many bytes.

        Where the system refuses that, it is asked again before what is appended or flushed next;
        what lies beyond cannot be read meanwhile.
        """

    def flush(self) -> None:
        """Return when what was appended will outlive the machine."""

    def close(self) -> None:
        """Nothing more is asked of it."""


class Disk(Protocol):
    """Where files are."""

    def open(self, path: Path) -> File:
        """A file, which is made where it is not there."""

    def load(self, path: Path) -> bytes | None:
        """All that is in a file; None where there is none."""

    def exists(self, path: Path) -> bool:
        """Whether there is a file or a folder."""

    def replace(self, path: Path, data: bytes, *, durable: bool = True, mode: int = PUBLIC) -> None:
        """Put a file there in place of what was there, for a crash of the machine too if durable.

        What is not durable can be made again from something else.  The mode says who may use it.
        """

    def names(self, folder: Path) -> list[str]:
        """What a folder holds, in order; nothing where there is none."""

    def make_folder(self, folder: Path) -> None:
        """See that a folder is there."""

    def rename(self, path: Path, to: Path) -> None:
        """Give a file or a folder another name."""

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""

    def remove_folder(self, folder: Path) -> None:
        """Remove a folder and all in it, if it is there."""


class Piece:
    """Bytes of a file that nobody has read: the system hands them on.

    A page that cannot be read is found by the system when it sends it, which fails then; a program
    that looked at it where it is mapped would be ended.  So nobody does.
    """

    def __init__(self, file: RealFile, at: int, size: int) -> None:
        self._file, self._at, self._size = file, at, size

    def __len__(self) -> int:
        """How many are left."""
        return self._size

    def send(self, socket: int) -> None:
        """Give a socket what it takes; BlockingIOError: nothing.  OSError: there is no reading."""
        sent = os.sendfile(socket, self._file.descriptor, self._at, self._size)
        if not sent:
            raise OSError(errno.EIO, "a file is shorter than it was")
        self._at, self._size = self._at + sent, self._size - sent

    def rest(self) -> memoryview:
        """What is left, mapped: it takes no memory of its own until somebody sends it."""
        low = self._at & -mmap.ALLOCATIONGRANULARITY
        flags, whole = mmap.MAP_SHARED, self._at - low + self._size
        found = mmap.mmap(self._file.descriptor, whole, flags, mmap.PROT_READ, offset=low)
        return memoryview(found)[self._at - low :]


class RealFile:
    """A file of the operating system."""

    def __init__(self, path: Path, flushed: Callable[[float], None]) -> None:
        self._flushed = flushed
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._size = os.fstat(self._fd).st_size
        self._torn = False

    @property
    def size(self) -> int:
        """Bytes in it."""
        return self._size

    def append(self, data: Data) -> None:
        """Write at the end."""
        self._cut()
        view, at = memoryview(data), self._size
        try:
            while view:
                count = os.pwrite(self._fd, view, at)
                view, at = view[count:], at + count
        except OSError:
            self.truncate(self._size)
            raise
        self._size = at

    def read(self, at: int, count: int) -> bytes:
        """So many bytes from there, or those that there are."""
        return os.pread(self._fd, max(0, min(count, self._size - at)), at)

    def piece(self, at: int, count: int) -> Data | Piece:
        """So many bytes from there; if they are many, and all there, they are not read yet."""
        count = max(0, min(count, self._size - at))
        if count >= MANY and os.fstat(self._fd).st_size >= at + count:
            return Piece(self, at, count)
        return self.read(at, count)

    @property
    def descriptor(self) -> int:
        """The system's; OSError where it was given back."""
        if self._fd < 0:
            raise OSError(errno.EBADF, "the file was closed")
        return self._fd

    def truncate(self, size: int) -> None:
        """Keep the first so many bytes."""
        self._size, self._torn = size, True
        with contextlib.suppress(OSError):
            self._cut()

    def _cut(self) -> None:
        """Have the operating system keep no more than is in it."""
        if self._torn:
            os.ftruncate(self._fd, self._size)
            self._torn = False

    def flush(self) -> None:
        """Have the operating system write it out."""
        self._cut()
        began = perf_counter()
        os.fsync(self._fd)
        self._flushed(perf_counter() - began)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class RealDisk:
    """The operating system's files.

    flushed  is told how long each flush of a file took, in seconds
    """

    def __init__(self) -> None:
        self.flushed: Callable[[float], None] = lambda _: None

    def open(self, path: Path) -> RealFile:
        """A file, which is made where it is not there."""
        return RealFile(path, self.flushed)

    def load(self, path: Path) -> bytes | None:
        """All that is in a file; None where there is none."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def exists(self, path: Path) -> bool:
        """Whether there is a file or a folder."""
        return path.exists()

    def replace(self, path: Path, data: bytes, *, durable: bool = True, mode: int = PUBLIC) -> None:
        """Put a file there in place of what was there."""
        beside = path.with_name(f"{path.name}.tmp")
        with open(beside, "wb", opener=lambda at, flags: os.open(at, flags, mode)) as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
        if durable:
            flush_folder(path.parent)

    def names(self, folder: Path) -> list[str]:
        """What a folder holds, in order; nothing where there is none."""
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208 - names alone are wanted
        except FileNotFoundError:
            return []

    def make_folder(self, folder: Path) -> None:
        """See that a folder is there."""
        folder.mkdir(parents=True, exist_ok=True)

    def rename(self, path: Path, to: Path) -> None:
        """Give a file or a folder another name."""
        path.rename(to)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        path.unlink(missing_ok=True)

    def remove_folder(self, folder: Path) -> None:
        """Remove a folder and all in it, if it is there."""
        shutil.rmtree(folder, ignore_errors=True)


def flush_folder(folder: Path) -> None:
    """Have a folder's names written out."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
