"""Channels: networks as ordinary parts of a machine, written once.

    network: Annotated[Network[Message], Capacity("InFlight")]

    self.network.send(Join(m))                a message is on its way
    self.network.take(message)                it arrives: a guard that it is there, and it is gone

Which faults a channel commits is configuration: `loses`, `repeats` and `reorders` are variants,
set by their names for all channels of a machine.  A fault that is switched off is no action.
Messages are delayed by nature: nothing says when an action is taken.

    Network    a bag: any message may arrive next; each as often as it was sent or repeated
    Queue      first in, first out, as a connection is; `reorders` lets the first go last
    Bulletin   a set: what was said stays said, and may be heard any number of times, or never.
               The cheapest channel, and the most hostile; the usual one in TLA+ specifications
"""

from __future__ import annotations

from typing import Generic, TypeVar

from checker.language.domains import Variant
from checker.language.machine import Part
from checker.language.marks import action, require
from checker.language.values import Bag, Seq, Set

M = TypeVar("M")


class Network(Part, Generic[M]):
    """Messages in flight, in no order."""

    loses: Variant[bool] = False
    repeats: Variant[bool] = False
    in_flight: Bag[M]

    def send(self, message: M) -> None:
        """Put a message on its way."""
        self.in_flight.add(message)

    def take(self, message: M) -> None:
        """Let a message arrive: possible only where it is in flight."""
        require(message in self.in_flight)
        self.in_flight.remove(message)

    @action(by="network")
    def lose(self, message: M) -> None:
        """A message is lost."""
        require(message in self.in_flight)
        require(self.loses)
        self.in_flight.remove(message)

    @action(by="network")
    def repeat(self, message: M) -> None:
        """A message is delivered once more than it was sent."""
        require(message in self.in_flight)
        require(self.repeats)
        self.in_flight.add(message)


class Queue(Part, Generic[M]):
    """Messages in the order in which they were sent."""

    loses: Variant[bool] = False
    repeats: Variant[bool] = False
    reorders: Variant[bool] = False
    in_flight: Seq[M]

    def send(self, message: M) -> None:
        """Put a message on its way, behind those that were sent before."""
        self.in_flight.append(message)

    def first(self) -> M:
        """The message that arrives next; a defect where there is none."""
        return self.in_flight[0]

    def take(self) -> None:
        """Let the first message arrive: possible only where there is one."""
        require(len(self.in_flight) > 0)
        self.in_flight.pop_first()

    @action(by="network")
    def lose(self) -> None:
        """The first message is lost."""
        require(self.loses)
        require(len(self.in_flight) > 0)
        self.in_flight.pop_first()

    @action(by="network")
    def repeat(self) -> None:
        """The first message is sent once more."""
        require(self.repeats)
        require(len(self.in_flight) > 0)
        self.in_flight.append(self.in_flight[0])

    @action(by="network")
    def reorder(self) -> None:
        """The first message falls behind the others."""
        require(self.reorders)
        require(len(self.in_flight) > 1)
        first = self.in_flight[0]
        self.in_flight.pop_first()
        self.in_flight.append(first)


class Bulletin(Part, Generic[M]):
    """Messages that were ever said."""

    said: Set[M]

    def send(self, message: M) -> None:
        """Say it, for good."""
        self.said.add(message)

    def has(self, message: M) -> bool:
        """Whether it was said, so that it may be heard at any time."""
        return message in self.said
