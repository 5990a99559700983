"""Random statements of the language: what actions, starts and helpers consist of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz.kinds import (
    BOOL,
    WHOLE,
    Component,
    Kind,
    Many,
    Maybe,
    Named,
    Number,
    OneOf,
    Struct,
    Table,
    Truth,
)
from tests.fuzz.phrases import Phrases, Readable

INDENT = "    "


@dataclass(frozen=True)
class Procedure:
    """A helper that changes the state; it stands on a line of its own."""

    name: str
    parameters: tuple[Kind, ...]
    result: Kind | None = None


class Bodies:
    """Writes lists of lines.  `places` are those that statements may change."""

    def __init__(
        self, phrases: Phrases, places: list[Readable], procedures: list[Procedure]
    ) -> None:
        self.to = phrases
        self._draw = phrases.drawing
        self._places = places
        self._procedures = procedures

    def block(self, size: int, fuel: int, *, returns: bool = False) -> list[str]:
        """Some statements, at least one."""
        before, lines = self.to.scope, []
        for _ in range(self._draw.number(1, size)):
            lines.extend(self.statement(fuel, returns=returns))
        self.to.scope = before
        return lines

    def statement(self, fuel: int, *, returns: bool = False) -> list[str]:
        """One statement, or a few that belong together."""
        writers: list[Callable[[int], list[str]]] = [self._change] * 6
        writers += [self._local, self._alias, self._call, self._call, self._parts, self._container]
        if fuel > 0:
            writers += [self._if, self._if, self._for, self._match, self._match]
        if returns and self._draw.chance(1):
            if self._draw.chance(4):
                return [f"require({self.to.expr(BOOL, 1)})"]
            return [f"if {self.to.expr(BOOL, 1)}:", f"{INDENT}return"]
        if self._draw.chance(1) and self._draw.chance(5):
            return [f"assert {self.to.expr(BOOL, 2)}"]
        return self._draw.one(writers)(fuel) or self._change(fuel)

    # -------------------------------------------------------- effects

    def _written(self) -> list[Readable]:
        """The places that may be written, and what is inside of them."""
        found: list[Readable] = []

        def add(text: str, kind: Kind, depth: int) -> None:
            if not isinstance(kind, Component):
                found.append((text, kind))
            if depth == 3:
                return
            match kind:
                case Component(fields=fields):
                    for name, own in fields:
                        add(f"{text}.{name}", own, depth + 1)
                case Table(key=key, value=value):
                    if self.to.can(key):
                        add(f"{text}[{self.to.fitting(key, 1)}]", value, depth + 1)

        text, kind = self._draw.one(self._places)
        add(text, kind, 0)
        return found

    def _change(self, fuel: int) -> list[str]:
        found = [(t, k) for t, k in self._written() if self._writable(k)]
        if not found:
            return ["pass"]
        place, kind = self._draw.one(found)
        if isinstance(kind, Many) and self._draw.chance(7):
            return [self._mutate(place, kind)]
        if isinstance(kind, Number) and self._draw.chance(4):
            sign = self._draw.one(("+", "-", "+", "*"))
            return [f"{place} {sign}= {self._draw.number(0, 2)}"]
        if isinstance(kind, Table) and self._draw.chance(4) and self.to.can(kind.value):
            return [f"{place} = each({self.to.fitting(kind.value, fuel)})"]
        return [f"{place} = {self.to.other(place, kind, fuel + 1)}"]

    def _writable(self, kind: Kind) -> bool:
        if isinstance(kind, Table):
            return isinstance(kind.key, Named) and self.to.can(kind.value)
        return self.to.can(kind)

    def _mutate(self, place: str, kind: Many) -> str:
        item = kind.item
        calls = ["clear()"]
        if self.to.can(item):
            added = self.to.fitting(item, 1)
            match kind.form:
                case "Set":
                    calls = ["clear()", f"discard({added})", f"remove({added})"]
                    calls += [f"add({added})"] * 5
                case "Bag":
                    calls = ["clear()", f"remove({added})"] + [f"add({added})"] * 5
                case _:
                    calls = ["clear()", "pop_first()", "pop_last()",
                             f"truncate({self.to.expr(WHOLE, 1)})"]  # fmt: skip
                    calls += [f"append({added})"] * 5
                    if self._draw.chance(2):
                        return f"{place}[{self.to.expr(WHOLE, 1)}] = {added}"
        return f"{place}.{self._draw.one(calls)}"

    def _call(self, _: int) -> list[str]:
        found = [p for p in self._procedures if all(map(self.to.can, p.parameters))]
        if not found:
            return []
        procedure = self._draw.one(found)
        arguments = ", ".join(self.to.fitting(kind, 1) for kind in procedure.parameters)
        call = f"{procedure.name}({arguments})"
        if procedure.result is None:
            return [call]
        name = self.to.name("got")
        self.to.scope = [*self.to.scope, (name, procedure.result)]
        return [f"{name} = {call}"]

    def _parts(self, _: int) -> list[str]:
        """A part starts anew, or takes over another's content."""
        tables = [(t, k) for t, k in self._places if isinstance(k, Table)]
        found = [(t, k) for t, k in tables if isinstance(k.value, Component) and self.to.can(k.key)]
        if not found:
            return []
        text, kind = self._draw.one(found)
        place = f"{text}[{self.to.fitting(kind.key, 1)}]"
        other = f"{text}[{self.to.fitting(kind.key, 1)}]"
        return [f"{place} = {self._draw.one((f'{kind.value.text}()', other))}"]

    def _container(self, fuel: int) -> list[str]:
        """A container in a local, which is changed and then put somewhere."""
        found = [(t, k) for t, k in self._places if isinstance(k, Many) and self.to.can(k.item)]
        if not found:
            return []
        text, kind = self._draw.one(found)
        assert isinstance(kind, Many)
        name = self.to.name("held")
        made = self.to._many(kind, 1)
        with self.to.knowing((name, kind)):
            change = self._mutate(name, kind)
        lines = [f"{name}: {kind.text} = {made}", change, f"{text} = {name}"]
        return lines if fuel >= 0 else []

    # -------------------------------------------------------- locals

    def _local(self, fuel: int) -> list[str]:
        kinds = [BOOL, *self.to.words.domains, self.to.words.small]
        kind = self._draw.one([kind for kind in kinds if self.to.can(kind)])
        name = self._fresh()
        if isinstance(kind, Number) and self._draw.chance(5):
            line = f"{name} = {self.to.expr(WHOLE, fuel + 1)}"
            self.to.scope = [*self.to.scope, (name, WHOLE)]
            more = [f"{name} += {self.to.expr(WHOLE, 1)}"] if self._draw.chance(5) else []
            return [line, *more]
        line = f"{name}: {kind.text} = {self.to.fitting(kind, fuel + 1)}"
        self.to.scope = [*self.to.scope, (name, kind)]
        return [line]

    def _fresh(self) -> str:
        """A name for a local: now and then one that inlining might think of, too."""
        taken = {text for text, _ in self.to.scope}
        odd = [name for name in ("a0", "a0__2", "given__2", "v_1") if name not in taken]
        return self._draw.one(odd) if odd and self._draw.chance(3) else self.to.name("x")

    def _alias(self, fuel: int) -> list[str]:
        """A name for a place, which is then changed through the name."""
        found: list[tuple[str, Kind]] = []
        for text, kind in self._places:
            if isinstance(kind, Many):
                found.append((text, kind))
            keyed = isinstance(kind, Table) and isinstance(kind.value, Many | Component)
            if isinstance(kind, Table) and keyed and self.to.can(kind.key):
                found.append((f"{text}[{self.to.fitting(kind.key, 1)}]", kind.value))
            if isinstance(kind, Component):
                found.append((text, kind))
        if not found:
            return []
        text, kind = self._draw.one(found)
        name = self.to.name("at")
        outer, scope = self._places, self.to.scope
        self._places, self.to.scope = [(name, kind)], [*scope, (name, kind)]
        lines = [f"{name} = {text}", *self._through(name, kind)]
        self._places = outer
        self.to.scope = [*scope, (name, kind)]
        return lines if fuel >= 0 else []

    def _through(self, name: str, kind: Kind) -> list[str]:
        return [self._mutate(name, kind)] if isinstance(kind, Many) else self._change(1)

    # -------------------------------------------------------- branches and loops

    def _inner(self, fuel: int) -> list[str]:
        return [INDENT + line for line in self.block(2, fuel - 1)]

    def _if(self, fuel: int) -> list[str]:
        lines = [f"if {self.to.expr(BOOL, 2)}:", *self._inner(fuel)]
        if self._draw.chance(3):
            lines += [f"elif {self.to.expr(BOOL, 1)}:", *self._inner(fuel)]
        if self._draw.chance(4):
            lines += ["else:", *self._inner(fuel)]
        return lines

    def _for(self, fuel: int) -> list[str]:
        tables = [(t, k) for t, k in self.to.places(Table) if isinstance(k, Table)]
        if tables and self._draw.chance(3):
            text, kind = self._draw.one(tables)
            key, value = self.to.name("k"), self.to.name("e")
            with self.to.knowing((key, kind.key), (value, kind.value)):
                return [f"for {key}, {value} in {text}.items():", *self._inner(fuel)]
        source = self.to.source()
        if source is None:
            return []
        name = self.to.name("i")
        with self.to.knowing((name, source[1])):
            return [f"for {name} in {source[0]}:", *self._inner(fuel)]

    def _match(self, fuel: int) -> list[str]:
        found = self.to.places(OneOf, Maybe, Named)
        if not found:
            return []
        text, kind = self._draw.one(found)
        match kind:
            case OneOf(options=options):
                return self._match_record(text, list(options), fuel)
            case Named(values=values, enum=True):
                lines = [f"match {text}:", f"{INDENT}case {self._draw.one(values)}:"]
                lines += [INDENT + line for line in self._inner(fuel)]
                return [*lines, f"{INDENT}case _:", *(INDENT + li for li in self._inner(fuel))]
            case Maybe(item=item) if not isinstance(item, Truth):
                name = self.to.name("y")
                lines = [f"match {text}:", f"{INDENT}case None:"]
                lines += [INDENT + line for line in self._inner(fuel)]
                with self.to.knowing((name, kind)):
                    inner = self._inner(fuel)
                return [*lines, f"{INDENT}case {name}:", *(INDENT + line for line in inner)]
        return []

    def _constant(self, kind: Kind) -> str:
        """A pattern that one value matches, where one can be written; or one of several."""
        match kind:
            case Named(values=values, enum=True):
                return " | ".join(sorted({self._draw.one(values), self._draw.one(values)}))
            case Truth():
                return self._draw.one(("True", "False"))
            case Number(low=int(low)):
                return str(max(low, 0))
            case Maybe():
                return "None"
            case _:
                return ""

    def _match_record(self, text: str, options: list[Struct], fuel: int) -> list[str]:
        lines = [f"match {text}:"]
        for option in options if self._draw.chance(7) else options[:1]:
            names: list[Readable] = []
            patterns: list[str] = []
            for field, own in option.fields:
                name = self.to.name("z")
                constant = self._constant(own) if self._draw.chance(4) else ""
                named = self._draw.chance(3) or any("=" in one for one in patterns)
                patterns.append((f"{field}=" if named else "") + (constant or name))
                names += [] if constant else [(name, own)]
            guard = f" if {self.to.expr(BOOL, 1)}" if self._draw.chance(2) else ""
            lines.append(f"{INDENT}case {option.text}({', '.join(patterns)}){guard}:")
            with self.to.knowing(*names):
                lines += [INDENT + line for line in self._inner(fuel)]
        return lines
