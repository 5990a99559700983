"""What happens eventually: the classic traps, each in a machine that fits on a few lines."""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated, Any

import pytest

from checker import (
    Counter,
    Finding,
    Index,
    Limits,
    Machine,
    Map,
    Part,
    Range,
    Variant,
    action,
    check,
    each,
    eventually,
    replay,
    require,
)
from checker.errors import LanguageError
from checker.language.lowering import lower


def found(machine: Machine, identifier: str, **options: Any) -> Finding:
    return check(machine, **options).finding(identifier)


def lasso(machine: Machine, identifier: str) -> tuple[list[str], list[str]]:
    """The actions of the stem and of the loop of a violated property."""
    finding = found(machine, identifier)
    assert finding.result == "violated"
    trace = finding.trace
    assert trace is not None
    assert trace.loop is not None
    replay(machine, trace)
    names = [step.action for step in trace.steps]
    return names[: trace.loop], names[trace.loop :]


def holds(machine: Machine, identifier: str) -> bool:
    finding = found(machine, identifier)
    assert finding.result in ("holds", "violated")
    return finding.result == "holds"


class Fairness(Enum):
    NONE = auto()
    WEAK = auto()
    STRONG = auto()


# ---------------------------------------------------------------- weak and strong


class Blinking(Machine):
    """A light that blinks, and a button that can be pressed while it is on."""

    fairness: Variant[Fairness] = Fairness.NONE
    on: bool = False
    pressed: bool = False

    @action(fair="weak")
    def blink(self) -> None:
        self.on = not self.on

    @action
    def press(self) -> None:
        require(self.fairness is Fairness.NONE)
        require(self.on)
        self.pressed = True

    @action(fair="weak")
    def press_at_last(self) -> None:
        require(self.fairness is Fairness.WEAK)
        require(self.on)
        self.pressed = True

    @action(fair="strong")
    def press_in_time(self) -> None:
        require(self.fairness is Fairness.STRONG)
        require(self.on)
        self.pressed = True

    @eventually
    def is_pressed(self) -> bool:
        return self.pressed


@pytest.mark.parametrize("fairness", [Fairness.NONE, Fairness.WEAK])
def test_weak_fairness_forces_nothing_that_is_impossible_again_and_again(
    fairness: Fairness,
) -> None:
    assert lasso(Blinking(fairness=fairness), "is_pressed") == ([], ["blink", "blink"])


def test_strong_fairness_forces_what_is_possible_again_and_again() -> None:
    assert holds(Blinking(fairness=Fairness.STRONG), "is_pressed")


class Steady(Machine):
    """The button can be pressed all the time, while something else goes on."""

    fairness: Variant[Fairness] = Fairness.NONE
    on: bool = False
    pressed: bool = False

    @action(fair="weak")
    def blink(self) -> None:
        self.on = not self.on

    @action
    def press(self) -> None:
        require(self.fairness is Fairness.NONE)
        self.pressed = True

    @action(fair="weak")
    def press_at_last(self) -> None:
        require(self.fairness is Fairness.WEAK)
        self.pressed = True

    @eventually
    def is_pressed(self) -> bool:
        return self.pressed


def test_weak_fairness_forces_what_stays_possible() -> None:
    assert lasso(Steady(), "is_pressed") == ([], ["blink", "blink"])
    assert holds(Steady(fairness=Fairness.WEAK), "is_pressed")


class Unfair(Machine):
    """Nobody is owed anything."""

    done: bool = False

    @action
    def do(self) -> None:
        self.done = True

    @eventually
    def is_done(self) -> bool:
        return self.done


def test_without_fairness_a_run_may_stand_still_at_once() -> None:
    assert lasso(Unfair(), "is_done") == ([], [])


# ---------------------------------------------------------------- standing still


class Door(Machine):
    """A door that opens once; a bell that changes nothing; somebody who may look."""

    ringing: Variant[bool] = True
    opened: bool = False
    looks: Annotated[int, Range(0, 2)] = 0

    @action(fair="strong")
    def ring(self) -> None:
        """It is always possible, and it is never a step."""
        require(self.ringing)
        self.opened = self.opened

    @action
    def look(self) -> None:
        require(self.looks < 2)
        self.looks += 1

    @action
    def open(self) -> None:
        require(self.looks == 1)
        self.opened = True

    def looked_at(self) -> bool:
        return self.looks > 0

    @eventually
    def is_opened(self) -> bool:
        return self.opened

    @eventually(after=looked_at)
    def opens_when_looked_at(self) -> bool:
        return self.opened

    @eventually(after=looked_at)
    def has_been_looked_at(self) -> bool:
        """Where what is waited for is true already, nothing is to be waited for."""
        return self.looks > 0


@pytest.mark.parametrize("ringing", [False, True])
def test_a_step_that_changes_nothing_is_neither_owed_nor_taken(ringing: bool) -> None:
    machine = Door(ringing=ringing)
    assert lasso(machine, "is_opened") == ([], [])
    assert lasso(machine, "opens_when_looked_at") == (["look"], [])
    assert holds(machine, "has_been_looked_at")


class Spinning(Machine):
    """A wheel that turns, or is said to turn where it stands."""

    turns: Annotated[int, Range(0, 2)] = 0
    stuck: bool = False

    @action(fair="weak")
    def turn(self) -> None:
        """Where it is stuck, its number stays, and it has not turned."""
        if not self.stuck:
            self.turns = (self.turns + 1) % 3

    @action
    def jam(self) -> None:
        require(self.turns == 1)
        self.stuck = True

    def at_one(self) -> bool:
        return self.turns == 1

    @eventually(again=True)
    def at_two(self) -> bool:
        return self.turns == 2

    @eventually
    def moved(self) -> bool:
        return self.turns > 0

    @eventually(after=at_one)
    def comes_round(self) -> bool:
        return self.turns == 0


def test_a_loop_at_one_state_is_not_the_step_that_is_owed() -> None:
    machine = Spinning()
    assert holds(machine, "moved")
    assert lasso(machine, "at_two") == (["turn", "jam"], [])
    assert lasso(machine, "comes_round") == (["turn", "jam"], [])


# ---------------------------------------------------------------- how a run ends


class Errand(Machine):
    """One way or the other, and then nothing is possible any more."""

    both: Variant[bool] = True
    place: Annotated[int, Range(0, 3)] = 0

    @action(fair="weak")
    def walk(self) -> None:
        require(self.place < 2)
        self.place += 1

    @action
    def stray(self) -> None:
        require(self.both)
        require(self.place == 1)
        self.place = 3

    @eventually
    def arrived(self) -> bool:
        return self.place == 2


def test_a_fair_run_may_end_where_nothing_is_possible() -> None:
    assert lasso(Errand(), "arrived") == (["walk", "stray"], [])
    assert holds(Errand(both=False), "arrived")


# ---------------------------------------------------------------- to whom a machine is fair


class Diner(Index):
    """Somebody at a table."""


class Table(Machine):
    """Diners help themselves again and again; the cook acts for all of them."""

    full: Map[Diner, bool] = each(False)
    served: Map[Diner, bool] = each(False)
    greeted: Map[Diner, bool] = each(False)
    hungry: Diner = Diner(0)

    @action(fair="weak")
    def eat(self, d: Diner) -> None:
        """Who eats is hungry again; to each of them the machine is fair."""
        self.full[d] = not self.full[d]

    @action(by="cook", fair="weak")
    def serve(self, d: Diner) -> None:
        """The cook never rests, and may have a favourite."""
        self.served[d] = not self.served[d]

    @action(by="host", fair="weak", to="d")
    def greet(self, d: Diner) -> None:
        """The host acts too, and forgets nobody."""
        self.greeted[d] = not self.greeted[d]

    @eventually
    def last_eats(self) -> bool:
        return self.full[Diner(1)]

    @eventually
    def last_is_served(self) -> bool:
        return self.served[Diner(1)]

    @eventually
    def last_is_greeted(self) -> bool:
        return self.greeted[Diner(1)]

    @eventually
    def anybody_is_served(self) -> bool:
        return any(self.served[d] for d in Diner)


def test_fairness_is_owed_to_each_who_acts_or_whom_it_is_to() -> None:
    machine = Table(Diner=2)
    assert holds(machine, "last_eats")
    assert holds(machine, "last_is_greeted")


def test_where_a_word_acts_fairness_is_owed_to_the_action_as_a_whole() -> None:
    machine = Table(Diner=2)
    assert holds(machine, "anybody_is_served")
    stem, loop = lasso(machine, "last_is_served")
    assert stem == []
    assert sorted(loop) == ["eat"] * 4 + ["greet"] * 4 + ["serve"] * 2
    trace = found(machine, "last_is_served").trace
    assert trace is not None
    assert {s.arguments["d"] for s in trace.steps if s.action == "serve"} == {Diner(0)}


class Worker(Part):
    """A part with an action of its own."""

    tired: bool = False

    @action(fair="weak")
    def work(self, hard: bool) -> None:
        require(hard or not self.tired)
        self.tired = not self.tired


class Shop(Machine):
    """Workers in a map: to each the machine is fair, whatever else is chosen."""

    workers: Map[Diner, Worker]

    @eventually(again=True)
    def last_is_tired(self) -> bool:
        return self.workers[Diner(1)].tired


def test_a_part_in_a_map_is_owed_its_own_steps() -> None:
    assert holds(Shop(Diner=2), "last_is_tired")


# ---------------------------------------------------------------- strong fairness, twice


class Two(Machine):
    """A ring of four places; from the third and from the second somebody may leave.

    Who goes round for ever passes places in which a leave is possible.  Without the third, there
    is a smaller ring that passes the second; without that one, only the last two places are left.
    """

    leaving: Variant[Fairness] = Fairness.STRONG
    smaller: Variant[bool] = False
    place: Annotated[int, Range(0, 4)] = 0

    @action(fair="weak")
    def go(self) -> None:
        require(self.place < 4)
        self.place = (self.place + 1) % 4

    @action
    def turn_back(self) -> None:
        """From the second place on; and where the ring is smaller, from the first."""
        require(self.place == 2 or (self.smaller and self.place == 1))
        self.place = self.place - 1

    @action(fair="strong")
    def leave_first(self) -> None:
        require(self.leaving is Fairness.STRONG)
        require(self.place == 2)
        self.place = 4

    @action(fair="strong")
    def leave_second(self) -> None:
        require(self.leaving is Fairness.STRONG)
        require(self.place == 1)
        self.place = 4

    @eventually
    def gone(self) -> bool:
        return self.place == 4


def test_where_two_are_strongly_fair_what_is_left_without_one_is_judged_anew() -> None:
    assert holds(Two(smaller=True), "gone")
    assert holds(Two(), "gone")
    assert lasso(Two(leaving=Fairness.NONE), "gone")[1] == ["go", "go", "go", "go"]


class Detour(Machine):
    """Two rings that meet: in the larger one somebody waits in vain, in the smaller nobody does."""

    place: Annotated[int, Range(0, 3)] = 0

    @action(fair="weak")
    def round(self) -> None:
        require(self.place < 2)
        self.place = 1 - self.place

    @action
    def detour(self) -> None:
        require(self.place == 1)
        self.place = 2

    @action
    def come_back(self) -> None:
        require(self.place == 2)
        self.place = 0

    @action(fair="strong")
    def leave(self) -> None:
        require(self.place == 2)
        self.place = 3

    @eventually
    def gone(self) -> bool:
        return self.place == 3


def test_a_fair_ring_is_found_inside_one_that_is_not() -> None:
    assert lasso(Detour(), "gone") == ([], ["round", "round"])


# ---------------------------------------------------------------- once, and again and again


class Lamp(Machine):
    """It flashes, and burns out or not."""

    lasting: Variant[bool] = True
    on: bool = False
    dead: bool = False

    @action(fair="weak")
    def switch(self) -> None:
        require(not self.dead)
        self.on = not self.on

    @action
    def burn_out(self) -> None:
        require(not self.lasting)
        require(not self.on)
        self.dead = True

    @eventually
    def once(self) -> bool:
        return self.on or self.dead

    @eventually(again=True)
    def again(self) -> bool:
        return self.on


def test_once_is_not_again_and_again() -> None:
    assert holds(Lamp(), "once")
    assert holds(Lamp(), "again")
    assert holds(Lamp(lasting=False), "once")
    assert lasso(Lamp(lasting=False), "again") == (["burn_out"], [])


# ---------------------------------------------------------------- bounds, defects, budgets


Height = Annotated[int, Counter("Height")]


class Climber(Machine):
    """Climbs as high as one looks, and may rest."""

    eager: Variant[bool] = True
    height: Height = 0
    rested: bool = False

    @action(fair="weak")
    def climb(self) -> None:
        require(self.eager or not self.rested)
        self.height += 1

    @action
    def rest(self) -> None:
        self.rested = not self.rested

    @eventually
    def arrives(self) -> bool:
        return self.height == 9


def test_a_step_past_a_bound_is_owed_and_leads_out_of_what_is_judged() -> None:
    assert holds(Climber(Height=2), "arrives")
    stem, loop = lasso(Climber(Height=2, eager=False), "arrives")
    assert (stem, loop) == (["rest"], [])


Small = Annotated[int, Range(0, 3)]


class Faulty(Machine):
    """The predicate or the antecedent cannot be evaluated everywhere."""

    value: Small = 0
    limit: Small | None = None

    @action(fair="weak")
    def grow(self) -> None:
        require(self.value < 3)
        self.value += 1

    def asked(self) -> bool:
        return self.value == 1 and self.limit is not None and self.limit > 0

    def checked(self) -> bool:
        assert self.limit is not None
        return self.limit > 0

    @eventually
    def small(self) -> bool:
        return self.value < 2 or self.checked()

    @eventually(after=checked)
    def ends(self) -> bool:
        return self.value == 3


def test_a_predicate_that_cannot_be_evaluated_is_violated_there() -> None:
    finding = found(Faulty(), "small")
    assert finding.result == "violated"
    assert finding.trace is not None
    assert (finding.trace.length, finding.trace.loop) == (3, None)
    assert finding.reason is not None
    assert finding.reason.problem.startswith("the property itself fails: ")
    antecedent = found(Faulty(), "ends")
    assert antecedent.trace is not None
    assert (antecedent.trace.length, antecedent.trace.loop) == (1, None)


def test_what_was_not_searched_to_the_end_is_unknown() -> None:
    finding = found(Climber(Height=50), "arrives", limits=Limits(states=10))
    assert (finding.result, finding.why) == ("unknown", "10 states")


# ---------------------------------------------------------------- what is shown


def test_a_reason_says_from_where_on_it_is_false() -> None:
    standing = found(Spinning(), "at_two")
    assert standing.reason is not None
    assert standing.reason.text == "self.turns == 2"
    assert standing.reason.values == (("self.turns", 1),)
    assert standing.reason.problem == "false in every state from 1 on, for ever"
    asked = found(Door(), "opens_when_looked_at").reason
    assert asked is not None
    assert asked.problem == "false in every state from 2 on, for ever"
    going = found(Steady(), "is_pressed")
    assert going.reason is not None
    assert going.reason.problem == "false in every state from 1 on, for ever"
    assert going.reason.text == ""


def test_the_last_state_of_a_lasso_is_that_to_which_it_returns() -> None:
    trace = found(Blinking(), "is_pressed").trace
    assert trace is not None
    states = [trace.initial, *(step.state for step in trace.steps)]
    assert trace.loop == 0
    assert states[0] == states[2] != states[1]


# ---------------------------------------------------------------- what is refused


def test_fairness_is_to_a_parameter_of_the_action() -> None:
    class Stranger(Machine):
        x: bool = False

        @action(fair="weak", to="nobody")
        def act(self, now: bool) -> None:
            self.x = now

    with pytest.raises(LanguageError, match="act is not fair to a parameter nobody"):
        lower(Stranger())


def test_only_an_action_that_is_fair_is_fair_to_somebody() -> None:
    class Idle(Machine):
        x: bool = False

        @action(to="now")
        def act(self, now: bool) -> None:
            self.x = now

    with pytest.raises(LanguageError, match="act is not fair to a parameter now"):
        lower(Idle())


def test_after_something_and_again_and_again_do_not_go_together() -> None:
    class Both(Machine):
        x: bool = False

        def asked(self) -> bool:
            return self.x

        @eventually(after=asked, again=True)
        def wanted(self) -> bool:
            return self.x

    with pytest.raises(LanguageError, match="not both"):
        lower(Both())
