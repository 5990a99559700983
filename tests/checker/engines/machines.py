"""Small machines, each of which shows one behaviour of a search."""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated, Self

from checker import (
    Bag,
    Capacity,
    Counter,
    Index,
    Machine,
    Map,
    Promise,
    Range,
    Record,
    Seq,
    Set,
    Variant,
    action,
    each,
    eventually,
    initial,
    invariant,
    reachable,
    refines,
    require,
    step,
    terminal,
)

Hour = Annotated[int, Range(0, 11)]
Count = Annotated[int, Counter("Count")]


class Node(Index):
    """One of several."""


class Light(Enum):
    GREEN = auto()
    YELLOW = auto()
    RED = auto()


class Clock(Machine):
    """Twelve states in a ring, and a shortcut."""

    hour: Hour = 0

    @action
    def tick(self) -> None:
        """An hour passes."""
        self.hour = (self.hour + 1) % 12

    @action
    def leap(self) -> None:
        """At three, three hours pass."""
        require(self.hour == 3)
        self.hour = 6

    @action
    def never(self) -> None:
        """No clock shows this."""
        require(self.hour > 11)
        self.hour = 0

    @invariant
    def before_nine(self) -> bool:
        """False first in the eighth state: 0 1 2 3 6 7 8 9."""
        return self.hour < 9

    @invariant
    def on_the_dial(self) -> bool:
        """True."""
        return self.hour < 12

    @step(Promise("FORWARD", "Time goes on."))
    def forward(self, after: Self) -> bool:
        """False from 11 to 0."""
        return after.hour > self.hour

    @step(on=tick)
    def by_one(self, after: Self) -> bool:
        """True of ticks, and not of leaps."""
        return after.hour == (self.hour + 1) % 12

    @reachable
    def at_seven(self) -> bool:
        """In the sixth state."""
        return self.hour == 7

    @reachable
    def at_thirteen(self) -> bool:
        """Never."""
        return self.hour == 13

    @terminal
    def stops(self) -> bool:
        """It never does, so this is never asked."""
        return False

    @eventually
    def at_eleven(self) -> bool:
        """For an engine that knows liveness."""
        return self.hour == 11


class Counting(Machine):
    """Counts until a bound, in two places."""

    counts: Map[Node, Count] = each(0)
    log: Annotated[Seq[Node], Capacity("Log")]

    @action
    def count(self, n: Node) -> None:
        self.counts[n] += 1

    @action
    def note(self, n: Node) -> None:
        self.log.append(n)


class Waiting(Machine):
    """Two that take turns; one of them may hold on to the token for ever."""

    holder: Node | None = None
    done: Set[Node]

    @action
    def take(self, n: Node) -> None:
        require(self.holder is None)
        require(n not in self.done)
        self.holder = n

    @action
    def give(self, n: Node) -> None:
        require(self.holder == n)
        require(int(n) == 0)
        self.holder = None
        self.done.add(n)

    @terminal
    def everyone_is_done(self) -> bool:
        return len(self.done) == len(Node)


class Choosing(Machine):
    """Starts are chosen, and a choice is refused."""

    first: Node = Node(0)
    light: Light = Light.RED

    @initial
    def somewhere(self, n: Node, light: Light) -> None:
        require(light is not Light.RED)
        self.first = n
        self.light = light

    @action
    def change(self) -> None:
        require(self.light is Light.YELLOW)
        self.light = Light.RED

    @invariant
    def starts_are_checked_too(self) -> bool:
        return not (self.first == Node(1) and self.light is Light.YELLOW)


class Limits12(Enum):
    KEPT = auto()
    FORGOTTEN = auto()


class Account(Machine):
    """What can go wrong in a step, one thing for each variant."""

    balance: Annotated[int, Range(0, 3)] = 0
    holder: Node | None = None
    queue: Annotated[Seq[Node], Capacity(2)]
    limit: Variant[Limits12] = Limits12.KEPT

    @action
    def deposit(self) -> None:
        if self.limit is Limits12.KEPT:
            require(self.balance < 3)
        self.balance += 1

    @action
    def enter(self, n: Node) -> None:
        require(len(self.queue) < 2)
        self.queue.append(n)

    @invariant
    def served(self) -> bool:
        """It reads the first of a queue that may be empty."""
        return self.balance < 2 or self.queue[0] == Node(0)

    @reachable
    def seconded(self) -> bool:
        """It cannot be evaluated in most states, and is true in some."""
        return self.queue[1] == Node(1)


class Asserting(Machine):
    """An assertion, after two steps."""

    n: Count = 0

    @action
    def up(self, by: Annotated[int, Range(1, 2)]) -> None:
        self.n += by
        assert self.n != 3, "three is right out"


class Unstartable(Machine):
    """A start that leaves its range, and one that does not."""

    n: Hour = 5

    @initial
    def shifted(self, by: Annotated[int, Range(6, 7)]) -> None:
        self.n += by

    @action
    def stay(self) -> None:
        self.n = self.n

    @invariant
    def late(self) -> bool:
        return self.n == 11


class Letter(Record):
    """What is sent."""

    sender: Node
    number: Count


class Posting(Machine):
    """Messages in a bag; a property of a step sees what was chosen."""

    sent: Map[Node, Count] = each(0)
    post: Annotated[Bag[Letter], Capacity("Post")]
    read: Map[Node, Count] = each(0)

    @action
    def send(self, n: Node) -> None:
        require(self.sent[n] < 2)
        self.post.add(Letter(n, self.sent[n]))
        self.sent[n] += 1

    @action
    def receive(self, letter: Letter, reader: Node) -> None:
        require(letter in self.post)
        self.post.remove(letter)
        self.read[reader] = letter.number

    @step(on=receive)
    def not_ones_own(self, after: Self, letter: Letter, reader: Node) -> bool:
        """False where someone reads a later letter of their own."""
        return letter.sender != reader or letter.number == 0

    @step(on=receive)
    def taken_out(self, after: Self, letter: Letter) -> bool:
        return after.post.count(letter) == self.post.count(letter) - 1


Many = Annotated[int, Range(0, 99)]


class Choosy(Machine):
    """What is chosen from cannot always be computed: no shelf is open at first."""

    shelves: Map[Node, Annotated[Set[Many], Capacity(2)]]
    open: Node | None = None
    picked: Annotated[Set[Many], Capacity(1)]

    @action
    def walk(self, at: Node) -> None:
        self.open = at
        self.shelves[at].add(int(at) + 40)

    @action
    def pick(self, n: Many) -> None:
        require(n in self.shelves[self.open])  # type: ignore[index] # a defect, on purpose
        self.picked.add(n)

    @step(on=pick)
    def early(self, after: Self, n: Many) -> bool:
        return n == 40


class Lamp(Machine):
    """The specification: on or off."""

    on: bool = False

    @action
    def switch(self) -> None:
        self.on = not self.on


class Dimmer(Machine):
    """Refines a lamp; with a bad start, or a bad step, it does not."""

    level: Annotated[int, Range(0, 3)] = 0
    lit_at_first: Variant[bool] = False
    stuck: Variant[bool] = False

    @initial
    def begin(self) -> None:
        self.level = 1 if self.lit_at_first else 0

    @action
    def up(self) -> None:
        require(self.level < 3)
        self.level += 1

    @action
    def down(self) -> None:
        require(self.level > 0)
        self.level -= 1

    @refines(Lamp)
    def as_lamp(self, spec: Lamp) -> None:
        """A lamp is on at any level but the lowest."""
        spec.on = self.level > 0


class Barred(Machine):
    """The specification of a lamp that is never switched off."""

    on: bool = False

    @action
    def switch(self) -> None:
        require(not self.on)
        self.on = True


class Fading(Machine):
    """Goes on and off again, which `Barred` does not."""

    level: Annotated[int, Range(0, 2)] = 0
    queue: Annotated[Seq[Node], Capacity(1)]

    @action
    def up(self) -> None:
        require(self.level < 2)
        self.level += 1

    @action
    def down(self) -> None:
        require(self.level > 0)
        self.level -= 1

    @refines(Barred)
    def as_barred(self, spec: Barred) -> None:
        spec.on = self.level > 0

    @refines(Lamp, Promise("UNREADABLE", "A mapping that fails at level two."))
    def as_unreadable(self, spec: Lamp) -> None:
        spec.on = self.level > 0 and (self.level < 2 or self.queue[0] == Node(0))


class Endless(Machine):
    """More states than anyone waits for."""

    counts: Map[Node, Annotated[int, Range(0, 999)]] = each(0)

    @action
    def count(self, n: Node) -> None:
        require(self.counts[n] < 999)
        self.counts[n] += 1

    @invariant
    def small(self) -> bool:
        return all(self.counts[n] < 999 for n in Node)

    @invariant
    def tiny(self) -> bool:
        return all(self.counts[n] < 3 for n in Node)

    @reachable
    def all_equal(self) -> bool:
        return all(self.counts[n] == 500 for n in Node)


class Chest(Machine):
    """A specification: what is taken comes from the open drawer, and none is open at first."""

    open: Node | None = None
    drawers: Map[Node, Annotated[Set[Many], Capacity(2)]]
    taken: Annotated[Set[Many], Capacity(1)]

    @action
    def unlock(self, at: Node) -> None:
        self.open = at
        self.drawers[at].add(int(at) + 40)

    @action
    def take(self, n: Many) -> None:
        require(n in self.drawers[self.open])  # type: ignore[index] # a defect, on purpose
        self.taken.add(n)


class Locker(Machine):
    """A chest for one; with a second drawer it forgets what was in the first."""

    open: Node | None = None
    taken: Annotated[Set[Many], Capacity(1)]

    @action
    def unlock(self, at: Node) -> None:
        self.open = at

    @refines(Chest)
    def as_chest(self, spec: Chest) -> None:
        spec.open = self.open
        spec.taken = self.taken
        if self.open is not None:
            spec.drawers[self.open].add(int(self.open) + 40)
