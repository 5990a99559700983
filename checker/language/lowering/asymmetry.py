"""Symmetric machines must begin alike: a start that singles out a symmetric value is refused."""

from __future__ import annotations

from typing import Any

from checker.errors import LanguageError
from checker.language.domains import Index
from checker.language.machine import Snapshot
from checker.language.types import PartType
from checker.language.values import Bag, Map, Record, Seq, Set


def refuse_asymmetry(start: Snapshot, kind: PartType) -> None:
    """A start that singles out a value of a symmetric domain is no symmetric machine's."""
    for name, value in start.content:
        own = kind.field(name)
        assert own is not None
        for cls in _symmetric(value):
            if _swapped(value, cls) != value:
                raise LanguageError(
                    f"{kind}.{name} starts with one value of {cls.__name__}, which is symmetric",
                    hint="choose it in an @initial method, or declare it without symmetric=True",
                )


def _symmetric(value: Any) -> set[type[Index]]:
    if isinstance(value, Index):
        return {type(value)} if type(value).symmetric else set()
    return set().union(*(_symmetric(inner) for inner in _parts(value)))


def _parts(value: Any) -> list[Any]:
    match value:
        case Snapshot(_, content):
            return [inner for _, inner in content]
        case Map():
            return [*value.keys(), *value.values()]
        case Set() | Seq() | Bag():
            return list(value)
        case Record():
            return list(vars(value).values())
        case _:
            return []


def _swapped(value: Any, cls: type[Index]) -> Any:
    """`value` with the first two values of a domain exchanged."""

    def swap(inner: Any) -> Any:
        return _swapped(inner, cls)

    match value:
        case Index(position=0 | 1) if type(value) is cls:
            return cls(1 - value.position)
        case Snapshot(own, content):
            return Snapshot(own, tuple((name, swap(inner)) for name, inner in content))
        case Map():
            swapped = {swap(key): swap(inner) for key, inner in value.items()}
            return type(value)({key: swapped.get(key, value[key]) for key in value})
        case Set() | Seq() | Bag():
            return type(value)(swap(inner) for inner in value)
        case Record():
            return type(value)(*(swap(inner) for inner in vars(value).values()))
        case _:
            return value


__all__ = ["refuse_asymmetry"]
