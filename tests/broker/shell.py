"""A shell for the cores, in memory: a clock that is moved by hand, logs that are lists.

Appends become durable at once, in the order they were given out, unless `holding`: then they wait
for `settle`.  Every token is answered once; a timer that was set anew or cancelled never fires.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.errors import ErrorCode
from broker.sansio import (
    Append,
    Appended,
    Ask,
    CancelTimer,
    Elected,
    Ended,
    Entry,
    Fired,
    Forget,
    Loaded,
    Marker,
    Output,
    Replayed,
    Reply,
    Resigned,
    SetTimer,
    Timer,
)

Handle = Callable[[Any, int], Sequence[Output | Any]]


@dataclass
class Shell:
    """Does what a core says.

    outputs   what it said since `take` was called last
    replies   by token
    forgotten tokens that are never answered
    timers    when each is to fire, ms
    failing   what is to become of the next appends
    logs      by partition
    """

    handle: Handle
    now: int = 0
    holding: bool = False
    outputs: list[Any] = field(default_factory=list)
    replies: dict[Any, Any] = field(default_factory=dict)
    forgotten: set[Any] = field(default_factory=set)
    asked: int = 0
    timers: dict[Timer, int] = field(default_factory=dict)
    failing: list[ErrorCode] = field(default_factory=list)
    waiting: deque[Append] = field(default_factory=deque)
    logs: dict[int, list[Entry | Marker]] = field(default_factory=lambda: defaultdict(list))

    def own(self, partitions: Iterable[int]) -> None:
        """Have the core answer for these partitions, with what is in their logs."""
        for partition in partitions:
            self.feed(Elected(partition))
            self.feed(Replayed(partition, [*self.logs[partition]]))
            self.feed(Loaded(partition))

    def disown(self, partition: int) -> None:
        """Have the core answer for a partition no longer."""
        self.waiting = deque(each for each in self.waiting if each.ticket[0] != partition)
        self.feed(Resigned(partition))

    def ask(self, request: object) -> int:
        """Ask; the token."""
        self.asked += 1
        self.feed(Ask(self.asked, request))
        return self.asked

    def answer(self, request: object) -> Any:
        """Ask, and have the answer at once."""
        return self.replies[self.ask(request)]

    def feed(self, event: object) -> None:
        """Give the core an input, and do what it says."""
        for output in self.handle(event, self.now):
            self.outputs.append(output)
            match output:
                case Reply(token, response):
                    assert token not in self.replies, f"{token} was answered before"
                    assert token not in self.forgotten, f"{token} was forgotten"
                    assert token in range(1, self.asked + 1)
                    self.replies[token] = response
                case Forget(token):
                    assert token not in self.replies, f"{token} was answered before"
                    self.forgotten.add(token)
                case SetTimer(timer, at):
                    assert at >= self.now
                    self.timers[timer] = at
                case CancelTimer(timer):
                    self.timers.pop(timer, None)
                case Append():
                    self.waiting.append(output)
        if not self.holding:
            self.settle()

    def settle(self, count: int | None = None, error: ErrorCode = ErrorCode.NONE) -> None:
        """Make appends durable, or fail them, oldest first."""
        while self.waiting and count != 0:
            count = None if count is None else count - 1
            append = self.waiting.popleft()
            became = self.failing.pop() if self.failing and not error else error
            log = self.logs[append.ticket[0]]
            offset = len(log)
            if became is ErrorCode.NONE:
                producer = -1 if append.producer is None else append.producer.producer_id
                log += [
                    Entry(offset + at, record, producer) for at, record in enumerate(append.records)
                ]
                self.feed(Appended(append.ticket, offset=offset))
            else:
                self.feed(Appended(append.ticket, became))

    def mark(self, partition: int, producer: int, *, commit: bool) -> None:
        """Write a transaction's marker to a log."""
        marker = Marker(producer, commit)
        self.logs[partition].append(marker)
        self.feed(Ended(partition, marker))

    def sleep(self, ms: int) -> None:
        """Let time pass; timers fire when they are due."""
        end = self.now + ms
        while self.timers:
            timer, at = min(self.timers.items(), key=lambda each: each[1])
            if at > end:
                break
            del self.timers[timer]
            self.now = at
            self.feed(Fired(timer))
        self.now = end

    def take(self) -> list[Any]:
        """What the core said since the last time."""
        outputs, self.outputs = self.outputs, []
        return outputs
