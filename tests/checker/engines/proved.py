"""Machines to prove something of: small ones whose proofs need this or that."""

from __future__ import annotations

from typing import Annotated, Self

from checker import (
    Counter,
    Index,
    Machine,
    Map,
    Set,
    Variant,
    action,
    each,
    eventually,
    inductive,
    initial,
    invariant,
    reachable,
    require,
    step,
    terminal,
)


class Worker(Index):
    """Somebody who waits for a turn."""


Ticket = Annotated[int, Counter("Ticket")]


class Tickets(Machine):
    """Workers draw numbers and are served in that order."""

    counting: Variant[bool] = True  # broken, if not: the same number is drawn again and again
    orderly: Variant[bool] = True  # broken, if not: whoever has a number may finish

    following: Ticket = 0
    serving: Ticket = 0
    held: Map[Worker, Ticket | None]

    @action
    def draw(self, w: Worker) -> None:
        """A worker draws the next number."""
        require(self.held[w] is None)
        self.held[w] = self.following
        if self.counting:
            self.following += 1

    @action
    def finish(self, w: Worker) -> None:
        """Whose turn it is, is done."""
        require(self.held[w] is not None)
        require(self.held[w] == self.serving or not self.orderly)
        self.held[w] = None
        self.serving += 1

    @inductive
    def drawn_before(self) -> bool:
        """Every number that is held was drawn already."""
        return all(ticket is None or ticket < self.following for ticket in self.held.values())

    @inductive
    def numbers_differ(self) -> bool:
        """No number is held twice."""
        return all(
            a == b or self.held[a] is None or self.held[a] != self.held[b]
            for a in Worker
            for b in Worker
        )

    @inductive
    def beside_the_point(self) -> bool:
        """Nobody is served before the start."""
        return self.serving >= 0

    @invariant
    def one_at_a_time(self) -> bool:
        """It is one worker's turn at most."""
        return sum(1 for w in Worker if self.held[w] == self.serving) <= 1

    @invariant
    def well_numbered(self) -> bool:
        """What is drawn next was not drawn yet: the lemma says so, and nothing else need."""
        return all(ticket != self.following for ticket in self.held.values())

    @step
    def numbers_grow(self, after: Self) -> bool:
        """The next number never gets less."""
        return self.following <= after.following

    @reachable
    def somebody_waits(self) -> bool:
        """Two workers have a number."""
        return all(ticket is not None for ticket in self.held.values())

    @eventually
    def all_served(self) -> bool:
        """Somebody is served."""
        return self.serving > 0


Number = Annotated[int, Counter("Number")]


class Shelves(Machine):
    """Numbers on two shelves, and all that ever were on one."""

    losing: Variant[bool] = False  # broken: what is taken from one shelf never gets to the other

    one: Set[Number]
    two: Set[Number]
    ever: Set[Number]
    end: Number = 0

    @action
    def buy(self) -> None:
        """The next number comes in."""
        self.one.add(self.end)
        self.ever = self.ever | Set({self.end})
        self.end += 1

    @action
    def move(self, n: Number) -> None:
        """A number goes to the other shelf."""
        require(n in self.one)
        self.one.remove(n)
        if not self.losing:
            self.two.add(n)

    @action
    def back(self) -> None:
        """Everything goes back to the first shelf."""
        require(self.two != Set())
        self.one = self.one | self.two
        self.two.clear()

    @action
    def lend(self, n: Number) -> None:
        """A number is not there for a moment, and there again."""
        others = self.one - Set({n})
        require(others <= self.one)
        require(n in self.one & self.ever)
        self.one = others
        self.one.add(n)

    @inductive
    def apart(self) -> bool:
        """No number is on both shelves."""
        return self.one & self.two == Set()

    @invariant
    def nothing_is_lost(self) -> bool:
        """What ever was on a shelf is on one."""
        return self.ever <= self.one | self.two and self.one | self.two <= self.ever

    @inductive
    def all_below(self) -> bool:
        """All numbers below the end, and no others, came in."""
        return all(n in self.ever for n in range(self.end)) and not any(
            n >= self.end for n in self.ever
        )

    @step
    def ever_grows(self, after: Self) -> bool:
        """What came in once did."""
        return all(n in after.ever for n in self.ever)


class Counted(Machine):
    """What cannot be said of numbers without bounds: how many there are."""

    seen: Set[Number]
    total: Number = 0

    @action
    def see(self, n: Number) -> None:
        """A number is seen."""
        require(n not in self.seen)
        self.seen.add(n)
        self.total += 1

    @invariant
    def counted(self) -> bool:
        """The total is how many were seen."""
        return len(self.seen) == self.total


class Keyed(Machine):
    """A counter that numbers the slots of a map, and one that does not."""

    slots: Map[Number, Ticket] = each(0)
    other: Ticket = 0

    @action
    def fill(self, n: Number) -> None:
        """A slot gets a ticket."""
        self.slots[n] = self.other
        self.other += 1

    @invariant
    def below(self) -> bool:
        """Tickets come from the counter."""
        return all(ticket <= self.other for ticket in self.slots.values())


class Still(Machine):
    """Nothing ever happens."""

    number: Number = 0

    @invariant
    def zero(self) -> bool:
        """It stays so."""
        return self.number == 0


class WrongAtTheStart(Machine):
    """A lemma that no step breaks, and that is false from the beginning."""

    number: Number = 0

    @initial
    def begin(self, n: Number) -> None:
        """Anywhere."""
        self.number = n

    @action
    def grow(self) -> None:
        """One more."""
        self.number += 1

    @inductive
    def positive(self) -> bool:
        """It is more than nothing."""
        return self.number > 0

    @invariant
    def not_zero(self) -> bool:
        """It is not nothing, which only the lemma could tell."""
        return self.number != 0


class NothingSo(Machine):
    """What is true of no state at all, neither the start nor any other."""

    number: Number = 0

    @action
    def grow(self) -> None:
        """One more."""
        self.number += 1

    @inductive
    def less_than_nothing(self) -> bool:
        """It is less than nothing."""
        return self.number < 0

    @invariant
    def odd_and_even(self) -> bool:
        """It is odd and even at once, which would follow from anything false."""
        return self.number % 2 == 0 and self.number % 2 == 1


class Walk(Machine):
    """Round and round: four stations, and one that nobody gets to."""

    place: Annotated[int, Counter("Place")] = 0

    @action
    def go(self) -> None:
        """To the next station; from those that nobody gets to, to the worst of them."""
        if self.place < 3:
            self.place += 1
        elif self.place == 3:
            self.place = 0
        elif self.place < 7:
            self.place += 1
        else:
            require(False)

    @invariant
    def never_seven(self) -> bool:
        """Nobody gets to the seventh."""
        return self.place != 7

    @terminal
    def never_over(self) -> bool:
        """There is always a next one."""
        return self.place == 0

    @step
    def never_there(self, after: Self) -> bool:
        """No step leads to the seventh."""
        return after.place != 7
