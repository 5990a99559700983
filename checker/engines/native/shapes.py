"""Shapes: what a value in flight is in C, and how it is read from and written to a state.

    u64      dense types (their number) and sets with one bit a value
    i64      integers, which are themselves while they are computed with
    slots    a u64, too: listed collections of dense elements that a word has room for, as they
             lie in a state
    struct   everything else: one type for each, with functions to load, store, compare

A type is declared once, where it is first needed; `Shapes.declarations` are the text.
"""

from __future__ import annotations

from typing import Any

from checker.engines.native.words import WORD, Component, Room, Rooms
from checker.errors import EngineError
from checker.language.types import (
    BOOL,
    CollectionType,
    IntType,
    MapType,
    OptionType,
    SeqType,
    SetType,
    StructType,
    Type,
    UnionType,
)
from checker.language.values import order

LARGEST_INT = (1 << 31) - 1
LARGEST = (1 << 63) - 1
"""The largest integer that is computed with."""


def is_short(kind: Type) -> bool:
    """Whether a type is a set with one bit a value."""
    return isinstance(kind, SetType) and kind.bits is not None


def is_scalar(kind: Type) -> bool:
    """Whether a value of the type is one number."""
    return kind.dense or is_short(kind) or isinstance(kind, IntType)


def low_of(kind: Type) -> int:
    """What is subtracted from a value to give its number: the least integer of a range."""
    return (kind.low or 0) if isinstance(kind, IntType) else 0


def number_text(value: int) -> str:
    """A constant of C."""
    return f"{value}ULL" if value > LARGEST_INT else str(value)


class Shapes:
    """The C types of a program's types."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.declarations: list[str] = []
        self._names: dict[Type, str] = {}
        self._listed: set[Type] = set()
        self._refits: set[tuple[Type, Type]] = set()

    def of(self, kind: Type) -> str:
        """The C type of a value."""
        if isinstance(kind, IntType):
            return "i64"
        if is_scalar(kind):
            return "u64"
        found = self._names.get(kind)
        if found is None:
            found = self._declare(kind)
        return found

    # -------------------------------------------------------- comparing

    def equal(self, kind: Type, a: str, b: str) -> str:
        """Whether two values are equal."""
        return f"({a} == {b})" if is_scalar(kind) else f"{self.of(kind)}_eq({a}, {b})"

    def _eq(self, kind: Type) -> str:
        return "SCALAR_EQ" if is_scalar(kind) else f"{self.of(kind)}_eq"

    def _cmp(self, kind: Type) -> str:
        return "SCALAR_CMP" if is_scalar(kind) else f"{self.of(kind)}_cmp"

    # -------------------------------------------------------- declaring

    def _declare(self, kind: Type) -> str:
        fields = self._fields(kind)
        name = self._names[kind] = f"T{len(self._names)}"
        self.declarations.append(f"/* {kind} */")
        if isinstance(kind, CollectionType):
            item, way = kind.item, "items" if isinstance(kind, SeqType) else "largest"
            given = (name, self.of(item), kind.capacity)
            kept = f"LISTED_STRUCT({', '.join(map(str, given))})"
            if self._numbered(kind):
                width = self.rooms.slot(kind).width
                given_number = (*given, width, low_of(item))
                kept = f"LISTED_NUMBER({', '.join(map(str, given_number))})"
            compared = (*given, self._eq(item), self._cmp(item))
            self.declarations.append(f"{kept}\nLISTED({', '.join(map(str, compared))})")
            self.declarations.append(f"#define {name}_cmp {name}_cmp_{way}")
        elif isinstance(kind, MapType):
            self._declare_map(name, kind)
        else:
            self._declare_struct(name, fields)
        self._declare_access(name, kind)
        return name

    def _numbered(self, kind: CollectionType) -> bool:
        """Whether a listed collection is a number: its slots, side by side."""
        room = self.rooms.of(kind)
        return room.row is not None and room.row.item.scalar and not room.words and room.width > 0

    def _fields(self, kind: Type) -> list[tuple[str, Type]]:
        """The members of the struct, in the order that compares them; their types are declared."""
        match kind:
            case StructType(fields=fields):
                found = [(f"f_{name}", own) for name, own in fields]
            case OptionType(item):
                found = [("value", item)]
            case UnionType(options):
                found = [(f"r{position}", option) for position, option in enumerate(options)]
            case MapType(_, value):
                found = [("v", value)]
            case _:
                assert isinstance(kind, CollectionType)
                found = [("v", kind.item)]
        for _, own in found:
            self.of(own)
        if isinstance(kind, OptionType | UnionType):
            head = "some" if isinstance(kind, OptionType) else "tag"
            return [(head, BOOL), *found]
        return found

    def _declare_struct(self, name: str, fields: list[tuple[str, Type]]) -> None:
        members = " ".join(f"{self.of(own)} {field};" for field, own in fields)
        equal = " && ".join(self.equal(own, f"a.{f}", f"b.{f}") for f, own in fields) or "1"
        ordered = "".join(
            f"  if ((o = {self._cmp(own)}(a.{f}, b.{f}))) return o;\n" for f, own in fields
        )
        self.declarations.append(
            f"typedef struct {{ {members or 'char none;'} }} {name};\n"
            f"static inline int {name}_eq({name} a, {name} b) {{ return {equal}; }}\n"
            f"static inline int {name}_cmp({name} a, {name} b) {{\n  int o = 0;\n{ordered}"
            f"  return o;\n}}"
        )

    def _declare_map(self, name: str, kind: MapType) -> None:
        count, value = kind.key.count or 0, kind.value
        self.declarations.append(
            f"typedef struct {{ {self.of(value)} v[{count}]; }} {name};\n"
            f"static inline int {name}_eq({name} a, {name} b) {{\n"
            f"  for (int i = 0; i < {count}; i++)\n"
            f"    if (!{self.equal(value, 'a.v[i]', 'b.v[i]')}) return 0;\n  return 1;\n}}\n"
            f"static inline int {name}_cmp({name} a, {name} b) {{\n"
            f"  for (int i = 0; i < {count}; i++) {{\n"
            f"    int o = {self._cmp(value)}(a.v[i], b.v[i]);\n    if (o) return o;\n  }}\n"
            f"  return 0;\n}}"
        )

    # -------------------------------------------------------- loading and storing

    def load(self, kind: Type, room: Room, words: str, word: str, bit: str) -> str:
        """A value at a place: `word` words and `bit` bits into the array `words`."""
        if room.scalar:
            return self.decoded(kind, scalar_at(room.width, words, word, bit))
        return f"{self.of(kind)}_load({words} + {word}, {bit})"

    def decoded(self, kind: Type, code: str) -> str:
        """A number as a value: integers count from their least."""
        if not isinstance(kind, IntType):
            return code
        low = low_of(kind)
        return f"((i64){code} + {low})" if low else f"(i64){code}"

    def encoded(self, kind: Type, value: str) -> str:
        """A value as its number."""
        low = low_of(kind)
        if isinstance(kind, IntType):
            return f"(u64)({value} - {low})" if low else f"(u64){value}"
        return value

    def store(self, kind: Type, room: Room, words: str, word: str, bit: str, value: str) -> str:
        """The statement that puts a value at a place."""
        if room.scalar:
            if not room.width:
                return f"(void)({value});"
            target = f"{words}[{word}]"
            code = self.encoded(kind, value)
            return f"{target} = put_bits({target}, {bit}, {room.width}, {code});"
        return f"{self.of(kind)}_store({words} + {word}, {bit}, {value});"

    def _declare_access(self, name: str, kind: Type) -> None:
        room = self.rooms.of(kind)
        load, save = self._access(kind, room)
        self.declarations.append(
            f"static inline {name} {name}_load(const u64 *p, unsigned bit) {{\n"
            f"  {name} r = {{0}};\n  (void)bit;\n{load}  return r;\n}}\n"
            f"static inline void {name}_store(u64 *p, unsigned bit, {name} v) {{\n"
            f"  (void)bit;\n{save}}}"
        )

    def _access(self, kind: Type, room: Room) -> tuple[str, str]:
        match kind:
            case StructType(fields=fields):
                pairs = [(f"f_{n}", own, room.component(n)) for n, own in fields]
                return (
                    "".join(f"  r.{f} = {self._part(own, c)};\n" for f, own, c in pairs),
                    "".join(f"  {self._keep(own, c, f'v.{f}')}\n" for f, own, c in pairs),
                )
            case OptionType(item):
                return self._access_option(item, room)
            case UnionType(options):
                return self._access_union(options, room)
            case MapType(key, value):
                return self._access_row(value, room, str(key.count))
            case _:
                assert isinstance(kind, CollectionType)
                return self._access_slots(kind, room)

    def _part(self, kind: Type, component: Component) -> str:
        return self.load(kind, component.room, "p", str(component.word), f"bit + {component.bit}")

    def _keep(self, kind: Type, component: Component, value: str) -> str:
        place = (str(component.word), f"bit + {component.bit}")
        return self.store(kind, component.room, "p", *place, value)

    def _head(self, component: Component) -> tuple[str, str]:
        """The number that says which, or whether: how it is read, and where it is kept."""
        place = f"bit + {component.bit}"
        read = scalar_at(component.room.width, "p", str(component.word), place)
        target = f"p[{component.word}]"
        return read, f"{target} = put_bits({target}, {place}, {component.room.width}, %s);"

    def _clear(self, room: Room) -> str:
        """Zero what another record, or an element, may have left there."""
        if room.words:
            return f"  memset(p, 0, {room.words} * sizeof(u64));\n"
        return f"  p[0] &= ~((u64)ONES({room.width}) << bit);\n"

    def _access_option(self, item: Type, room: Room) -> tuple[str, str]:
        read, keep = self._head(room.component("some"))
        inner = room.component("value")
        load = f"  r.some = {read};\n  if (r.some) r.value = {self._part(item, inner)};\n"
        save = f"  if (v.some) {self._keep(item, inner, 'v.value')}\n"
        return load, f"{self._clear(room)}  {keep % 'v.some'}\n{save}"

    def _access_union(self, options: tuple[Type, ...], room: Room) -> tuple[str, str]:
        read, keep = self._head(room.component("tag"))
        load, save = f"  r.tag = {read};\n", f"{self._clear(room)}  {keep % 'v.tag'}\n"
        for position, option in enumerate(options):
            inner = room.component(str(position))
            load += f"  if (r.tag == {position}) r.r{position} = {self._part(option, inner)};\n"
            save += f"  if (v.tag == {position}) {self._keep(option, inner, f'v.r{position}')}\n"
        return load, save

    def _access_row(self, kind: Type, room: Room, count: str) -> tuple[str, str]:
        assert room.row is not None
        word, bit = row_place(room, "i")
        loop = f"  for (unsigned i = 0; i < {count}; i++)\n    "
        at = (word, f"bit + {bit}")
        return (
            f"{loop}r.v[i] = {self.load(kind, room.row.item, 'p', *at)};\n",
            f"{loop}{self.store(kind, room.row.item, 'p', *at, 'v.v[i]')}\n",
        )

    def _access_slots(self, kind: CollectionType, room: Room) -> tuple[str, str]:
        row = room.row
        assert row is not None
        if self._numbered(kind):
            read = scalar_at(room.width, "p", "0", "bit")
            return f"  r = {read};\n", f"  p[0] = put_bits(p[0], bit, {room.width}, v);\n"
        word, bit = row_place(room, "i")
        loop = f"  for (unsigned i = 0; i < {kind.capacity}; i++) {{\n"
        if row.item.scalar:
            code = scalar_at(row.item.width, "p", word, f"bit + {bit}")
            item = self.decoded(kind.item, "(code - 1)")
            load = f"    u64 code = {code};\n    if (!code) break;\n    r.v[r.len++] = {item};\n"
            kept = f"i < v.len ? {self.encoded(kind.item, 'v.v[i]')} + 1 : 0"
            target = f"p[{word}]"
            put = f"put_bits({target}, bit + {bit}, {row.item.width}, {kept})"
            return f"{loop}{load}  }}\n", f"{loop}    {target} = {put};\n  }}\n"
        some, value = row.item.component("some"), row.item.component("value")
        place = f"(bit + {bit})"
        inner_word = f"{word} + {value.word}"
        taken = scalar_at(1, "p", f"{word} + {some.word}", place)
        item = self.load(kind.item, value.room, "p", inner_word, f"{place} + {value.bit}")
        load = f"{loop}    if (!{taken}) break;\n    r.v[r.len++] = {item};\n  }}\n"
        save = (
            f"{self._clear(room)}  for (unsigned i = 0; i < v.len; i++) {{\n"
            f"    p[{word} + {some.word}] |= 1ULL << {place};\n    "
            + self.store(kind.item, value.room, "p", inner_word, f"{place} + {value.bit}", "v.v[i]")
            + "\n  }\n"
        )
        return load, save

    # -------------------------------------------------------- converting, writing out

    def refit(self, source: CollectionType, target: CollectionType) -> str:
        """The function that brings a collection to another capacity."""
        a, b = self.of(source), self.of(target)
        if (source, target) not in self._refits:
            self._refits.add((source, target))
            self.declarations.append(f"REFIT({a}, {b}, {target.capacity})")
        return f"{a}_to_{b}"

    def every(self, kind: Type) -> str:
        """The array of every value of a type that is no number but has `choices`."""
        shape = self.of(kind)
        if kind not in self._listed:
            self._listed.add(kind)
            values = ",\n  ".join(self._braces(kind, value) for value in kind.universe())
            self.declarations.append(
                f"static const {shape} {shape}_every[{kind.choices}] = {{\n  {values}}};"
            )
        return f"{shape}_every"

    def literal(self, kind: Type, value: Any) -> str:
        """A constant value."""
        if isinstance(kind, IntType):
            if not -LARGEST <= value <= LARGEST:
                raise EngineError(
                    f"{value} does not fit the 64 bits that the native engine computes with",
                    hint="the python engine, where integers have no end",
                )
            return f"(i64){value}" if abs(value) < 1 << 31 else f"{value}LL"
        if kind.dense:
            return number_text(kind.number(value))
        if is_short(kind):
            assert isinstance(kind, SetType)
            return number_text(sum(1 << kind.item.number(item) for item in value))
        return f"(({self.of(kind)}){self._braces(kind, value)})"

    def _braces(self, kind: Type, value: Any) -> str:
        if is_scalar(kind):
            return self.literal(kind, value)
        match kind:
            case StructType(fields=fields):
                inner = ", ".join(
                    f".f_{name} = {self._braces(own, getattr(value, name))}" for name, own in fields
                )
            case OptionType(item):
                inner = "0" if value is None else f".some = 1, .value = {self._braces(item, value)}"
            case UnionType(options):
                tag = [option.cls for option in options].index(type(value))
                inner = f".tag = {tag}, .r{tag} = {self._braces(options[tag], value)}"
            case MapType(_, own):
                inner = f"{{{', '.join(self._braces(own, item) for item in value.values())}}}"
            case _:
                assert isinstance(kind, CollectionType)
                listed = (
                    list(value) if isinstance(kind, SeqType) else sorted(value._data, key=order)
                )
                if self._numbered(kind):
                    width = self.rooms.slot(kind).width
                    return number_text(
                        sum(
                            kind.item.number(element) + 1 << place * width
                            for place, element in enumerate(listed)
                        )
                    )
                body = ", ".join(self._braces(kind.item, element) for element in listed)
                inner = f"{len(listed)}, {{{body or 0}}}"
        return f"{{{inner}}}"


def scalar_at(width: int, words: str, word: str, bit: str) -> str:
    """The bits of a scalar in an array of words."""
    if not width:
        return "0"
    if width == WORD:
        return f"{words}[{word}]"
    return f"({words}[{word}] >> ({bit}) & {number_text((1 << width) - 1)})"


def row_place(room: Room, index: str) -> tuple[str, str]:
    """In which word, and at which bit, an item of a row stands; `index` is an operand."""
    row = room.row
    assert row is not None
    if row.item.words:
        return f"{index} * {row.item.words}", "0"
    if not room.words:
        return "0", f"{index} * {row.item.width}"
    return f"{index} / {row.per_word}", f"{index} % {row.per_word} * {row.item.width}"
