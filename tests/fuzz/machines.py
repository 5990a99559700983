"""Random machines: whole modules of Python text, over everything that the language has.

`machine_texts()` is the Hypothesis strategy; `loaded(text, folder)` writes a module to a file and
imports its machine.  Every engine can be held against the reference evaluator with them.

A machine has a few fields, starts, actions of its own and of a part, helpers that are inlined,
and properties of every kind.  Most of them have defects and pass bounds somewhere; that is part
of what engines must agree on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import strategies as st

from checker import Machine
from tests.fuzz.bodies import INDENT, Bodies, Procedure
from tests.fuzz.kinds import (
    BOOL,
    Component,
    Drawing,
    Kind,
    Many,
    Maybe,
    Named,
    Number,
    OneOf,
    Struct,
    Table,
    Vocabulary,
    declared,
    vocabulary,
)
from tests.fuzz.phrases import Helper, Phrases, Readable

HEADER = '''\
"""A random machine."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Annotated, Self

from checker import *


'''


HEADS = ("@action", "@action", '@action(by="who", fair="weak")', '@action(fair="strong")')


@st.composite
def machine_texts(draw: st.DrawFn) -> str:
    """The text of a module with a machine `Random` that needs no settings."""
    return Writer(Drawing(draw)).module()


class Writer:
    """Writes one module."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.words: Vocabulary = vocabulary(drawing)
        self.helpers: list[Helper] = []
        self.procedures: list[Procedure] = []
        self.fields: list[Readable] = []
        self.constants: list[Readable] = []
        self.ghosts: list[Readable] = []
        self.settings: dict[str, object] = {}

    def module(self) -> str:
        """The whole text."""
        part = self._part()
        fields = [*self._fields(part[0] if part else None), *self._channels(), *self._settled()]
        functions = self._functions()
        spec = self._spec() if self.drawing.chance(3) else ""
        body = [*fields, *self._helpers(), *self._starts(), *self._actions(), *self._properties()]
        if spec:
            body += self._refines()
        settings = f"SETTINGS: dict[str, object] = {self.settings}" if self.settings else ""
        parts = [
            self.words.declarations,
            part[1] if part else "",
            functions,
            spec,
            settings,
            "\n".join(["class Random(Machine):", *(INDENT + li if li else "" for li in body)]),
        ]
        return HEADER + "\n\n".join(text for text in parts if text) + "\n"

    # -------------------------------------------------------- state

    def _default(self, kind: Kind) -> str:
        to = Phrases(self.drawing, self.words, strict=True)
        filled = isinstance(kind, Many | Maybe) and self.drawing.chance(4)
        text = to.expr(kind, 0) if declared(kind) or filled else ""
        return f" = {text}" if text else ""

    def _kind(self) -> Kind:
        draw, words = self.drawing, self.words
        match draw.number(0, 9):
            case 0 | 1:
                key = words.key(draw)
                value = words.value(draw, symmetric=False) if draw.chance(8) else words.scalar(draw)
                if draw.chance(3):
                    value = words.many(draw, words.scalar(draw))
                if not Phrases(draw, words).can(value):
                    value = BOOL
                return Table(f"Map[{key.text}, {value.text}]", key, value)
            case 2 | 3 | 4:
                return words.many(draw, words.value(draw))
            case 5:
                item = words.value(draw)
                return item if isinstance(item, Maybe) else Maybe(f"{item.text} | None", item)
            case _:
                kind = words.value(draw, symmetric=False)
                return kind if Phrases(draw, words).can(kind) else words.small

    def _fields(self, part: Component | None) -> list[str]:
        lines = []
        for number in range(self.drawing.number(1, 4)):
            kind = self._kind()
            lines.append(f"f{number}: {kind.text}{self._field_default(kind)}")
            self.fields.append((f"self.f{number}", kind))
        if part is not None:
            if self.drawing.chance(5):
                key = self.words.scalar(self.drawing)
                kind = Table(f"Map[{key.text}, {part.text}]", key, part)
                lines.append(f"cells: {kind.text}")
                self.fields.append(("self.cells", kind))
            else:
                lines.append(f"cell: {part.text}")
                self.fields.append(("self.cell", part))
                self.procedures.append(Procedure("self.cell.bump", (self.words.small,)))
        return [*lines, ""]

    def _field_default(self, kind: Kind) -> str:
        if isinstance(kind, Table) and declared(kind.value):
            return f" = each({self._default(kind.value).removeprefix(' = ')})"
        return self._default(kind)

    def _phrases(self, *more: Readable) -> Phrases:
        scope = [*self.fields, *self.constants, *more]
        return Phrases(self.drawing, self.words, scope, list(self.helpers))

    def _channels(self) -> list[str]:
        """A channel, now and then: a generic part with actions and helpers of its own."""
        draw, words = self.drawing, self.words
        if not draw.chance(3):
            return []
        form, item = draw.one(("Network", "Queue", "Bulletin")), draw.one([words.color, words.pair])
        held = {"Network": "Bag", "Queue": "Seq", "Bulletin": "Set"}[form]
        limit = draw.one(("1", "2", '"Room", default=2'))
        name = "said" if held == "Set" else "in_flight"
        many = Many(f"Annotated[{held}[{item.text}], Capacity({limit})]", held, item)
        self.fields.append(("self.net", Component(f"{form}[{item.text}]", ((name, many),))))
        self.procedures.append(Procedure("self.net.send", (item,)))
        if form == "Queue":
            self.procedures.append(Procedure("self.net.take", ()))
            self.helpers.append(Helper("self.net.first", (), item))
        elif form == "Network":
            self.procedures.append(Procedure("self.net.take", (item,)))
        else:
            self.helpers.append(Helper("self.net.has", (item,), BOOL))
        faults = {"Network": 2, "Queue": 3, "Bulletin": 0}[form]
        for fault in ("loses", "repeats", "reorders")[:faults]:
            self.settings[fault] = draw.chance(5)
        return [f"net: Annotated[{form}[{item.text}], Capacity({limit})]"]

    def _settled(self) -> list[str]:
        """A design variant, and a ghost, now and then."""
        draw, lines = self.drawing, []
        if draw.chance(2):
            self.constants.append(("self.mode", BOOL))
            self.settings["mode"] = draw.chance(5)
            lines.append("mode: Variant[bool] = False")
        if draw.chance(2):
            kind = draw.one([BOOL, self.words.small, self.words.color])
            self.ghosts.append(("self.aux_seen", kind))
            lines.append(f"aux_seen: {kind.text}{self._default(kind)}")
        return lines

    def _part(self) -> tuple[Component, str] | None:
        """A part with an action and a helper of its own."""
        draw, words = self.drawing, self.words
        if not draw.chance(3):
            return None
        kinds: list[Kind] = [words.small, BOOL, words.many(draw, words.scalar(draw))]
        fields = tuple((f"p{n}", draw.one(kinds)) for n in range(draw.number(1, 2)))
        kind = Component("Cell", fields)
        own = [(f"self.{name}", inner) for name, inner in fields]
        to = Phrases(draw, words, list(own))
        lines = ["class Cell(Part):"]
        lines += [f"{INDENT}{name}: {inner.text}{self._default(inner)}" for name, inner in fields]
        lines += ["", f"{INDENT}@action", f"{INDENT}def tick(self) -> None:"]
        lines += [f"{INDENT * 2}require({to.expr(BOOL, 2)})"]
        lines += [INDENT * 2 + line for line in Bodies(to, own, []).block(2, 1)]
        lines += ["", f"{INDENT}def bump(self, given: {words.small.text}) -> None:"]
        with to.knowing(("given", words.small)):
            lines += [INDENT * 2 + line for line in Bodies(to, own, []).block(2, 1)]
        return kind, "\n".join(lines) + "\n"

    # -------------------------------------------------------- helpers

    def _functions(self) -> str:
        """A function of the module, now and then."""
        if not self.drawing.chance(3):
            return ""
        lines, helper = self._function("helper", [], "")
        self.helpers.append(helper)
        return "\n".join(lines) + "\n"

    def _function(self, name: str, scope: list[Readable], first: str) -> tuple[list[str], Helper]:
        draw, words = self.drawing, self.words
        kinds = [words.scalar(draw, symmetric=False) for _ in range(draw.number(0, 2))]
        result = draw.one([BOOL, words.small, words.color])
        names = [draw.one((f"a{n}", f"v_{n + 1}")) for n in range(len(kinds))]
        parameters = list(zip(names, kinds, strict=True))
        to = Phrases(draw, words, [*scope, *parameters], list(self.helpers))
        signature = ", ".join(
            [*([first] if first else []), *(f"{n}: {k.text}" for n, k in parameters)]
        )
        lines = [f"def {name}({signature}) -> {result.text}:"]
        if draw.chance(4):
            local = draw.one(("v_1_2", "local"))
            lines.append(f"{INDENT}{local} = {to.expr(BOOL, 2)}")
            to.scope.append((local, BOOL))
        if draw.chance(4):
            lines += [
                f"{INDENT}if {to.expr(BOOL, 1)}:",
                f"{INDENT * 2}return {to.fitting(result, 1)}",
            ]
        unions = [(t, k) for t, k in to.places(OneOf) if isinstance(k, OneOf)]
        if unions and draw.chance(5):
            lines += self._matched(to, *draw.one(unions), result)
        lines.append(f"{INDENT}return {to.fitting(result, 2)}")
        call = f"self.{name}" if first else name
        return lines, Helper(call, tuple(kinds), result)

    def _matched(self, to: Phrases, text: str, kind: OneOf, result: Kind) -> list[str]:
        """A match that returns, in some cases."""
        lines = [f"{INDENT}match {text}:"]
        for option in kind.options[: self.drawing.number(1, len(kind.options))]:
            names = [(to.name("w"), own) for _, own in option.fields]
            with to.knowing(*names):
                value = to.fitting(result, 1)
            shown = ", ".join(name for name, _ in names)
            lines += [f"{INDENT * 2}case {option.text}({shown}):", f"{INDENT * 3}return {value}"]
        return lines

    def _helpers(self) -> list[str]:
        lines = []
        for number in range(self.drawing.number(0, 2)):
            text, helper = self._function(f"h{number}", self.fields, "self")
            self.helpers.append(helper)
            lines += [*text, ""]
        if self.drawing.chance(3):
            kind = self.words.scalar(self.drawing, symmetric=False)
            to = self._phrases(("given", kind))
            lines += [f"def change(self, given: {kind.text}) -> None:"]
            block = Bodies(to, self.fields, []).block(2, 1, returns=True)
            lines += [*(INDENT + line for line in block), ""]
            self.procedures.append(Procedure("self.change", (kind,)))
        if self.drawing.chance(3):
            lines += [*self._giver(), ""]
        return lines

    def _giver(self) -> list[str]:
        """A helper that changes something and returns a value, from several places."""
        result = self.drawing.one([BOOL, self.words.small, self.words.color])
        to = self._phrases()
        lines = [f"def give(self) -> {result.text}:"]
        lines += [INDENT + line for line in Bodies(to, self.fields, []).block(1, 0)]
        if self.drawing.chance(5):
            lines += [
                f"{INDENT}if {to.expr(BOOL, 1)}:",
                f"{INDENT * 2}return {to.fitting(result, 1)}",
            ]
        lines.append(f"{INDENT}return {to.fitting(result, 1)}")
        self.procedures.append(Procedure("self.give", (), result))
        return lines

    # -------------------------------------------------------- starts and actions

    def _starts(self) -> list[str]:
        starts = self.drawing.one((0, 0, 0, 1, 2))
        return [
            line for n in range(starts) for line in ("@initial", *self._behaviour(f"begin{n}", 1))
        ]

    def _actions(self) -> list[str]:
        lines = []
        self._signatures: dict[str, list[Readable]] = {}
        for number in range(self.drawing.number(1, 4)):
            head = self.drawing.one(HEADS)
            lines += [head, *self._behaviour(f"act{number}", 2)]
        return [*lines, *self._motor("motor"), *self._motor("engine")]

    def _motor(self, name: str) -> list[str]:
        """An action that is always possible and changes something: there is more to explore."""
        text, kind = self.drawing.one(self.fields)
        parameters: list[Readable] = []
        while isinstance(kind, Table | Component):
            if isinstance(kind, Table):
                parameters.append(("k", kind.key))
                text, kind = f"{text}[k]", kind.value
            else:
                inner, kind = self.drawing.one(kind.fields)
                text = f"{text}.{inner}"
        wanted = kind.item if isinstance(kind, Many) else kind
        if wanted in self._chosen():
            parameters.append(("p", wanted))
        to = self._phrases(*parameters)
        value = "p" if wanted in self._chosen() else to.fitting(wanted, 2) if to.can(wanted) else ""
        call = (
            {"Set": "add", "Bag": "add", "Seq": "append"}[kind.form]
            if isinstance(kind, Many)
            else ""
        )
        change = f"{text}.{call}({value})" if call else f"{text} = {value}"
        signature = ", ".join(["self", *(f"{n}: {k.text}" for n, k in parameters)])
        return [
            "@action",
            f"def {name}({signature}) -> None:",
            INDENT + (change if value else "pass"),
            "",
        ]

    def _chosen(self) -> list[Kind]:
        """The types of which a parameter tries every value."""
        words = self.words
        return [BOOL, *words.domains, words.small, words.count, words.pair]

    def _behaviour(self, name: str, most: int) -> list[str]:
        draw = self.drawing
        parameters: list[Readable] = []
        guards: list[str] = []
        for number in range(draw.number(min(most, 1), most)):
            own = f"p{number}"
            known = self._phrases(*parameters).places(Many)
            wholes = [(t, k) for t, k in known if isinstance(k, Many)]
            if wholes and draw.chance(4):
                text, whole = draw.one(wholes)
                assert isinstance(whole, Many)
                parameters.append((own, whole.item))
                guards.append(f"require({own} in {text})")
            else:
                parameters.append((own, self.words.scalar(draw)))
        to = self._phrases(*parameters)
        signature = ", ".join(["self", *(f"{n}: {k.text}" for n, k in parameters)])
        if draw.chance(4):
            guards.append(f"require({to.expr(BOOL, 2)})")
        lines = [f"def {name}({signature}) -> None:", *(INDENT + guard for guard in guards)]
        block = Bodies(to, self.fields, self.procedures).block(3, 2, returns=True)
        if name.startswith("act"):
            self._signatures[name] = parameters
            for place, kind in self.ghosts:
                if draw.chance(4):
                    block.insert(0, f"{place} = {to.fitting(kind, 1)}")
        return [*lines, *(INDENT + line for line in block), ""]

    # -------------------------------------------------------- properties

    def _properties(self) -> list[str]:
        draw = self.drawing
        lines = []
        for number in range(draw.number(1, 2)):
            text = self._phrases(*self.ghosts).expr(BOOL, 3)
            lines += ["@invariant", f"def inv{number}(self) -> bool:",
                      f"{INDENT}return {text}", ""]  # fmt: skip
        if draw.chance(6):
            lines += ["@reachable", "def witness(self) -> bool:",
                      f"{INDENT}return {self._phrases().expr(BOOL, 3)}", ""]  # fmt: skip
        if draw.chance(4):
            lines += ["@terminal", "def end(self) -> bool:",
                      f"{INDENT}return {self._phrases().expr(BOOL, 2)}", ""]  # fmt: skip
        if draw.chance(6):
            lines += self._step()
        if draw.chance(2):
            head = draw.one(("@eventually", "@eventually(after=inv0)"))
            lines += [head, "def soon(self) -> bool:",
                      f"{INDENT}return {self._phrases().expr(BOOL, 2)}", ""]  # fmt: skip
        return lines

    def _step(self) -> list[str]:
        draw = self.drawing
        after = [(text.replace("self.", "after.", 1), kind) for text, kind in self.fields]
        head, parameters = "@step", []
        if draw.chance(5):
            name = draw.one(list(self._signatures))
            parameters = [one for one in self._signatures[name] if draw.chance(7)]
            head = f"@step(on={name})"
        to = self._phrases(*after, *parameters)
        signature = ", ".join(["self", "after: Self", *(f"{n}: {k.text}" for n, k in parameters)])
        changed = draw.one(("", "", "", "self == after or ", "self != after and "))
        return [
            head,
            f"def stepwise({signature}) -> bool:",
            f"{INDENT}return {changed}{to.expr(BOOL, 3)}",
            "",
        ]

    # -------------------------------------------------------- refinement

    def _spec(self) -> str:
        """A specification with some of the fields, and actions of its own."""
        plain = [(t, k) for t, k in self.fields if isinstance(k, Named | Number | Struct | Many)
                 or k == BOOL]  # fmt: skip
        if not plain:
            return ""
        self._abstracted = plain[: self.drawing.number(1, 2)]
        lines = ["class Spec(Machine):"]
        for text, kind in self._abstracted:
            lines.append(f"{INDENT}{text.removeprefix('self.')}: {kind.text}{self._default(kind)}")
        to = Phrases(self.drawing, self.words, list(self._abstracted))
        for number in range(self.drawing.number(1, 2)):
            with to.knowing(("p", self.words.index)):
                body = Bodies(to, list(self._abstracted), []).block(2, 1)
            lines += ["", f"{INDENT}@action", f"{INDENT}def spec{number}(self, p: Node) -> None:"]
            lines += [INDENT * 2 + line for line in body]
        return "\n".join(lines) + "\n"

    def _refines(self) -> list[str]:
        to = self._phrases()
        lines = ["@refines(Spec)", "def as_spec(self, spec: Spec) -> None:"]
        for text, kind in self._abstracted:
            value = text if self.drawing.chance(7) else to.fitting(kind, 1)
            lines.append(f"{INDENT}spec.{text.removeprefix('self.')} = {value}")
        return [*lines, ""]


@contextmanager
def loaded(text: str, folder: Path) -> Iterator[Machine]:
    """Write a module to a file of `folder`, import it, and configure its machine.

    The module can be imported, as annotations and pickles need it to be, while the block runs.
    """
    name = f"random_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        yield module.Random(**getattr(module, "SETTINGS", {}))
    finally:
        del sys.modules[name]
        path.unlink()
        linecache.checkcache(str(path))
