"""Buffers that connections receive into, used again and again.

A connection has a small one.  While a large frame comes in it borrows a larger one, which grows
with what has arrived and not with what the frame's length promises, and is given back once the
frame has been handled.
"""

from __future__ import annotations

SMALL = 16 << 10
LARGE = 2 << 20
_SPARE = 16


class Buffers:
    """Large buffers that nobody uses at the moment."""

    def __init__(self) -> None:
        self._spare: list[bytearray] = []

    def larger(self, received: int, needed: int) -> bytearray:
        """A buffer for a frame of which so many bytes were received and so many are needed."""
        for at, spare in enumerate(self._spare):
            if len(spare) >= needed:
                return self._spare.pop(at)
        return bytearray(min(needed, max(4 * received, 4 * SMALL)))

    def give_back(self, buffer: bytearray) -> None:
        """A buffer that is not needed any more."""
        if SMALL < len(buffer) <= LARGE and len(self._spare) < _SPARE:
            self._spare.append(buffer)
