"""The three indexes of a segment, as Kafka writes them.

    .index      relative offset int32, position int32     a batch that holds the offset as its last
    .timeindex  timestamp int64, relative offset int32    no later record is older than the entry
    .txnindex   version int16, producer id, first, last and last stable offset, each int64

The first two are sparse: an entry for every index.interval.bytes of the log.  Both only grow, so
that they are searched by halving, in the file: what is read is in the page cache.  They can be
rebuilt from the log, and are wherever they look wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from broker.log.files import Disk, File
from broker.log.producers import Aborted

_OFFSET = struct.Struct(">ii")
_TIME = struct.Struct(">qi")
_TXN = struct.Struct(">hqqqq")
_TXN_VERSION = 0


class _Table:
    """A file of entries of one size, in ascending order of their first number."""

    def __init__(self, disk: Disk, path: Path, entry: struct.Struct) -> None:
        self._disk, self._path, self._entry = disk, path, entry
        self._file: File = disk.open(path)
        self._count = self._file.size // entry.size
        self._last = self._read(self._count - 1) if self._count else None

    @property
    def count(self) -> int:
        """How many entries there are."""
        return self._count

    @property
    def size(self) -> int:
        """Bytes of them."""
        return self._count * self._entry.size

    @property
    def whole(self) -> bool:
        """Whether the file holds entries and nothing else."""
        return self._file.size == self.size

    @property
    def bounds(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """The first entry and the last; None where there is none."""
        return None if self._last is None else (self._read(0), self._last)

    def _read(self, number: int) -> tuple[int, int]:
        data = self._file.read(number * self._entry.size, self._entry.size)
        first, second = self._entry.unpack(data)
        return first, second

    def _append(self, first: int, second: int) -> None:
        self._file.append(self._entry.pack(first, second))
        self._count += 1
        self._last = (first, second)

    def _floor(self, first: int) -> tuple[int, int] | None:
        """The last entry that is no larger."""
        if self._last is None or self._last[0] <= first:
            return self._last
        low, high, found = 0, self._count - 1, None
        while low < high:
            middle = (low + high) // 2
            entry = self._read(middle)
            if entry[0] <= first:
                low, found = middle + 1, entry
            else:
                high = middle
        return found

    def _cut(self, count: int) -> None:
        self._file.truncate(count * self._entry.size)
        self._count = count
        self._last = self._read(count - 1) if count else None

    def clear(self) -> None:
        """Start again with none."""
        self._cut(0)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


class OffsetIndex(_Table):
    """Where batches are in a segment."""

    def __init__(self, disk: Disk, path: Path, base_offset: int) -> None:
        super().__init__(disk, path, _OFFSET)
        self._base = base_offset

    def fits(self, size: int) -> bool:
        """Whether it can be that of a log of so many bytes, by its first and last entry."""
        if not self.whole or self.bounds is None:
            return self.whole
        (first, start), (last, end) = self.bounds
        return 0 <= first <= last and 0 <= start <= end < size

    def append(self, offset: int, position: int) -> None:
        """The batch at this position ends with this offset."""
        self._append(offset - self._base, position)

    def position(self, offset: int) -> int:
        """Where to look from for this offset."""
        entry = self._floor(offset - self._base)
        return entry[1] if entry else 0

    def truncate(self, offset: int) -> None:
        """Forget what lies at or after this offset."""
        while self._last is not None and self._last[0] >= offset - self._base:
            self._cut(self._count - 1)


class TimeIndex(_Table):
    """Which offsets are how old."""

    def __init__(self, disk: Disk, path: Path, base_offset: int) -> None:
        super().__init__(disk, path, _TIME)
        self._base = base_offset

    def fits(self, size: int) -> bool:
        """Whether it can be that of a log of so many bytes, by its first and last entry."""
        if not self.whole or self.bounds is None:
            return self.whole
        (oldest, first), (newest, last) = self.bounds
        return oldest <= newest and 0 <= first <= last and bool(size)

    @property
    def last(self) -> tuple[int, int] | None:
        """The newest timestamp, and the offset of the batch that has it."""
        return None if self._last is None else (self._last[0], self._last[1] + self._base)

    def append(self, timestamp: int, offset: int) -> None:
        """The newest record up to here is this one; nothing is noted where that is no news."""
        if self._last is None or timestamp > self._last[0]:
            self._append(timestamp, offset - self._base)

    def offset(self, timestamp: int) -> int:
        """Where to look from for the first record that is no older."""
        entry = self._floor(timestamp)
        return self._base if entry is None else entry[1] + self._base

    def truncate(self, offset: int) -> None:
        """Forget what lies at or after this offset."""
        while self._last is not None and self._last[1] >= offset - self._base:
            self._cut(self._count - 1)


class TransactionIndex:
    """The aborted transactions that ended in a segment; the file is there once there is one."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk, self._path = disk, path
        self._file: File | None = disk.open(path) if disk.exists(path) else None

    def fits(self, base_offset: int) -> bool:
        """Whether it can be that of a segment that starts there."""
        if self._file is None:
            return True
        return not self._file.size % _TXN.size and all(
            entry.first_offset <= entry.last_offset and entry.last_offset >= base_offset
            for entry in self.entries()
        )

    def append(self, aborted: Aborted) -> None:
        """Note one."""
        if self._file is None:
            self._file = self._disk.open(self._path)
        entry = (aborted.producer_id, aborted.first_offset, aborted.last_offset, aborted.stable)
        self._file.append(_TXN.pack(_TXN_VERSION, *entry))

    def entries(self) -> Iterator[Aborted]:
        """All of them, in the order they ended."""
        if self._file is not None:
            data = self._file.read(0, self._file.size // _TXN.size * _TXN.size)
            for _, producer_id, first, last, stable in _TXN.iter_unpack(data):
                yield Aborted(producer_id, first, last, stable)

    def truncate(self, offset: int) -> None:
        """Forget those that ended at or after this offset."""
        if self._file is not None:
            kept = sum(entry.last_offset < offset for entry in self.entries())
            self._file.truncate(kept * _TXN.size)

    def clear(self) -> None:
        """Start again with none."""
        if self._file is not None:
            self._file.truncate(0)

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()
