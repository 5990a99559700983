"""Expressions: from Python's syntax to typed trees.

`lower(frame, node)` is the door; `_EXPRESSIONS` says who handles what.  Whatever is not in the
table is refused with what to write instead (`_REFUSED`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from checker.errors import Span
from checker.language.annotations import fields_of
from checker.language.domains import Index
from checker.language.ir import (
    Apply,
    At,
    Choose,
    Const,
    Expr,
    Get,
    IsA,
    Op,
    Project,
    Undefined,
)
from checker.language.lowering.coercion import (
    alike,
    coerce,
    interval,
    joined,
    scalar,
)
from checker.language.lowering.frame import Frame, Static
from checker.language.types import (
    BOOL,
    INTEGER,
    BoolType,
    CollectionType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    PartType,
    SeqType,
    SetType,
    StructType,
    Type,
    UnionType,
)

TRUE, FALSE = Const(BOOL, None, value=True), Const(BOOL, None, value=False)


def lower(frame: Frame, node: ast.expr, expected: Type | None = None) -> Expr:
    """The expression that `node` is, brought to `expected` where one is given."""
    found = lower_any(frame, node, expected)
    if isinstance(found, Static):
        value = _constant(frame, node, found.value)
        if value is None:
            frame.refuse(node, f"{ast.unparse(node)} is not a value of the language")
        found = value
    if expected is None:
        return found
    with frame.at(node):
        return coerce(found, expected)


def lower_any(frame: Frame, node: ast.expr, expected: Type | None = None) -> Expr | Static:
    """The expression or Python object that `node` is."""
    handler = _EXPRESSIONS.get(type(node))
    if handler is None:
        what, hint = _REFUSED.get(type(node), (type(node).__name__, ""))
        frame.refuse(node, f"{what} is not in the language", hint)
    with frame.at(node):
        return handler(frame, node, expected)


def truth(frame: Frame, node: ast.expr) -> Expr:
    """A condition; LanguageError where the expression is not a bool."""
    found = lower(frame, node)
    if found.type != BOOL:
        text = ast.unparse(node)
        hint = {
            OptionType: f"{text} is not None",
            IntType: f"{text} != 0",
        }.get(type(found.type), f"len({text}) > 0")
        frame.refuse(node, f"a condition is a bool, and this is of type {found.type}", hint)
    return found


def _constant(frame: Frame, node: ast.expr, value: Any) -> Expr | None:
    if isinstance(value, Index):
        kind = frame.method.resolver.resolve(type(value))
        frame.method.resolver.resolve(type(value))
        return Const(kind, frame.span(node), value)
    return scalar(value, frame.span(node))


# ------------------------------------------------------------ names and attributes


def _literal(frame: Frame, node: ast.Constant, _: Type | None) -> Expr:
    value = scalar(node.value, frame.span(node))
    if value is None:
        frame.refuse(node, f"{node.value!r} is not a value of the language", "use an Enum")
    return value


def _name(frame: Frame, node: ast.Name, _: Type | None) -> Expr | Static:
    if node.id in frame.bindings:
        meaning = frame.bindings[node.id]
        # A constant stays where it is written: the call that passes it says what it is.
        return meaning if isinstance(meaning, Const) else replace(meaning, span=frame.span(node))
    if node.id in frame.locals:
        frame.refuse(node, f"{node.id} may have no value here", "give it one before the branches")
    if node.id in frame.source.names:
        return Static(frame.source.names[node.id])
    frame.refuse(node, f"{node.id} is not known here")


def _attribute(frame: Frame, node: ast.Attribute, _: Type | None) -> Expr | Static:
    base = lower_any(frame, node.value)
    if isinstance(base, Static):
        try:
            return Static(getattr(base.value, node.attr))
        except AttributeError:
            frame.refuse(node, f"{ast.unparse(node.value)} has no {node.attr}")
    return attribute(frame, node, base, node.attr)


def attribute(frame: Frame, node: ast.expr, base: Expr, name: str) -> Expr:
    """The field `name` of a record, part or union."""
    kind = base.type
    if isinstance(kind, OptionType):
        base = coerce(base, kind.item)
        kind = kind.item
    if isinstance(kind, StructType):
        own = kind.field(name)
        if own is not None:
            return Get(own, frame.span(node), base, name)
        if isinstance(kind, PartType) and (found := _variant(frame, node, kind, name)) is not None:
            return found
        frame.refuse(node, f"{kind} has no field {name}", _fields_hint(kind))
    if isinstance(kind, UnionType):
        return _of_union(frame, node, base, name)
    frame.refuse(node, f"a value of type {kind} has no field {name}")


def _variant(frame: Frame, node: ast.expr, kind: PartType, name: str) -> Expr | None:
    for field in fields_of(kind.cls):
        if field.variant and field.name == name:
            value = frame.method.settings.variants.get(name, field.default)
            found = scalar(value, frame.span(node))
            assert found is not None
            return found
    return None


def _fields_hint(kind: StructType) -> str:
    return "one of " + ", ".join(name for name, _ in kind.fields)


def _of_union(frame: Frame, node: ast.expr, base: Expr, name: str) -> Expr:
    kind, span = base.type, frame.span(node)
    assert isinstance(kind, UnionType)
    having = [option for option in kind.options if option.field(name) is not None]
    types = {own for option in having if (own := option.field(name)) is not None}
    if len(types) != 1:
        frame.refuse(node, f"not every {kind} has one {name}", "take it apart with match first")
    result: Expr = Undefined(types.pop(), span, f"{name} is read from a record that has none")
    for option in reversed(having):
        read = Get(result.type, span, Project(option, span, base), name)
        everything = len(having) == len(kind.options) and isinstance(result, Undefined)
        test = IsA(BOOL, span, base, option)
        result = read if everything else Choose(result.type, span, test, read, result)
    return result


# ------------------------------------------------------------ operators


def _boolean(frame: Frame, node: ast.BoolOp, _: Type | None) -> Expr:
    op = Op.AND if isinstance(node.op, ast.And) else Op.OR
    return _connect(frame, node, op, node.values)


def _connect(frame: Frame, node: ast.expr, op: Op, values: list[ast.expr]) -> Expr:
    first = truth(frame, values[0])
    if len(values) == 1:
        return first
    known = facts(frame, values[0], positive=op is Op.AND)
    with frame.binding(known):
        rest = _connect(frame, node, op, values[1:])
    return connect(op, first, rest, replace_span=frame.span(node))


def connect(op: Op, first: Expr, rest: Expr, replace_span: Any = None) -> Expr:
    """`and` or `or`, folded where one side is constant."""
    neutral = op is Op.AND
    if isinstance(first, Const):
        return rest if first.value is neutral else first
    if isinstance(rest, Const) and rest.value is neutral:
        return first
    return Apply(BOOL, replace_span or first.span, op, (first, rest))


def negate(value: Expr) -> Expr:
    """`not`, folded where the operand is constant."""
    if isinstance(value, Const):
        return replace(value, value=not value.value)
    return Apply(BOOL, value.span, Op.NOT, (value,))


def facts(frame: Frame, test: ast.expr, *, positive: bool = True) -> dict[str, Expr]:
    """What a condition that is true (or false) says of names: that a union is one record."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return facts(frame, test.operand, positive=not positive)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) and positive:
        found: dict[str, Expr] = {}
        for value in test.values:
            found |= facts(frame, value)
        return found
    if not (positive and _is_call(test, "isinstance")):
        return {}
    assert isinstance(test, ast.Call)
    subject, wanted = test.args
    if not isinstance(subject, ast.Name) or subject.id not in frame.bindings:
        return {}
    known = frame.bindings[subject.id]
    inner = known.type.item if isinstance(known.type, OptionType) else known.type
    option = lower_any(frame, wanted)
    if not isinstance(inner, UnionType) or not isinstance(option, Static):
        return {}
    chosen = [o for o in inner.options if o.cls is option.value]
    return {subject.id: coerce(known, chosen[0])} if chosen else {}


def _is_call(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _unary(frame: Frame, node: ast.UnaryOp, _: Type | None) -> Expr:
    if isinstance(node.op, ast.Not):
        return replace(negate(truth(frame, node.operand)), span=frame.span(node))
    if isinstance(node.op, ast.USub):
        value = _integer(frame, node.operand)
        if isinstance(value, Const):
            return Const(IntType(-value.value, -value.value), frame.span(node), -value.value)
        zero = Const(IntType(0, 0), frame.span(node), 0)
        return Apply(INTEGER, frame.span(node), Op.SUB, (zero, value))
    frame.refuse(node, f"{ast.unparse(node)}: this operator is not in the language")


_ARITHMETIC: Mapping[type[ast.operator], Op] = {
    ast.Add: Op.ADD, ast.Sub: Op.SUB, ast.Mult: Op.MUL, ast.FloorDiv: Op.DIV, ast.Mod: Op.MOD,
}  # fmt: skip
_ON_SETS: Mapping[type[ast.operator], Op] = {
    ast.BitOr: Op.UNION, ast.BitAnd: Op.INTERSECT, ast.Sub: Op.DIFFERENCE,
}  # fmt: skip


def _binary(frame: Frame, node: ast.BinOp, expected: Type | None) -> Expr:
    left = lower(frame, node.left, expected if isinstance(expected, CollectionType) else None)
    span = frame.span(node)
    if isinstance(left.type, SetType) and type(node.op) in _ON_SETS:
        op = _ON_SETS[type(node.op)]
        right = lower(frame, node.right, left.type)
        capacity = left.type.capacity
        if op is Op.UNION and left.type.bits is None:
            capacity += right.type.capacity  # type: ignore[attr-defined]
        return Apply(SetType(left.type.item, capacity), span, op, (left, right))
    if isinstance(left.type, SeqType) and isinstance(node.op, ast.Add):
        right = lower(frame, node.right)
        if not isinstance(right.type, SeqType):
            frame.refuse(node.right, f"a Seq is wanted, and this is of type {right.type}")
        right = coerce(right, SeqType(left.type.item, right.type.capacity))
        total = left.type.capacity + right.type.capacity  # type: ignore[attr-defined]
        return Apply(SeqType(left.type.item, total), span, Op.CONCAT, (left, right))
    found = _ARITHMETIC.get(type(node.op))
    if found is None:
        frame.refuse(node, f"{ast.unparse(node)}: this operator is not in the language",
                     "+ - * // % on integers, | & - on sets")  # fmt: skip
    return arithmetic(frame, node, found, left, _integer(frame, node.right))


def arithmetic(frame: Frame, node: ast.AST, op: Op, left: Expr, right: Expr) -> Expr:
    """An operator on two integers, folded where both are constant."""
    span = frame.span(node)
    left = _checked_integer(frame, node, left)
    if op in (Op.DIV, Op.MOD) and not (isinstance(right, Const) and right.value > 0):
        frame.refuse(node, "the divisor must be a positive constant")
    if isinstance(left, Const) and isinstance(right, Const):
        value = _FOLDED[op](left.value, right.value)
        return Const(IntType(value, value), span, value)
    return Apply(INTEGER, span, op, (left, right))


_FOLDED: Mapping[Op, Callable[[int, int], int]] = {
    Op.ADD: lambda a, b: a + b, Op.SUB: lambda a, b: a - b, Op.MUL: lambda a, b: a * b,
    Op.DIV: lambda a, b: a // b, Op.MOD: lambda a, b: a % b, Op.MIN: min, Op.MAX: max,
}  # fmt: skip


def _integer(frame: Frame, node: ast.expr) -> Expr:
    return _checked_integer(frame, node, lower(frame, node))


def _checked_integer(frame: Frame, node: ast.AST, value: Expr) -> Expr:
    if isinstance(value.type, OptionType) and isinstance(value.type.item, IntType):
        value = coerce(value, value.type.item)
    if not isinstance(value.type, IntType):
        hint = "int(…) is the number of an index or bool"
        frame.refuse(node, f"an integer is wanted, and this is of type {value.type}", hint)
    return value


integer = _integer

# ------------------------------------------------------------ comparisons


def _compare(frame: Frame, node: ast.Compare, _: Type | None) -> Expr:
    result: Expr | None = None
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        one = _compare_two(frame, node, left, operator, right)
        result = one if result is None else connect(Op.AND, result, one, frame.span(node))
        left = right
    assert result is not None
    return result


def _compare_two(
    frame: Frame, node: ast.Compare, left: ast.expr, operator: ast.cmpop, right: ast.expr
) -> Expr:
    if isinstance(operator, ast.In | ast.NotIn):
        found = _membership(frame, node, left, right)
        return found if isinstance(operator, ast.In) else negate(found)
    a = lower(frame, left)
    b = lower(frame, right, _expected_beside(a.type, right))
    if isinstance(operator, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
        found = equal(a, b, frame.span(node))
        return found if isinstance(operator, ast.Eq | ast.Is) else negate(found)
    return _ordered(frame, node, a, operator, b)


def _expected_beside(kind: Type, other: ast.expr) -> Type | None:
    """The type that a container literal beside a value of `kind` is meant to have."""
    literal = isinstance(other, ast.Call | ast.Set | ast.SetComp)
    return kind if isinstance(kind, CollectionType) and literal else None


def equal(a: Expr, b: Expr, span: Any) -> Expr:
    """Equality, folded where both sides are constant."""
    a, b = alike(a, b)
    if isinstance(a, Const) and isinstance(b, Const):
        return Const(BOOL, span, a.value == b.value)
    if a.type == BOOL and isinstance(b, Const):
        return a if b.value else replace(negate(a), span=span)
    return Apply(BOOL, span, Op.EQ, (a, b))


_ORDER: Mapping[type[ast.cmpop], tuple[Op, bool]] = {
    ast.Lt: (Op.LT, False), ast.LtE: (Op.LE, False), ast.Gt: (Op.LT, True), ast.GtE: (Op.LE, True),
}  # fmt: skip


def _ordered(frame: Frame, node: ast.Compare, a: Expr, operator: ast.cmpop, b: Expr) -> Expr:
    op, swapped = _ORDER[type(operator)]
    span = frame.span(node)
    if isinstance(a.type, SetType):
        if not isinstance(operator, ast.LtE | ast.GtE):
            frame.refuse(node, "sets are compared with <=, >= and ==", "a <= b and a != b")
        pair = (b, coerce(a, b.type)) if swapped else (a, coerce(b, a.type))
        return Apply(BOOL, span, Op.SUBSET, pair)
    for value in (a, b):
        kind = value.type.item if isinstance(value.type, OptionType) else value.type
        if isinstance(kind, IndexType) and kind.symmetric:
            frame.refuse(
                node,
                f"{kind} is symmetric: its values have no order",
                "compare with == only, or declare the domain without symmetric=True",
            )
    a, b = (v if not isinstance(v.type, OptionType) else coerce(v, v.type.item) for v in (a, b))
    comparable = isinstance(a.type, IndexType) and a.type == b.type
    if not comparable and not (isinstance(a.type, IntType) and isinstance(b.type, IntType)):
        frame.refuse(node, f"{a.type} and {b.type} have no order", "compare integers or indices")
    if isinstance(a, Const) and isinstance(b, Const) and isinstance(a.type, IntType):
        first, second = (b.value, a.value) if swapped else (a.value, b.value)
        return Const(BOOL, span, first < second if op is Op.LT else first <= second)
    return Apply(BOOL, span, op, (b, a) if swapped else (a, b))


def _one_of(frame: Frame, left: ast.expr, options: list[Expr], span: Span) -> Expr:
    """Whether a value is one of those that are written out."""
    value = lower(frame, left)
    result: Expr = replace(FALSE, span=span)
    for option in reversed(options):
        result = connect(Op.OR, equal(value, option, span), result, span)
    return result


def _membership(frame: Frame, node: ast.Compare, left: ast.expr, right: ast.expr) -> Expr:
    span = frame.span(node)
    if isinstance(right, ast.Tuple | ast.List | ast.Set):
        return _one_of(frame, left, [lower(frame, element) for element in right.elts], span)
    whole = lower_any(frame, right)
    if isinstance(whole, Static):
        if not isinstance(whole.value, tuple | list | frozenset | set):
            frame.refuse(right, f"{ast.unparse(right)} is not a collection")
        found = [_constant(frame, right, value) for value in whole.value]
        options = [value for value in found if value is not None]
        if len(options) != len(found):
            frame.refuse(right, "its elements are not all values of the language")
        return _one_of(frame, left, options, span)
    if isinstance(whole.type, MapType):
        frame.refuse(node, "a map is total: every key is in it", "compare the value with None")
    if not isinstance(whole.type, CollectionType):
        frame.refuse(right, f"a value of type {whole.type} has no elements")
    if isinstance(whole.type.item, IntType):
        item = _integer(frame, left)  # a number outside the range is simply not in
    else:
        item = lower(frame, left, whole.type.item)
    return Apply(BOOL, span, Op.CONTAINS, (whole, item))


# ------------------------------------------------------------ the rest


def _conditional(frame: Frame, node: ast.IfExp, expected: Type | None) -> Expr:
    test = truth(frame, node.test)
    with frame.binding(facts(frame, node.test)):
        then = lower(frame, node.body, expected)
    with frame.binding(facts(frame, node.test, positive=False)):
        other = lower(frame, node.orelse, expected)
    return choose(test, then, other, frame.span(node))


def choose(test: Expr, then: Expr, other: Expr, span: Any) -> Expr:
    """A conditional expression, folded where the test is constant."""
    if isinstance(then, Undefined) or isinstance(other, Undefined):
        kind = other.type if isinstance(then, Undefined) else then.type
    else:
        kind = joined(then.type, other.type)
    if kind == OptionType(INTEGER):
        kind = _ranged(kind, then, other)
    if isinstance(test, Const):
        return coerce(then if test.value else other, kind)
    if kind == INTEGER:
        return Choose(kind, span, test, then, other)
    return Choose(kind, span, test, coerce(then, kind), coerce(other, kind))


def _ranged(kind: Type, *branches: Expr) -> Type:
    """The type of integers that may be None, with their range where one is known."""
    bounds = []
    for branch in branches:
        own = branch.type.item if isinstance(branch.type, OptionType) else None
        match own if own is not None else branch:
            case IntType(low=int(low), high=int(high)):
                bounds.append((low, high))
            case Expr() if (known := interval(branch)) is not None:
                bounds.append(known)
            case BoolType():  # of None itself
                pass
            case _:
                return kind
    return OptionType(IntType(min(low for low, _ in bounds), max(high for _, high in bounds)))


def _subscript(frame: Frame, node: ast.Subscript, _: Type | None) -> Expr | Static:
    base = lower_any(frame, node.value)
    if isinstance(base, Static):
        return _table(frame, node, base.value)
    return subscript(frame, node, base)


def subscript(frame: Frame, node: ast.Subscript, base: Expr) -> Expr:
    """The value of a map at a key, or the element of a sequence at an index."""
    span = frame.span(node)
    if isinstance(base.type, MapType):
        return At(base.type.value, span, base, lower(frame, node.slice, base.type.key))
    if isinstance(base.type, SeqType):
        if isinstance(node.slice, ast.Slice):
            frame.refuse(node, "slices are not in the language", "truncate, pop_first, or Seq([…])")
        index = _integer(frame, node.slice)
        bounds = interval(index)
        if bounds is not None and bounds[1] < 0:
            frame.refuse(node, "there are no negative indices", "q[len(q) - 1]")
        return At(base.type.item, span, base, index)
    frame.refuse(node, f"a value of type {base.type} cannot be indexed")


def _table(frame: Frame, node: ast.Subscript, table: Any) -> Expr | Static:
    """A constant dict of the module, as a chain of conditions on its keys."""
    if not isinstance(table, Mapping):
        return (
            Static(table[frame.resolve(node.slice)])
            if isinstance(table, dict)
            else Static(
                eval(ast.unparse(node), dict(frame.source.names))  # noqa: S307 - a generic alias
            )
        )
    key = lower(frame, node.slice)
    span = frame.span(node)
    entries = [(_constant(frame, node, k), _constant(frame, node, v)) for k, v in table.items()]
    result: Expr | None = None
    for known, value in reversed(entries):
        if known is None or value is None:
            frame.refuse(node, "its keys and values are not all values of the language")
        if result is None:
            result = Undefined(value.type, span, f"no entry of {ast.unparse(node.value)}")
        result = choose(equal(key, known, span), value, result, span)
    if result is None:
        frame.refuse(node, "the table is empty")
    return result


def _call(frame: Frame, node: ast.Call, expected: Type | None) -> Expr:
    from checker.language.lowering.calls import lower_call

    return lower_call(frame, node, expected)


def _comprehension(frame: Frame, node: ast.expr, expected: Type | None) -> Expr:
    from checker.language.lowering.comprehensions import lower_set

    return lower_set(frame, node, expected)


_EXPRESSIONS: Mapping[type[ast.expr], Callable[[Frame, Any, Type | None], Expr | Static]] = {
    ast.Constant: _literal,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.SetComp: _comprehension,
    ast.Set: _comprehension,
}

_REFUSED: Mapping[type[ast.expr], tuple[str, str]] = {
    ast.Lambda: ("a lambda", "a helper function with annotations"),
    ast.ListComp: ("a list", "Seq([… for … in …])"),
    ast.List: ("a list", "Seq([…])"),
    ast.Dict: ("a dict", "Map({k: … for k in K})"),
    ast.DictComp: ("a dict", "Map({k: … for k in K})"),
    ast.Tuple: ("a tuple", "a Record"),
    ast.GeneratorExp: ("a generator by itself", "any(…), all(…), sum(…), min(…) or max(…)"),
    ast.JoinedStr: ("a string", "an Enum"),
    ast.NamedExpr: (":=", "an assignment before the expression"),
    ast.Await: ("await", ""),
    ast.Yield: ("yield", "a parameter, which the checker chooses"),
    ast.Starred: ("*", "the arguments one by one"),
    ast.Slice: ("a slice", "truncate, pop_first, or Seq([…])"),
}

__all__ = [
    "FALSE", "TRUE", "arithmetic", "attribute", "choose", "connect", "equal", "facts", "integer",
    "lower", "lower_any", "negate", "subscript", "truth",
]  # fmt: skip
