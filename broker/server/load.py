"""What clients have the broker keep for them, all together, and how much that may be.

Each connection has limits of its own, and there may be many connections.  So there are limits over
all of them: on the requests that wait (a fetch for data, a join for others), beyond which whoever
comes last is cut off, and on the answers that nobody reads, beyond which whoever has not read for
longest is.  A request without records is small: only they are a reason for megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_BUT_RECORDS = 16 << 20
"""Bytes of any request but Produce."""

MOST_WAITING = 256 << 20
"""Bytes of all requests that wait."""

MOST_UNSENT = 512 << 20
"""Bytes of all answers that are not read."""


@dataclass
class Load:
    """What is kept now, in bytes."""

    waiting: int = 0
    unsent: int = 0
