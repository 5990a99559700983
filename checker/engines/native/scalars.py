"""Expressions over numbers and truth values: constants, variables, choices, arithmetic, ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from checker.engines.native.context import Context, after
from checker.engines.native.records import is_there
from checker.engines.native.shapes import LARGEST, is_scalar
from checker.language.ir import (
    Apply,
    At,
    Bind,
    Choose,
    Const,
    Expr,
    Fit,
    Get,
    Op,
    Undefined,
    Var,
)
from checker.language.lowering.coercion import interval
from checker.language.types import IntType, MapType, PartType


def constant(to: Context, expr: Const) -> str:
    """A constant."""
    if isinstance(expr.type, IntType) and 0 <= expr.value < 1 << 31:
        return str(int(expr.value))
    return to.shapes.literal(expr.type, expr.value)


def variable(to: Context, expr: Var) -> str:
    """A variable: what it is called in C, or a whole state, of its fields."""
    if expr.name in to.names:
        return to.names[expr.name]
    assert isinstance(expr.type, PartType)
    fields = expr.type.fields
    inner = ", ".join(f".f_{name} = {to.compile(Get(k, None, expr, name))}" for name, k in fields)
    return f"(({to.shapes.of(expr.type)}){{{inner or 0}}})"


def choose(to: Context, expr: Choose) -> str:
    """A conditional expression."""
    kind = to.shapes.of(expr.type)
    test, then, other = (to.compile(e) for e in (expr.test, expr.then, expr.other))
    if is_scalar(expr.type):
        return f"({test} ? ({kind}){then} : ({kind}){other})"
    return f"({test} ? {then} : {other})"


def bind(to: Context, expr: Bind) -> str:
    """A name for a value."""
    value, name = to.compile(expr.value), to.fresh(expr.name)
    with to.naming(expr.name, name):
        body = to.compile(expr.body)
    return f"({{ {to.shapes.of(expr.value.type)} {name} = {value}; {body}; }})"


def undefined(to: Context, expr: Undefined) -> str:
    """A failure, with some value."""
    site = to.site(None, expr.span)
    if is_scalar(expr.type):
        return f"(fail(w, {site}), 0)"
    return f"(fail(w, {site}), ({to.shapes.of(expr.type)}){{0}})"


def fit(to: Context, expr: Fit, kind: IntType) -> str:
    """An integer in its range; past an end, that end: what follows may be an index."""
    known = interval(expr.value)
    value = to.compile(expr.value)
    checks = []
    name = to.fresh("n")
    if kind.high is not None and (known is None or known[1] > kind.high):
        checks.append(
            f"if ({name} > {kind.high}) {{ fail(w, {to.site(kind.bound, expr.span)}); "
            f"{name} = {kind.high}; }} "
        )
    if kind.low is not None and (known is None or known[0] < kind.low):
        checks.append(
            f"if ({name} < {kind.low}) {{ fail(w, {to.site(None, expr.span)}); "
            f"{name} = {kind.low}; }} "
        )
    if not checks:
        return value
    return f"({{ i64 {name} = {value}; {''.join(checks)}{name}; }})"


def cheap(expr: Expr) -> bool:
    """Whether evaluating costs a few instructions and cannot fail, so that no branch is needed."""
    match expr:
        case Const() | Var():
            return True
        case Get(base=base):
            return cheap(base)
        case At(base=base, key=key):
            return isinstance(base.type, MapType) and cheap(base) and cheap(key)
        case Apply(op=op, args=args):
            return op in _CHEAP and all(map(cheap, args)) and all(is_scalar(a.type) for a in args)
        case _:
            return False


_CHEAP = frozenset({Op.NOT, Op.AND, Op.OR, Op.EQ, Op.NE, Op.LT, Op.LE, Op.ADD, Op.SUB, Op.ORDINAL,
                    Op.CONTAINS, Op.LEN})  # fmt: skip

# ---------------------------------------------------------------- operators


def _connect(to: Context, expr: Apply) -> str:
    first, second = (to.compile(argument) for argument in expr.args)
    sign = "&" if expr.op is Op.AND else "|"
    return f"({first} {sign if all(map(cheap, expr.args)) else 2 * sign} {second})"


def _less(to: Context, expr: Apply) -> str:
    setup, (first, second) = to.operands(*expr.args)
    return after(setup, f"({first} {expr.op.value} {second})")


def _add(to: Context, expr: Apply) -> str:
    setup, (first, second) = to.operands(*expr.args)
    if fits_word(expr):
        return after(setup, f"({first} {expr.op.value} {second})")
    return after(setup, f"checked_{expr.op.name.lower()}(w, {first}, {second})")


def fits_word(expr: Expr) -> bool:
    """Whether it is known that an integer fits 64 bits; where not, the program finds out."""
    known = interval(expr)
    return known is not None and known[0] >= -LARGEST and known[1] <= LARGEST


def _not(to: Context, expr: Apply) -> str:
    return f"!{to.compile(expr.args[0])}"


def _equal(to: Context, expr: Apply) -> str:
    match expr.args:
        case (value, Const(value=None)) | (Const(value=None), value):
            if (some := is_there(to, value)) is not None:
                return f"!{some}" if expr.op is Op.EQ else some
    setup, (a, b) = to.operands(*expr.args)
    text = after(setup, to.shapes.equal(expr.args[0].type, a, b))
    return f"!{text}" if expr.op is Op.NE else text


def _divide(to: Context, expr: Apply) -> str:
    a, b = (to.compile(argument) for argument in expr.args)
    known = interval(expr.args[0])
    if known is not None and known[0] >= 0:
        return f"({a} {'/' if expr.op is Op.DIV else '%'} {b})"
    x = to.fresh("a")  # C rounds towards 0
    floor = f"({x} / {b} - ({x} % {b} < 0))"
    rest = f"({x} % {b} + ({x} % {b} < 0 ? {b} : 0))"
    return f"({{ i64 {x} = {a}; {floor if expr.op is Op.DIV else rest}; }})"


def _extreme(to: Context, expr: Apply) -> str:
    x, y = to.fresh("a"), to.fresh("b")
    a, b = (to.compile(argument) for argument in expr.args)
    sign = "<" if expr.op is Op.MIN else ">"
    return f"({{ i64 {x} = {a}, {y} = {b}; {x} {sign} {y} ? {x} : {y}; }})"


def _ordinal(to: Context, expr: Apply) -> str:
    return f"(i64){to.compile(expr.args[0])}"


def _index(to: Context, expr: Apply) -> str:
    value, known, count = to.compile(expr.args[0]), interval(expr.args[0]), expr.type.count or 0
    if known is not None and known[0] >= 0 and known[1] < count:
        return f"(u64){value}"
    x, site = to.fresh("n"), to.site(None, expr.span)
    outside = f"{x} < 0 || {x} >= {count}"
    return f"({{ i64 {x} = {value}; if ({outside}) {{ fail(w, {site}); {x} = 0; }} (u64){x}; }})"


OPERATORS: Mapping[Op, Callable[[Context, Apply], str]] = {
    Op.AND: _connect, Op.OR: _connect, Op.NOT: _not, Op.EQ: _equal, Op.NE: _equal, Op.LT: _less,
    Op.LE: _less, Op.ADD: _add, Op.SUB: _add, Op.MUL: _add, Op.DIV: _divide, Op.MOD: _divide,
    Op.MIN: _extreme, Op.MAX: _extreme, Op.ORDINAL: _ordinal, Op.INDEX: _index,
}  # fmt: skip
