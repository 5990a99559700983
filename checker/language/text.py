"""Values in readable form: the same words in verdicts, traces, tables and diagrams.

    member-0            an index            WORKING        an enum member
    None, True, 3       as Python writes them
    Prepared(rm-0)      a record with one field; with several, each field has its name
    {member-0: 3}       a map               {rm-0, rm-1}   a set
    [a, b]              a sequence          {a, 2 × b}     a bag
    (epoch=1, owned={}) a part

A change shows both values where they fit, and otherwise what came and went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import Any

from checker.language.domains import Index
from checker.language.machine import Snapshot
from checker.language.values import Bag, Map, Record, Seq, Set

ARROW = "→"
SHORT = 56
"""Two values on both sides of an arrow are written out up to this many characters."""


def value_text(value: Any) -> str:
    """One value of the language, on one line."""
    match value:
        case Enum():
            return value.name
        case Index():
            return str(value)
        case Record():
            return _record(value)
        case Map():
            return _braces(f"{value_text(k)}: {value_text(v)}" for k, v in value.items())
        case Set():
            return _braces(map(value_text, value))
        case Bag():
            return _braces(_times(value.count(item), item) for item in value)
        case Seq():
            return f"[{', '.join(map(value_text, value))}]"
        case Snapshot():
            return f"({arguments_text(dict(value.content))})"
        case _:
            return str(value)


def arguments_text(arguments: Mapping[str, Any]) -> str:
    """`r=rm-0, n=2`."""
    return ", ".join(f"{name}={value_text(value)}" for name, value in arguments.items())


def change_text(before: Any, after: Any) -> str:
    """What became of a place: `WORKING → PREPARED`, or `+ Prepared(rm-0)` where that is long."""
    whole = f"{value_text(before)} {ARROW} {value_text(after)}"
    if len(whole) <= SHORT:
        return whole
    match before, after:
        case (Set(), Set()) | (Bag(), Bag()):
            return _exchanged(before, after)
        case Seq(), Seq():
            return _shifted(before, after) or whole
        case _:
            return whole


def _record(value: Record) -> str:
    own: Any = value
    named = {field.name: getattr(own, field.name) for field in fields(own)}
    inner = value_text(*named.values()) if len(named) == 1 else arguments_text(named)
    return f"{type(value).__name__}({inner})"


def _braces(items: Any) -> str:
    return "{" + ", ".join(items) + "}"


def _times(number: int, item: Any) -> str:
    return value_text(item) if number == 1 else f"{number} × {value_text(item)}"


def _exchanged(before: Any, after: Any) -> str:
    """The elements that came (+) and went (-), of a set or a bag."""

    def count(holder: Any, item: Any) -> int:
        return holder.count(item) if isinstance(holder, Bag) else int(item in holder)

    lost = [(count(before, item) - count(after, item), item) for item in before]
    won = [(count(after, item) - count(before, item), item) for item in after]
    parts = [f"- {_times(number, item)}" for number, item in lost if number > 0]
    parts += [f"+ {_times(number, item)}" for number, item in won if number > 0]
    return ", ".join(parts)


def _shifted(before: Seq[Any], after: Seq[Any]) -> str:
    """What left a sequence at its ends and what was appended; empty where it was rewritten."""
    old, new = list(before), list(after)
    if new[: len(old)] == old:
        return ", ".join(f"+ {value_text(item)} at the end" for item in new[len(old) :])
    if old[: len(new)] == new:
        return ", ".join(f"- {value_text(item)} from the end" for item in old[len(new) :])
    if old[1:] == new[: len(old) - 1]:
        won = [f"+ {value_text(item)} at the end" for item in new[len(old) - 1 :]]
        return ", ".join([f"- {value_text(old[0])} from the front", *won])
    return ""
