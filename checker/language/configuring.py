"""Which names of a machine can be configured, and which value each has.

- `survey`: the names, of what kind, with which defaults;
- `settle`: the value of each, given what a user asked for.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args, get_origin

from checker.errors import ConfigurationError, LanguageError
from checker.language.annotations import fields_of, parameter_hints
from checker.language.domains import (
    Settings,
    shown,
)
from checker.language.machine import Machine, Part, declaration
from checker.language.resolving import LEAST, Name, Resolver
from checker.language.types import (
    EnumType,
    IntType,
    contains,
)


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
