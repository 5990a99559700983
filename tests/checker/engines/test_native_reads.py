"""Which bits of a state are read and written: those that change when what is named changes."""

from __future__ import annotations

from typing import Annotated, Self

import pytest

from checker import Capacity, Index, Machine, Map, Part, Range, Record, Seq, action, each, step
from checker.engines.native.reads import bits_read, bits_written, changed
from checker.engines.native.words import Codec, Rooms
from checker.language.evaluator import Evaluator
from checker.language.ir import Program
from checker.language.lowering import lower


class Desk(Index):
    """Where somebody sits."""


class Mark(Record):
    """What is written down."""

    by: Desk
    level: Annotated[int, Range(0, 9)]


class Seat(Part):
    """A desk, and what is on it."""

    taken: bool = False
    level: Annotated[int, Range(0, 9)] = 0
    marks: Annotated[Seq[Mark], Capacity(2)]


class Office(Machine):
    """Desks; more than a word of them."""

    seats: Map[Desk, Seat]
    likes: Map[Desk, Map[Desk, bool]] = each(each(False))
    boss: Desk | None

    @action
    def sit(self, d: Desk) -> None:
        """Somebody sits down."""
        self.seats[d].taken = True

    @action
    def rise(self, d: Desk) -> None:
        """Who sits there rises in rank, and writes it down."""
        mine = self.seats[d]
        mine.level = 9
        mine.marks.append(Mark(d, 9))

    @action
    def like(self, a: Desk, b: Desk) -> None:
        """Two get on well."""
        self.likes[a][b] = True

    @action
    def rule(self, d: Desk) -> None:
        """Somebody leads."""
        self.boss = d

    @step
    def seats_stay(self, after: Self) -> bool:
        """Who sits stays."""
        return all(not self.seats[d].taken or after.seats[d].taken for d in Desk)

    @step
    def rank_of_the_boss(self, after: Self) -> bool:
        """Who leads keeps the rank."""
        return self.boss is None or after.seats[self.boss].level >= self.seats[self.boss].level

    @step
    def friends(self, after: Self) -> bool:
        """Nobody comes to like the boss."""
        return after.boss is None or not any(after.likes[d][after.boss] for d in Desk)


SEEN = {
    "seats_stay": {"sit"},
    "rank_of_the_boss": {"rise"},
    "friends": {"like", "rule"},
}
"""The actions that change what a property reads of the state after."""


@pytest.fixture(scope="module")
def program() -> Program:
    return lower(Office(Desk=5))


def differences(program: Program, name: str) -> dict[tuple[int, ...], int]:
    """The bits in which a step from the start differs from it, by the numbers of the desks."""
    codec = Codec(Rooms(), program.state)
    evaluator = Evaluator(program)
    wanted = program.action(name)
    found = {}
    for given in evaluator.choices(wanted, program.start):
        after = evaluator.run(wanted, program.start, given)
        assert after is not None
        pairs = zip(codec.pack(program.start), codec.pack(after), strict=True)
        bits = sum((a ^ b) << 64 * word for word, (a, b) in enumerate(pairs))
        found[tuple(desk.position for desk in given.values())] = bits
    return found


@pytest.mark.parametrize("name", SEEN)
def test_what_a_property_reads_is_changed_by_these_actions_alone(
    program: Program, name: str
) -> None:
    state = Rooms().state(program.state)
    prop = next(prop for prop in program.properties if prop.name == name)
    read = bits_read([prop.test], "after", state)
    for one in program.actions:
        touched = {bool(bits & read) for bits in differences(program, one.name).values()}
        assert touched == {one.name in SEEN[name]}


def test_an_action_writes_what_its_steps_change_and_for_known_desks_no_other(
    program: Program,
) -> None:
    state = Rooms().state(program.state)
    for one in program.actions:
        steps = differences(program, one.name)
        everywhere = bits_written(one.body, "self", state, {})
        for numbers, bits in steps.items():
            known = {p.name: n for p, n in zip(one.parameters, numbers, strict=True)}
            there = bits_written(one.body, "self", state, known)
            assert bits
            assert bits & ~there == 0
            assert there & ~everywhere == 0
            others = [other for given, other in steps.items() if given != numbers]
            assert all(other & ~there for other in others) or one.name == "rule"


def test_no_bits_never_change() -> None:
    assert changed(0, 2) == "(0)"
    assert changed(1 << 64, 2) == "(((s[1] ^ t[1]) & 0x1ULL))"
