"""Machines whose mutants are known by hand."""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated, Self

from checker import (
    Index,
    Machine,
    Map,
    Part,
    Range,
    Record,
    Set,
    Variant,
    action,
    configuration,
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


class Gate(Machine):
    """A gate that is opened by a coin, and lets one through for it."""

    configurations = (configuration("one"),)

    coins: Annotated[int, Range(0, 1)] = 0
    open: bool = False

    @action
    def pay(self) -> None:
        """A coin goes in."""
        require(not self.open)
        require(self.coins < 1)
        self.coins += 1
        self.open = True

    @action
    def enter(self) -> None:
        """Somebody goes through."""
        require(self.open)
        self.coins -= 1
        self.open = False

    @invariant
    def paid(self) -> bool:
        """The gate is open for a coin."""
        return not self.open or self.coins == 1

    @reachable
    def used(self) -> bool:
        """The gate opens."""
        return self.open


Stage = Annotated[int, Range(0, 3)]
"""How far a thing has come."""


class Stairs(Machine):
    """One step at a time."""

    stage: Stage = 0

    @action
    def climb(self) -> None:
        """One more."""
        require(self.stage < 3)
        self.stage += 1


class Stages(Machine):
    """A promise of each kind, about three stages."""

    configurations = (configuration("three", hazards=("never_done",)),)

    stage: Stage = 0

    @action(fair="weak")
    def first(self) -> None:
        """It begins."""
        require(self.stage == 0)
        self.stage = 1

    @action(fair="weak")
    def second(self) -> None:
        """It ends."""
        require(self.stage == 1)
        self.stage = 2

    @invariant
    def within(self) -> bool:
        """There are three stages."""
        return self.stage < 3

    @invariant
    def never_done(self) -> bool:
        """False, and known to be."""
        return self.stage < 2

    @reachable
    def done(self) -> bool:
        """It can be done."""
        return self.stage == 2

    @step
    def up(self, after: Self) -> bool:
        """There is no way back, and no standing still."""
        return after.stage > self.stage

    @terminal
    def ends_done(self) -> bool:
        """It does not stop halfway."""
        return self.stage == 2

    @eventually
    def will_be_done(self) -> bool:
        """It will be done."""
        return self.stage == 2

    @refines(Stairs)
    def as_stairs(self, spec: Stairs) -> None:
        """One step at a time."""
        spec.stage = self.stage


class Clerk(Index, default=2):
    """Somebody at a desk."""


class Kind(Enum):
    """What a letter is about."""

    ORDER = auto()
    BILL = auto()
    NOTE = auto()


class Letter(Record):
    """A letter."""

    kind: Kind


class Parcel(Record):
    """A parcel."""

    weight: Annotated[int, Range(0, 2)]


class Desk(Part):
    """Where mail is put."""

    mail: Letter | Parcel | None

    def put(self, mail: Letter | Parcel) -> None:
        """It lies there until somebody takes it."""
        require(self.mail is None)
        self.mail = mail

    def idle(self) -> bool:
        """Whether nothing lies there."""
        return self.mail is None


class Office(Machine):
    """Everything that a mistake can be made in, and nothing that is promised."""

    configurations = (configuration("open"), configuration("closed", holiday=True))

    holiday: Variant[bool] = False

    desks: Map[Clerk, Desk]
    known: Set[Clerk]
    turns: Map[Clerk, Annotated[int, Range(0, 2)]] = each(0)
    count: Annotated[int, Range(0, 9)] = 0

    @initial
    def somebody(self, c: Clerk) -> None:
        """One is known."""
        require(c == Clerk(0))
        self.known.add(c)

    @action
    def write(self, c: Clerk) -> None:
        """A letter or a parcel arrives."""
        require(not self.holiday)
        self.desks[c].put(Letter(Kind.ORDER) if c in self.known else Parcel(1))

    @action
    def read(self, c: Clerk) -> None:
        """It is taken off the desk."""
        match self.desks[c].mail:
            case Letter(kind):
                require(kind is not Kind.NOTE and self.count < 9)
                self.count = self.count + (2 if kind is Kind.BILL else 1)
            case Parcel():
                self.known.add(c)
            case None:
                require(False)
        self.desks[c].mail = None

    @action
    def tidy(self) -> None:
        """When all is done, everybody goes."""
        require(all(self.desks[c].idle() for c in Clerk if c in self.known))
        require(self.known <= Set({c for c in Clerk if self.desks[c].idle()}))
        if self.count > 3 or self.holiday:
            self.count = 0
        elif len(self.known) > 1:
            self.known.clear()
        self.turns = each(1)
