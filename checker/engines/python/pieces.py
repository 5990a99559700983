"""Pieces of generated Python: what an expression of the IR becomes.

In generated code every value is an integer: the packed bits of its type, or for an `int` the
integer itself.  A piece is the text of a Python expression for it, its value where that is
known, and, for bits that are read out of a larger value, where they stand, so that reading a
field of a field shifts once.
"""

from __future__ import annotations

from dataclasses import dataclass

ATOM = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@dataclass(frozen=True)
class Piece:
    """`text` evaluates to the value; `known` is the value where it is a constant."""

    text: str
    known: int | None = None

    def read(self) -> str:
        """An operand: in parentheses unless it is a name or number."""
        return self.text if set(self.text) <= ATOM else f"({self.text})"


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


def constant(value: int) -> Piece:
    """A piece that is a number."""
    return Piece(str(value), value)


def window(root: str, shift: int, moving: tuple[str, ...], width: int, whole: bool) -> Window:
    """The bits of `root` at a place; `whole` where nothing stands to their left."""
    mask = (1 << width) - 1
    bare = Window("", None, root, shift, moving, width)
    if width == 0:
        return Window("0", 0, root, shift, moving, width)
    text = root if not shift and not moving else f"{root} >> {bare.distance()}"
    if not whole:
        text = f"{text} & {mask}"
    return Window(text, None, root, shift, moving, width)
