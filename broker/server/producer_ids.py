"""Producer ids: each is given out once, ever.

A block of them is claimed in a file before the first of it is given out; a start claims the next
one, and what was left of the last is never used.  Where the file is gone, or says less than what
the logs know, it is not believed: an id that is given out twice makes one producer's batches those
of another.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from broker.log.directory import DataDirectory

FILE, BLOCK = "producer-ids", 1000


class ProducerIds:
    """An iterator over ids that nobody else has.

    known  the largest that is known to have been given out
    """

    def __init__(self, directory: DataDirectory, known: Callable[[], int] = lambda: -1) -> None:
        self._directory, self._known = directory, known
        self._path = directory.path / FILE
        self._next = self._end = 0

    def __iter__(self) -> ProducerIds:
        """Itself."""
        return self

    def __next__(self) -> int:
        """The next id; OSError where the next block could not be claimed."""
        self.claim()
        self._next += 1
        return self._next - 1

    def claim(self) -> None:
        """See that there is a next one; OSError where that cannot be."""
        if self._next == self._end:
            start = max(self._end, self._claimed(), self._known() + 1)
            self._directory.disk.replace(self._path, f"{start + BLOCK}\n".encode())
            self._next, self._end = start, start + BLOCK

    def _claimed(self) -> int:
        data = self._directory.disk.load(self._path)
        with contextlib.suppress(ValueError):
            return int(data or b"0")
        # What was claimed cannot be read: go on where no broker can have come to.
        return 1 << 40
