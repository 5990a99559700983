"""What holds is told to have been put to the test, or not."""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated, Literal, Self

import pytest

from checker import (
    Index,
    Limits,
    Machine,
    Map,
    Promise,
    Range,
    Variant,
    action,
    check,
    each,
    invariant,
    require,
    step,
)
from checker.engines.native import build

Level = Annotated[int, Range(0, 3)]


class Tap(Index):
    """A tap."""


class Reach(Enum):
    """How far taps open."""

    ALL = auto()
    SOME = auto()


class Taps(Machine):
    """Taps that open step by step, all the way or not."""

    reach: Variant[Reach] = Reach.ALL
    open: Map[Tap, Level] = each(0)

    @action(fair="weak")
    def turn(self, t: Tap) -> None:
        """A tap is turned."""
        require(self.open[t] < (3 if self.reach is Reach.ALL else 2))
        self.open[t] += 1

    @invariant(Promise("filtered", "A tap that is wide open is open."))
    def filtered(self) -> bool:
        """Its condition filters."""
        return all(self.open[t] > 0 for t in Tap if self.open[t] == 3)

    @invariant(Promise("implied", "A tap that is wide open is open."))
    def implied(self) -> bool:
        """Its condition is the opposite of a disjunct."""
        return all(self.open[t] != 3 or self.open[t] > 0 for t in Tap)

    @invariant(Promise("chosen", "A tap that is wide open is open."))
    def chosen(self) -> bool:
        """Its condition chooses."""
        return all(self.open[t] > 0 if self.open[t] == 3 else True for t in Tap)

    @invariant(Promise("both", "Of two properties each is asked."))
    def both(self) -> bool:
        """One condition is met, the other is not always."""
        return all(self.open[t] > 0 for t in Tap if self.open[t] == 1) and all(
            self.open[t] > 0 for t in Tap if self.open[t] == 3
        )

    @invariant(Promise("nested", "Conditions are met together."))
    def nested(self) -> bool:
        """A condition within a condition."""
        return all(
            self.open[b] != 3 or self.open[b] > 0 for a in Tap if self.open[a] == 1 for b in Tap
        )

    @step(Promise("step", "From two there is one way."))
    def stepping(self, after: Self) -> bool:
        """Its condition is of a step."""
        return all(after.open[t] == 3 for t in Tap if self.open[t] == 2 and after.open[t] != 2)

    @invariant(Promise("plain", "It has no condition."))
    def plain(self) -> bool:
        """It has none."""
        return all(self.open[t] <= 3 for t in Tap)


ENGINES: list[Literal["python", "native"]] = ["python", "native"]


def unmet(reach: Reach, engine: Literal["python", "native"]) -> dict[str, tuple[str, ...]]:
    only = frozenset({"filtered", "implied", "chosen", "both", "nested", "step", "plain"})
    verdict = check(Taps(Tap=2, reach=reach), engine=engine, only=only)
    assert verdict.exit_status == 0
    assert {finding.id for finding in verdict.findings} == only | {"well-defined"}
    return {f.id: tuple(v.rpartition(", line")[0] for v in f.vacuous) for f in verdict.findings}


@pytest.mark.parametrize("engine", ENGINES)
def test_conditions_that_are_never_met_are_told(engine: Literal["python", "native"]) -> None:
    if engine == "native" and build.compiler() is None:
        pytest.skip("there is no C compiler")
    never = "self.open[t] == 3 is never true"
    assert unmet(Reach.SOME, engine) == {
        "filtered": (never,),
        "implied": ("self.open[t] != 3 is always true",),
        "chosen": (never,),
        "both": (never,),
        "nested": ("self.open[b] != 3 is always true",),
        "step": ("self.open[t] == 2 and after.open[t] != 2 is never true",),
        "plain": (),
        "well-defined": (),
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_conditions_that_are_met_are_not(engine: Literal["python", "native"]) -> None:
    if engine == "native" and build.compiler() is None:
        pytest.skip("there is no C compiler")
    assert not any(unmet(Reach.ALL, engine).values())


def test_nothing_is_told_of_a_search_that_did_not_end() -> None:
    verdict = check(Taps(Tap=2), only=frozenset({"filtered"}), limits=Limits(depth=2))
    assert not verdict.complete
    assert not any(finding.vacuous for finding in verdict.findings)
