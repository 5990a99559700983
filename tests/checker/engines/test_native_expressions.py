"""Random expressions and statements: generated C and the reference evaluator.

The evaluator says what comes of them in some state: a value or state, a failed guard, a defect,
or which bound.  Generated C comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from checker.errors import EngineError
from checker.language import types
from checker.language.ir import (
    Apply,
    Assign,
    At,
    Const,
    Domain,
    Expr,
    Fold,
    Get,
    Let,
    Node,
    Op,
    Reduce,
    Stmt,
    Var,
)
from checker.language.machine import Part, Snapshot
from checker.language.types import BOOL, INTEGER, IntType, MapType, PartType, SeqType, SetType, Type
from checker.language.values import Map, Seq, Set, freeze
from tests.checker.engines.drawn import FIELDS, WHOLE, bodies, cases
from tests.checker.engines.native_tasks import OVERFLOW, Task, Tasks, agree, valued
from tests.checker.engines.test_python_expressions import roomy
from tests.fuzz import compiled

pytestmark = pytest.mark.skipif(not compiled.compiles, reason=compiled.NO_COMPILER)


@pytest.fixture(autouse=True)
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with compiled.quickly(tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(params=[64, 2], ids=["bits", "listed"])
def sets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets have one bit a value, or most of them are listed."""
    monkeypatch.setattr(types, "BITSET_LIMIT", request.param)


def placed(node: Node) -> Any:
    """The same, with the variables of the state as its fields."""
    if isinstance(node, Var) and node.name in FIELDS:
        return FIELDS[node.name]
    changed: dict[str, Any] = {}
    for field in fields(node):
        held = getattr(node, field.name)
        if isinstance(held, Node):
            changed[field.name] = placed(held)
        elif isinstance(held, tuple):
            changed[field.name] = tuple(placed(n) if isinstance(n, Node) else n for n in held)
    return replace(node, **changed)


def of_expression(case: tuple[Expr, dict[str, Any]]) -> Task:
    state = Snapshot(WHOLE.cls, tuple(case[1].items()))
    return valued(placed(roomy(case[0])), state, WHOLE)


def of_statements(case: tuple[tuple[Stmt, ...], Snapshot]) -> Task:
    return Task(tuple(roomy(statement) for statement in case[0]), case[1], WHOLE)


def drawn(strategy: st.SearchStrategy[Task], count: int) -> list[Task]:
    """So many examples: they are compiled together, and so cannot be shrunk one by one."""
    found: list[Task] = []

    @given(strategy)
    @settings(max_examples=count, phases=[Phase.generate])
    def draw(task: Task) -> None:
        found.append(task)

    draw()
    return found


@pytest.mark.usefixtures("sets")
def test_expressions_are_what_the_evaluator_says() -> None:
    agree(drawn(cases().map(of_expression), 250))


@pytest.mark.usefixtures("sets")
def test_statements_end_as_the_evaluator_says() -> None:
    agree(drawn(bodies().map(of_statements), 150))


# ---------------------------------------------------------------- what is not drawn

SMALL = IntType(-1, 2)
NUMBERS = SetType(SMALL, 4)
ALL = PartType(
    Part, (("few", NUMBERS), ("row", SeqType(SMALL, 3)), ("table", MapType(SMALL, SMALL)))
)
HERE = Snapshot(
    Part,
    (("few", freeze(Set({-1, 1}))), ("row", freeze(Seq([0, 2]))),
     ("table", freeze(Map(dict.fromkeys(range(-1, 3), 1))))),
)  # fmt: skip
SELF = Var(ALL, None, "self")
FEW, ROW, TABLE = (Get(kind, None, SELF, name) for name, kind in ALL.fields)


def whole(number: int, kind: IntType = INTEGER) -> Expr:
    return Const(kind, None, number)


def test_a_number_may_be_in_a_set_that_could_not_hold_it() -> None:
    numbers = [whole(n) for n in range(-70, 70)] + [whole(n, SMALL) for n in range(-1, 3)]
    agree([valued(Apply(BOOL, None, Op.CONTAINS, (FEW, n)), HERE, ALL) for n in numbers])


@pytest.mark.parametrize("kind", [ALL.fields[1][1], ALL.fields[2][1]], ids=str)
def test_a_local_is_changed_within(kind: Type) -> None:
    source = ROW if isinstance(kind, SeqType) else TABLE
    local = Var(kind, None, "local")

    def task(key: int) -> Task:
        place = At(SMALL, None, local, whole(key, SMALL))
        changed = (Let(None, "local", source), Assign(None, place, whole(2, SMALL)))
        return Task((*changed, Assign(None, source, local)), HERE, ALL)

    agree([task(key) for key in (0, 1, 2)])


def test_a_collection_that_grew_need_not_be_stored() -> None:
    grown = Apply(SeqType(SMALL, 4), None, Op.APPEND, (ROW, whole(1, SMALL)))
    agree([valued(Apply(INTEGER, None, Op.LEN, (grown,)), HERE, ALL)])


def test_integers_that_no_word_holds_are_told() -> None:
    with pytest.raises(EngineError, match="does not fit the 64 bits that the native engine"):
        agree([valued(whole(1 << 63), HERE, ALL)])
    factor = Apply(INTEGER, None, Op.MUL, (whole(1 << 40), whole(1 << 40)))
    for op in (Op.ADD, Op.SUB, Op.MUL):
        run = Tasks([valued(Apply(INTEGER, None, op, (factor, whole(3))), HERE, ALL)])
        assert run.found(0) == OVERFLOW
    numbers = Reduce(INTEGER, None, Fold.SUM, "n", Domain(SMALL), None, whole((1 << 62) - 1))
    assert Tasks([valued(numbers, HERE, ALL)]).found(0) == OVERFLOW
