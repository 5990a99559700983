"""The IR as text: a configured machine as the engines see it, one statement a line.

It reads like Python, with everything said that the source leaves to be inferred: the types of
fields with their bounds, what a parameter is chosen from, calls replaced by what they do,
variants by what was chosen.

    state
        rm: Map[RM(3), RMState] = {rm-0: WORKING, rm-1: WORKING, rm-2: WORKING}
    action rm_prepare(r in RM(3))  by r
        require self.rm[r] == WORKING
        self.rm[r] = PREPARED
        self.messages = self.messages insert Prepared(r)

`fit(…)` marks where a range or a capacity is checked.  It is for reading; nothing parses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import singledispatch
from types import MappingProxyType
from typing import Any

from checker.language import ir
from checker.language.ir import Fold, Op
from checker.language.text import value_text
from checker.language.types import (
    CollectionType,
    EnumType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    PartType,
    SetType,
    StructType,
    Type,
    UnionType,
)
from checker.language.values import Map

INDENT = "    "


def listing(program: ir.Program) -> str:
    """The whole machine."""
    return "\n".join(_program(program)) + "\n"


def type_text(kind: Type) -> str:
    """A type with its sizes: `Map[RM(3), 0..Epoch=2]`."""
    match kind:
        case IntType(low, high, bound) if low is not None:
            return f"{low}..{bound}={high}" if bound else f"{low}..{high}"
        case IndexType(cls, size):
            return f"{cls.__name__}({size})"
        case OptionType(item):
            return f"{type_text(item)} | None"
        case UnionType(options):
            return " | ".join(map(type_text, options))
        case MapType(key, value):
            return f"Map[{type_text(key)}, {type_text(value)}]"
        case SetType(item) if kind.bits is not None:
            return f"Set[{type_text(item)}]"
        case CollectionType(item, capacity, bound):
            name = type(kind).__name__.removesuffix("Type")
            limit = f"{bound}={capacity}" if bound else str(capacity)
            return f"{name}[{type_text(item)}; {limit}]"
        case _:
            return str(kind)


# ---------------------------------------------------------------- the machine


def _program(program: ir.Program) -> Iterator[str]:
    settings = f"  with {program.settings}" if program.settings.items() else ""
    yield f"machine {program.name}{settings}"
    for kind in _mentioned(program.state):
        yield ""
        if isinstance(kind, EnumType):
            yield f"enum {kind}: {', '.join(map(value_text, kind.cls))}"
        elif isinstance(kind, StructType):
            yield f"{'part' if isinstance(kind, PartType) else 'record'} {kind}"
            yield from _indented(f"{name}: {type_text(own)}" for name, own in kind.fields)
    yield ""
    yield "state"
    for name, kind in program.state.fields:
        yield f"{INDENT}{name}: {type_text(kind)} = {_initial(getattr(program.start, name))}"
    for start in program.initials:
        yield from _action("initial", start)
    for action in program.actions:
        yield from _action("action", action)
    for prop in program.properties:
        yield from _property(prop)
    for refinement in program.refinements:
        yield ""
        yield f"refines {refinement.spec.name} by {refinement.name}  [{refinement.promise.id}]"
        yield from _indented(_block(refinement.body))


def _initial(value: Any) -> str:
    """A value, said once where every key of a map has the same."""
    if isinstance(value, Map):
        first, *rest = value.values()
        if rest and all(item == first for item in rest):
            return f"each({_initial(first)})"
    return value_text(value)


def _mentioned(state: PartType) -> list[Type]:
    """The enums, records and parts in a state, those first that others are made of."""
    found: dict[Type, None] = {}

    def visit(kind: Type) -> None:
        match kind:
            case OptionType(item) | CollectionType(item):
                visit(item)
            case UnionType(options):
                for option in options:
                    visit(option)
            case MapType(key, value):
                visit(key)
                visit(value)
            case StructType(_, named):
                for _, own in named:
                    visit(own)
        if isinstance(kind, EnumType | StructType) and kind is not state:
            found[kind] = None

    visit(state)
    return list(found)


def _action(word: str, action: ir.Action) -> Iterator[str]:
    chosen = ", ".join(f"{p.name} in {_source(p.source)}" for p in action.parameters)
    by = f"  by {action.actor}" if action.actor else ""
    fair = f"  {action.fair}ly fair" if action.fair else ""
    fair += f" to {action.party}" if action.party else ""
    yield ""
    yield f"{word} {action.name}({chosen}){by}{fair}"
    yield from _indented(_block(action.body) if action.body else iter(["nothing"]))


def _property(prop: ir.Property) -> Iterator[str]:
    on = f"  on {prop.on}" if prop.on else ""
    yield ""
    again = " again and again" if prop.again else ""
    yield f"{prop.kind}{again} {prop.name}{on}  [{prop.promise.id}]"
    if prop.leads_from is not None:
        yield f"{INDENT}after {text(prop.leads_from)}"
    conjuncts = list(_chain(prop.test, Op.AND))
    for number, conjunct in enumerate(conjuncts):
        yield f"{INDENT}{'and ' if number else ''}{text(conjunct)}"


def _chain(test: ir.Expr, op: Op) -> Iterator[ir.Expr]:
    """The operands of an `and` or `or`, however they are grouped."""
    if isinstance(test, ir.Apply) and test.op is op:
        for operand in test.args:
            yield from _chain(operand, op)
    else:
        yield test


# ---------------------------------------------------------------- statements


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"{INDENT}{line}" for line in lines)


def _block(body: tuple[ir.Stmt, ...]) -> Iterator[str]:
    for statement in body:
        yield from _statement(statement)


@singledispatch
def _statement(statement: ir.Stmt) -> Iterator[str]:
    raise TypeError(f"{type(statement).__name__} is no statement of the IR")


@_statement.register
def _(statement: ir.Require) -> Iterator[str]:
    yield f"require {text(statement.test)}"


@_statement.register
def _(statement: ir.Assert) -> Iterator[str]:
    message = f", {statement.message}" if statement.message else ""
    yield f"assert {text(statement.test)}{message}"


@_statement.register
def _(statement: ir.Let) -> Iterator[str]:
    yield f"let {statement.name} = {text(statement.value)}"


@_statement.register
def _(statement: ir.Assign) -> Iterator[str]:
    yield f"{text(statement.place)} = {text(statement.value)}"


@_statement.register
def _(statement: ir.If) -> Iterator[str]:
    yield f"if {text(statement.test)}:"
    yield from _indented(_block(statement.then) if statement.then else iter(["nothing"]))
    match statement.other:
        case ():
            return
        case (ir.If() as other,):
            first, *rest = _statement(other)
            yield f"el{first}"
            yield from rest
        case other:
            yield "else:"
            yield from _indented(_block(other))


@_statement.register
def _(statement: ir.For) -> Iterator[str]:
    yield f"for {statement.name} in {_source(statement.source)}:"
    yield from _indented(_block(statement.body))


def _source(source: ir.Source) -> str:
    match source:
        case ir.Domain(item):
            return type_text(item)
        case ir.Elements(collection):
            return text(collection)
        case ir.Between(start, stop):
            return f"range({text(start)}, {text(stop)})"


# ---------------------------------------------------------------- expressions

INFIX: Mapping[Op, str] = MappingProxyType(
    {
        Op.AND: "and", Op.OR: "or", Op.EQ: "==", Op.NE: "!=", Op.LT: "<", Op.LE: "<=",
        Op.ADD: "+", Op.SUB: "-", Op.MUL: "*", Op.DIV: "//", Op.MOD: "%",
        Op.SUBSET: "<=", Op.UNION: "|", Op.INTERSECT: "&", Op.DIFFERENCE: "-", Op.CONCAT: "+",
        Op.INSERT: "insert", Op.DISCARD: "discard", Op.REMOVE: "remove", Op.APPEND: "append",
    }
)  # fmt: skip
"""Operators between two operands; every other is written as a function."""


@singledispatch
def text(expression: ir.Expr) -> str:
    """An expression, with a pair of parentheses wherever an operator is an operand."""
    raise TypeError(f"{type(expression).__name__} is no expression of the IR")


def _operand(expression: ir.Expr) -> str:
    while isinstance(expression, ir.Some | ir.Inject):
        expression = expression.value  # they only change the type
    said = text(expression)
    negated = _negated(expression) is not None
    infix = isinstance(expression, ir.Apply) and expression.op in {*INFIX, Op.CONTAINS}
    wide = isinstance(expression, ir.Choose | ir.Bind | ir.IsA | ir.Project) or infix
    return f"({said})" if wide or negated else said


NEGATED: Mapping[Op, str] = MappingProxyType({Op.EQ: "!=", Op.NE: "==", Op.CONTAINS: "not in"})
"""How the negation of a comparison is written."""


def _negated(expression: ir.Expr) -> str | None:
    """`a != b`, `a not in b`, where that is what an expression says."""
    match expression:
        case ir.Apply(op=Op.NOT, args=(ir.Apply(op=op, args=(left, right)),)) if op in NEGATED:
            if op is Op.CONTAINS:
                left, right = right, left
            return f"{_operand(left)} {NEGATED[op]} {_operand(right)}"
        case _:
            return None


@text.register
def _(expression: ir.Const) -> str:
    return value_text(expression.value)


@text.register
def _(expression: ir.Var) -> str:
    return expression.name


@text.register
def _(expression: ir.Get) -> str:
    return f"{_operand(expression.base)}.{expression.name}"


@text.register
def _(expression: ir.At) -> str:
    return f"{_operand(expression.base)}[{text(expression.key)}]"


@text.register
def _(expression: ir.Apply) -> str:
    operands = expression.args
    if (negated := _negated(expression)) is not None:
        return negated
    if expression.op is Op.NOT:
        return f"not {_operand(operands[0])}"
    if expression.op is Op.CONTAINS:
        return f"{_operand(operands[1])} in {_operand(operands[0])}"
    if expression.op in (Op.AND, Op.OR):
        return f" {INFIX[expression.op]} ".join(map(_operand, _chain(expression, expression.op)))
    if expression.op in INFIX:
        return f" {INFIX[expression.op]} ".join(map(_operand, operands))
    if expression.op is Op.INDEX:
        return f"{expression.type}({text(operands[0])})"
    return f"{expression.op.value}({', '.join(map(text, operands))})"


@text.register
def _(expression: ir.Choose) -> str:
    then, test, other = map(_operand, (expression.then, expression.test, expression.other))
    return f"{then} if {test} else {other}"


@text.register
def _(expression: ir.Bind) -> str:
    return f"let {expression.name} = {text(expression.value)} in {text(expression.body)}"


@text.register
def _(expression: ir.Make) -> str:
    return f"{expression.type}({', '.join(map(text, expression.args))})"


@text.register
def _(expression: ir.Table) -> str:
    assert isinstance(expression.type, MapType)
    body, key = text(expression.body), type_text(expression.type.key)
    return f"{{{expression.name}: {body} for {expression.name} in {key}}}"


BRACKETS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"Set": ("{", "}"), "Seq": ("[", "]"), "Bag": ("Bag(", ")")}
)


@text.register
def _(expression: ir.Listed) -> str:
    opening, closing = BRACKETS[type(expression.type).__name__.removesuffix("Type")]
    return f"{opening}{', '.join(map(text, expression.items))}{closing}"


@text.register
def _(expression: ir.Reduce) -> str:
    where = f" if {text(expression.where)}" if expression.where is not None else ""
    each = f"{text(expression.body)} for {expression.name} in {_source(expression.source)}{where}"
    if expression.fold is Fold.SET:
        return f"{{{each}}}"
    if expression.fold is Fold.SEQ:
        return f"[{each}]"
    if expression.default is not None:
        return f"{expression.fold.value}(({each}), default={text(expression.default)})"
    return f"{expression.fold.value}({each})"


@text.register
def _(expression: ir.IsA) -> str:
    return f"{_operand(expression.value)} is {expression.option}"


@text.register
def _(expression: ir.Unwrap) -> str:
    return f"{_operand(expression.value)}!"


@text.register
def _(expression: ir.Project) -> str:
    return f"{_operand(expression.value)} as {expression.type}"


@text.register
def _(expression: ir.Fit) -> str:
    return f"fit({text(expression.value)})"


@text.register
def _(expression: ir.Undefined) -> str:
    return f"undefined({expression.message})"


def _inner(expression: ir.Some | ir.Inject) -> str:
    """A value that only changes its type."""
    return text(expression.value)


text.register(ir.Some, _inner)
text.register(ir.Inject, _inner)
