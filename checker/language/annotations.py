"""What a class is annotated with: its fields, the types of its methods' parameters."""

from __future__ import annotations

import typing
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, ClassVar, get_args, get_origin

from checker.errors import LanguageError
from checker.language.domains import (
    VariantMark,
)
from checker.language.machine import Method, Part, Snapshot
from checker.language.values import Record

TAKEN = frozenset(field.name for field in fields(Snapshot))
"""Names that a field of a part cannot have: the content of a state is reached by name, too."""


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


def record_fields(cls: type[Record]) -> list[str]:
    """The names of a record's fields."""
    return [field.name for field in fields(typing.cast("Any", cls))]
