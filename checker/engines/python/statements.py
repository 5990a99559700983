"""From IR statements to the lines of a Python function.

The state is the variable `s`, one integer; an effect masks the bits of its place out and its
value in.  A guard that fails returns None from the function.
"""

from __future__ import annotations

from collections.abc import Mapping

from checker.engines.python.comprehensions import domain, iterable
from checker.engines.python.expressions import Expressions
from checker.engines.python.pieces import Piece, plus, sure
from checker.engines.python.walker import Layouts
from checker.language.ir import (
    Apply,
    Assert,
    Assign,
    At,
    Domain,
    Expr,
    For,
    Get,
    If,
    Let,
    Op,
    Require,
    Stmt,
    Var,
)
from checker.language.types import IntType, SeqType, SetType

INDENT = "    "


class Function:
    """A function being written: its lines, and the walker for its expressions.

    `roots` names the variable that each root of the IR is in; `alike` says how many functions
    are written of the same body.
    """

    def __init__(self, layouts: Layouts, roots: Mapping[str, str], alike: int = 1) -> None:
        self.lines: list[str] = []
        self.to = Expressions(layouts, alike)
        self._roots = dict(roots)
        self._layouts = layouts
        self._level = 1
        for root, name in roots.items():
            self.to.names[root] = Piece(name)

    def line(self, text: str) -> None:
        """One line at the present depth."""
        self.lines.append(INDENT * self._level + text)

    def statements(self, body: tuple[Stmt, ...]) -> None:
        """Write statements."""
        for statement in body:
            match statement:
                case Require(_, test):
                    self._require(test)
                case Assert(_, test):
                    self.line(f"if not {self.to.text(test)}: stop()")
                case Let(_, name, value):
                    self._let(name, value)
                case Assign(_, place, Apply(op=Op.INSERT, args=(whole, item))) if (
                    whole == place and isinstance(place.type, SetType) and place.type.bits
                ):
                    self._set_bit(place, self.to.code(item))
                case Assign(_, place, value):
                    self.assign(place, self.to.code(value))
                case If(_, test, then, other):
                    self._if(test, then, other)
                case _:
                    assert isinstance(statement, For)
                    self._for(statement)

    def _require(self, test: Expr) -> None:
        piece = self.to.compile(test)
        if piece.known is None:
            self.line(f"if not {piece.read()}: return None")
        elif not piece.known:
            self.line("return None")

    def _let(self, name: str, value: Expr) -> None:
        piece = self.to.compile(value)
        if name not in self.to.names:
            self.to.names[name] = Piece(self.to.fresh(name))
        self.line(f"{self.to.names[name].text} = {piece.text}")

    def _if(self, test: Expr, then: tuple[Stmt, ...], other: tuple[Stmt, ...]) -> None:
        piece = self.to.compile(test)
        if piece.known is not None:
            self.statements(then if piece.known else other)
            return
        self.line(f"if {piece.text}:")
        self._block(then)
        while len(other) == 1 and isinstance(other[0], If):  # Python indents only so far
            piece = self.to.compile(other[0].test)
            if piece.known is not None:
                break
            self.line(f"elif {piece.text}:")
            self._block(other[0].then)
            other = other[0].other
        if other:
            self.line("else:")
            self._block(other)

    def _block(self, body: tuple[Stmt, ...]) -> None:
        self._level += 1
        before = len(self.lines)
        self.statements(body)
        if len(self.lines) == before:
            self.line("pass")
        self._level -= 1

    def _for(self, statement: For) -> None:
        source = statement.source
        if isinstance(source, Domain):
            with self.to.copied(source.size) as unrolled:
                if unrolled:
                    for piece in domain(self.to, source):
                        with self.to.naming(statement.name, piece):
                            self.statements(statement.body)
                    return
        name = self.to.fresh(statement.name)
        self.line(f"for {name} in {iterable(self.to, source)}:")
        with self.to.naming(statement.name, Piece(name)):
            self._block(statement.body)

    # -------------------------------------------------------- effects

    def assign(self, place: Expr, value: Piece) -> None:
        """Put bits at a place of the state."""
        if isinstance(place, At) and isinstance(place.base.type, SeqType):
            own = self._layouts.of(place.base.type)
            whole, index = self.to.compile(place.base).text, self.to.compile(place.key).text
            code = plus(value, 1)
            item = place.base.type.item
            assert not (isinstance(item, IntType) and own.item is None)
            self.assign(place.base, Piece(
                f"put({whole}, {index}, {code.text}, {own.slot_width}, {place.base.type.capacity})"
            ))  # fmt: skip
            return
        root, shift, moving = self._path(place)
        name = self._roots.get(root) or self.to.names[root].text
        width = self._layouts.of(place.type).width
        if width == 0:
            self._evaluate(value.text, *moving)
            return
        mask = (1 << width) - 1
        if moving:
            distance = self.to.fresh("k")
            self.line(f"{distance} = {' - '.join([str(shift), *moving])}")
            self.line(f"{name} = {name} & ~({mask} << {distance}) | {value.read()} << {distance}")
            return
        keep = self._layouts.of(self._root(place).type).mask & ~(mask << shift)
        if value.known is not None:
            fixed = value.known << shift
            kept = name if value.known == mask else f"{name} & {keep:#x}"
            self.line(f"{name} = {kept}" + (f" | {fixed:#x}" if fixed else ""))
            return
        moved = value.read() if shift == 0 else f"{value.read()} << {shift}"
        self.line(f"{name} = {name} & {keep:#x} | {moved}" if keep else f"{name} = {moved}")

    def _evaluate(self, *texts: str) -> None:
        """Have expressions fail that do, though nobody needs their values."""
        for text in texts:
            if not sure(text):
                self.line(text)

    def _set_bit(self, place: Expr, code: Piece) -> None:
        """Add an element to a set of the state that has one bit a value."""
        root, shift, moving = self._path(place)
        name = self._roots.get(root) or self.to.names[root].text
        if code.known is not None and not moving:
            self.line(f"{name} = {name} | {1 << shift + code.known:#x}")
        else:
            distance = " - ".join([str(shift), *moving])
            self.line(f"{name} = {name} | 1 << {distance} + {code.read()}")

    def _root(self, place: Expr) -> Expr:
        while isinstance(place, Get | At):
            place = place.base
        return place

    def _path(self, place: Expr) -> tuple[str, int, tuple[str, ...]]:
        """The root of a place, and how far its bits stand from the right there."""
        match place:
            case Var(name=name):
                return name, 0, ()
            case Get(base=base, name=field):
                root, shift, moving = self._path(base)
                return root, shift + self._layouts.of(base.type).slot(field).shift, moving
            case _:
                assert isinstance(place, At)
                root, shift, moving = self._path(place.base)
                own, steps, _ = self.to.key_shift(place.base.type, place.key)
                return root, shift + own, (*moving, *steps)
