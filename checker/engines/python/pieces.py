"""Pieces of generated Python: what an expression of the IR becomes.

In generated code every value is an integer: the packed bits of its type, or for an `int` the
integer itself.  A piece is the text of a Python expression for it, its value where that is
known, and what else lets the text stay short: where bits stand in a larger value, so that
reading a field of a field shifts once; which operator a chain is made of, so that `a and b and
c` and a long `x if … else …` need no parentheses, of which Python nests only so many.

A text that calls nothing cannot fail, and may be left out where its value is not needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ATOM = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")

CALL = re.compile(r"\w\(")


@dataclass(frozen=True)
class Piece:
    """`text` evaluates to the value; `known` is the value where it is a constant."""

    text: str
    known: int | None = None

    def read(self) -> str:
        """An operand: in parentheses unless it is a name or number."""
        return self.text if set(self.text) <= ATOM else f"({self.text})"

    @property
    def sure(self) -> bool:
        """Whether evaluating it cannot fail."""
        return sure(self.text)


@dataclass(frozen=True)
class Window(Piece):
    """`width` bits of `root`, from `shift` plus `-step * index` for each moving part."""

    root: str = ""
    shift: int = 0
    moving: tuple[str, ...] = ()
    width: int = 0

    def distance(self) -> str:
        """How far from the right the bits stand, as an operand."""
        if not self.moving:
            return str(self.shift)
        return "(" + " - ".join([str(self.shift), *self.moving]) + ")"


@dataclass(frozen=True)
class Chain(Piece):
    """Operands with one connective between them: `and`, `or`."""

    connective: str = ""


@dataclass(frozen=True)
class Bound(Piece):
    """`body` after some names were given their values."""

    names: tuple[str, ...] = ()
    body: str = ""


def sure(text: str) -> bool:
    """Whether evaluating an expression cannot fail: it calls nothing."""
    return not CALL.search(text)


def constant(value: int) -> Piece:
    """A piece that is a number."""
    return Piece(str(value), value)


def window(root: str, shift: int, moving: tuple[str, ...], width: int, *, whole: bool) -> Piece:
    """The bits of `root` at a place; `whole` where nothing stands to their left."""
    if width == 0:
        return after((root, *moving), constant(0))
    bare = Window("", None, root, shift, moving, width)
    text = root if not shift and not moving else f"{root} >> {bare.distance()}"
    if not whole:
        text = f"{text} & {bare_mask(width)}"
    return Window(text, None, root, shift, moving, width)


def bare_mask(width: int) -> int:
    """Ones over a width."""
    return (1 << width) - 1


def after(texts: tuple[str, ...], piece: Piece) -> Piece:
    """The piece, once everything was evaluated that might fail."""
    risky = [text for text in texts if not sure(text)]
    return bound(risky, piece) if risky else piece


def bound(names: list[str], body: Piece) -> Piece:
    """The piece, after some texts were evaluated: `name := value` in parentheses, or others."""
    inner = body.names if isinstance(body, Bound) else ()
    text = body.body if isinstance(body, Bound) else body.text
    whole = (*names, *inner)
    return Bound(f"({', '.join(whole)}, {text})[-1]", None, whole, text)


def chain(connective: str, left: Piece, right: Piece) -> Piece:
    """Two conditions with `and` or `or` between them; the right one may go on."""
    follow = isinstance(right, Chain) and right.connective == connective
    return Chain(f"{left.read()} {connective} {right.text if follow else right.read()}",
                 None, connective)  # fmt: skip


def conditional(test: Piece, then: Piece, other: Piece) -> Piece:
    """`then` where `test` is true, else `other`, which may be a conditional itself."""
    return Piece(f"{then.read()} if {test.read()} else {other.text}")


def plus(piece: Piece, amount: int) -> Piece:
    """A piece with a number added to it."""
    if amount == 0:
        return piece
    if piece.known is not None:
        return constant(piece.known + amount)
    return Piece(f"{piece.read()} {'+' if amount >= 0 else '-'} {abs(amount)}")


def together(terms: list[tuple[Piece, int, str]], connective: str) -> Piece:
    """Terms moved to their places (`*` or `<<`) and put together; the constant ones beforehand."""
    fixed, texts = 0, []
    for piece, amount, move in terms:
        if piece.known is not None:
            fixed += piece.known * amount if move == "*" else piece.known << amount
        elif amount == (1 if move == "*" else 0):
            texts.append(piece.read())
        else:
            texts.append(f"({piece.read()} {move} {amount})")
    if not texts:
        return constant(fixed)
    if fixed:
        texts.append(str(fixed))
    return Piece(f" {connective} ".join(texts))


def generated(element: str, name: str, source: str, where: str = "") -> str:
    """What an expression is for each element of a source: a generator, in its parentheses.

    Python allows no `:=` in what a comprehension iterates, not even in a lambda there.
    """
    if ":=" not in source:
        return f"{element} for {name} in {source}{f' if {where}' if where else ''}"
    chosen = f"filter(lambda {name}: {where}, {source})" if where else source
    return f"map(lambda {name}: {element}, {chosen})"
