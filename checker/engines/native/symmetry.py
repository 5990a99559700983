"""Symmetry: a state with its values renamed, and what it looks like from one value.

symmetry.c finds the representative of a state; here is what it asks of a program.  Both
functions follow the types.  A renaming goes through a value and puts another value wherever a
value of a symmetric domain stands: as a number, as the key of a map, as an element of a set.  A
view is a number that is made of everything in the state in such a way that no name enters: of a
value of a symmetric domain only whether it is the one that looks, and of what has no order
(maps over such values, sets, bags) a sum.
"""

from __future__ import annotations

from itertools import count

from checker.engines.native.shapes import Shapes, is_scalar, is_short
from checker.engines.native.words import Room
from checker.language.domains import Index
from checker.language.types import (
    CollectionType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    RecordType,
    SeqType,
    SetType,
    StructType,
    Type,
    UnionType,
    symmetric_domains,
)


def domains_of(kind: Type) -> tuple[IndexType, ...]:
    """The symmetric domains that values of a type mention, by name."""
    found: dict[type[Index], IndexType] = {}
    pending = [kind]
    while pending:
        now = pending.pop()
        match now:
            case IndexType(cls) if cls.symmetric:
                found[cls] = now
            case OptionType(item) | CollectionType(item):
                pending.append(item)
            case StructType(_, fields):
                pending.extend(own for _, own in fields)
            case UnionType(options):
                pending.extend(options)
            case MapType(key, value):
                pending.extend((key, value))
    return tuple(sorted(found.values(), key=str))


class Symmetry:
    """Writes `image_of` and `view_of` for one kind of state."""

    def __init__(self, shapes: Shapes, state: Room) -> None:
        self._shapes = shapes
        self._state = state
        self._domains = domains_of(state.type)
        self._functions: list[str] = []
        self._images: dict[Type, str] = {}
        self._views: dict[Type, str] = {}
        self._numbers = count()

    @property
    def wanted(self) -> bool:
        """Whether there is anything to be renamed."""
        return any(domain.size > 1 for domain in self._domains)

    def text(self) -> str:
        """The functions, and what symmetry.c needs to know."""
        image, view = self._image_of_state(), self._view_of_state()
        sizes = [domain.size for domain in self._domains]
        return "\n".join(
            [
                f"enum {{ DOMAINS = {len(sizes)}, LARGEST = {max(sizes)} }};",
                f"static const int sizes[DOMAINS] = {{{', '.join(map(str, sizes))}}};",
                "typedef struct { unsigned char to[DOMAINS][LARGEST]; } Renaming;",
                *self._functions,
                image,
                view,
                '#include "symmetry.c"',
            ]
        )

    def _image_of_state(self) -> str:
        lines = ["static void image_of(const u64 *s, const Renaming *p, u64 *t) {",
                 "  memcpy(t, s, sizeof(u64) * WORDS);"]  # fmt: skip
        for part in self._state.components:
            kind, place = part.room.type, (str(part.word), str(part.bit))
            if symmetric_domains(kind):
                value = self._image(kind, self._shapes.load(kind, part.room, "s", *place))
                lines.append(f"  {self._shapes.store(kind, part.room, 't', *place, value)}")
        return "\n".join([*lines, "}"])

    def _view_of_state(self) -> str:
        lines = ["static u64 view_of(const u64 *s, u32 d, u64 who) {", "  u64 h = 0;"]
        for part in self._state.components:
            kind, place = part.room.type, (str(part.word), str(part.bit))
            if symmetric_domains(kind):
                value = self._view(kind, self._shapes.load(kind, part.room, "s", *place))
                lines.append(f"  h = mixed(h, {value});")
        return "\n".join([*lines, "  return h;", "}"])

    # -------------------------------------------------------- renaming

    def _image(self, kind: Type, value: str) -> str:
        """A value of the type, renamed."""
        if not symmetric_domains(kind):
            return value
        if isinstance(kind, IndexType):
            return f"p->to[{self._domains.index(kind)}][{value}]"
        if kind not in self._images:
            name = f"image_{next(self._numbers)}"
            c_type = self._shapes.of(kind)
            body = self._image_body(kind)
            head = f"static inline {c_type} {name}({c_type} v, const Renaming *p)"
            self._functions.append(f"/* {kind} */\n{head} {{\n{body}}}")
            self._images[kind] = name
        return f"{self._images[kind]}({value}, p)"

    def _image_body(self, kind: Type) -> str:
        if kind.dense:
            return self._image_of_number(kind)
        match kind:
            case SetType(item) if is_short(kind):
                one = self._image(item, "(u64)__builtin_ctzll(v)")
                return f"  u64 r = 0;\n  for (; v; v &= v - 1) r |= 1ULL << {one};\n  return r;\n"
            case StructType(_, fields):
                pairs = [(f"v.f_{name}", own) for name, own in fields if symmetric_domains(own)]
                return (
                    "".join(f"  {f} = {self._image(o, f)};\n" for f, o in pairs) + "  return v;\n"
                )
            case OptionType(item):
                return f"  if (v.some) v.value = {self._image(item, 'v.value')};\n  return v;\n"
            case UnionType(options):
                cases = [(f"v.r{n}", n, own) for n, own in enumerate(options)]
                return "".join(
                    f"  if (v.tag == {n}) {f} = {self._image(own, f)};\n"
                    for f, n, own in cases if symmetric_domains(own)
                ) + "  return v;\n"  # fmt: skip
            case MapType(key, value):
                to, inner = self._image(key, "k"), self._image(value, "v.v[k]")
                return (f"  {self._shapes.of(kind)} r = v;\n"
                        f"  for (u64 k = 0; k < {key.count}; k++) r.v[{to}] = {inner};\n"
                        "  return r;\n")  # fmt: skip
            case CollectionType(item):
                return self._image_of_listed(kind, item)
            case _:
                raise TypeError(kind)

    def _image_of_listed(self, kind: CollectionType, item: Type) -> str:
        c_type = self._shapes.of(kind)
        inner = self._image(item, f"{c_type}_item(v, i)")
        loop = f"  for (u32 i = 0; i < {c_type}_len(v); i++)"
        if isinstance(kind, SeqType):
            return f"{loop} v = {c_type}_with(v, i, {inner});\n  return v;\n"
        return (f"  {c_type} r = {{0}};\n"
                f"{loop} r = {c_type}_insert(0, r, {inner}, 0, 0); /* it was not fuller before */\n"
                "  return r;\n")  # fmt: skip

    def _image_of_number(self, kind: Type) -> str:
        """A dense value is a number: it is taken apart, renamed, and put together again."""
        match kind:
            case OptionType(item):
                return f"  return v ? 1 + {self._image(item, '(v - 1)')} : 0;\n"
            case RecordType(_, fields):
                lines, factor = ["  u64 r = 0, n;\n"], 1
                for _, own in reversed(fields):
                    lines.append(f"  n = v % {own.count}, v /= {own.count};\n"
                                 f"  r += {factor} * {self._image(own, 'n')};\n")  # fmt: skip
                    factor *= own.count or 0
                return "".join([*lines, "  return r;\n"])
            case UnionType(options):
                lines, base = [], 0
                for own in options:
                    image = self._image(own, f"(v - {base})")
                    lines.append(f"  if (v < {base + (own.count or 0)}) return {base} + {image};\n")
                    base += own.count or 0
                return "".join([*lines, "  return v;\n"])
            case _:
                raise TypeError(kind)

    # -------------------------------------------------------- looking

    def _view(self, kind: Type, value: str) -> str:
        """A number for a value as it looks to `who` of domain `d`."""
        if isinstance(kind, IndexType) and symmetric_domains(kind):
            return f"(u64)(d == {self._domains.index(kind)} && {value} == who)"
        if is_scalar(kind) and not symmetric_domains(kind):
            return f"(u64){value}"
        if kind not in self._views:
            name = f"view_{next(self._numbers)}"
            body = self._view_body(kind)
            head = f"static inline u64 {name}({self._shapes.of(kind)} v, u32 d, u64 who)"
            self._functions.append(f"/* {kind} */\n{head} {{\n{body}}}")
            self._views[kind] = name
        return f"{self._views[kind]}({value}, d, who)"

    def _view_body(self, kind: Type) -> str:
        if kind.dense:
            return self._view_of_number(kind)
        match kind:
            case SetType(item) if is_short(kind):
                one = self._view(item, "(u64)__builtin_ctzll(v)")
                return f"  u64 h = 0;\n  for (; v; v &= v - 1) h += mixed(1, {one});\n  return h;\n"
            case StructType(_, fields):
                return self._view_in_turn([self._view(own, f"v.f_{name}") for name, own in fields])
            case OptionType(item):
                return f"  return v.some ? mixed(1, {self._view(item, 'v.value')}) : 0;\n"
            case UnionType(options):
                return "".join(
                    f"  if (v.tag == {n}) return mixed({n + 1}, {self._view(own, f'v.r{n}')});\n"
                    for n, own in enumerate(options)
                ) + "  return 0;\n"  # fmt: skip
            case MapType(key, value):
                inner = self._view(value, "v.v[k]")
                add = (f"h += mixed(mixed(1, {self._view(key, 'k')}), {inner})"
                       if symmetric_domains(key) else f"h = mixed(h, {inner})")  # fmt: skip
                loop = f"  for (u64 k = 0; k < {key.count}; k++) {add};\n"
                return f"  u64 h = 0;\n{loop}  return h;\n"
            case CollectionType(item):
                c_type = self._shapes.of(kind)
                inner = self._view(item, f"{c_type}_item(v, i)")
                ordered = isinstance(kind, SeqType)
                add = f"h = mixed(h, {inner})" if ordered else f"h += mixed(1, {inner})"
                loop = f"  for (u32 i = 0; i < {c_type}_len(v); i++) {add};\n"
                return f"  u64 h = {c_type}_len(v);\n{loop}  return h;\n"
            case _:
                raise TypeError(kind)

    def _view_in_turn(self, views: list[str]) -> str:
        lines = [f"  h = mixed(h, {view});\n" for view in views]
        return "".join(["  u64 h = 0;\n", *lines, "  return h;\n"])

    def _view_of_number(self, kind: Type) -> str:
        match kind:
            case OptionType(item):
                return f"  return v ? mixed(1, {self._view(item, '(v - 1)')}) : 0;\n"
            case RecordType(_, fields):
                lines = ["  u64 h = 0, n;\n"]
                for _, own in reversed(fields):
                    view = self._view(own, "(i64)n" if isinstance(own, IntType) else "n")
                    lines.append(f"  n = v % {own.count}, v /= {own.count};\n"
                                 f"  h = mixed(h, {view});\n")  # fmt: skip
                return "".join([*lines, "  return h;\n"])
            case UnionType(options):
                lines, base = [], 0
                for n, own in enumerate(options):
                    end = base + (own.count or 0)
                    view = self._view(own, f"(v - {base})")
                    lines.append(f"  if (v < {end}) return mixed({n + 1}, {view});\n")
                    base = end
                return "".join([*lines, "  return 0;\n"])
            case _:
                raise TypeError(kind)
