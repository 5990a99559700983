"""States with the values of symmetric domains renamed, in the most direct way."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from checker.language.domains import Index
from checker.language.machine import Snapshot
from checker.language.values import Bag, Map, Record, Seq, Set, freeze

Names = Mapping[type[Index], tuple[int, ...]]
"""For each domain, which position each value is given."""


def renamed(value: Any, names: Names) -> Any:
    """A value with every value of a symmetric domain in it renamed."""
    match value:
        case Index() if type(value) in names:
            return type(value)(names[type(value)][value.position])
        case Snapshot(cls=cls, content=content):
            return Snapshot(cls, tuple((name, renamed(inner, names)) for name, inner in content))
        case Map():
            pairs = {renamed(k, names): renamed(v, names) for k, v in value.items()}
            return freeze(Map({key: pairs[key] for key in value}))
        case Set() | Bag() | Seq():  # a bag goes over its distinct elements
            return freeze(type(value)(renamed(item, names) for item in value._data))
        case Record():
            named = dataclasses.fields(cast("Any", value))
            return type(value)(*(renamed(getattr(value, f.name), names) for f in named))
        case _:
            return value


def all_names(sizes: Mapping[type[Index], int]) -> Iterator[Names]:
    """Every renaming of some domains."""
    each = [itertools.permutations(range(size)) for size in sizes.values()]
    for chosen in itertools.product(*each):
        yield dict(zip(sizes, chosen, strict=True))


def orbits(states: Iterable[Snapshot], sizes: Mapping[type[Index], int]) -> int:
    """How many states there are, those that differ in names alone counted once."""
    left, count = set(states), 0
    while left:
        state = next(iter(left))
        orbit = {renamed(state, names) for names in all_names(sizes)}
        assert state in orbit
        left -= orbit
        count += 1
    return count
