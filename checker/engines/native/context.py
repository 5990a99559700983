"""What compilers of expressions share: names, roots, and the sites where something can fail.

Expressions of the IR become operands of C.  Comprehensions and bindings are statement
expressions, which gcc and clang both have.  What can fail calls `fail(w, site)`; `Sites` numbers
the places in the source where that can happen.

Of several failures the first counts: it says whether a bound was passed or a defect met.  C
evaluates operands in any order, the language in the order in which they are written.  So where
more than one can fail, `operands` has them computed one after the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from checker.engines.native.places import Place, place_of
from checker.engines.native.shapes import Shapes, low_of, number_text
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
        before = dict(self.names)
        self.names[name] = text
        yield
        self.names = before

    def site(self, bound: str | None, span: Span | None) -> int:
        """A site, noting that the function has one."""
        self.failing = True
        return self.sites.of(bound, span)

    def operands(self, *exprs: Expr, settled: bool = False) -> tuple[str, list[str]]:
        """Statements that are to stand first, and the expressions as operands.

        `settled`: what the operands are given to may fail before it has evaluated all of them.
        """
        texts, fallible = [], []
        for expr in exprs:
            text, fails = self.watched(self.compile, expr)
            texts.append(text)
            fallible.append(fails)
        if sum(fallible) < (1 if settled else 2):
            return "", texts
        setup = ""
        for position, expr in enumerate(exprs):
            if fallible[position]:
                name = self.fresh("v")
                setup += f"{self.shapes.of(expr.type)} {name} = {texts[position]}; "
                texts[position] = name
        return setup, texts

    def watched(self, compiler: Callable[[Expr], str], expr: Expr) -> tuple[str, bool]:
        """What a compiler makes of an expression, and whether that can fail."""
        before, self.failing = self.failing, False
        text = compiler(expr)
        fails, self.failing = self.failing, before or self.failing
        return text, fails

    def code(self, expr: Expr) -> str:
        """The number of a scalar value."""
        return self.coded(expr, self.compile(expr))

    def coded(self, expr: Expr, text: str) -> str:
        """The number of a scalar value, of which `text` is the value."""
        if isinstance(expr, Const) and isinstance(expr.type, IntType):
            return number_text(int(expr.value) - low_of(expr.type))
        return self.shapes.encoded(expr.type, text)

    def place(self, expr: Expr) -> Place | None:
        """The place of the packed state that an expression names."""
        setup: list[str] = []

        def key(index: Expr) -> str:
            text, fails = self.watched(self.code, index)
            if not fails:
                return text
            name = self.fresh("k")
            setup.append(f"u64 {name} = {text}; ")
            return name

        found = place_of(expr, self.roots, self.shapes, key)
        return None if found is None else replace(found, setup="".join(setup))

    def read(self, place: Place, kind: Type) -> str:
        """The value at a place."""
        at = (place.array, place.word_text(), place.bit_text())
        return after(place.setup, self.shapes.load(kind, place.room, *at))


def after(setup: str, text: str) -> str:
    """An operand that is computed after some statements."""
    return f"({{ {setup}{text}; }})" if setup else text
