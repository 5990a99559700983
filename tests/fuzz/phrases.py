"""Random expressions of the language, as Python text, each of a type that is asked for.

`Phrases.expr(kind, fuel)` writes one.  What may be read is the `scope`: texts with their types,
to which comprehensions add their variables.  Many expressions can fail (an index outside a
sequence, None used as a value, an integer outside its range): engines must agree on those, too.
Integers that are stored are mostly brought back into their range, so that machines get somewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.fuzz.kinds import (
    BOOL,
    WHOLE,
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
    Truth,
    Vocabulary,
)

Readable = tuple[str, Kind]
DEEPEST = 3
"""How far into the state a path goes."""


@dataclass(frozen=True)
class Helper:
    """A function or method that returns a value."""

    call: str
    parameters: tuple[Kind, ...]
    result: Kind


@dataclass
class Phrases:
    """Writes expressions over a scope; `strict` ones never leave the range of a type."""

    drawing: Drawing
    words: Vocabulary
    scope: list[Readable] = field(default_factory=list)
    helpers: list[Helper] = field(default_factory=list)
    strict: bool = False
    _names: int = 0

    def name(self, hint: str = "v") -> str:
        """A new variable: now and then named as one that exists elsewhere, with a number."""
        self._names += 1
        return f"{hint}_{self._names}"

    def _apart(self, text: str) -> str:
        """A new variable that does not occur in a text."""
        name = self.name()
        while name in text:
            name = self.name()
        return name

    @contextmanager
    def knowing(self, *more: Readable) -> Iterator[None]:
        """More to read while the block runs."""
        before = self.scope
        hidden = {name for name, _ in more}
        self.scope = [*(one for one in before if one[0] not in hidden), *more]
        try:
            yield
        finally:
            self.scope = before

    # -------------------------------------------------------- what can be read

    def readable(self, kind: Kind) -> list[Readable]:
        """Everything of a kind that can be read, with what is inside of things."""
        return [found for found in self._reach() if self._same(found[1], kind)]

    def _same(self, found: Kind, wanted: Kind) -> bool:
        if isinstance(wanted, Number) and isinstance(found, Number):
            return wanted.low is None or found == wanted
        return found == wanted

    def places(self, *forms: type[Kind]) -> list[Readable]:
        """Everything of some forms of kind that can be read."""
        return [found for found in self._reach() if isinstance(found[1], forms)]

    def _reach(self) -> Iterator[Readable]:
        for text, kind in self.scope:
            yield from self._inside(text, kind, 0)

    def _inside(self, text: str, kind: Kind, depth: int) -> Iterator[Readable]:
        yield text, kind
        if depth == DEEPEST:
            return
        match kind:
            case Struct(fields=fields) | Component(fields=fields):
                for name, own in fields:
                    yield from self._inside(f"{text}.{name}", own, depth + 1)
            case Table(key=key, value=value):
                for index in self._keys(key):
                    yield from self._inside(f"{text}[{index}]", value, depth + 1)
            case Many(form="Seq", item=item):
                yield from self._inside(f"{text}[0]", item, depth + 1)  # a defect where empty
            case Maybe(item=Struct(fields=fields)):  # or None
                for name, own in fields:
                    yield from self._inside(f"{text}.{name}", own, depth + 1)

    def _keys(self, key: Kind) -> list[str]:
        """Some keys: names of that kind, and constants."""
        found = [text for text, kind in self.scope if kind == key]
        match key:
            case Named(values=values) if values:
                found.append(values[0])
            case Struct(text=name, fields=fields):
                inner = [self._keys(own) for _, own in fields]
                if all(inner):
                    found.append(f"{name}({', '.join(one[-1] for one in inner)})")
            case Truth():
                found.append("True")
            case Number(low=int(low)):
                found.append(str(low))
        return found

    def can(self, kind: Kind) -> bool:
        """Whether an expression of the kind can be written: none names a symmetric value."""
        match kind:
            case Named(values=()):
                return bool(self.readable(kind))
            case Struct(fields=fields):
                return all(self.can(own) for _, own in fields)
            case Table(value=value):
                return self.can(value)
            case Component():
                return False
            case _:
                return True

    # -------------------------------------------------------- expressions

    def expr(self, kind: Kind, fuel: int = 2) -> str:
        """An expression of a kind."""
        draw = self.drawing
        known = self.readable(kind)
        if known and draw.chance(6 if fuel <= 0 else 4):
            return draw.one(known)[0]
        loose = [text for text, own in self.places(Maybe, OneOf) if self._held(own, kind)]
        if loose and not isinstance(kind, Truth) and draw.chance(2):
            return draw.one(loose)  # a defect where it is another
        if fuel > 0 and draw.chance(1) and self._conditional(kind):
            test, then = self.expr(BOOL, fuel - 1), self.expr(kind, fuel - 1)
            return f"({then} if {test} else {self.expr(kind, fuel - 1)})"
        helpers = [h for h in self.helpers if h.result == kind and all(map(self.can, h.parameters))]
        if fuel > 0 and helpers and draw.chance(3):
            helper = draw.one(helpers)
            arguments = ", ".join(self.fitting(p, fuel - 1) for p in helper.parameters)
            return f"{helper.call}({arguments})"
        return self._new(kind, fuel)

    def _held(self, found: Kind, wanted: Kind) -> bool:
        """Whether a value may be one of `wanted`, which the type does not say."""
        match found:
            case Maybe(item=item):
                return item == wanted
            case OneOf(options=options):
                some = wanted.options if isinstance(wanted, OneOf) else (wanted,)
                return found != wanted and set(some) <= set(options)
            case _:
                return False

    def _conditional(self, kind: Kind) -> bool:
        return isinstance(kind, Truth | Number | Named) or self.can(kind)

    def other(self, place: str, kind: Kind, fuel: int) -> str:
        """What a place is given: rarely what it has already."""
        text = self.fitting(kind, fuel)
        return text if text != place else self._new(kind, fuel)

    def fitting(self, kind: Kind, fuel: int) -> str:
        """An expression of a kind that is stored: an integer mostly within its range."""
        if self.strict:
            return self.expr(kind, fuel)
        text = self.expr(WHOLE if isinstance(kind, Number) else kind, fuel)
        if isinstance(kind, Number) and self.drawing.chance(8):
            return f"min(max({text}, {kind.low}), {kind.high})"
        return text

    def _new(self, kind: Kind, fuel: int) -> str:
        match kind:
            case Truth():
                return self._truth(fuel) if fuel > 0 else self.drawing.one(("True", "False"))
            case Number():
                return self._number(kind, fuel)
            case Named(values=values, enum=enum):
                if values and not enum and fuel > 0 and self.drawing.chance(3):
                    return f"{kind.text}({self.expr(WHOLE, fuel - 1)})"
                return (
                    self.drawing.one(values) if values else self.drawing.one(self.readable(kind))[0]
                )
            case Maybe(item=item):
                if not self.can(item) or self.drawing.chance(3):
                    return "None"
                return self.fitting(item, fuel - 1)
            case Struct(text=name, fields=fields):
                return self._struct(name, fields, kind, fuel)
            case OneOf(options=options):
                return self.expr(self.drawing.one([o for o in options if self.can(o)]), fuel - 1)
            case Table(key=key, value=value):
                name = self.name("k")
                with self.knowing((name, key)):
                    body = self.fitting(value, fuel - 1)
                return f"Map({{{name}: {body} for {name} in {self._key_domain(kind)}}})"
            case Many():
                return self._many(kind, fuel)
        raise TypeError(kind)

    def _key_domain(self, kind: Table) -> str:
        known = self.readable(kind)
        if known:
            return self.drawing.one(known)[0]
        assert isinstance(kind.key, Named)
        return kind.key.text

    def _struct(
        self, name: str, fields: tuple[tuple[str, Kind], ...], kind: Kind, fuel: int
    ) -> str:
        known = self.readable(kind)
        if known and fields and self.drawing.chance(3):
            field_name, own = self.drawing.one(fields)
            return (
                f"replace({self.drawing.one(known)[0]}, {field_name}={self.fitting(own, fuel - 1)})"
            )
        return f"{name}({', '.join(self.fitting(own, fuel - 1) for _, own in fields)})"

    def _many(self, kind: Many, fuel: int) -> str:
        draw = self.drawing
        known = self.readable(kind)
        if known and fuel > 0 and kind.form != "Bag" and draw.chance(6):
            signs = ("|", "&", "-") if kind.form == "Set" else ("+",)
            whole = draw.one(known)[0]
            return f"({whole} {draw.one(signs)} {draw.one(known)[0]})"
        if (
            fuel > 0
            and _listable(kind)
            and draw.chance(3)
            and (made := self._comprehended(kind, fuel)) is not None
        ):
            return made
        if not self.can(kind.item) or not _listable(kind):
            return f"{kind.form}()"
        items = ", ".join(self.fitting(kind.item, fuel - 1) for _ in range(draw.number(0, 2)))
        if not items:
            return f"{kind.form}()"
        return f"{kind.form}({{{items}}})" if kind.form == "Set" else f"{kind.form}([{items}])"

    def _comprehended(self, kind: Many, fuel: int) -> str | None:
        source = self.source(ordered=kind.form == "Seq")
        if source is None:
            return None
        name = self.name()
        clauses = f"for {name} in {source[0]}"
        names = [(name, source[1])]
        if kind.form == "Set" and self.drawing.chance(3):
            with self.knowing(*names):
                more = self.source()
            if more is not None:
                inner = self._apart(more[0])
                clauses += f" for {inner} in {more[0]}"
                names.append((inner, more[1]))
        with self.knowing(*names):
            if not self.can(kind.item):
                return None
            body = self.fitting(kind.item, fuel - 1)
            where = f" if {self.expr(BOOL, fuel - 1)}" if self.drawing.chance(5) else ""
        inside = f"{body} {clauses}{where}"
        return f"{kind.form}({{{inside}}})" if kind.form == "Set" else f"{kind.form}([{inside}])"

    # -------------------------------------------------------- what is iterated

    def source(self, *, ordered: bool = False) -> Readable | None:
        """Something to iterate, and the kind of its elements; `ordered` where that must be told."""
        found: list[Readable] = [(d.text, d) for d in self.words.domains if d.values or not ordered]
        for text, kind in self._reach():
            match kind:
                case Many(form=form, item=item) if form == "Seq" or not (ordered and _hidden(item)):
                    found.append((text, item))
                    if form == "Seq":
                        found.append((f"range(len({text}))", WHOLE))
                        found.append((f"range(1, len({text}) + 1)", WHOLE))
                case Table(key=key, value=value) if not (ordered and _hidden(key)):
                    found.append((text, key))
                    if not isinstance(value, Component):
                        found.append((f"{text}.values()", value))
                case Number(low=int(), high=int(high)) if high < 10:
                    found.append((f"range({text})", WHOLE))
                case Maybe(item=Number(low=int(), high=int(high))) if high < 10:
                    found.append((f"range({text})", WHOLE))
                case Maybe(item=Many(form=form, item=item)) if form == "Seq" or not _hidden(item):
                    found.append((text, item))
        return self.drawing.one(found) if found else None

    # -------------------------------------------------------- conditions

    def _truth(self, fuel: int) -> str:
        match self.drawing.number(0, 9):
            case 0 | 1:
                return self._compared(fuel)
            case 2:
                return f"(not {self.expr(BOOL, fuel - 1)})"
            case 3 | 4:
                word = self.drawing.one((" and ", " or "))
                return f"({word.join(self.expr(BOOL, fuel - 1) for _ in range(2))})"
            case 5:
                return self._quantified(fuel)
            case 6:
                return f"({self._member(fuel)})"
            case 7:
                return f"({self._of_kind(fuel)})"
            case _:
                return f"({self._equal(fuel)})"

    def _compared(self, fuel: int) -> str:
        draw, signs = self.drawing, ("<", "<=", ">", ">=", "==", "!=")
        text = self.expr(WHOLE, fuel - 1)
        for _ in range(2 if draw.chance(2) else 1):
            text += f" {draw.one(signs)} {self.expr(WHOLE, fuel - 1)}"
        return f"({text})"

    def _narrowed(self, text: str, kind: OneOf | Maybe, fuel: int) -> str:
        """A question about what a union or an option is found to be."""
        inner = self.drawing.one(kind.options) if isinstance(kind, OneOf) else kind.item
        test = (
            f"isinstance({text}, {inner.text})"
            if isinstance(kind, OneOf)
            else f"{text} is not None"
        )
        with self.knowing((text, inner)):
            return f"{test} and {self.expr(BOOL, fuel - 1)}"

    def _quantified(self, fuel: int) -> str:
        word = self.drawing.one(("any", "all"))
        clauses: list[str] = []
        names: list[tuple[str, Kind]] = []
        for _ in range(self.drawing.number(1, 2)):
            with self.knowing(*names):
                source = self.source()
                if source is None:
                    break
                name = self._apart(source[0])
                names.append((name, source[1]))
                clauses.append(f"for {name} in {source[0]}")
        if not clauses:
            return "True"
        with self.knowing(*names):
            body = self.expr(BOOL, fuel - 1)
            where = f" if {self.expr(BOOL, fuel - 1)}" if self.drawing.chance(4) else ""
        return f"{word}({body} {' '.join(clauses)}{where})"

    def _member(self, fuel: int) -> str:
        wholes = [(t, k) for t, k in self.places(Many) if isinstance(k, Many) and self.can(k.item)]
        if not wholes:
            return self._equal(fuel)
        text, kind = self.drawing.one(wholes)
        assert isinstance(kind, Many)
        item = self.expr(WHOLE if isinstance(kind.item, Number) else kind.item, fuel - 1)
        others = [t for t, k in wholes if k == kind and t != text]
        if kind.form == "Set" and others and self.drawing.chance(5):
            return f"{text} {self.drawing.one(('<=', '>=', '==', '!='))} {self.drawing.one(others)}"
        return f"{item} {self.drawing.one(('in', 'not in'))} {text}"

    def _of_kind(self, fuel: int) -> str:
        """A question about an option, a union or an order."""
        some = self.places(Maybe, OneOf, Named)
        if not some:
            return self._equal(fuel)
        text, kind = self.drawing.one(some)
        if isinstance(kind, Maybe | OneOf) and text in dict(self.scope) and self.drawing.chance(4):
            return self._narrowed(text, kind, fuel)
        match kind:
            case Maybe():
                return f"{text} {self.drawing.one(('is None', 'is not None'))}"
            case OneOf(options=options):
                if self.drawing.chance(3):
                    return f"{text}.marked()"
                return f"isinstance({text}, {self.drawing.one(options).text})"
            case Named(values=values, enum=True) if self.drawing.chance(5):
                return f"{text} in ({self.drawing.one(values)}, {self.drawing.one(values)})"
            case Named(values=values, enum=True) if self.drawing.chance(4):
                return f"{text} {self.drawing.one(('is', 'is not'))} {self.drawing.one(values)}"
            case Named(values=values, enum=False) if values:
                return f"{text} {self.drawing.one(('<', '<=', '>='))} {self.expr(kind, fuel - 1)}"
            case _:
                return f"{text} == {self.expr(kind, fuel - 1)}"

    def _equal(self, fuel: int) -> str:
        some = self.places(Truth, Named, Maybe, Struct, OneOf, Many, Table)
        if not some:
            return f"{self.expr(WHOLE, fuel - 1)} == {self.expr(WHOLE, fuel - 1)}"
        text, kind = self.drawing.one(some)
        same = [t for t, k in some if k == kind]
        literal = not isinstance(kind, Many | Table) and self.can(kind)
        other = self.expr(kind, fuel - 1) if literal and fuel > 0 else self.drawing.one(same)
        return f"{text} {self.drawing.one(('==', '!='))} {other}"

    # -------------------------------------------------------- integers

    def _number(self, kind: Number, fuel: int) -> str:
        draw = self.drawing
        if kind.low is not None:
            assert kind.high is not None
            return str(draw.number(kind.low, kind.high))
        if fuel <= 0:
            return str(draw.number(-2, 3))
        match draw.number(0, 8):
            case 0 | 1:
                sign = draw.one(("+", "-", "*"))
                return f"({self.expr(WHOLE, fuel - 1)} {sign} {self.expr(WHOLE, fuel - 1)})"
            case 2:
                sign = draw.one(("//", "%"))
                return f"({self.expr(WHOLE, fuel - 1)} {sign} {draw.number(1, 3)})"
            case 3:
                several = [self.expr(WHOLE, fuel - 1) for _ in range(draw.number(2, 3))]
                return f"{draw.one(('min', 'max'))}({', '.join(several)})"
            case 4 | 5:
                return self._measured(fuel)
            case 6:
                return self._folded(fuel)
            case 7 if self.can(BOOL):
                return f"int({self.expr(BOOL, fuel - 1)})"
            case _:
                return str(draw.number(-2, 3))

    def _measured(self, fuel: int) -> str:
        """The length of something, a number of occurrences, or the number of an index."""
        some = self.places(Many, Named)
        found = [(t, k) for t, k in some if isinstance(k, Many) or (k.values and not k.enum)]  # type: ignore[attr-defined]
        if not found:
            return f"len({self.drawing.one(self.words.domains).text})"
        text, kind = self.drawing.one(found)
        colors = self.readable(self.words.color)
        if colors and self.drawing.chance(1):
            return f"NUMBERS[{self.drawing.one(colors)[0]}]"
        if isinstance(kind, Many):
            if kind.form == "Bag" and self.can(kind.item) and self.drawing.chance(5):
                return f"{text}.count({self.expr(kind.item, fuel - 1)})"
            if kind.form == "Seq" and isinstance(kind.item, Number) and self.drawing.chance(5):
                return f"{text}[{self.expr(WHOLE, fuel - 1)}]"
            return f"len({text})"
        return f"int({text})"

    def _folded(self, fuel: int) -> str:
        source = self.source()
        if source is None:
            return "0"
        word, name = self.drawing.one(("sum", "min", "max", "len")), self._apart(source[0])
        with self.knowing((name, source[1])):
            body = self.expr(WHOLE, fuel - 1)
            where = f" if {self.expr(BOOL, fuel - 1)}" if self.drawing.chance(4) else ""
        if word == "sum" and self.drawing.chance(2):
            return f"sum({body} for _ in Color for {name} in {source[0]}{where})"
        inside = f"{body} for {name} in {source[0]}{where}"
        if word == "len":
            return f"len([{inside}])"
        if word == "sum":
            return f"sum({inside})"
        default = f", default={self.expr(WHOLE, fuel - 1)}" if self.drawing.chance(7) else ""
        return f"{word}(({inside}){default})"


def _listable(kind: Many) -> bool:
    """Whether elements may be written out: Python's own sets have none that can change."""
    return kind.form != "Set" or not isinstance(kind.item, Many)


def _hidden(kind: Kind) -> bool:
    """Whether the elements have no order that a machine may use."""
    return isinstance(kind, Named) and not kind.values
