"""What does not depend on what a quantifier goes over is asked once, before it.

    any(a and b(x) for x in xs)     a and any(b(x) for x in xs)
    all(a or b(x) for x in xs)      a or all(b(x) for x in xs)

A search asks a property of small states, a walk of large ones: three nested quantifiers over a
hundred members each are a million turns, of which the first condition may spare all but one
hundred.  Only what stands first in the body moves, and only what has a value in every state, so
that nothing is evaluated which was not before.
"""

from __future__ import annotations

from dataclasses import replace

from checker.language.ir import (
    Apply,
    Domain,
    Expr,
    Fit,
    Fold,
    Node,
    Op,
    Project,
    Reduce,
    Undefined,
    Unwrap,
    Var,
    walk,
)
from checker.language.types import SeqType

HOISTED = {Fold.ANY: Op.AND, Fold.ALL: Op.OR}
"""The operator whose first operand can be asked before a quantifier."""


def scoped(expr: Expr) -> Expr:
    """The same predicate, each condition asked as early as can be."""
    match expr:
        case Apply(op=Op.AND | Op.OR | Op.NOT, args=args):
            return replace(expr, args=tuple(scoped(arg) for arg in args))
        case Reduce(fold=Fold.ANY | Fold.ALL as fold, where=None, source=Domain()):
            op = HOISTED[fold]
            first, rest = _split(scoped(expr.body), op)
            if rest is not None and _total(first) and not _uses(first, expr.name):
                return Apply(expr.type, expr.span, op, (first, scoped(replace(expr, body=rest))))
            return replace(expr, body=scoped(expr.body))
        case _:
            return expr


def _split(expr: Expr, op: Op) -> tuple[Expr, Expr | None]:
    """The operand that is evaluated first, and the rest; None where there is one operand."""
    if not isinstance(expr, Apply) or expr.op is not op:
        return expr, None
    left, right = expr.args
    first, rest = _split(left, op)
    return first, right if rest is None else replace(expr, args=(rest, right))


def _uses(expr: Node, name: str) -> bool:
    return any(isinstance(node, Var) and node.name == name for node in walk(expr))


def _total(expr: Expr) -> bool:
    """Whether an expression has a value in every state."""
    partial = (Fit, Project, Undefined, Unwrap)
    return not any(
        isinstance(node, partial) or isinstance(getattr(node, "type", None), SeqType)
        for node in walk(expr)
    )
