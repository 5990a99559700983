"""Random expressions and statements: generated Python and the reference evaluator.

The evaluator says what comes of them for some values of their variables: a value or state, a
failed guard, a defect, or a bound.  Generated code over packed values comes to the same value or
state, returns None for the guard, and raises Signal for the rest.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

from hypothesis import given, settings

from checker.engines.python import runtime
from checker.engines.python.expressions import Expressions
from checker.engines.python.pieces import Piece
from checker.engines.python.statements import Function
from checker.engines.python.walker import Layouts
from checker.language.evaluator import BoundReached, Defect, evaluate, execute
from checker.language.ir import (
    Apply,
    Between,
    Domain,
    Expr,
    Fit,
    Fold,
    Listed,
    Node,
    Op,
    Reduce,
    Source,
    Stmt,
)
from checker.language.machine import Snapshot
from checker.language.marks import Disabled
from checker.language.types import CollectionType, IntType, SetType, Type
from tests.checker.engines.drawn import STATE, WHOLE, bodies, cases

LAYOUTS = Layouts()
CALLED = {name: value for name, value in vars(runtime).items() if not name.startswith("_")}
ANY = TypeVar("ANY", bound=Node)


def roomy(node: ANY) -> Any:
    """The same as lowering makes it: what adds elements has room for them, and is fitted."""
    changed: dict[str, Any] = {}
    for field in fields(node):
        held = getattr(node, field.name)
        if isinstance(held, Node):
            changed[field.name] = roomy(held)
        elif isinstance(held, tuple):
            changed[field.name] = tuple(roomy(n) if isinstance(n, Node) else n for n in held)
    made = replace(node, **changed)
    if not isinstance(made, Expr) or not isinstance(made.type, CollectionType):
        return made
    kind, most = made.type, elements(made)
    if most <= kind.capacity or (isinstance(kind, SetType) and kind.bits is not None):
        return made
    return Fit(kind, None, replace(made, type=replace(kind, capacity=most)))


def elements(node: Expr) -> int:
    """How many elements an expression may have at most."""
    match node:
        case Apply(op=Op.INSERT | Op.APPEND, args=(whole, _)):
            return capacity(whole.type) + 1
        case Apply(op=Op.UNION | Op.CONCAT, args=(left, right)):
            return capacity(left.type) + capacity(right.type)
        case Listed(items=items):
            return len(items)
        case Reduce(fold=Fold.FLAT, source=source, body=body):
            return choices(source) * capacity(body.type)
        case Reduce(source=source):
            return choices(source)
        case _:
            return capacity(node.type)


def capacity(kind: Type) -> int:
    assert isinstance(kind, CollectionType)
    return kind.capacity


def choices(source: Source) -> int:
    match source:
        case Domain(item):
            return item.count or 0
        case Between(_, _, least, most):
            return most - least
        case _:
            return capacity(source.collection.type)


def generated(kind: Type, value: Any) -> int:
    """A value as generated code holds it."""
    return value if isinstance(kind, IntType) else LAYOUTS.of(kind).pack(value)


def called(text: str, *arguments: int) -> Any:
    """What a generated function returns, or Signal."""
    names: dict[str, Any] = dict(CALLED)
    exec(text, names)  # noqa: S102 - what was generated is what is tested
    try:
        return names["f"](*arguments)
    except runtime.Signal:
        return runtime.Signal


@given(cases())
@settings(max_examples=400)
def test_expressions_are_what_the_evaluator_says(case: tuple[Expr, dict[str, Any]]) -> None:
    expr, env = roomy(case[0]), case[1]
    expected: Any
    try:
        expected = generated(expr.type, evaluate(expr, env))
    except (BoundReached, Defect):
        expected = runtime.Signal
    to = Expressions(LAYOUTS)
    to.names.update({name: Piece(name) for name in STATE})
    text = f"def f({', '.join(STATE)}):\n    return {to.compile(expr).text}\n"
    found = called(text, *(generated(kind, env[name]) for name, kind in STATE.items()))
    assert found == expected, text


@given(bodies())
@settings(max_examples=300)
def test_statements_end_as_the_evaluator_says(case: tuple[tuple[Stmt, ...], Snapshot]) -> None:
    body, state = tuple(roomy(statement) for statement in case[0]), case[1]
    env: dict[str, Any] = {"self": state}
    expected: Any
    try:
        execute(body, env)
        expected = LAYOUTS.of(WHOLE).pack(env["self"])
    except Disabled:
        expected = None
    except (BoundReached, Defect):
        expected = runtime.Signal
    function = Function(LAYOUTS, {"self": "s"})
    function.statements(body)
    text = "\n".join(["def f(s):", *function.lines, "    return s", ""])
    assert called(text, LAYOUTS.of(WHOLE).pack(state)) == expected, text
