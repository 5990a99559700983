"""What annotations mean: from Python's type hints to the types of a configured machine.

`Resolver.resolve` gives the `Type` of an annotation.  It asks a `lookup` for the size behind each
name that can be configured: while the names are surveyed, the lookup writes the name down and
answers 1; afterwards it answers the configured size.
"""

from __future__ import annotations

import types as python_types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from checker.errors import LanguageError
from checker.language.annotations import Field, fields_of
from checker.language.domains import (
    Capacity,
    Counter,
    Range,
    Settings,
    is_index,
)
from checker.language.machine import Part
from checker.language.types import (
    BOOL,
    INTEGER,
    BagType,
    EnumType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    PartType,
    RecordType,
    SeqType,
    SetType,
    Type,
    UnionType,
)
from checker.language.values import Bag, Map, Record, Seq, Set

NameKind = Literal["domain", "counter", "capacity", "variant"]


LEAST: Mapping[NameKind, int] = {"domain": 1, "counter": 0, "capacity": 1}


COLLECTIONS: Mapping[Any, type[SetType | SeqType | BagType]] = {
    Set: SetType, Seq: SeqType, Bag: BagType,
}  # fmt: skip


@dataclass(frozen=True)
class Name:
    """Something a configuration sets: its kind, its type, and its default where it has one."""

    name: str
    kind: NameKind
    type: Type
    default: Any = None
    about: str = ""


Lookup = Callable[[Name], int]


class Resolver:
    """Turns annotations into types, asking `lookup` for the size behind each name."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def resolve(
        self,
        annotation: Any,
        bound: Mapping[Any, Any] | None = None,
        capacity: Capacity | None = None,
    ) -> Type:
        """The type of `annotation`.

        `bound` gives what the type variables of a generic part stand for; `capacity` is the one
        written around it, for the container that has none of its own.
        """
        bound = bound or {}
        if isinstance(annotation, TypeVar) or annotation is typing.Self:
            annotation = bound.get(annotation, annotation)
        if isinstance(annotation, Type):
            return annotation
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._annotated(arguments[0], arguments[1:], bound, capacity)
        if annotation is bool:
            return BOOL
        if annotation is int:
            return INTEGER
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            return EnumType(annotation)
        if is_index(annotation):
            name = Name(
                annotation.__name__, "domain", INTEGER, annotation.default, _doc(annotation)
            )
            return IndexType(annotation, self._lookup(name))
        if isinstance(annotation, type) and issubclass(annotation, Record):
            return RecordType(annotation, self._fields(annotation, {}))
        if origin is typing.Union or origin is python_types.UnionType:
            return self._union(arguments, bound, capacity)
        if origin is Map:
            key = self.resolve(arguments[0], bound)
            if not key.dense:
                raise LanguageError(
                    f"{key} cannot be the key of a map: it has too many values",
                    hint="use a domain, an enum, a bounded integer or a small record of these",
                )
            return MapType(key, self.resolve(arguments[1], bound, capacity))
        if origin in COLLECTIONS:
            return self._collection(COLLECTIONS[origin], arguments[0], bound, capacity)
        base = origin or annotation
        if isinstance(base, type) and issubclass(base, Part):
            variables = getattr(base, "__parameters__", ())
            inner = {v: self.resolve(a, bound) for v, a in zip(variables, arguments, strict=False)}
            return PartType(base, self._fields(base, inner, capacity), tuple(inner.items()))
        raise LanguageError(
            f"{getattr(annotation, '__name__', annotation)} is not a type of the language",
            hint="use an Index, an Enum, bool, a bounded int, Map, Set, Seq, Bag, a Record, "
            "a union of records, `T | None` or a Part",
        )

    def _fields(
        self, cls: type[Any], bound: Mapping[Any, Any], capacity: Capacity | None = None
    ) -> tuple[tuple[str, Type], ...]:
        found = []
        for field in fields_of(cls):
            if field.variant:
                self.variant(cls, field)
            else:
                kind = self.resolve(field.annotation, bound, capacity)
                if _unbounded(kind):
                    raise LanguageError(
                        f"{cls.__name__}.{field.name} is an int without bounds",
                        hint="Annotated[int, Range(low, high)] or Annotated[int, Counter(name)]",
                    )
                found.append((field.name, kind))
        return tuple(found)

    def variant(self, cls: type[Any], field: Field) -> Name:
        """What a variant field declares, made known to the lookup."""
        kind = self.resolve(get_args(field.annotation)[0])
        if not isinstance(kind, EnumType | IntType) and kind != BOOL:
            raise LanguageError(
                f"{cls.__name__}.{field.name}: a variant is an Enum, a bool or an int"
            )
        default = None if field.default is MISSING else field.default
        name = Name(field.name, "variant", kind, default)
        self._lookup(name)
        return name

    def _annotated(
        self, inner: Any, marks: tuple[Any, ...], bound: Mapping[Any, Any], outer: Capacity | None
    ) -> Type:
        capacity = outer
        for mark in marks:
            match mark:
                case Counter(name, default):
                    high = self._lookup(Name(name, "counter", INTEGER, default))
                    return IntType(0, high, name)
                case Range(low, high):
                    if high < low:
                        raise LanguageError(f"Range({low}, {high}) is empty")
                    return IntType(low, high)
                case Capacity():
                    capacity = mark
        return self.resolve(inner, bound, capacity)

    def _collection(
        self,
        form: type[SetType | SeqType | BagType],
        item: Any,
        bound: Mapping[Any, Any],
        capacity: Capacity | None,
    ) -> Type:
        kind = self.resolve(item, bound)
        if isinstance(kind, PartType):
            raise LanguageError(
                f"a {form.__name__.removesuffix('Type')} cannot hold {kind}, which is mutable",
                hint="hold a Record, or keep the parts in a Map",
            )
        if kind == INTEGER:
            raise LanguageError(
                "an int without bounds cannot be an element",
                hint="Annotated[int, Range(low, high)]",
            )
        limit = 0 if capacity is None else self._limit(capacity)
        if form is SetType and (plain := SetType(kind, 0)).bits is not None:
            return SetType(kind, plain.bits or 0)
        if capacity is None:
            raise LanguageError(
                f"{form.__name__.removesuffix('Type')}[{kind}] needs a capacity",
                hint='Annotated[…, Capacity("Name")] or Annotated[…, Capacity(3)]',
            )
        if isinstance(capacity.limit, int):
            return form(kind, limit)
        return form(kind, limit, capacity.limit)

    def _limit(self, capacity: Capacity) -> int:
        """How much fits; a name is asked for even where few values would do without it."""
        if isinstance(capacity.limit, int):
            return capacity.limit
        return self._lookup(Name(capacity.limit, "capacity", INTEGER, capacity.default))

    def _union(
        self, arguments: tuple[Any, ...], bound: Mapping[Any, Any], capacity: Capacity | None
    ) -> Type:
        rest = [argument for argument in arguments if argument is not type(None)]
        options = [self.resolve(argument, bound, capacity) for argument in rest]
        flat: list[Type] = []
        for option in options:
            flat.extend(option.options if isinstance(option, UnionType) else [option])
        if len(flat) == 1:
            kind = flat[0]
        elif all(isinstance(option, RecordType) for option in flat):
            records = [option for option in flat if isinstance(option, RecordType)]
            kind = UnionType(tuple(sorted(records, key=lambda r: r.cls._declared)))
        else:
            raise LanguageError(
                f"{' | '.join(map(str, flat))} is not a union of records",
                hint="wrap each alternative in a Record",
            )
        if len(rest) == len(arguments):
            return kind
        if isinstance(kind, PartType | OptionType):
            raise LanguageError(f"{kind} | None: a part is always there")
        return OptionType(kind)


def _unbounded(kind: Type) -> bool:
    """Whether a place would hold an integer of any size, perhaps or for each key."""
    match kind:
        case OptionType(item) | MapType(_, item):
            return _unbounded(item)
        case _:
            return kind == INTEGER


def _doc(cls: type[Any]) -> str:
    return (cls.__doc__ or "").strip().split("\n")[0]


def resolver(settings: Settings) -> Resolver:
    """The resolver of a configuration."""

    def lookup(name: Name) -> int:
        if name.kind == "variant":
            return 1
        size = settings.sizes.get(name.name, name.default)
        if size is None:
            raise LanguageError(
                f"{name.name} has no size in this configuration",
                hint=f"mention {name.name} in a field or a parameter, or give it a default",
            )
        return int(size)

    return Resolver(lookup)


def state_type(cls: type[Part], settings: Settings) -> PartType:
    """The type of a machine's whole state."""
    kind = resolver(settings).resolve(cls)
    assert isinstance(kind, PartType)
    return kind


def record_type(cls: type[Record], settings: Settings) -> RecordType:
    """The type of a record in a configuration."""
    known = settings.records.get(cls)
    if known is None:
        known = settings.records[cls] = resolver(settings).resolve(cls)
    assert isinstance(known, RecordType)
    return known
