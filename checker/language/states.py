"""States as values: a machine's fields filled, taken down, and put back."""

from __future__ import annotations

from dataclasses import MISSING
from typing import Any

from checker.errors import ConfigurationError, LanguageError
from checker.language.annotations import fields_of
from checker.language.domains import (
    Settings,
)
from checker.language.machine import Part, Snapshot
from checker.language.resolving import state_type
from checker.language.types import (
    BagType,
    IntType,
    MapType,
    OptionType,
    PartType,
    SeqType,
    SetType,
    Type,
    contains,
)
from checker.language.values import Bag, Each, Map, Seq, Set, freeze, put, thaw


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
