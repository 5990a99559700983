"""What a core and its shell say to each other.

A core is a state machine without I/O: no clock, socket, file or randomness inside.  Its shell
calls `handle(input, now)` and does what is returned, in that order.

    in    Ask        a request; its token stands for whoever waits for the answer
          Appended   records that the core gave out are durable, or could not be written
          Fired      a timer that the core set has run out
          Elected    a partition of the core's own topic is the core's; what is in its log follows,
          Replayed   in order, in as many parts as the shell likes, and
          Loaded     that was all of it: from now on the core answers for the partition
          Ended      a transaction's marker was written to a partition that the core answers for
          Resigned   the partition is somebody else's
    out   Reply      the answer to a token, now or long after it asked
          Forget     a token is never going to be answered; each has one of these two, and once
          Append     records to write to a partition of the core's own topic
          SetTimer   fire the timer at a time, instead of when it was to fire before
          CancelTimer

The contract of a shell: appends to one partition become durable in the order they were given out,
and each is answered by one `Appended`; a timer that was set anew or cancelled never fires as it
was.  A core whose state follows what is durable needs no undoing: what could not be written has
not happened.

Times are milliseconds of one clock, whichever the shell likes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from broker.errors import ErrorCode

Token = Hashable
Timer = Hashable
Ticket = tuple[int, int]
"""A write's partition, and its number, which no other write has."""


@dataclass(frozen=True)
class Record:
    """A record of a coordinator's topic.

    value  None: what the key stood for is no more
    """

    key: bytes
    value: bytes | None


@dataclass(frozen=True)
class Producer:
    """In whose transaction records are written."""

    producer_id: int
    epoch: int


@dataclass(frozen=True)
class Ask:
    """A request, and who waits for its answer."""

    token: Token
    request: Any


@dataclass(frozen=True)
class Appended:
    """What became of an `Append`.

    error   NONE, or why nothing was written
    offset  of the first record
    """

    ticket: Ticket
    error: ErrorCode = ErrorCode.NONE
    offset: int = -1


@dataclass(frozen=True)
class Fired:
    """A timer has run out."""

    timer: Timer


@dataclass(frozen=True)
class Marker:
    """How a transaction ended, as far as one partition is concerned."""

    producer_id: int
    commit: bool


@dataclass(frozen=True)
class Entry:
    """A record in the log of a partition, and where.

    producer_id  of the transaction that it is part of; -1: of none
    """

    offset: int
    record: Record
    producer_id: int = -1


@dataclass(frozen=True)
class Elected:
    """The partition's log is going to be replayed.

    epoch  of its leader
    """

    partition: int
    epoch: int = 0


@dataclass(frozen=True)
class Replayed:
    """A part of the partition's log, in order."""

    partition: int
    entries: Iterable[Entry | Marker]


@dataclass(frozen=True)
class Loaded:
    """The partition's log has been replayed."""

    partition: int


@dataclass(frozen=True)
class Ended:
    """A transaction's marker is durable in a partition that is the core's."""

    partition: int
    marker: Marker


@dataclass(frozen=True)
class Resigned:
    """The partition is the core's no longer."""

    partition: int


Input = Ask | Appended | Fired | Elected | Replayed | Loaded | Ended | Resigned


@dataclass(frozen=True)
class Reply:
    """The answer to who asked with this token."""

    token: Token
    response: Any


@dataclass(frozen=True)
class Forget:
    """Who asked with this token is not going to be answered."""

    token: Token


@dataclass(frozen=True)
class Append:
    """Records to write, as one batch.

    ticket     what `Appended` is to name; its first part is the partition of the core's topic
    producer   whose transaction they are part of; None: of none
    """

    ticket: Ticket
    records: tuple[Record, ...]
    producer: Producer | None = None


@dataclass(frozen=True)
class SetTimer:
    """Fire this timer at this time, in ms."""

    timer: Timer
    at: int


@dataclass(frozen=True)
class CancelTimer:
    """Do not fire this timer."""

    timer: Timer


Output = Reply | Forget | Append | SetTimer | CancelTimer


@dataclass
class Outbox:
    """The outputs of one input, in order.

    now  ms
    """

    now: int
    outputs: list[Any] = field(default_factory=list)

    def reply(self, token: Token, response: object) -> None:
        """Answer."""
        self.outputs.append(Reply(token, response))

    def forget(self, token: Token) -> None:
        """Never answer."""
        self.outputs.append(Forget(token))

    def append(
        self,
        ticket: Ticket,
        records: Iterable[Record],
        producer: Producer | None = None,
    ) -> None:
        """Have records written."""
        self.outputs.append(Append(ticket, tuple(records), producer))

    def set_timer(self, timer: Timer, delay: int) -> None:
        """Fire the timer in so many ms, and not before."""
        self.outputs.append(SetTimer(timer, self.now + delay))

    def cancel(self, timer: Timer) -> None:
        """Let the timer not fire."""
        self.outputs.append(CancelTimer(timer))
