"""Watches: predicates that are evaluated in every state or step, and need not be every time.

A predicate reads only some bits of a state.  Where those were seen before, and the predicate
held, it holds again: `known` remembers the bits, up to a limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from checker.engines.layout import Layout
from checker.engines.python.compiler import Compiled, State
from checker.engines.python.expressions import Layouts
from checker.language.ir import At, Expr, Get, Node, Stmt, Var, children
from checker.language.types import MapType, SeqType

KNOWN_LIMIT = 1 << 18
"""What one watch remembers at most; beyond, it evaluates."""

ROOTS = ("self", "after")


@dataclass
class Watch:
    """A predicate with the mask of what it reads, and what is known to satisfy it.

    wanted  the value that ends the watch: False for a violation, True for a witness
    """

    number: int
    predicate: Callable[..., object]
    mask: int
    wanted: bool
    known: set[object] = field(default_factory=set)

    def remember(self, key: object) -> None:
        """Note that nothing is to be seen where these bits are the same."""
        if len(self.known) < KNOWN_LIMIT:
            self.known.add(key)


def watches(compiled: Compiled, *kinds: str) -> list[Watch]:
    """The program's properties of some kinds, of every state or of every step."""
    return [
        Watch(
            number,
            compiled.predicate(number),
            reads(compiled.layouts, compiled.layout, prop.test),
            prop.kind == "reachable",
        )
        for number, prop in enumerate(compiled.program.properties)
        if prop.kind in kinds and prop.on is None
    ]


def reads_of(layouts: Layouts, whole: Layout, body: tuple[Stmt, ...]) -> State:
    """The bits of "self" that some statements read."""
    mask = 0
    for statement in body:
        mask |= reads(layouts, whole, statement)
    return mask


def reads(layouts: Layouts, whole: Layout, node: Node) -> State:
    """A mask of the bits of "self" and "after" that a node reads."""
    mask = 0
    if isinstance(node, Expr):
        found = _place(layouts, whole, node)
        if found is not None:
            shift, width = found
            mask |= ((1 << width) - 1) << shift
            for key in _keys(node):
                mask |= reads(layouts, whole, key)
            return mask
    for child in children(node):
        mask |= reads(layouts, whole, child)
    return mask


def _keys(place: Expr) -> list[Expr]:
    found = []
    while isinstance(place, Get | At):
        if isinstance(place, At):
            found.append(place.key)
        place = place.base
    return found


def _place(layouts: Layouts, whole: Layout, expr: Expr) -> tuple[int, int] | None:
    """Shift and width of what a path from a root reads; a map or sequence as a whole."""
    match expr:
        case Var(name=name):
            return (0, whole.width) if name in ROOTS else None
        case Get(base=base, name=name):
            outer = _place(layouts, whole, base)
            if outer is None or base.type.dense or _moving(base):
                return outer
            slot = layouts.of(base.type).slot(name)
            return outer[0] + slot.shift, slot.layout.width
        case At(base=base):
            return _place(layouts, whole, base)
        case _:
            return None


def _moving(place: Expr) -> bool:
    """Whether a place lies inside a slot of which it is not known where it is."""
    while isinstance(place, Get | At):
        if isinstance(place, At):
            assert isinstance(place.base.type, MapType | SeqType)
            return True
        place = place.base
    return False
