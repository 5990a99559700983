"""Small machines that the tests of the command line check, break and save the traces of."""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated, Self

from verdict import (
    Bag,
    Capacity,
    Counter,
    Index,
    Machine,
    Map,
    Part,
    Promise,
    Range,
    Record,
    Seq,
    Set,
    Variant,
    action,
    configuration,
    each,
    initial,
    invariant,
    reachable,
    refines,
    require,
    step,
    terminal,
)


class Cell(Index):
    """A cell of the zoo."""


class Mood(Enum):
    """How somebody feels."""

    CALM = auto()
    WILD = auto()


class Feed(Record):
    """Food is thrown into a cell."""

    cell: Cell
    amount: Annotated[int, Range(-1, 2)]


class Shout(Record):
    """Somebody shouts."""


class Report(Record):
    """What the keeper writes down: values inside values."""

    moods: Map[Cell, Mood]
    last: Feed | Shout | None


Meals = Annotated[int, Counter("Meals")]


class Keeper(Part):
    """A part with an action of its own."""

    asleep: bool = False
    seen: Annotated[Seq[Feed | Shout], Capacity("Diary", default=2)]

    @action
    def doze(self) -> None:
        """The keeper falls asleep."""
        require(not self.asleep)
        require(len(Cell) > 0)
        self.asleep = True

    @action
    def note(self, loud: bool) -> None:
        """The keeper writes something into the diary."""
        self.seen.append(Shout() if loud else Feed(Cell(0), -1))


class Zoo(Machine):
    """Every kind of value that the language has, somewhere in the state."""

    moods: Map[Cell, Mood] = each(Mood.CALM)
    meals: Meals = 0
    favourite: Cell | None
    news: Annotated[Bag[Feed | Shout], Capacity(2)]
    awake: Set[Cell]
    pairs: Annotated[Set[Report], Capacity(1)]
    boss: Keeper
    keepers: Map[Cell, Keeper]
    loud: Variant[bool] = True

    @initial
    def opened(self, favourite: Cell | None) -> None:
        """The zoo opens, with or without a favourite."""
        self.favourite = favourite

    @action
    def feed(self, cell: Cell, amount: Annotated[int, Range(-1, 2)]) -> None:
        """Food is thrown in."""
        require(amount != 0)
        self.news.add(Feed(cell, amount))
        self.meals += 1
        self.awake.add(cell)

    @action(by="crowd")
    def shout(self) -> None:
        """Somebody shouts, where that is allowed."""
        require(self.loud)
        self.news.add(Shout())

    @action(by="keeper")
    def report(self, cell: Cell) -> None:
        """The keeper writes everything down."""
        require(len(self.news) > 0)
        self.moods[cell] = Mood.WILD
        self.pairs = Set({Report(self.moods, Feed(cell, 2))})
        self.news.clear()

    @invariant
    def modest(self) -> bool:
        """Nobody is fed twice."""
        return self.meals < 2

    @invariant
    def quiet(self) -> bool:
        """No keeper has heard a shout."""
        return all(Shout() not in self.keepers[c].seen for c in Cell)

    @invariant
    def unread(self) -> bool:
        """Nothing is ever reported."""
        return len(self.pairs) == 0

    @step
    def restless(self, after: Self) -> bool:
        """Nobody falls asleep."""
        return all(not after.keepers[c].asleep or self.keepers[c].asleep for c in Cell)

    configurations = (
        configuration(
            "small",
            Cell=1,
            Meals=2,
            Diary=1,
            hazards=("modest", "quiet", "unread", "restless"),
            about="As small as can be.",
        ),
    )


class Phase(Enum):
    """How far the light is."""

    RED = auto()
    GREEN = auto()
    DARK = auto()


CYCLE = Promise(
    "LGT-1",
    "A light | never goes dark.",
    source="the law",
    guards="a crossing that nobody controls",
)


class Switch(Machine):
    """What a light looks like from far away: on, then off."""

    on: bool = True

    @action
    def off(self) -> None:
        """It goes off."""
        require(self.on)
        self.on = False


class Light(Machine):
    """A light that can break in as many ways as a property can."""

    phase: Phase = Phase.RED
    ticks: Annotated[int, Counter("Ticks", default=4)] = 0
    level: Annotated[int, Range(0, 3)] = 0
    careless: Variant[bool] = False

    @action
    def turn(self) -> None:
        """The light changes."""
        require(self.phase is not Phase.DARK)
        self.phase = Phase.GREEN if self.phase is Phase.RED else Phase.RED
        self.ticks += 1

    @action(by="storm")
    def fail(self) -> None:
        """A storm comes."""
        require(self.ticks == 2)
        require(self.phase is not Phase.DARK)
        self.phase = Phase.DARK

    @action
    def dim(self, by: Annotated[int, Range(1, 2)]) -> None:
        """The light is dimmed, or, carelessly, more than that."""
        require(self.careless or self.level + by <= 3)
        require(self.level < 3)
        self.level += by

    @invariant(CYCLE)
    def bright(self) -> bool:
        return self.level <= 3 and self.phase is not Phase.DARK

    @step(on=dim)
    def gentle(self, after: Self, by: int) -> bool:
        """The light is dimmed in small steps."""
        return by < 2 and after.level >= self.level

    @terminal
    def lit(self) -> bool:
        """It never rests in the dark."""
        return self.phase is not Phase.DARK

    @reachable
    def blue(self) -> bool:
        """The light can be at level 3 while green."""
        return self.phase is Phase.GREEN and self.level == 3

    @reachable
    def impossible(self) -> bool:
        """The light counts backwards."""
        return self.ticks > 100

    @invariant
    def readable(self) -> bool:
        """The one entry can always be read."""
        levels = Seq([self.level])
        return levels[self.level if self.phase is Phase.DARK else 0] <= 3

    @refines(Switch)
    def as_switch(self, spec: Switch) -> None:
        """Green is on, red is off."""
        spec.on = self.phase is not Phase.GREEN


class Plain(Machine):
    """A machine without configurations: its defaults are all there is."""

    turned: bool = False

    @action
    def turn(self) -> None:
        """Once, and that is all."""
        require(not self.turned)
        self.turned = True

    @action
    def vanish(self) -> None:
        """Never."""
        require(self.turned and not self.turned)

    @invariant
    def still(self) -> bool:
        """It is either turned or not."""
        return self.turned or not self.turned
