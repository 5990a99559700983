"""A bounded buffer between two handshake channels.

A channel holds one message and two bits, `ready` and `acknowledged`, that are equal when the
channel is idle.  Sending writes the message and flips `ready`; receiving flips `acknowledged`.
The buffer receives from one channel into a queue, and sends from the queue on the other:

    sender --inward--> queue --outward--> receiver

The messages that a channel holds at first are arbitrary, and so are its bits, as long as it is
idle: nobody may rely on them.

The source bounds the search by a constraint on the length of the queue: a step past it is
counted and goes nowhere.  Here it is a full buffer's refusal that goes nowhere, `full`.

Not modelled: progress.

Source: L. Lamport, Specifying Systems (2002), chapter 4; the modules Channel, InnerFIFO and
MCInnerFIFO of the TLA+ Examples.

Checked, as distinct states, states generated, and depth:

    InnerFIFO   Message=3, queue of 3   3,864   9,660   11
"""

from __future__ import annotations

from typing import Annotated, Self

from verdict import (
    Capacity,
    Index,
    Machine,
    Part,
    Seq,
    action,
    configuration,
    initial,
    reachable,
    require,
    step,
)

LENGTH = 3
"""How many messages the buffer holds."""


class Message(Index):
    """Something to be handed on."""


class Channel(Part):
    """A wire for one message at a time, with a handshake."""

    value: Message = Message(0)
    ready: bool = False
    acknowledged: bool = False

    def idle(self) -> bool:
        """Whether the last message was received."""
        return self.ready == self.acknowledged

    def send(self, m: Message) -> None:
        """Put a message on an idle channel."""
        require(self.idle())
        self.value = m
        self.ready = not self.ready

    def receive(self) -> None:
        """Acknowledge the message on the channel."""
        require(not self.idle())
        self.acknowledged = not self.acknowledged


class InnerFIFO(Machine):
    """A queue with one channel in and one channel out."""

    inward: Channel
    outward: Channel
    queue: Annotated[Seq[Message], Capacity(LENGTH)]

    @initial
    def idle(self, left: Message, left_bit: bool, right: Message, right_bit: bool) -> None:
        """The queue is empty, and both channels are idle with anything on them."""
        self.inward.value = left
        self.inward.ready = left_bit
        self.inward.acknowledged = left_bit
        self.outward.value = right
        self.outward.ready = right_bit
        self.outward.acknowledged = right_bit

    @action(by="sender")
    def send(self, m: Message) -> None:
        """The sender puts a message on the channel to the buffer."""
        self.inward.send(m)

    @action(by="buffer")
    def buffer_receive(self) -> None:
        """The buffer takes the message from the sender, if it has room for it."""
        require(not self.inward.idle())
        if not self.full():
            self.inward.receive()
            self.queue.append(self.inward.value)

    @action(by="buffer")
    def buffer_send(self) -> None:
        """The buffer puts its oldest message on the channel to the receiver."""
        require(len(self.queue) > 0)
        self.outward.send(self.queue[0])
        self.queue.pop_first()

    @action(by="receiver")
    def receive(self) -> None:
        """The receiver takes the message from the buffer."""
        self.outward.receive()

    def full(self) -> bool:
        """Whether the buffer has no room."""
        return len(self.queue) == LENGTH

    def between(self) -> int:
        """How many messages were sent and not yet received."""
        waiting = 0 if self.inward.idle() else 1
        leaving = 0 if self.outward.idle() else 1
        return waiting + len(self.queue) + leaving

    @step(on=send)
    def sent_once(self, after: Self, m: Message) -> bool:
        """A message that is sent is between the ends, once, and nothing else changes there."""
        return after.between() == self.between() + 1 and after.inward.value == m

    @step(on=buffer_receive)
    def taken_in_order(self, after: Self) -> bool:
        """The buffer puts what it receives behind what it has."""
        return self.full() or after.queue == self.queue + Seq([self.inward.value])

    @step(on=buffer_send)
    def sent_in_order(self, after: Self) -> bool:
        """The buffer passes on the message that it has had longest."""
        return Seq([after.outward.value]) + after.queue == self.queue

    @step(on=receive)
    def received_once(self, after: Self) -> bool:
        """A message that is received is no longer between the ends, and nothing else changes."""
        return after.between() == self.between() - 1 and after.queue == self.queue

    @reachable
    def crowded(self) -> bool:
        """The queue and both channels can be full at once."""
        return self.between() == LENGTH + 2

    configurations = (configuration("three messages", Message=3),)
