"""What annotations mean: from Python's type hints to the types of a configured machine.

Three questions are answered from the same walk over a class's hints:

- `survey`: which names can be configured, of what kind, with which defaults;
- `settle`: which value each has, given what a user asked for;
- `resolve`: the `Type` of an annotation once the values are known.

The walk asks a `lookup` for the size behind each name.  While surveying, the lookup writes the
name down and answers 1; afterwards it answers the configured size.
"""

from __future__ import annotations

import difflib
import types as python_types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin

from checker.errors import ConfigurationError, LanguageError
from checker.language.domains import (
    Capacity,
    Counter,
    Range,
    Settings,
    VariantMark,
    configured,
    is_index,
    shown,
)
from checker.language.machine import Machine, Method, Part, Snapshot, declaration
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
    contains,
)
from checker.language.values import Bag, Each, Map, Record, Seq, Set, freeze, put, thaw

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


@dataclass(frozen=True)
class Field:
    """An annotated field of a Part, Machine or Record class."""

    name: str
    annotation: Any
    default: Any
    variant: bool


def hints(cls: type[Any]) -> dict[str, Any]:
    """The annotations of a class and its bases as objects; LanguageError for an unknown name."""
    scope: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        scope |= dict(vars(base).get("_scope", {}))
    try:
        return typing.get_type_hints(cls, localns=scope or None, include_extras=True)
    except NameError as error:
        raise LanguageError(
            f"an annotation of {cls.__name__} names {error.name!r}, which is not defined",
            hint="import it at the top of the module, outside `if TYPE_CHECKING`",
        ) from None


def parameter_hints(method: Method) -> dict[str, Any]:
    """The annotated parameters of a method; LanguageError for an unknown name."""
    try:
        found = typing.get_type_hints(
            method.function, localns=dict(method.owner._scope) or None, include_extras=True
        )
    except NameError as error:
        raise LanguageError(
            f"{method.owner.__name__}.{method.name} names {error.name!r}, which is not defined",
            hint="import it at the top of the module, outside `if TYPE_CHECKING`",
        ) from None
    return {name: hint for name, hint in found.items() if name != "return"}


TAKEN = frozenset(field.name for field in fields(Snapshot))
"""Names that a field of a part cannot have: the content of a state is reached by name, too."""


def fields_of(cls: type[Any]) -> list[Field]:
    """The fields of a class, base classes first, in the order of declaration."""
    found = []
    defaults: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        defaults |= vars(base)
    for name, annotation in hints(cls).items():
        if get_origin(annotation) is ClassVar or annotation is ClassVar:
            continue
        if name.startswith("_"):
            raise LanguageError(
                f"{cls.__name__}.{name}: a field's name begins with a letter",
                hint=f"rename it to {name.lstrip('_')}",
            )
        if name in TAKEN and issubclass(cls, Part):
            raise LanguageError(
                f"{cls.__name__}.{name}: the name is taken by every state",
                hint="give the field another name",
            )
        variant = any(isinstance(mark, VariantMark) for mark in _metadata(annotation))
        found.append(Field(name, annotation, defaults.get(name, MISSING), variant))
    return found


def _metadata(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()


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


def _doc(cls: type[Any]) -> str:
    return (cls.__doc__ or "").strip().split("\n")[0]


def survey(cls: type[Machine]) -> dict[str, Name]:
    """Every name that a configuration of `cls` can set, in the order of appearance."""
    found: dict[str, Name] = {}

    def note(name: Name) -> int:
        present = found.setdefault(name.name, name)
        if present.kind != name.kind:
            raise LanguageError(
                f"{name.name} is both a {present.kind} and a {name.kind} in {cls.__name__}",
                hint="give one of them another name",
            )
        if present.default is None:
            found[name.name] = name
        return 1

    resolver = Resolver(note)
    for field in fields_of(cls):
        if field.variant:
            resolver.variant(cls, field)
        else:
            resolver.resolve(field.annotation)
    for hint in _parameters(cls):
        resolver.resolve(hint)
    return found


def _parameters(cls: type[Machine]) -> Iterator[Any]:
    """The annotations of what methods take, where they stand for a type of their own."""
    for owner in part_classes(cls):
        for method in declaration(owner).methods:
            if method.mark.kind != "refines":
                for hint in parameter_hints(method).values():
                    if not isinstance(hint, TypeVar) and hint is not typing.Self:
                        yield hint


def part_classes(cls: type[Part]) -> Iterator[type[Part]]:
    """The class and those of its parts, nested ones too."""
    yield cls
    for field in fields_of(cls):
        for inner in _mentioned(field.annotation):
            yield from part_classes(inner)


def _mentioned(annotation: Any) -> Iterator[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    elif isinstance(get_origin(annotation), type) and issubclass(get_origin(annotation), Part):
        yield get_origin(annotation)
    for argument in get_args(annotation):
        yield from _mentioned(argument)


def settle(cls: type[Machine], asked: Mapping[str, Any]) -> Settings:
    """The configuration in which `cls` has what was asked for, and defaults for the rest.

    ConfigurationError for an unknown name, a value of the wrong kind, or one that is missing.
    """
    names = survey(cls)
    for name in asked:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            known = ", ".join(names) or "nothing"
            raise ConfigurationError(
                f"{cls.__name__} has nothing called {name} to configure",
                hint=f"did you mean {close[0]}?" if close else f"it has {known}",
            )
    sizes: dict[str, int] = {}
    variants: dict[str, Any] = {}
    for name, declared in names.items():
        value = asked.get(name, declared.default)
        if value is None:
            raise ConfigurationError(
                f"{cls.__name__} needs a value for the {declared.kind} {name}",
                hint=f"{cls.__name__}({name}=2)" if declared.kind != "variant" else "",
            )
        (variants if declared.kind == "variant" else sizes)[name] = _checked(declared, value)
    return Settings(sizes, variants)


def _checked(name: Name, value: Any) -> Any:
    if not contains(name.type, value):
        expected = "a whole number" if isinstance(name.type, IntType) else str(name.type)
        if isinstance(name.type, EnumType):
            expected = f"one of {', '.join(m.name for m in name.type.cls)}"
        raise ConfigurationError(f"{name.name}={shown(value)}: {expected} is wanted")
    least = LEAST.get(name.kind)
    if least is not None and value < least:
        raise ConfigurationError(f"{name.name}={value}: the {name.kind} is at least {least}")
    return value


def parse(cls: type[Machine], text: Mapping[str, str]) -> dict[str, Any]:
    """Settings as the command line writes them, `Member=2 fencing=NONE`, as values."""
    names = survey(cls)
    return {key: _parsed(names[key], raw) if key in names else raw for key, raw in text.items()}


def _parsed(name: Name, raw: str) -> Any:
    chosen: Any
    match name.type:
        case EnumType(cls):
            chosen = {member.name.lower(): member for member in cls}.get(raw.lower(), raw)
        case IntType():
            chosen = int(raw) if raw.removeprefix("-").isdecimal() else raw
        case _:
            chosen = {"true": True, "false": False}.get(raw.lower(), raw)
    return _checked(name, chosen)


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


def fill(part: Part, settings: Settings) -> None:
    """Give a new part the defaults of its fields."""
    fill_as(part, state_type(type(part), settings), settings)


def fill_as(part: Part, kind: PartType, settings: Settings) -> None:
    """Give a new part of the type `kind` the defaults of its fields."""
    part.__dict__["_kind"] = kind
    for field in fields_of(type(part)):
        if field.variant:
            default = None if field.default is MISSING else field.default
            part.__dict__[field.name] = settings.variants.get(field.name, default)
            continue
        own = kind.field(field.name)
        assert own is not None
        value = default_of(own, field.default, settings, f"{kind}.{field.name}")
        if not contains(own, value):
            bound = own.bound if isinstance(own, IntType) else None
            hint = f"raise {bound}" if bound else "give a default of the field's type"
            raise ConfigurationError(
                f"{kind}.{field.name} starts as {value!r}, outside {own}", hint=hint
            )
        part.__dict__[field.name] = value
        own.claim(value)


def default_of(kind: Type, given: Any, settings: Settings, where: str) -> Any:
    """The initial value of a place of type `kind`, given its declared default or MISSING."""
    if isinstance(kind, MapType) and (given is MISSING or isinstance(given, Each)):
        inner = given.value if isinstance(given, Each) else MISSING
        return Map(
            {key: default_of(kind.value, inner, settings, where) for key in kind.key.universe()}
        )
    if given is not MISSING:
        return thaw(given)
    match kind:
        case SetType():
            return Set()
        case SeqType():
            return Seq()
        case BagType():
            return Bag()
        case OptionType():
            return None
        case PartType(cls):
            part = object.__new__(cls)
            fill_as(part, kind, settings)
            return part
        case _:
            raise LanguageError(
                f"{where} has no initial value", hint="give the field a default: `name: T = …`"
            )


def _unbounded(kind: Type) -> bool:
    """Whether a place would hold an integer of any size, perhaps or for each key."""
    match kind:
        case OptionType(item) | MapType(_, item):
            return _unbounded(item)
        case _:
            return kind == INTEGER


def snapshot(part: Part, kind: PartType) -> Snapshot:
    """The content of a part or machine as an immutable value."""
    return Snapshot(kind.cls, tuple((n, frozen(getattr(part, n), k)) for n, k in kind.fields))


def frozen(value: Any, kind: Type) -> Any:
    """What is held in a place of type `kind`, as an immutable value."""
    match kind:
        case PartType():
            return snapshot(value, kind)
        case MapType(_, item):
            return freeze(Map({key: frozen(v, item) for key, v in value.items()}))
        case _:
            return freeze(value)


def restore(part: Part, state: Snapshot) -> None:
    """Give a part or machine the content of a snapshot."""
    kinds = dict(part.__dict__["_kind"].fields)
    for name, value in state.content:
        part.__dict__[name] = _restored(kinds[name], part.__dict__[name], value)


def _restored(kind: Type, present: Any, value: Any) -> Any:
    if isinstance(value, Snapshot):
        restore(present, value)
        return present
    if isinstance(kind, MapType):
        for key, item in value.items():
            present._data[key] = _restored(kind.value, present._data[key], item)
        return present
    held = put(present, value)
    if held is not present:
        kind.claim(held)
    return held


def record_type(cls: type[Record], settings: Settings) -> RecordType:
    """The type of a record in a configuration."""
    known = settings.records.get(cls)
    if known is None:
        known = settings.records[cls] = resolver(settings).resolve(cls)
    assert isinstance(known, RecordType)
    return known


def record_fields(cls: type[Record]) -> list[str]:
    """The names of a record's fields."""
    return [field.name for field in fields(typing.cast("Any", cls))]


__all__ = [
    "Field", "Name", "Resolver", "configured", "default_of", "fields_of", "fill", "frozen",
    "hints", "parameter_hints", "parse", "record_fields", "resolver", "restore", "settle",
    "snapshot", "state_type", "survey",
]  # fmt: skip
