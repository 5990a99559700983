"""The alternating bit protocol: one value after another, over channels that lose messages.

The sender attaches a bit to each value and repeats the pair until it sees an acknowledgement
with the same bit; for the next value it flips the bit.  The receiver acknowledges the bit that
it saw last, again and again.  Both channels are queues: they lose and delay, and neither
reorder nor repeat.

What this achieves is `Handshake`: send, receive, acknowledge, in turn, as if sender and receiver
saw each other's bits.  The protocol is checked to refine it.

The source bounds the search by a constraint on the lengths of the queues: a step past it is
counted and goes nowhere.  Here who finds the queue full waits: a step that changes nothing, and
is counted all the same.

Not modelled: progress, which needs channels that do not lose everything.

Source: K. Bartlett, R. Scantlebury and P. Wilkinson, A note on reliable full-duplex transmission
over half-duplex links, CACM 12(5), 1969; L. Lamport, Specifying Systems (2002), chapter 14; the
modules AlternatingBit, ABCorrectness and MCAlternatingBit of the TLA+ Examples.

Checked, as distinct states, states generated, and depth:

    AlternatingBit   Data=2, queues of 2   240   1,392   10
"""

from __future__ import annotations

from typing import Annotated, Self

from verdict import (
    Capacity,
    Index,
    Machine,
    Range,
    Record,
    Seq,
    action,
    configuration,
    initial,
    invariant,
    reachable,
    refines,
    require,
    step,
)

LENGTH = 2
"""How many messages fit into a channel."""

Place = Annotated[int, Range(0, LENGTH - 1)]
"""A position in a channel."""


class Data(Index):
    """A value to be sent."""


class Handshake(Machine):
    """One value at a time: sent, then received, then acknowledged."""

    sent: Data = Data(0)
    sent_bit: bool = False
    received: Data = Data(0)
    received_bit: bool = False
    acked_bit: bool = False

    @initial
    def agreed(self, sent: Data, received: Data, bit: bool) -> None:
        """All bits agree, and the values are whatever they were."""
        self.sent = sent
        self.received = received
        self.sent_bit = bit
        self.received_bit = bit
        self.acked_bit = bit

    @action(by="sender")
    def send(self, d: Data) -> None:
        """The last value was acknowledged: the sender goes on to a new one."""
        require(self.acked_bit == self.sent_bit)
        self.sent = d
        self.sent_bit = not self.sent_bit

    @action(by="receiver")
    def receive(self) -> None:
        """A value was sent that the receiver has not seen: it takes it."""
        require(self.received_bit != self.sent_bit)
        self.received = self.sent
        self.received_bit = self.sent_bit

    @action(by="sender")
    def acknowledge(self) -> None:
        """A value was received that the sender does not know of: it is told."""
        require(self.acked_bit != self.received_bit)
        self.acked_bit = self.received_bit

    @invariant
    def told_is_received(self) -> bool:
        """The sender never believes received what was not: two of the bits agree in turn."""
        return self.received_bit in (self.sent_bit, self.acked_bit)

    configurations = (configuration("two values", Data=2),)


class Packet(Record):
    """A value under way, and the bit that goes with it."""

    bit: bool
    value: Data


class AlternatingBit(Machine):
    """A sender, a receiver, and a channel each way."""

    packets: Annotated[Seq[Packet], Capacity(LENGTH)]
    acks: Annotated[Seq[bool], Capacity(LENGTH)]
    sent: Data = Data(0)
    sent_bit: bool = False
    received: Data = Data(0)
    received_bit: bool = False
    acked_bit: bool = False

    @initial
    def agreed(self, sent: Data, received: Data, bit: bool) -> None:
        """The channels are empty, all bits agree, and the values are whatever they were."""
        self.sent = sent
        self.received = received
        self.sent_bit = bit
        self.received_bit = bit
        self.acked_bit = bit

    @action(by="sender")
    def send(self, d: Data) -> None:
        """The sender, whose last value was acknowledged, flips the bit and sends a new value."""
        require(self.acked_bit == self.sent_bit)
        if len(self.packets) < LENGTH:
            self.sent = d
            self.sent_bit = not self.sent_bit
            self.packets.append(Packet(self.sent_bit, d))

    @action(by="sender")
    def send_again(self) -> None:
        """The sender, whose value is not acknowledged, repeats it."""
        require(self.acked_bit != self.sent_bit)
        if len(self.packets) < LENGTH:
            self.packets.append(Packet(self.sent_bit, self.sent))

    @action(by="receiver")
    def receive(self) -> None:
        """The receiver takes the next packet, value and bit."""
        require(len(self.packets) > 0)
        self.received = self.packets[0].value
        self.received_bit = self.packets[0].bit
        self.packets.pop_first()

    @action(by="receiver")
    def acknowledge(self) -> None:
        """The receiver acknowledges the bit that it saw last."""
        if len(self.acks) < LENGTH:
            self.acks.append(self.received_bit)

    @action(by="sender")
    def receive_ack(self) -> None:
        """The sender takes the next acknowledgement."""
        require(len(self.acks) > 0)
        self.acked_bit = self.acks[0]
        self.acks.pop_first()

    @action(by="channel")
    def lose_packet(self, at: Place) -> None:
        """The channel loses a packet, wherever it is in the queue."""
        require(at < len(self.packets))
        self.packets = Seq([self.packets[i] for i in range(len(self.packets)) if i != at])

    @action(by="channel")
    def lose_ack(self, at: Place) -> None:
        """The channel loses an acknowledgement, wherever it is in the queue."""
        require(at < len(self.acks))
        self.acks = Seq([self.acks[i] for i in range(len(self.acks)) if i != at])

    @step(on=receive)
    def taken_once(self, after: Self) -> bool:
        """A packet with a bit that the receiver has seen brings the value that it has."""
        return after.received_bit != self.received_bit or after.received == self.received

    @reachable
    def a_stale_packet(self) -> bool:
        """A packet can be under way that the receiver has already had."""
        return any(packet.bit == self.acked_bit for packet in self.packets)

    @refines(Handshake)
    def as_handshake(self, spec: Handshake) -> None:
        """Seen from its ends, this is the handshake: nothing is lost, doubled or reordered."""
        spec.sent = self.sent
        spec.sent_bit = self.sent_bit
        spec.received = self.received
        spec.received_bit = self.received_bit
        spec.acked_bit = self.acked_bit

    configurations = (configuration("two values", Data=2),)
