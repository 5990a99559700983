"""Electing a leader on a ring in which messages go one way round.

Each node has a number of its own; here, its position.  Some nodes start an election by sending
their number to the next node.  A node that has lost, or never stood, passes on what it gets.  A
candidate passes on a smaller number than its own, and has then lost; it drops a larger one; and
when its own comes back, it has won.  So the smallest number that stood wins.

Messages to a node are a set: they arrive in any order.

Not modelled: that an election ends with a leader, a liveness property; what is checked is that
where nothing is left to do, someone has won if anyone stood.

Source: E. Chang and R. Roberts, An improved algorithm for decentralized extrema-finding in
circular configurations of processes, CACM 22(5), 1979; the module ChangRoberts of the TLA+
Examples.

Checked, as distinct states, states generated, and depth:

    ChangRoberts   Node=3   137   227   10
"""

from __future__ import annotations

from enum import Enum, auto

from verdict import (
    Index,
    Machine,
    Map,
    Set,
    action,
    configuration,
    each,
    initial,
    invariant,
    reachable,
    require,
    terminal,
)


class Node(Index):
    """A process on the ring, and its number."""


class Hope(Enum):
    """What a node knows of its own chances."""

    CANDIDATE = auto()
    LOST = auto()
    WON = auto()


def following(n: Node) -> Node:
    """The node to which this one sends."""
    return Node((int(n) + 1) % len(Node))


class ChangRoberts(Machine):
    """A ring of nodes, any of which may stand."""

    inbox: Map[Node, Set[Node]]
    initiators: Set[Node]
    started: Set[Node]
    hope: Map[Node, Hope] = each(Hope.LOST)

    @initial
    def some_stand(self, initiators: Set[Node]) -> None:
        """Any nodes may stand, also none."""
        self.initiators = initiators
        for n in initiators:
            self.hope[n] = Hope.CANDIDATE

    @action
    def start(self, n: Node) -> None:
        """A node begins, and sends its number if it stands."""
        require(n not in self.started)
        self.started.add(n)
        if n in self.initiators:
            self.inbox[following(n)].add(n)

    @action
    def receive(self, n: Node, number: Node) -> None:
        """A node that has begun takes a number out of its inbox."""
        require(number in self.inbox[n])
        require(n in self.started)
        self.inbox[n].remove(number)
        if self.hope[n] is Hope.LOST:
            self.inbox[following(n)].add(number)
        elif number < n:
            self.hope[n] = Hope.LOST
            self.inbox[following(n)].add(number)
        elif number == n:
            self.hope[n] = Hope.WON

    @invariant
    def one_winner(self) -> bool:
        """Who wins stood, has the smallest number that did, and all others know they lost."""
        return all(
            n in self.initiators
            and all(m >= n for m in self.initiators)
            and all(self.hope[m] is Hope.LOST for m in Node if m != n)
            for n in Node
            if self.hope[n] is Hope.WON
        )

    @invariant
    def nothing_is_made_up(self) -> bool:
        """Every number under way is that of a node that stood."""
        return all(self.inbox[n] <= self.initiators for n in Node)

    @reachable
    def all_stand_and_one_wins(self) -> bool:
        """An election in which everyone stands can end."""
        return len(self.initiators) == len(Node) and self.hope[Node(0)] is Hope.WON

    @terminal
    def over(self) -> bool:
        """Where nothing can happen, someone has won, or nobody stood."""
        return len(self.initiators) == 0 or any(self.hope[n] is Hope.WON for n in Node)

    configurations = (configuration("three", Node=3), configuration("four", Node=4))
