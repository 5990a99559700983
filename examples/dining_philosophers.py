"""The dining philosophers, who clean a fork before they hand it over.

Philosophers sit in a ring with one fork between neighbours, and eat with two.  Forks are dirty
or clean; eating makes both of one's forks dirty.  A philosopher who holds a dirty fork cleans it
and hands it over; a clean one it keeps until it has eaten.  So a fork goes to and fro between
its two users, and nobody can be outrun for ever.

At first all forks are dirty and the philosopher at seat 0 holds both of its own: that breaks the
symmetry of the ring, in which everybody would wait for everybody else.

The fork of seat n lies between it and the seat before.

Not modelled: that nobody starves, a liveness property.

Source: K. M. Chandy and J. Misra, The drinking philosophers problem, ACM TOPLAS 6(4), 1984; the
module DiningPhilosophers of the TLA+ Examples, whose process takes a step `loop` whenever it
neither eats nor thinks, also one that changes nothing.

Checked, as distinct states, states generated, and depth:

    DiningPhilosophers   Seat=5   67   336   29
"""

from __future__ import annotations

from enum import Enum, auto

from verdict import (
    Index,
    Machine,
    Map,
    Part,
    action,
    configuration,
    initial,
    invariant,
    reachable,
    require,
)


class Seat(Index):
    """A place at the table, with a philosopher and a fork."""


class Doing(Enum):
    """What a philosopher is about to do."""

    LOOKING = auto()
    EATING = auto()
    THINKING = auto()


def after(seat: Seat) -> Seat:
    """The next seat round the table."""
    return Seat((int(seat) + 1) % len(Seat))


def before(seat: Seat) -> Seat:
    """The seat before this one."""
    return Seat((int(seat) + len(Seat) - 1) % len(Seat))


class Fork(Part):
    """A fork in someone's hand."""

    holder: Seat = Seat(0)
    clean: bool = False

    def hand_over(self, to: Seat) -> None:
        """Clean the fork and give it to a neighbour."""
        self.holder = to
        self.clean = True

    def dirty_with(self, seat: Seat) -> bool:
        """Whether it waits to be cleaned there."""
        return self.holder == seat and not self.clean

    def ready_for(self, seat: Seat) -> bool:
        """Whether it can be eaten with there."""
        return self.holder == seat and self.clean


class Philosopher(Part):
    """One who eats and thinks."""

    doing: Doing = Doing.LOOKING
    hungry: bool = True


class DiningPhilosophers(Machine):
    """A round table."""

    forks: Map[Seat, Fork]
    philosophers: Map[Seat, Philosopher]

    @initial
    def laid(self) -> None:
        """Everyone holds the fork of their seat, but seat 0 has that of seat 1 too."""
        for seat in Seat:
            self.forks[seat].holder = seat
        self.forks[after(Seat(0))].holder = Seat(0)

    @action
    def loop(self, p: Seat) -> None:
        """A philosopher hands over a dirty fork, if it has one, and decides what to do next."""
        me = self.philosophers[p]
        left = self.forks[p]
        right = self.forks[after(p)]
        require(me.doing is Doing.LOOKING)
        if left.dirty_with(p):
            left.hand_over(before(p))
        elif right.dirty_with(p):
            right.hand_over(after(p))
        if not me.hungry:
            me.doing = Doing.THINKING
        elif left.ready_for(p) and right.ready_for(p):
            me.doing = Doing.EATING

    @action
    def eat(self, p: Seat) -> None:
        """A philosopher with two clean forks eats, and makes them dirty."""
        me = self.philosophers[p]
        require(me.doing is Doing.EATING)
        me.hungry = False
        self.forks[p].clean = False
        self.forks[after(p)].clean = False
        me.doing = Doing.LOOKING

    @action
    def think(self, p: Seat) -> None:
        """A philosopher thinks, and is hungry again."""
        me = self.philosophers[p]
        require(me.doing is Doing.THINKING)
        me.hungry = True
        me.doing = Doing.LOOKING

    @invariant
    def exclusive(self) -> bool:
        """Neighbours never eat at the same time."""
        return not any(
            self.philosophers[p].doing is Doing.EATING
            and self.philosophers[after(p)].doing is Doing.EATING
            for p in Seat
        )

    @invariant
    def eats_with_two(self) -> bool:
        """Who eats holds both forks, clean."""
        return all(
            self.forks[p].ready_for(p) and self.forks[after(p)].ready_for(p)
            for p in Seat
            if self.philosophers[p].doing is Doing.EATING
        )

    @invariant
    def within_reach(self) -> bool:
        """A fork is with one of the two philosophers beside it."""
        return all(self.forks[p].holder == p or self.forks[p].holder == before(p) for p in Seat)

    @reachable
    def eats_again(self) -> bool:
        """Seat 0, which eats first, gets both forks back clean once it has eaten and thought."""
        return self.forks[Seat(0)].ready_for(Seat(0)) and self.philosophers[Seat(0)].hungry

    configurations = (configuration("five", Seat=5),)
