"""Small machines and traces that the tests of diagrams draw."""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated, Any

from checker.engines.tracing import changes
from checker.language.machine import settings_of
from checker.language.resolving import state_type
from checker.language.states import snapshot
from checker.verdict import Step, Trace
from verdict import (
    Bag,
    Capacity,
    Index,
    Machine,
    Map,
    Part,
    Range,
    Record,
    Seq,
    action,
    each,
    initial,
    require,
)


class Lamp(Enum):
    """What a lamp shows."""

    OFF = auto()
    ON = auto()
    BROKEN = auto()


class Room(Index):
    """Where a lamp hangs."""


class Plan(Record):
    """A record in the state."""

    room: Room
    lit: bool


class Fixture(Part):
    """A part with a state of its own."""

    lamp: Lamp = Lamp.OFF
    used: Annotated[int, Range(0, 2)] = 0


class House(Machine):
    """Lamps that nothing can break, and every kind of place that a path can lead to."""

    fixtures: Map[Room, Fixture]
    porch: Fixture
    sky: Map[bool, Lamp] = each(Lamp.ON)
    plan: Plan | None = None
    mood: Lamp | None = None
    queue: Annotated[Seq[Room], Capacity(2)]

    @initial
    def mood_is(self, on: bool) -> None:
        """The house is in one of two moods."""
        self.mood = Lamp.ON if on else None

    @action
    def switch_on(self, r: Room) -> None:
        """A lamp that is off is switched on."""
        require(self.fixtures[r].lamp is Lamp.OFF)
        self.fixtures[r].lamp = Lamp.ON

    @action
    def switch_off(self, r: Room) -> None:
        """A lamp that is on is switched off."""
        require(self.fixtures[r].lamp is Lamp.ON)
        self.fixtures[r].lamp = Lamp.OFF

    @action
    def make_plan(self, r: Room) -> None:
        """Somebody means to have light, once."""
        require(self.plan is None)
        self.plan = Plan(r, True)


class Peer(Index):
    """Somebody who sends and receives."""


class Hello(Record):
    """A greeting."""

    to: Peer


class Post(Machine):
    """Greetings are put into the post and taken out again."""

    got: Map[Peer, Annotated[int, Range(0, 3)]] = each(0)
    post: Annotated[Bag[Hello], Capacity(3)]

    @action
    def send(self, by: Peer, to: Peer) -> None:
        """Somebody greets somebody."""
        self.post.add(Hello(to))

    @action
    def receive(self, p: Peer, m: Hello) -> None:
        """A greeting arrives."""
        require(m in self.post)
        require(m.to == p)
        self.post.remove(m)
        self.got[p] = self.got[p] + 1

    @action(by="the wind")
    def blow(self) -> None:
        """Nothing changes."""


class Letter(Record):
    """A record of which there are too many to try each."""

    words: Annotated[Seq[Peer], Capacity(1)]


class Shelf(Machine):
    """Letters on shelves; which shelf is looked at cannot always be told."""

    shelves: Map[Peer, Annotated[Bag[Letter], Capacity(1)]]
    looked_at: Annotated[Seq[Peer], Capacity(1)]

    @action
    def look(self, p: Peer) -> None:
        """Somebody looks at a shelf."""
        require(len(self.looked_at) == 0)
        self.looked_at.append(p)

    @action
    def put(self, p: Peer) -> None:
        """A letter is put on a shelf."""
        self.shelves[p].add(Letter(Seq([p])))

    @action(by="reader")
    def take(self, m: Letter) -> None:
        """A letter is taken from the shelf that is looked at; a defect where none is."""
        require(m in self.shelves[self.looked_at[0]])
        self.shelves[self.looked_at[0]].remove(m)
        self.looked_at.clear()


Taken = tuple[str, str, dict[str, Any]]
"""An action, who takes it, and its arguments."""


def run(machine: Machine, *steps: Taken, loop: int | None = None) -> Trace:
    """The trace of taking steps in CPython."""
    kind = state_type(type(machine), settings_of(machine))
    first = before = snapshot(machine, kind)
    taken = []
    for name, actor, arguments in steps:
        getattr(machine, name)(**arguments)
        after = snapshot(machine, kind)
        taken.append(Step(name, actor, arguments, tuple(changes(before, after)), after))
        before = after
    return Trace(type(machine).__name__, settings_of(machine), first, tuple(taken), loop=loop)
