"""A run for ever is only shown where the reference evaluator judges that it is one."""

from __future__ import annotations

import ctypes
from typing import Annotated, Any

import pytest

from checker import Counter, Limits, Machine, Snapshot, action, check, eventually, require
from checker.engines import native
from checker.engines.liveness.confirm import never
from checker.engines.native.engine import NativeSearch
from checker.engines.native.graphs import explored
from checker.engines.python import graphs
from checker.engines.tracing import Disagreement
from checker.language.evaluator import Evaluator
from checker.language.ir import Property
from checker.language.lowering import lower
from checker.verdict import Silent
from tests.checker.engines.test_liveness import Blinking, Table

Height = Annotated[int, Counter("Height", default=2)]


class Stairs(Machine):
    """Up is owed; down is not."""

    height: Height = 0

    @action(fair="weak")
    def up(self) -> None:
        require(self.height < 2)
        self.height += 1

    @action
    def down(self) -> None:
        require(self.height == 1)
        self.height -= 1

    @action(fair="strong")
    def jump(self) -> None:
        require(self.height == 1)
        self.height = 2

    def low(self) -> bool:
        return self.height == 0

    @eventually
    def top(self) -> bool:
        return self.height == 2

    @eventually(after=low)
    def leaves(self) -> bool:
        return self.height > 0

    @eventually(again=True)
    def grounded(self) -> bool:
        return self.height == 0

    @eventually
    def next_is_high(self) -> bool:
        """The step above the last one is past the bound."""
        above: Height = self.height + 1
        return above > 5


PROGRAM = lower(Stairs())
EVALUATOR = Evaluator(PROGRAM)


def prop(name: str) -> Property:
    return next(one for one in PROGRAM.properties if one.name == name)


def at(*heights: int) -> list[Snapshot]:
    return [Snapshot(Stairs, (("height", height),)) for height in heights]


@pytest.mark.parametrize(
    ("name", "run", "loop", "problem"),
    [
        ("top", at(0, 1), 0, "does not return to state 1"),
        ("top", at(0), 0, r"not fair to Party\(action='up'"),
        ("top", at(0, 1, 0), 0, r"not fair to Party\(action='jump'"),
        ("top", at(0, 1, 2), 2, "is not violated by"),
        ("leaves", at(0, 1), 1, "is not violated by"),
        ("grounded", at(0, 1, 0), 0, "is not violated by"),
        ("top", at(0), None, "top can be evaluated in"),
    ],
)
def test_what_is_no_violation_is_a_disagreement(
    name: str, run: list[Snapshot], loop: int | None, problem: str
) -> None:
    with pytest.raises(Disagreement, match=problem):
        never(EVALUATOR, prop(name), run, loop)


def test_what_is_one_has_its_reason() -> None:
    reason = never(EVALUATOR, prop("grounded"), at(0, 1, 2), 2)
    assert reason.problem == "false in every state from 2 on, for ever"


def test_a_bound_that_a_predicate_passes_is_named() -> None:
    finding = check(Stairs()).finding("next_is_high")
    assert finding.result == "violated"
    assert finding.reason is not None
    assert finding.reason.problem == "the property itself fails: Height is passed"
    assert finding.trace is not None
    assert (finding.trace.length, finding.trace.loop) == (3, None)


def test_what_is_remembered_in_a_second_pass_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = check(Table(Diner=2))
    monkeypatch.setattr(graphs, "KNOWN_LIMIT", 1)
    assert check(Table(Diner=2)).findings == expected.findings


@pytest.mark.skipif(native.compiler() is None, reason="no C compiler is found")
def test_a_second_pass_that_sees_something_else_is_a_disagreement() -> None:
    search = NativeSearch(lower(Blinking()), Limits(), Silent(), native.Options())
    search.run()

    class Losing:
        """The search, which has forgotten all but one of the steps that it saw."""

        def __getattr__(self, name: str) -> Any:
            return getattr(search, name)

        def draw(self, drawn: ctypes.Structure) -> None:
            drawn.steps_room = 1
            search.draw(drawn)

    with pytest.raises(Disagreement, match="found other steps when it went over them again"):
        explored(Losing())  # type: ignore[arg-type]
    search.close()
