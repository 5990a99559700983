"""What happens between whom in a trace: lanes, steps and the messages that pass between lanes.

Every actor of a step has a lane, in the order of their first step.  A message is a record, or
whatever else is an element of a sequence or bag, that one actor's step puts into the state and
that a later step of another actor takes: takes it out again, or has it as an argument.  So a
message is drawn only where the trace shows that it went from one to the other, from the last who
put it there to who took it; nothing is guessed from names.  Whether it was read or dropped is
for the step below the arrow to say (`receive`, `crash`).  A message that is never taken is not
drawn.

A long trace is drawn with its middle left out, and says how many steps that is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from checker.language.machine import GHOST_PREFIX
from checker.language.values import Bag, Record, Seq, Set
from checker.verdict import Change, Step, Trace
from diagrams.labels import change_label

MOST_STEPS = 120
"""Longer traces are drawn without their middle."""
NOBODY = "machine"
"""The lane of steps that name no actor."""


@dataclass(frozen=True)
class Delivery:
    """A message that a step takes, and the lane it comes from."""

    sender: str
    message: Any


@dataclass(frozen=True)
class Event:
    """A step in its lane.  `number` is that of the state it leads to: the initial one is 1."""

    number: int
    lane: str
    step: Step
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True)
class Gap:
    """Steps left out of a drawing, by the numbers of the states they lead to."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"… {self.first} to {self.last} are left out …"


def events(trace: Trace) -> list[Event]:
    """The steps of a trace with the messages that they take."""
    found = []
    senders: dict[Any, str] = {}
    for number, step in enumerate(trace.steps, 2):
        lane = step.actor or NOBODY
        came, went = exchanged(step.changes)
        taken = [argument for argument in step.arguments.values() if isinstance(argument, Record)]
        taken += [message for message in went if message not in taken]
        deliveries = tuple(
            Delivery(senders[message], message)
            for message in taken
            if senders.get(message, lane) != lane
        )
        found.append(Event(number, lane, step, deliveries))
        senders |= dict.fromkeys(came, lane)
    return found


def lanes(happened: list[Event]) -> list[str]:
    """The lanes of a trace, in the order in which they first act."""
    return list(dict.fromkeys(event.lane for event in happened))


def shortened(happened: list[Event]) -> list[Event | Gap]:
    """What of a trace is drawn: all of it, or its two ends."""
    if len(happened) <= MOST_STEPS:
        return list(happened)
    half = MOST_STEPS // 2
    first, last = happened[:half], happened[-half:]
    return [*first, Gap(first[-1].number + 1, last[0].number - 1), *last]


def told(event: Event) -> list[str]:
    """What a step changed, in words, beyond the messages that are drawn as arrows to it.

    What ghosts remember is left out.
    """
    delivered = [delivery.message for delivery in event.deliveries]
    lines = []
    for change in event.step.changes:
        came, went = exchanged([change])
        drawn = went and not came and all(message in delivered for message in went)
        if not drawn and not is_ghost(change.path):
            lines.append(change_label(change))
    return lines


def is_ghost(path: str) -> bool:
    """Whether a path leads to a ghost field, or through one."""
    return any(name.startswith(GHOST_PREFIX) for name in re.findall(r"\w+", path))


def exchanged(changes: Iterable[Change]) -> tuple[list[Any], list[Any]]:
    """The messages that the changes of a step put into the state, and those that they took out.

    One that only moved, from one place to another, is neither; nor is what a ghost remembers.
    """
    came: Counter[Any] = Counter()
    went: Counter[Any] = Counter()
    for change in changes:
        if isinstance(change.before, Record) and isinstance(change.after, Record):
            continue  # a new value in the place of an old one is no message
        if is_ghost(change.path):
            continue
        before, after = Counter(_messages(change.before)), Counter(_messages(change.after))
        came += after - before
        went += before - after
    return list(came - went), list(went - came)


def _messages(value: Any) -> Iterator[Any]:
    """What a place holds that may be a message, one by one: in a queue anything, else records."""
    match value:
        case Record():
            yield value
        case Set():
            yield from (item for item in value if isinstance(item, Record))
        case Seq():
            yield from value
        case Bag():
            for item in value:
                yield from [item] * value.count(item)
