"""The leader epochs of a log: which leader appended what, as a list of first offsets.

Epochs and offsets only grow along the list.  A follower, or a client that has seen another leader,
asks where an epoch ended (KIP-101, KIP-320): at the first offset of the next one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

UNDEFINED = -1


class EpochCache:
    """The epochs of one log."""

    def __init__(self, entries: Iterable[tuple[int, int]] = ()) -> None:
        self._entries = list(entries)

    @property
    def entries(self) -> list[tuple[int, int]]:
        """Each epoch and its first offset, in order."""
        return list(self._entries)

    @property
    def latest(self) -> int:
        """The newest epoch; -1 where there is none."""
        return self._entries[-1][0] if self._entries else UNDEFINED

    def assign(self, epoch: int, offset: int) -> bool:
        """What is appended from this offset on is of this epoch; whether that is news."""
        if epoch == self.latest:
            return False
        while self._entries and (self._entries[-1][0] >= epoch or self._entries[-1][1] >= offset):
            self._entries.pop()
        self._entries.append((epoch, offset))
        return True

    def end_offset(self, epoch: int, log_end: int) -> tuple[int, int]:
        """The largest epoch that is no larger, and where it ended; (-1, -1) where nobody knows."""
        if epoch == UNDEFINED or not self._entries:
            return UNDEFINED, UNDEFINED
        if epoch == self.latest:
            return epoch, log_end
        at = bisect_right(self._entries, epoch, key=lambda entry: entry[0])
        if at == len(self._entries):
            return UNDEFINED, UNDEFINED
        if at == 0:
            return epoch, self._entries[0][1]
        return self._entries[at - 1][0], self._entries[at][1]

    def epoch_of(self, offset: int) -> int:
        """By which leader the record at this offset was appended; -1 where nobody knows."""
        at = bisect_right(self._entries, offset, key=lambda entry: entry[1])
        return self._entries[at - 1][0] if at else UNDEFINED

    def truncate_end(self, offset: int) -> None:
        """The log ends there now."""
        while self._entries and self._entries[-1][1] >= offset:
            self._entries.pop()

    def truncate_start(self, offset: int) -> None:
        """The log starts there now; the epoch of its first record starts there too."""
        at = bisect_right(self._entries, offset, key=lambda entry: entry[1])
        if at:
            self._entries[: at - 1] = []
            self._entries[0] = (self._entries[0][0], max(offset, self._entries[0][1]))
