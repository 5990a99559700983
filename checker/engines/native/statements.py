"""From IR statements to the body of a C function.

The state before is the array `s`; the first effect copies it to `t`, which the effects change.
A guard that fails returns; what fails in evaluating is looked at right behind it, so that the
order in which guards are written decides, as it does for the reference evaluator.
"""

from __future__ import annotations

from checker.engines.native.context import after
from checker.engines.native.expressions import Expressions
from checker.engines.native.scalars import cheap
from checker.language.ir import (
    Assert,
    Assign,
    At,
    Expr,
    For,
    If,
    Let,
    Require,
    Stmt,
    Var,
    walk,
)
from checker.language.types import MapType, SeqType, Type

INDENT = "  "


class Function:
    """The lines of a function's body.

    root     the variable that is assigned ("self" or "spec")
    give_up  the statement to execute where something failed
    words    the size of the state, as C knows it
    """

    def __init__(self, to: Expressions, root: str, give_up: str, words: str) -> None:
        self.to = to
        self.lines: list[str] = []
        self._words = words
        self._give_up = give_up
        self._level = 1
        self._copied = root != "self"
        self._declared: dict[str, str] = {}

    def line(self, text: str) -> None:
        """One line at the present depth."""
        self.lines.append(INDENT * self._level + text)

    def body(self, statements: tuple[Stmt, ...]) -> None:
        """The whole body; afterwards `t` is the state after."""
        for name, kind in _locals(statements):
            shape = self.to.shapes.of(kind)
            self._declared[name] = self.to.fresh(name)
            self.to.names[name] = self._declared[name]
            zero = "0" if shape in ("u64", "i64") else "{0}"
            self.line(f"{shape} {self._declared[name]} = {zero};")
        for statement in statements:
            if not self._copied and any(isinstance(node, Assign) for node in walk(statement)):
                self._copy()
            self._statement(statement)
        if not self._copied:
            self._copy()

    def _copy(self) -> None:
        self._copied = True
        self.line(f"u64 t[{self._words}]; memcpy(t, s, sizeof t);")
        self.to.roots["self"] = ("t", self.to.roots["self"][1])

    def _failed(self) -> None:
        """Give up where anything since the last look has failed."""
        if self.to.failing:
            self.line(f"if (w->failed) {self._give_up}")
            self.to.failing = False

    def _statement(self, statement: Stmt) -> None:
        match statement:
            case Require(_, test):
                text = self.to.compile(test)
                if self.to.failing:
                    ok = self.to.fresh("ok")
                    self.line(f"int {ok} = {text} != 0;")
                    self._failed()
                    text = ok
                self.line(f"if (!{text}) return;")
            case Assert(span, test):
                text = self.to.compile(test)
                self.line(f"if (!{text}) fail(w, {self.to.site(None, span)});")
                self._failed()
            case Let(_, name, value):
                self.line(f"{self._declared[name]} = {self.to.compile(value)};")
                self._failed()
            case Assign(_, place, value):
                self._assign(place, value)
                self._failed()
            case If(_, test, then, other):
                self._if(test, then, other)
            case _:
                assert isinstance(statement, For)
                self._for(statement)

    def _for(self, statement: For) -> None:
        variable = self.to.fresh(statement.name)
        loop = self.to.loop(statement.source, variable)
        if loop.before:
            self.line(f"{{ {loop.before.rstrip()}")
            self._failed()
        self.line(f"{loop.head} {{")
        with self.to.naming(statement.name, variable):
            self._block(statement.body, loop.first)
        self.line("}}" if loop.before else "}")

    def _if(self, test: Expr, then: tuple[Stmt, ...], other: tuple[Stmt, ...]) -> None:
        text = self.to.compile(test)
        if self.to.failing:
            chosen = self.to.fresh("if")
            self.line(f"int {chosen} = {text} != 0;")
            self._failed()
            text = chosen
        self.line(f"if ({text}) {{")
        self._block(then)
        if other:
            self.line("} else {")
            self._block(other)
        self.line("}")

    def _block(self, statements: tuple[Stmt, ...], first: str = "") -> None:
        self._level += 1
        if first:
            self.line(first.rstrip())
        for statement in statements:
            self._statement(statement)
        self._level -= 1

    def _assign(self, place: Expr, value: Expr) -> None:
        text = self.to.compile(value)
        if self.to.failing and not cheap(place):  # the value comes before the place
            held = self.to.fresh("v")
            self.line(f"{self.to.shapes.of(value.type)} {held} = {text};")
            text = held
        self.store(place, text)

    def store(self, place: Expr, text: str) -> None:
        """Put a value at a place of the state."""
        if isinstance(place, At) and isinstance(place.base.type, SeqType):
            setup, (whole, index) = self.to.operands(place.base, place.key)
            name, site = self.to.shapes.of(place.base.type), self.to.site(None, place.span)
            changed = f"{name}_set(w, {whole}, {index}, {text}, {site})"
            self.store(place.base, after(setup, changed))
            return
        local = self._local(place)
        if local:
            self.line(f"{local} = {text};")
            return
        found = self.to.place(place)
        assert found is not None, place
        at = (found.array, found.word_text(), found.bit_text())
        stored = self.to.shapes.store(place.type, found.room, *at, text)
        self.line(f"{{ {found.setup}{stored} }}" if found.setup else stored)

    def _local(self, place: Expr) -> str:
        """A local, or an item of a map that is one, as C assigns it; empty for anything else."""
        match place:
            case Var(name=name):
                return self.to.names.get(name, "")
            case At(base=base, key=key) if isinstance(base.type, MapType):
                whole = self._local(base)
                return f"{whole}.v[{self.to.code(key)}]" if whole else ""
            case _:
                return ""


def _locals(statements: tuple[Stmt, ...]) -> list[tuple[str, Type]]:
    """The locals that statements assign, with their types: integers hold any value."""
    found: dict[str, Type] = {}
    for statement in statements:
        for node in walk(statement):
            if isinstance(node, Let):
                found.setdefault(node.name, node.value.type)
    return list(found.items())
