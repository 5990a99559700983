"""What compilers of expressions share: names, roots, and the sites where something can fail.

Expressions of the IR become operands of C.  Comprehensions and bindings are statement
expressions, which gcc and clang both have.  What can fail calls `fail(w, site)`; `Sites` numbers
the places in the source where that can happen.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from checker.engines.native.places import Place, place_of
from checker.engines.native.shapes import Shapes, is_scalar, is_short, low_of, number_text
from checker.engines.native.words import Room
from checker.errors import Span
from checker.language.ir import Const, Expr
from checker.language.types import IntType, Type


@dataclass(frozen=True)
class Site:
    """Somewhere an action may have to be given up: a bound by name, or a defect."""

    bound: str | None
    span: Span | None


@dataclass
class Sites:
    """The sites of a program, numbered from 1."""

    known: list[Site] = field(default_factory=list)

    def of(self, bound: str | None, span: Span | None) -> int:
        """The number of a site."""
        site = Site(bound, span)
        if site not in self.known:
            self.known.append(site)
        return self.known.index(site) + 1


class Context(ABC):
    """What is known while the expressions of one function are compiled.

    names    what each IR variable is in C
    roots    the arrays that the root variables are, with the room of the state
    failing  whether anything that was compiled can fail; who looks at failures resets it
    """

    def __init__(self, shapes: Shapes, sites: Sites, roots: Mapping[str, tuple[str, Room]]) -> None:
        self.shapes = shapes
        self.sites = sites
        self.names: dict[str, str] = {}
        self.roots = dict(roots)
        self.failing = False
        self._temporaries = count()

    @abstractmethod
    def compile(self, expr: Expr) -> str:
        """The expression as an operand of C."""

    def fresh(self, hint: str = "x") -> str:
        """A name that is used nowhere else in the function."""
        return f"{hint}_{next(self._temporaries)}"

    @contextmanager
    def naming(self, name: str, text: str) -> Iterator[None]:
        """Let a variable be `text` while the block runs."""
        before = self.names.get(name)
        self.names[name] = text
        try:
            yield
        finally:
            if before is None:
                del self.names[name]
            else:
                self.names[name] = before

    def site(self, bound: str | None, span: Span | None) -> int:
        """A site, noting that the function has one."""
        self.failing = True
        return self.sites.of(bound, span)

    def code(self, expr: Expr) -> str:
        """The number of a scalar value."""
        if isinstance(expr, Const) and is_scalar(expr.type) and not is_short(expr.type):
            return (
                number_text(int(expr.value) - low_of(expr.type))
                if isinstance(expr.type, IntType)
                else number_text(expr.type.number(expr.value))
            )
        text = self.compile(expr)
        if isinstance(expr.type, IntType) and text.isdecimal():
            return str(int(text) - low_of(expr.type))
        return self.shapes.encoded(expr.type, text)

    def place(self, expr: Expr) -> Place | None:
        """The place of the packed state that an expression names."""
        return place_of(expr, self.roots, self.shapes, self.code)

    def read(self, place: Place, kind: Type) -> str:
        """The value at a place."""
        return self.shapes.load(kind, place.room, place.array, place.word_text(), place.bit_text())
