"""Answers that have pieces of files in them: from the file to the socket, without a copy.

What the socket takes at once the system moves there by itself (`sendfile`), past the transport,
which must have nothing left to send then.  What the socket does not take is for the transport,
which waits for a client as it does with all other answers; of pieces that is what lies in the page
cache, mapped.  So an answer to a client that reads is not copied, and one to a client that does
not read is nothing special.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence

from broker.log.files import Data, Piece


def send(transport: asyncio.Transport, parts: Sequence[Data | Piece]) -> None:
    """Send them in order; OSError where a piece cannot be read, or the client is gone."""
    left = list(parts)
    if any(isinstance(part, Piece) for part in parts) and not transport.get_write_buffer_size():
        left = _at_once(transport.get_extra_info("socket").fileno(), left)
    if left:
        transport.writelines([part.rest() if isinstance(part, Piece) else part for part in left])


def _at_once(socket: int, parts: list[Data | Piece]) -> list[Data | Piece]:
    """Give the socket what it takes; what is left."""
    left = list(reversed(parts))
    with contextlib.suppress(BlockingIOError):
        while left:
            part = left[-1]
            if isinstance(part, Piece):
                part.send(socket)
            else:
                sent = os.write(socket, part)
                left[-1] = part = memoryview(part)[sent:]
            if not len(part):
                left.pop()
    return left[::-1]
