"""The mutations: each a small mistake that somebody could make in the source of an action.

An operator looks at a node of the IR together with the syntax that stands at its place, and says
what could stand there instead.  It changes only what somebody has written: where lowering made a
node by itself, the syntax at its span is of another kind, and the operator passes.

What would be no mistake of anybody's is left out: a type test (`isinstance`, a `match`), which a
type checker holds to the code that follows it; a constant that is compared, whose comparison is
changed instead; a constant by which a loop is bounded or a number divided, without which the IR
would not be well formed; a local variable's later assignments; a parameter's domain.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import Any

from checker.language.domains import Index
from checker.language.ir import (
    Apply,
    Assign,
    Between,
    Choose,
    Const,
    Expr,
    If,
    IsA,
    Node,
    Op,
    Reduce,
    Require,
    walk,
)
from checker.language.types import BOOL, IndexType, IntType, OptionType, Type, contains
from checker.language.values import Record
from checker.mutation.places import Site, code
from checker.mutation.rewriting import negated


@dataclass(frozen=True)
class Change:
    """What could stand in a node's place.

    what           the syntax that is changed, by which the change is named
    detail         tells apart what one operator can do at one place
    instead        the node; None for nothing
    before, after  the source of what is shown of it
    in_statement   whether it takes the statement around it to know what is meant
    """

    what: ast.AST
    instead: Node | None
    before: str
    after: str
    detail: str = ""
    in_statement: bool = False


Changes = Callable[[Node, Site], Iterator[Change]]


@dataclass(frozen=True)
class Operator:
    """A kind of mistake: its name, what is said of it, and how it is made.

    within  whether the mistake is looked for below a node
    """

    name: str
    sentence: str
    changes: Changes
    within: Callable[[Node], bool] = lambda _: True


# ------------------------------------------------------------ statements


def _no_guard(node: Node, site: Site) -> Iterator[Change]:
    if isinstance(node, Require) and isinstance(site.node, ast.expr):
        yield Change(site.node, None, f"require({code(site.node)})", "")


def _no_effect(node: Node, site: Site) -> Iterator[Change]:
    kinds = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr
    if isinstance(node, Assign) and isinstance(site.node, kinds):
        yield Change(site.node, None, code(site.node), "")


def _other_branch(node: Node, site: Site) -> Iterator[Change]:
    if not isinstance(node, If | Choose) or not isinstance(site.node, ast.If | ast.IfExp):
        return
    if not _tests_a_type(node.test):
        other = _negated(site.node.test, node.test)
        if isinstance(site.node, ast.IfExp):
            after = code(ast.IfExp(other, site.node.body, site.node.orelse))
        else:
            after = f"if {code(other)}:"
        yield Change(site.node, replace(node, test=negated(node.test)), code(site.node), after)


def _negated(test: ast.expr, meaning: Expr) -> ast.expr:
    """The opposite of a condition as it would be written; sets have no opposite of `<=`."""
    sets = any(isinstance(node, Apply) and node.op is Op.SUBSET for node in walk(meaning))
    match test:
        case ast.UnaryOp(op=ast.Not()):
            return test.operand
        case ast.Compare(ops=[operator]) if not sets:
            return ast.Compare(test.left, [OPPOSITE[type(operator)]], test.comparators)
        case _:
            return ast.UnaryOp(ast.Not(), test)


def _tests_a_type(test: Expr) -> bool:
    return any(isinstance(node, IsA) for node in walk(test))


# ------------------------------------------------------------ conditions

CONNECTIVES: Mapping[type[ast.boolop], Op] = {ast.And: Op.AND, ast.Or: Op.OR}


def _no_operand(node: Node, site: Site) -> Iterator[Change]:
    if not isinstance(node, Apply) or not isinstance(site.node, ast.BoolOp):
        return
    if node.op is not CONNECTIVES[type(site.node.op)]:
        return
    operands = list(_chain(node, node))
    syntax = _written(operands, node, site.node)
    for number, operand in enumerate(operands):
        what = syntax[number]
        if what is None or _tests_a_type(operand):
            continue
        rest = [one for n, one in enumerate(operands) if n != number]
        before, position = f"… {node.op.value} {code(what)}", site.node.values.index(what)
        yield Change(what, _connected(node, rest), before, "…", str(position))


def _chain(node: Expr, whole: Apply) -> Iterator[Expr]:
    """The operands of an `and` or `or`, which lowering nests."""
    if isinstance(node, Apply) and node.op is whole.op and node.span == whole.span:
        for operand in node.args:
            yield from _chain(operand, whole)
    else:
        yield node


def _connected(node: Apply, operands: list[Expr]) -> Expr:
    result = operands[-1]
    for operand in reversed(operands[:-1]):
        result = replace(node, args=(operand, result))
    return result


def _written(operands: list[Expr], whole: Expr, node: ast.BoolOp) -> list[ast.expr | None]:
    """The syntax of each operand, None where that is not certain.

    Operands are known by their places, all but calls, which have the place of what they were
    replaced by: those are what is left between two that are known, as long as the configuration
    has made none constant there.
    """
    file = whole.span.file if whole.span else ""
    starts = {(one.lineno, one.col_offset): n for n, one in enumerate(node.values)}
    spans = [one.span if one.span and one.span.file == file else None for one in operands]
    known = [starts.get((span.line, span.column)) if span else None for span in spans]
    found: list[ast.expr | None] = [None if n is None else node.values[n] for n in known]
    fixed = [(-1, -1), *((at, n) for at, n in enumerate(known) if n is not None),
             (len(operands), len(node.values))]  # fmt: skip
    for (at, number), (next_at, next_number) in pairwise(fixed):
        if next_at - at == next_number - number:
            found[at + 1 : next_at] = node.values[number + 1 : next_number]
    return found


COMPARED: Mapping[type[ast.cmpop], tuple[Op, ...]] = {
    ast.Eq: (Op.EQ,), ast.Is: (Op.EQ,), ast.NotEq: (Op.EQ,), ast.IsNot: (Op.EQ,),
    ast.Lt: (Op.LT,), ast.Gt: (Op.LT,),
    ast.LtE: (Op.LE, Op.SUBSET), ast.GtE: (Op.LE, Op.SUBSET),
    ast.In: (Op.CONTAINS,), ast.NotIn: (Op.CONTAINS,),
}  # fmt: skip
"""What each comparison is in the IR; the negative ones are below a `not`."""

OPPOSITE: Mapping[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.NotEq(), ast.Is: ast.IsNot(), ast.NotEq: ast.Eq(), ast.IsNot: ast.Is(),
    ast.Lt: ast.GtE(), ast.Gt: ast.LtE(), ast.LtE: ast.Gt(), ast.GtE: ast.Lt(),
    ast.In: ast.NotIn(), ast.NotIn: ast.In(),
}  # fmt: skip

BESIDE: Mapping[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(), ast.Gt: ast.GtE(), ast.LtE: ast.Lt(), ast.GtE: ast.Gt(),
}  # fmt: skip

SHIFTED: Mapping[Op, Op] = {Op.LT: Op.LE, Op.LE: Op.LT}


def _compared(node: Node, site: Site) -> type[ast.cmpop] | None:
    """The one comparison that a node is, as it is written."""
    if isinstance(node, Apply) and isinstance(site.node, ast.Compare) and len(site.node.ops) == 1:
        operator = type(site.node.ops[0])
        return operator if node.op in COMPARED[operator] else None
    return None


def _opposite(node: Node, site: Site) -> Iterator[Change]:
    if _compared(node, site) is not None:
        assert isinstance(node, Expr)
        assert isinstance(site.node, ast.Compare)
        yield Change(site.node, negated(node), code(site.node), code(_negated(site.node, node)))


def _boundary(node: Node, site: Site) -> Iterator[Change]:
    operator = _compared(node, site)
    if operator is not None and isinstance(node, Apply) and node.op in SHIFTED:
        assert isinstance(site.node, ast.Compare)
        after = ast.Compare(site.node.left, [BESIDE[operator]], site.node.comparators)
        shifted = replace(node, op=SHIFTED[node.op])
        yield Change(site.node, shifted, code(site.node), code(after))


def _always(node: Node, site: Site) -> Iterator[Change]:
    operator = _compared(node, site)
    if operator is not None and operator not in BESIDE:
        assert isinstance(node, Expr)
        below_not = operator in (ast.NotEq, ast.IsNot, ast.NotIn)
        yield Change(site.node, Const(BOOL, node.span, not below_not), code(site.node), "True")


def _no_filter(node: Node, site: Site) -> Iterator[Change]:
    comprehensions = ast.GeneratorExp | ast.SetComp | ast.ListComp
    if not isinstance(node, Reduce) or node.where is None or _tests_a_type(node.where):
        return
    if isinstance(site.node, comprehensions):
        for number, clause in enumerate(site.node.generators):
            if code(clause.target) == node.name.partition("__")[0] and clause.ifs:
                head = f"for {code(clause.target)} in {code(clause.iter)}"
                before = " ".join([head, *(f"if {code(test)}" for test in clause.ifs)])
                yield Change(clause, replace(node, where=None), before, head, str(number))


# ------------------------------------------------------------ constants


def _constant(step: int) -> Changes:
    """The neighbour of a constant in its type, upwards or downwards.

    The values of an enum, an index and a bool have one neighbour each: the next one, and after
    the last the first.
    """

    def changes(node: Node, site: Site) -> Iterator[Change]:
        if not isinstance(node, Const):
            return
        if isinstance(node.value, Record):
            yield from _in_record(node, site, step)
        elif _is_written(node.value, site.node):
            new = neighbour(node.value, node.type, step)
            if new is not None:
                kind = _literal(node.type, new)
                yield _exchanged(site, site.node, new, replace(node, value=new, type=kind))

    return changes


def _in_record(node: Const, site: Site, step: int) -> Iterator[Change]:
    """A record that is a constant as a whole: one of its arguments."""
    if not isinstance(site.node, ast.Call) or site.node.keywords:
        return
    values = list(vars(node.value).values())
    for number, (what, value) in enumerate(zip(site.node.args, values, strict=False)):
        new = neighbour(value, None, step) if _is_written(value, what) else None
        if new is not None:
            other = type(node.value)(*values[:number], new, *values[number + 1 :])
            if contains(node.type, other):
                yield _exchanged(site, what, new, replace(node, value=other), str(number))


def _exchanged(site: Site, what: ast.AST, new: Any, node: Node, detail: str = "") -> Change:
    before = code(site.statement)
    after = _with(site.statement, what, new)
    return Change(what, node, before, after, detail, in_statement=True)


def _with(statement: ast.stmt, what: ast.AST, new: Any) -> str:
    """A statement's source with a constant exchanged."""
    if isinstance(what, ast.Attribute) and isinstance(new, Enum):
        written: ast.expr = ast.Attribute(what.value, new.name)
    elif isinstance(what, ast.Call) and isinstance(new, Index):
        written = ast.Call(what.func, [ast.Constant(new.position)], [])
    else:
        written = ast.Constant(new)
    return code(_Exchange(what, written).visit(statement))


class _Exchange(ast.NodeTransformer):
    """Builds the statements above an exchanged node anew, and leaves the tree as it is."""

    def __init__(self, what: ast.AST, written: ast.expr) -> None:
        self._what, self._written = what, written

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._what:
            return self._written
        copy = ast.copy_location(type(node)(**dict(ast.iter_fields(node))), node)
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                items = [self.visit(one) if isinstance(one, ast.AST) else one for one in value]
                setattr(copy, name, items)
            elif isinstance(value, ast.AST):
                setattr(copy, name, self.visit(value))
        return copy


def _is_written(value: Any, what: ast.AST) -> bool:
    """Whether the syntax is that of the constant itself, not a name or variant that means it."""
    match value:
        case bool() | int():
            return isinstance(what, ast.Constant) and what.value == value
        case Enum():
            return isinstance(what, ast.Attribute) and what.attr == value.name
        case Index():
            return isinstance(what, ast.Call) and code(what.func) == type(value).__name__
        case _:
            return False


def neighbour(value: Any, kind: Type | None, step: int) -> Any:
    """The next value, or the previous one (of integers only); None where there is none."""
    match value:
        case bool():
            return None if step < 0 else not value
        case int():
            new = value + step
            return new if kind is None or contains(_literal(kind, new), new) else None
        case Enum():
            members = list(type(value))
            return None if step < 0 else members[(members.index(value) + 1) % len(members)]
        case Index():
            own = kind.item if isinstance(kind, OptionType) else kind
            if step < 0 or not isinstance(own, IndexType) or own.size == 1:
                return None
            return list(own.universe())[(value.position + 1) % own.size]
        case _:
            return None


def _literal(kind: Type, new: Any) -> Type:
    """The type of a constant by itself is that of its value alone, and is that of the new one."""
    if isinstance(kind, IntType) and kind.low == kind.high and kind.low is not None:
        return IntType(new, new)
    return kind


def _in_effects(node: Node) -> bool:
    compared = {Op.EQ, Op.NE, Op.LT, Op.LE, Op.CONTAINS, Op.SUBSET, Op.DIV, Op.MOD}
    if isinstance(node, Apply):
        return node.op not in compared
    return not isinstance(node, Require | Between)


# ------------------------------------------------------------ the table

OPERATORS: tuple[Operator, ...] = (
    Operator("drop-guard", "the guard is gone", _no_guard),
    Operator("drop-effect", "the effect is gone", _no_effect),
    Operator("drop-operand", "one operand of the condition is gone", _no_operand),
    Operator("drop-filter", "the filter is gone", _no_filter),
    Operator("negate-branch", "the branches are exchanged", _other_branch),
    Operator("negate-comparison", "the comparison is negated", _opposite),
    Operator("shift-boundary", "the boundary is moved by one", _boundary),
    Operator("always-true", "the comparison is always true", _always),
    Operator("constant-up", "the constant is the next one", _constant(1), _in_effects),
    Operator("constant-down", "the constant is the previous one", _constant(-1), _in_effects),
)
"""In the order in which mutants are made: of two that are the same, the first is kept."""
