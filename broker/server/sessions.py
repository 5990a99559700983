"""Fetch sessions (KIP-227): a consumer names its partitions once, and then only what changed.

    session 0, epoch 0     open one; the answer names it (0: there is no room, go on without)
    session 0, epoch -1    none is wanted
    session n, epoch m     go on; epochs count 1, 2, … and start at 1 again
    session n, epoch -1    close it

There is room for so many sessions, and for `MOST_PARTITIONS` in each; a session that nobody used
for two minutes makes way.  Who finds no room goes on without, which costs a little traffic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from broker.errors import ErrorCode, Refused

FINAL, INITIAL = -1, 0
MAX_EPOCH = (1 << 31) - 1
EVICTION_MS = 120_000
MOST_PARTITIONS = 10_000
FEW, MOST_TOGETHER = 1_000, 1_000_000
"""Partitions that any session may have, and that all may have together where one has more."""


Key = tuple[Any, int]
"""A topic, by its name or its id, and a partition's number."""


@dataclass
class Wanted:
    """A partition of a fetch, and what its reader was told last.

    max_bytes  at most of this partition
    """

    offset: int
    max_bytes: int
    leader_epoch: int = -1
    told: tuple[int, int, int] | None = None


@dataclass
class Session:
    """One consumer's partitions, in the order in which they are served.

    by_id  it names topics by their ids
    """

    session_id: int
    epoch: int = 1
    by_id: bool = False
    used: int = 0
    partitions: dict[Key, Wanted] = field(default_factory=dict)


class Sessions:
    """All fetch sessions.

    new_id  a number above 0 that is hard to guess
    """

    def __init__(self, slots: int, new_id: Callable[[], int]) -> None:
        self._slots, self._new_id = slots, new_id
        self._sessions: dict[int, Session] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._sessions)

    def open(self, named: dict[Key, Wanted], *, by_id: bool, now: int) -> Session | None:
        """A new session of these partitions; None where there is no room."""
        if len(named) > MOST_PARTITIONS or not self._has_room(len(named)):
            return None
        if len(self._sessions) >= self._slots:
            oldest = min(self._sessions.values(), key=lambda session: session.used, default=None)
            if oldest is None or now - oldest.used < EVICTION_MS:
                return None
            del self._sessions[oldest.session_id]
        number = self._new_id()
        while number in self._sessions:
            number = self._new_id()
        self._sessions[number] = Session(number, by_id=by_id, used=now, partitions=named)
        return self._sessions[number]

    def _has_room(self, more: int, have: int = 0) -> bool:
        """Whether a session that has so many partitions may have so many more."""
        if have + more <= FEW:
            return True
        together = sum(len(session.partitions) for session in self._sessions.values())
        return together + more <= MOST_TOGETHER

    def go_on(self, number: int, epoch: int, more: int, *, by_id: bool, now: int) -> Session:
        """The session that is meant; `Refused` where it is another's turn, or gone.

        more  how many partitions are named, and so may be added
        """
        session = self._sessions.get(number)
        if session is not None:
            have = len(session.partitions)
            if have + more > 2 * MOST_PARTITIONS or not self._has_room(more, have):
                self.close(number)
                session = None
        if session is None:
            raise Refused(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
        if session.by_id != by_id:
            raise Refused(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
        if epoch != session.epoch:
            raise Refused(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
        session.epoch = 1 if epoch == MAX_EPOCH else epoch + 1
        session.used = now
        return session

    def close(self, number: int) -> None:
        """Forget a session."""
        self._sessions.pop(number, None)
