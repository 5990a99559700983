"""The lost update: a counter that several threads read, then write back one larger.

Reading and writing are two steps.  Between them another thread may do the same, and then one of
the two increments is gone.  `LostUpdate` shows it; with `step=Step.ATOMIC` both are one step,
and nothing is lost.

Source: the example `increment` of stateright.

Checked, as distinct states, states generated, and depth (stateright's tests give the first, 13):

    LostUpdate   Thread=2    13      15   5
    LostUpdate   Thread=3    84     112   7
    LostUpdate   Thread=4   755   1,157   9
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated

from verdict import (
    Index,
    Machine,
    Map,
    Part,
    Range,
    Variant,
    action,
    configuration,
    invariant,
    reachable,
    require,
    terminal,
)

Number = Annotated[int, Range(0, 8)]
"""What is counted: at most eight threads."""


class Thread(Index, symmetric=True):
    """Whoever increments the counter, once."""


class At(Enum):
    """How far a thread is."""

    READ = auto()
    WRITE = auto()
    DONE = auto()


class Step(Enum):
    """Whether a thread reads and writes in one step."""

    TWO = auto()
    ATOMIC = auto()


class Worker(Part):
    """A thread: what it is about to do, and what it has read."""

    at: At = At.READ
    seen: Number = 0


class LostUpdate(Machine):
    """A shared counter, and threads that increment it."""

    counter: Number = 0
    workers: Map[Thread, Worker]
    step: Variant[Step] = Step.TWO

    @action
    def read(self, t: Thread) -> None:
        """A thread reads the counter."""
        me = self.workers[t]
        require(me.at is At.READ)
        me.seen = self.counter
        me.at = At.WRITE
        if self.step is Step.ATOMIC:
            self.increment(t)

    @action
    def write(self, t: Thread) -> None:
        """A thread writes what it read, plus one."""
        require(self.workers[t].at is At.WRITE)
        self.increment(t)

    def increment(self, t: Thread) -> None:
        """Write back what was read, plus one."""
        me = self.workers[t]
        self.counter = me.seen + 1
        me.at = At.DONE

    def done(self) -> int:
        """How many threads are done."""
        return sum(1 for t in Thread if self.workers[t].at is At.DONE)

    @invariant
    def nothing_is_lost(self) -> bool:
        """The counter is the number of threads that are done."""
        return self.counter == self.done()

    @invariant
    def never_too_many(self) -> bool:
        """The counter is never more than the number of threads that are done."""
        return self.counter <= self.done()

    @reachable
    def all_counted(self) -> bool:
        """Every increment can count."""
        return self.counter == len(Thread)

    @terminal
    def all_done(self) -> bool:
        """It is over only when every thread is done."""
        return self.done() == len(Thread)

    configurations = (
        configuration("two threads", Thread=2, hazards=("nothing_is_lost",)),
        configuration("four threads", Thread=4, hazards=("nothing_is_lost",)),
        configuration("four threads, in one step", Thread=4, step=Step.ATOMIC),
    )
