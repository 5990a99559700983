"""Field paths: which part of a state a diagram looks at.

    coordinator.state           a field of a part
    rm[rm-0]                    a slot of a map, by its key
    members[member-0].phase     and onwards
    rm[*]                       every slot at once
    leader.epoch                a field of a record; None where the record is an absent option

A path is bound to the type of a configured machine's state, so that what does not exist is
found before anything is explored, and said together with what does.

`[*]` overlays the slots: a state shows the value of each slot, a step may move each of them, and
what the slots do is drawn into one diagram.  For interchangeable slots (resource managers,
members) that is the life of any one of them: whatever a slot can do, another can too.  One slot
by its key would be the same picture where the domain is symmetric, and less than the whole where
it is not; who wants one slot writes its key.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from checker.errors import RequestError
from checker.language.machine import Snapshot
from checker.language.text import value_text
from checker.language.types import BoolType, EnumType, MapType, OptionType, StructType, Type
from checker.language.values import Map

Get = Callable[[Any], Any]

WELL_FORMED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[[^\[\]]*\])*")
SEGMENT = re.compile(r"([A-Za-z_]\w*)|\[([^\[\]]*)\]")
EVERY = "*"
MOST_NAMED = 40
"""Paths that an error lists before it only counts the rest."""


@dataclass(frozen=True)
class Slot:
    """One place in the state: its path, and the way to it as names of fields and keys of maps."""

    path: str
    steps: tuple[Any, ...]

    def get(self, value: Any) -> Any:
        """What is at the end of the way from `value`; None from an option that is absent on."""
        for step in self.steps:
            if value is None:
                return None
            value = value[step] if isinstance(value, Map) else getattr(value, step)
        return value


@dataclass(frozen=True)
class View:
    """A field path bound to a state type: the slots it names and the type of what they hold."""

    path: str
    type: Type
    slots: tuple[Slot, ...]

    @property
    def overlay(self) -> bool:
        """Whether several slots are drawn over one another."""
        return len(self.slots) > 1

    def values(self, state: Snapshot) -> tuple[Any, ...]:
        """What each slot holds in `state`."""
        return tuple(slot.get(state) for slot in self.slots)


@dataclass(frozen=True)
class _Reached:
    """How far a path has been followed; `path` is spelled as the language spells keys."""

    path: str
    type: Type
    slots: tuple[Slot, ...]


def bind(path: str, state: StructType) -> View:
    """What `path` names in states of the type `state`; RequestError where there is no such."""
    reached = _Reached("", state, (Slot("", ()),))
    for name, key in segments(path, state):
        following = _field(reached, name) if name else _keyed(reached, key)
        if following is None:
            raise _unknown(path, state)
        reached = following
    return View(reached.path, reached.type, reached.slots)


def segments(path: str, state: StructType) -> list[tuple[str, str]]:
    """A path taken apart: pairs of a field's name and a key, one of them empty."""
    if WELL_FORMED.fullmatch(path) is None:
        raise _unknown(path, state)
    return [(match[1] or "", match[2] or "") for match in SEGMENT.finditer(path)]


def available(kind: Type, prefix: str = "") -> Iterator[str]:
    """Every path from a value of the type `kind`, in the order of declaration."""
    match kind:
        case StructType(_, named):
            for name, inner in named:
                path = f"{prefix}.{name}" if prefix else name
                if not isinstance(inner, MapType | StructType):
                    yield path
                yield from available(inner, path)
        case MapType(_, value):
            if not isinstance(value, MapType | StructType):
                yield f"{prefix}[*]"
            yield from available(value, f"{prefix}[*]")
        case OptionType(item):
            yield from available(item, prefix)


def universe(kind: Type) -> list[Any]:
    """The values to draw even where none is reached: of enums and bools, also optional ones."""
    match kind:
        case EnumType() | BoolType() | OptionType(EnumType() | BoolType()):
            return list(kind.universe())
        case _:
            return []


def _field(reached: _Reached, name: str) -> _Reached | None:
    kind, optional = _present(reached.type)
    inner = kind.field(name) if isinstance(kind, StructType) else None
    if inner is None:
        return None
    slots = tuple(
        Slot(f"{slot.path}.{name}".lstrip("."), (*slot.steps, name)) for slot in reached.slots
    )
    nullable = OptionType(inner) if optional and not isinstance(inner, OptionType) else inner
    return _Reached(f"{reached.path}.{name}".lstrip("."), nullable, slots)


def _keyed(reached: _Reached, key: str) -> _Reached | None:
    kind, _ = _present(reached.type)
    if not isinstance(kind, MapType):
        return None
    keys = [k for k in kind.key.universe() if key == EVERY or value_text(k).lower() == key.lower()]
    if not keys:
        return None
    slots = tuple(
        Slot(f"{slot.path}[{value_text(chosen)}]", (*slot.steps, chosen))
        for slot in reached.slots
        for chosen in keys
    )
    spelled = EVERY if key == EVERY else value_text(keys[0])
    return _Reached(f"{reached.path}[{spelled}]", kind.value, slots)


def _present(kind: Type) -> tuple[Type, bool]:
    return (kind.item, True) if isinstance(kind, OptionType) else (kind, False)


def _unknown(path: str, state: StructType) -> RequestError:
    known = list(available(state))
    spelled = path.replace(" ", "")
    close = difflib.get_close_matches(re.sub(r"\[[^\]]*\]", "[*]", spelled), known, 1)
    listed = ", ".join(known[:MOST_NAMED])
    if len(known) > MOST_NAMED:
        listed += f" and {len(known) - MOST_NAMED} more"
    meant = f"did you mean {close[0]}? " if close else ""
    keys = f" ({example} for one slot)" if (example := _example(state)) else ""
    return RequestError(
        f"{state} has nothing at {path!r} to draw", hint=f"{meant}there is {listed}{keys}"
    )


def _example(state: StructType) -> str:
    for name, kind in state.fields:
        if isinstance(kind, MapType):
            return f"{name}[{value_text(next(iter(kind.key.universe())))}]"
    return ""
