"""Changing a tree of the IR in some places, and leaving all others as they are.

Trees are immutable: what lies above a change is built anew (`dataclasses.replace` along the
path), everything else is shared with the original.  Where a condition has become a constant,
what is left of it is folded, as lowering would have: two mutants that mean the same by this are
then the same tree.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import fields, replace
from typing import Any

from checker.language.ir import (
    Action,
    Apply,
    Choose,
    Const,
    Expr,
    Node,
    Op,
    Parameter,
    Require,
    walk,
)
from checker.language.types import BOOL, Type

Instead = Callable[[Node], Node | None]
"""What stands in a node's place: the node itself to look further below, None for nothing."""


def rewritten(node: Node, instead: Instead) -> Node | None:
    """The tree with some nodes replaced, from the outermost on; only statements can be removed."""
    new = instead(node)
    if new is not node or new is None:
        return new
    changed: dict[str, Any] = {}
    for field in fields(node):
        before = getattr(node, field.name)
        after = _within(before, instead)
        if after is not before:
            changed[field.name] = after
    return folded(replace(node, **changed)) if changed else node


def _within(value: Any, instead: Instead) -> Any:
    if isinstance(value, Node):
        return rewritten(value, instead)
    if isinstance(value, tuple) and any(isinstance(item, Node) for item in value):
        items = [rewritten(item, instead) for item in value]
        if any(new is not old for new, old in zip(items, value, strict=True)):
            return tuple(item for item in items if item is not None)
    return value


def rewritten_action(action: Action, instead: Instead) -> Action:
    """The action with some nodes of its guards, effects and choices replaced."""
    body = _within(action.body, instead)
    parameters = tuple(_chosen(parameter, instead) for parameter in action.parameters)
    if body is action.body and parameters == action.parameters:
        return action
    return replace(action, body=body, parameters=parameters)


def _chosen(parameter: Parameter, instead: Instead) -> Parameter:
    source: Any = rewritten(parameter.source, instead)
    return parameter if source is parameter.source else replace(parameter, source=source)


# ------------------------------------------------------------ conditions


def negated(test: Expr) -> Expr:
    """The opposite of a condition."""
    match test:
        case Apply(op=Op.NOT, args=(inner,)):
            return inner
        case Const(value=bool(value)):
            return replace(test, value=not value)
        case _:
            return Apply(BOOL, test.span, Op.NOT, (test,))


def folded(node: Node) -> Node | None:
    """A node one of whose operands may have become a constant condition."""
    match node:
        case Require(test=Const(value=True)):
            return None
        case Apply(op=Op.NOT, args=(inner,)):
            return negated(inner) if isinstance(inner, Const) or _is_not(inner) else node
        case Apply(op=Op.AND | Op.OR as op, args=(first, rest)):
            return _joined(node, op, first, rest)
        case Choose(test=Const(value=value), then=then, other=other):
            return then if value else other
        case _:
            return node


def _is_not(test: Expr) -> bool:
    return isinstance(test, Apply) and test.op is Op.NOT


def _joined(node: Expr, op: Op, first: Expr, rest: Expr) -> Expr:
    neutral = op is Op.AND
    if isinstance(first, Const):
        return rest if first.value is neutral else first
    if isinstance(rest, Const) and rest.value is neutral:
        return first
    return node


# ------------------------------------------------------------ comparing


class Shapes:
    """What trees mean, without the places that they were read from: equal numbers, equal trees.

    Trees that mean the same get the same number, from the leaves on; the nodes of `known` are
    looked at once, so that what a mutant shares with them costs nothing.
    """

    def __init__(self, known: Iterable[Action]) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._known: dict[int, tuple[object, int]] = {}
        for action in known:
            for statement in action.body:
                for node in reversed(list(walk(statement))):
                    self._remember(node, self._of(node))

    def of(self, what: Action | Node | Parameter) -> int:
        """The number of what a tree means."""
        known = self._known.get(id(what))
        return self._of(what) if known is None else known[1]

    def _remember(self, what: object, number: int) -> int:
        self._known[id(what)] = what, number  # kept, so that nothing else gets its id
        return number

    def _of(self, what: Action | Node | Parameter) -> int:
        named = (field.name for field in fields(what) if field.name != "span")
        parts = (type(what), *(self._part(getattr(what, name)) for name in named))
        return self._numbers.setdefault(parts, len(self._numbers))

    def _part(self, value: Any) -> Hashable:
        if isinstance(value, Node | Parameter):
            return self.of(value)
        if isinstance(value, tuple):
            return tuple(self._part(item) for item in value)
        if isinstance(value, Type):
            if id(value) in self._known:
                return self._known[id(value)][1]
            return self._remember(value, self._numbers.setdefault(value, len(self._numbers)))
        return type(value), repr(value)


__all__ = ["Instead", "Shapes", "folded", "negated", "rewritten", "rewritten_action"]
