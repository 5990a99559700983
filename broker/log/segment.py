"""A segment: a stretch of a log in one file, and its indexes.

Files are named after the segment's base offset, in twenty digits.  A batch is found from the entry
of the index before it, by walking headers; so are the first records of a time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from broker.log.files import Disk, Piece
from broker.log.index import OffsetIndex, TimeIndex, TransactionIndex
from broker.log.producers import Aborted
from broker.wire.batches import (
    HEADER,
    MAGIC,
    MAX_OFFSET_DELTA,
    BatchHeader,
    Corrupt,
    Data,
    checked,
    read_header,
)
from broker.wire.records import Allowance, TooMuch, each_record

LOG, INDEX, TIME_INDEX, TXN_INDEX = ".log", ".index", ".timeindex", ".txnindex"
DELETED, CLEANED, SWAP = ".deleted", ".cleaned", ".swap"
SUFFIXES = (LOG, INDEX, TIME_INDEX, TXN_INDEX)

_CHUNK = 8 << 10
_SCAN = 1 << 20
_ANY = 1 << 62
_DIGITS = 20


def named(base_offset: int, suffix: str) -> str:
    """The name of a segment's file."""
    return f"{base_offset:020d}{suffix}"


def offset_of(name: str, suffix: str) -> int | None:
    """The offset that a file is named after; None where it is none of ours."""
    digits = name.removesuffix(suffix)
    ours = digits != name and len(digits) == _DIGITS and digits.isascii() and digits.isdecimal()
    return int(digits) if ours else None


@dataclass(frozen=True)
class Found:
    """A batch in a segment.

    position  where it starts in the file
    """

    position: int
    header: BatchHeader


class Segment:
    """One segment of a log."""

    def __init__(self, disk: Disk, folder: Path, base_offset: int, suffix: str = "") -> None:
        self._disk, self.folder, self.base_offset = disk, folder, base_offset
        self._suffix = suffix
        with contextlib.ExitStack() as opened:
            self.log = disk.open(self.path(LOG))
            opened.callback(self.log.close)
            self.index = OffsetIndex(disk, self.path(INDEX), base_offset)
            opened.callback(self.index.close)
            self.time_index = TimeIndex(disk, self.path(TIME_INDEX), base_offset)
            opened.callback(self.time_index.close)
            self.aborted = TransactionIndex(disk, self.path(TXN_INDEX))
            opened.pop_all()
        self._since_index = 0
        self._newest: tuple[int, int] = self.time_index.last or (-1, base_offset)
        self._first_timestamp: int | None = None

    def path(self, suffix: str) -> Path:
        """Where one of its files is."""
        return self.folder / (named(self.base_offset, suffix) + self._suffix)

    @property
    def size(self) -> int:
        """Bytes of its batches."""
        return self.log.size

    @property
    def max_timestamp(self) -> int:
        """Of its records, ms; -1 where there is none."""
        return self._newest[0]

    @property
    def first_timestamp(self) -> int | None:
        """The newest timestamp of its first batch; what it is rolled by."""
        if self._first_timestamp is None and self.size:
            self._first_timestamp = self._header(0).max_timestamp
        return self._first_timestamp

    def _header(self, position: int) -> BatchHeader:
        return BatchHeader._make(HEADER.unpack(self.log.read(position, HEADER.size)))

    def append(
        self, data: Data, header: BatchHeader, index_interval: int, aborted: Aborted | None = None
    ) -> None:
        """Write a batch at the end, and what the indexes are to know of it.

        aborted  the transaction that the batch ends so

        Where that fails with an OSError, nothing was written.
        """
        position, newest, since = self.size, self._newest, self._since_index
        try:
            if aborted is not None:
                self.aborted.append(aborted)
            self.log.append(data)
            self.note(header, position, index_interval)
        except OSError:
            with contextlib.suppress(OSError):
                self.truncate(position, header.base_offset)
            self._newest, self._since_index = newest, since
            raise

    def note(self, header: BatchHeader, position: int, index_interval: int) -> None:
        """What the indexes are to know of the batch at this position."""
        if header.max_timestamp > self._newest[0]:
            self._newest = (header.max_timestamp, header.last_offset)
        if self._since_index > index_interval:
            self.index.append(header.last_offset, position)
            self.time_index.append(*self._newest)
            self._since_index = 0
        self._since_index += header.size

    def may_hold(self, header: BatchHeader) -> bool:
        """Whether a batch's offsets, which no checksum covers, can be of this segment."""
        first, last = header.base_offset - self.base_offset, header.last_offset - self.base_offset
        return 0 <= first <= last <= MAX_OFFSET_DELTA

    def seal(self) -> None:
        """Nothing more is appended: the time index learns the newest record."""
        if self._newest[0] >= 0:
            self.time_index.append(*self._newest)

    @property
    def indexed(self) -> bool:
        """Whether its indexes can be those of its log."""
        return (
            self.index.fits(self.size)
            and self.time_index.fits(self.size)
            and bool(self.time_index.count or not self.size)
            and self.aborted.fits(self.base_offset)
        )

    def since(self, offset: int) -> Iterator[Found]:
        """The batches from where the index says to look for an offset.

        Where no batch can start there the index is wrong, and it is all of them.
        """
        position = self.index.position(offset)
        found = self.headers(position)
        if not position:
            return found
        first = None
        with contextlib.suppress(Corrupt):
            first = next(found, None)
        if first is not None:
            header = first.header
            if header.magic == MAGIC and self.base_offset <= header.base_offset <= offset:
                return chain((first,), found)
        return self.headers()

    def find(self, offset: int) -> Found | None:
        """The first batch whose last offset is no less."""
        for found in self.since(offset):
            if found.header.last_offset >= offset:
                return found
        return None

    def headers(self, position: int = 0) -> Iterator[Found]:
        """The batches from a position on, where one starts; `Corrupt` where none can be."""
        chunk, at = b"", position
        while at < self.size:
            if not position <= at <= position + len(chunk) - HEADER.size:
                chunk, position = self.log.read(at, _CHUNK), at
            header = read_header(chunk, at - position)
            if header.size < HEADER.size or at + header.size > self.size:
                raise Corrupt(f"{self.path(LOG)} at {at}: a batch of {header.size} bytes")
            yield Found(at, header)
            at += header.size

    def batch(self, found: Found) -> bytes:
        """The bytes of a batch."""
        return self.log.read(found.position, found.header.size)

    def read(
        self,
        offset: int,
        max_bytes: int,
        before: int | None,
        *,
        whole: bool,
        pieces: bool = False,
    ) -> Data | Piece | None:
        """Batches from the one that holds this offset on; None where there is none.

        before  the first offset that is not to be read; None: all may be
        whole   at least one batch, however large
        pieces  what is much may be a piece of the file, which nobody has read
        """
        found = self.find(offset)
        if found is None or (before is not None and found.header.base_offset >= before):
            return None
        if found.header.size > max_bytes and not whole:
            return b""
        end = found.position + max(max_bytes, found.header.size)
        if before is not None:
            limit = self.find(before)
            end = min(end, limit.position if limit else self.size)
        read = self.log.piece if pieces else self.log.read
        return read(found.position, end - found.position)

    def scan(self) -> Iterator[tuple[int, BatchHeader, memoryview]]:
        """Where each batch is, its header and its bytes; the first that is not sound ends it."""
        at = 0
        while at < self.size:
            chunk = memoryview(self.log.read(at, _SCAN))
            if len(chunk) >= HEADER.size:
                size = read_header(chunk).size
                if len(chunk) < size <= self.size - at:
                    chunk = memoryview(self.log.read(at, size))
            start = at
            for header, batch in _sound(chunk):
                yield at, header, batch
                at += header.size
            if at == start:
                return

    def truncate(self, position: int, offset: int) -> None:
        """Keep what lies before this position, which is where this offset would be."""
        self.log.truncate(position)
        self.index.truncate(offset)
        self.time_index.truncate(offset)
        self.aborted.truncate(offset)
        self._renew()

    def _renew(self) -> None:
        """Find the newest record again: of those after the last entry, or that entry's."""
        self._newest = self.time_index.last or (-1, self.base_offset)
        self._first_timestamp = None
        for found in self.since(self._newest[1]):
            if found.header.max_timestamp > self._newest[0]:
                self._newest = (found.header.max_timestamp, found.header.last_offset)

    def first_since(
        self, timestamp: int, start: int, allowance: Allowance | None = None
    ) -> tuple[int, int] | None:
        """The time and offset of the first record from `start` on that is no older.

        allowance  how much may be looked into: of a batch that is larger than that by itself the
                   beginning is told, and `TooMuch` is raised where others have used it up
        """
        offset = max(self.time_index.offset(timestamp), start)
        for found in self.since(offset):
            if found.header.max_timestamp >= timestamp:
                whole = allowance is None or allowance.untouched
                try:
                    for record in each_record(self.batch(found), allowance):
                        if record.timestamp >= timestamp and record.offset >= start:
                            return record.timestamp, record.offset
                except TooMuch:
                    if not whole:
                        raise
                    return found.header.max_timestamp, max(found.header.base_offset, start)
        return None

    def restart(self) -> None:
        """Know nothing of the batches that are there: they are noted again."""
        self.index.clear()
        self.time_index.clear()
        self._newest, self._since_index = (-1, self.base_offset), 0
        self._first_timestamp = None

    def reopen(self) -> None:
        """Take up a segment that is appended to again."""
        self._renew()
        self._since_index = self.size - self.index.position(_ANY)

    def rename(self, suffix: str) -> None:
        """Give all its files another ending; the log is the last, for a crash may come between."""
        for kind in reversed(SUFFIXES):
            old = self.path(kind)
            if self._disk.exists(old):
                self._disk.rename(old, self.folder / (named(self.base_offset, kind) + suffix))
        self._suffix = suffix

    def flush(self) -> None:
        """Have its batches outlive the machine."""
        self.log.flush()

    def close(self) -> None:
        """Give its files back."""
        for file in (self.log, self.index, self.time_index, self.aborted):
            file.close()

    def remove(self) -> None:
        """Remove its files."""
        self.close()
        for kind in SUFFIXES:
            self._disk.remove(self.path(kind))


def _sound(chunk: memoryview) -> Iterator[tuple[BatchHeader, memoryview]]:
    at = 0
    while at < len(chunk):
        try:
            header = checked(chunk, at)
        except Corrupt:
            return
        yield header, chunk[at : at + header.size]
        at += header.size
