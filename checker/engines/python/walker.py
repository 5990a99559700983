"""The walker from IR expressions to pieces: names, layouts, and how integers are stored.

`Walker.compile` asks a table that has one function a node (`expressions.NODES`).  An integer is
itself while it is computed, and counted from its type's least value where it is stored: `code`
and `decode` go from one to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from checker.engines.layout import Layout, layout
from checker.engines.python.pieces import Piece, Window, constant, plus, window
from checker.language.ir import Expr
from checker.language.types import IntType, SetType, Type

UNROLL_LIMIT = 64
"""Bodies of nested comprehensions and loops are written out at most this often."""

WRITTEN_LIMIT = 1024
"""And at most this often in all functions that are written of one action."""


class Layouts:
    """The layout of each type, made once."""

    def __init__(self) -> None:
        self._known: dict[Type, Layout] = {}

    def of(self, kind: Type) -> Layout:
        """The layout of a type."""
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = layout(kind)
        return found


class Walker:
    """Compiles expressions; `names` says what each IR variable is in the generated code.

    `alike` says how many functions are written of the same expressions.
    """

    def __init__(self, layouts: Layouts, nodes: Handlers, alike: int = 1) -> None:
        self.layouts = layouts
        self.names: dict[str, Piece] = {}
        self._nodes = nodes
        self._temporaries = count()
        self._copies = 1
        self._alike = alike

    # -------------------------------------------------------- names and copies

    def fresh(self, hint: str = "x") -> str:
        """A name that is used nowhere else."""
        plain = hint if hint.isidentifier() else "x"
        return f"{plain}{next(self._temporaries)}_"

    @contextmanager
    def naming(self, name: str, piece: Piece) -> Iterator[None]:
        """Let a variable be `piece` while the block runs."""
        assert name not in self.names, f"{name} is named twice"
        self.names[name] = piece
        try:
            yield
        finally:
            del self.names[name]

    @contextmanager
    def copied(self, times: int) -> Iterator[bool]:
        """Whether what follows may be written out `times` times."""
        before = self._copies
        often = before * times
        allowed = often <= UNROLL_LIMIT and often * self._alike <= WRITTEN_LIMIT
        if allowed:
            self._copies = max(1, often)
        try:
            yield allowed
        finally:
            self._copies = before

    # -------------------------------------------------------- expressions

    def compile(self, expr: Expr) -> Piece:
        """The piece that an expression is."""
        return self._nodes[type(expr)](self, expr)

    def text(self, expr: Expr) -> str:
        """The expression as an operand."""
        return self.compile(expr).read()

    def code(self, expr: Expr) -> Piece:
        """The expression's bits: as its value, but integers counted from the least."""
        return plus(self.compile(expr), -least(expr.type))

    def decode(self, piece: Piece, kind: Type) -> Piece:
        """Bits as a value: the reverse of `code`."""
        return plus(piece, least(kind))

    def slot(self, expr: Expr) -> str:
        """An element as it stands in a slot of a collection."""
        return plus(self.code(expr), 1).read()

    def value(self, kind: Type, value: object) -> Piece:
        """A value of a type as a constant."""
        if isinstance(kind, IntType) and isinstance(value, int):
            return constant(int(value))
        return constant(self.layouts.of(kind).pack(value))

    # -------------------------------------------------------- places

    def inside(
        self, base: Piece, kind: Type, shift: int, moving: tuple[str, ...], inner: Layout
    ) -> Piece:
        """The bits of a component of `base`."""
        if base.known is not None and not moving:
            return constant(base.known >> shift & inner.mask)
        if isinstance(base, Window):
            return window(
                base.root, base.shift + shift, (*base.moving, *moving), inner.width, whole=False
            )
        whole = not moving and shift + inner.width == self.layouts.of(kind).width
        return window(base.read(), shift, moving, inner.width, whole=whole)

    def key_shift(self, kind: Type, key: Expr) -> tuple[int, tuple[str, ...], Layout]:
        """How far the slot of a map's key stands from the right: a constant and moving parts."""
        own = self.layouts.of(kind)
        assert own.item is not None
        last = own.item.width * (len(own.keys) - 1)
        code = self.code(key)
        if code.known is not None:
            return last - own.item.width * code.known, (), own.item
        step = f"{own.item.width} * {code.read()}" if own.item.width != 1 else code.read()
        return last, (step,), own.item


Handlers = Mapping[type[Expr], Callable[[Walker, Any], Piece]]
"""Who compiles what."""


def least(kind: Type) -> int:
    """What bits 0 mean: the least integer of a range; 0 for all else."""
    return kind.low or 0 if isinstance(kind, IntType) else 0


def short(kind: Type) -> bool:
    """Whether a type is a set with one bit a value."""
    return isinstance(kind, SetType) and kind.bits is not None
