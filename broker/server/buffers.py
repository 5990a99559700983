"""Buffers that connections receive into, used again and again.

A connection has a small one.  While a large frame comes in it borrows a larger one, which grows
with what has arrived and not with what the frame's length promises, and is given back once the
frame has been handled.  All that are borrowed together have a limit (queued.max.request.bytes;
-1: none): who would pass it does not receive until others have given theirs back.  One may always
borrow, so that somebody gets on.
"""

from __future__ import annotations

from collections.abc import Callable

SMALL = 16 << 10
LARGE = 2 << 20
_SPARE = 16


class Buffers:
    """Large buffers, and who waits for one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._spare: list[bytearray] = []
        self._waiting: list[Callable[[], None]] = []
        self.lent = 0

    def larger(self, old: int, received: int, needed: int) -> bytearray | None:
        """A buffer for a frame of which so many bytes were received and so many are needed.

        old  the size of the buffer that it is instead of
        """
        size = min(needed, max(4 * received, 4 * SMALL))
        before = old if old > SMALL else 0
        if 0 <= self._limit < self.lent - before + size and self.lent > before:
            return None
        fits = (at for at, spare in enumerate(self._spare) if len(spare) >= needed)
        at = next(fits, None)
        found = bytearray(size) if at is None else self._spare.pop(at)
        self.lent += len(found)
        return found

    def give_back(self, buffer: bytearray) -> None:
        """A buffer that is not needed any more; small ones were not borrowed."""
        if len(buffer) <= SMALL:
            return
        self.lent -= len(buffer)
        if len(buffer) <= LARGE and len(self._spare) < _SPARE:
            self._spare.append(buffer)
        waiting, self._waiting = self._waiting, []
        for again in waiting:
            again()

    def wait(self, again: Callable[[], None]) -> None:
        """Try again once somebody has given one back."""
        self._waiting.append(again)
