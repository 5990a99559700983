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

from checker.language import types
from checker.language.ir import Expr, Node, Stmt, Var
from checker.language.machine import Snapshot
from tests.checker.engines.drawn import FIELDS, WHOLE, bodies, cases
from tests.checker.engines.native_tasks import Task, agree, valued
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
