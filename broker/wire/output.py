"""What is being written: small pieces joined as they come, large ones left where they are.

A response to a fetch carries megabytes that were just read from a file.  They are handed to the
socket as they are; what is around them is gathered in one buffer.
"""

from __future__ import annotations

WHOLE = 4096
"""Bytes from which on a piece is not copied."""


class Output:
    """A message in the making.

    tail  the end of it; append small things here
    """

    def __init__(self) -> None:
        self._whole: list[bytes | bytearray | memoryview] = []
        self._before = 0
        self.tail = bytearray()

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._before + len(self.tail)

    def add(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes that stay as they are until they are sent."""
        if len(data) < WHOLE:
            self.tail += data
        else:
            self._whole += (self.tail, data)
            self._before += len(self.tail) + len(data)
            self.tail = bytearray()

    def parts(self) -> list[bytes | bytearray | memoryview]:
        """All of it, in order."""
        return [*self._whole, self.tail]
