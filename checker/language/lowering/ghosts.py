"""Ghost fields may be read by properties and by effects on ghosts, and by nothing else.

A ghost (prefix `aux_`) is history that a property needs and the design does not have.  If it
could influence what the machine does, a property proved with it would say nothing about the
design.  So no guard, no effect on an ordinary field and no choice of a parameter may depend on
one, directly or through a local.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from checker.errors import LanguageError, Span
from checker.language.ir import (
    Action,
    Assert,
    Assign,
    At,
    Expr,
    For,
    Get,
    If,
    Let,
    Node,
    Require,
    Stmt,
    Var,
    walk,
)
from checker.language.machine import GHOST_PREFIX


@dataclass
class _Flow:
    """Locals whose value depends on a ghost so far."""

    tainted: set[str] = field(default_factory=set)

    def reads(self, node: Node) -> str | None:
        """The ghost, or the local that depends on one, which `node` reads."""
        for inner in walk(node):
            if isinstance(inner, Get) and inner.name.startswith(GHOST_PREFIX):
                return inner.name
            if isinstance(inner, Var) and inner.name in self.tainted:
                return inner.name
        return None


def check_ghosts(action: Action) -> None:
    """LanguageError where the action's behaviour depends on a ghost."""
    flow = _Flow()
    for parameter in action.parameters:
        if ghost := flow.reads(parameter.source):
            _refuse(ghost, action.span, "a choice")
    _statements(flow, action.body, None)


def _refuse(ghost: str, span: Span | None, what: str) -> None:
    raise LanguageError(
        f"{what} depends on the ghost {ghost}",
        span=span,
        hint="ghosts serve properties: use an ordinary field for what the design knows",
    )


def _statements(flow: _Flow, body: tuple[Stmt, ...], under: str | None) -> None:
    """Check statements that are executed under a condition on the ghost `under`, if any."""
    for statement in body:
        match statement:
            case Require(span, test):
                if ghost := under or flow.reads(test):
                    _refuse(ghost, span, "a guard")
            case Assert():
                pass  # it decides nothing: it is a property
            case Let(_, name, value):
                if under or flow.reads(value):
                    flow.tainted.add(name)
            case Assign(span, place, value):
                ghost = under or flow.reads(value) or _key_ghost(flow, place)
                if ghost and not _is_ghost(place):
                    _refuse(ghost, span, "an effect")
            case If(_, test, then, other):
                inner = under or flow.reads(test)
                _statements(flow, then, inner)
                _statements(flow, other, inner)
            case For(_, name, source, inside):
                inner = under or flow.reads(source)
                if inner:
                    flow.tainted.add(name)
                _statements(flow, inside, inner)


def _is_ghost(place: Expr) -> bool:
    while isinstance(place, Get | At):
        if isinstance(place, Get) and place.name.startswith(GHOST_PREFIX):
            return True
        place = place.base
    return False


def _key_ghost(flow: _Flow, place: Expr) -> str | None:
    while isinstance(place, Get | At):
        if isinstance(place, At) and (ghost := flow.reads(place.key)):
            return ghost
        place = place.base
    return None
