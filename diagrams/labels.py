"""Words in a diagram: steps and changes as the command line says them, broken to fit.

Values are written by `checker.language.text` wherever they stand, so that a key in a path
(`rm[rm-0]`), a state of a diagram and an argument of a step can be recognised as one and the
same.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

from checker.language.configuring import survey
from checker.language.domains import Settings
from checker.language.machine import Snapshot
from checker.language.text import arguments_text, change_text, value_text
from checker.language.values import Map, Record, order
from checker.verdict import Change, Step, Trace

TIE = "\u00a0"
SIGNS = re.compile(r"(?<!\S)([+→-]) ")
WIDTH = 36
"""Characters after which a label is broken."""


def broken(text: str, width: int = WIDTH) -> list[str]:
    """`text` in lines of at most `width` characters; a longer word stays whole, and no line ends
    in the sign of a change.
    """
    tied = SIGNS.sub(lambda sign: f"{sign[1]}{TIE}", text)
    lines = textwrap.wrap(tied, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [line.replace(TIE, " ") for line in lines]


def rank(value: Any) -> tuple[Any, ...]:
    """A key that orders the values of one type as the language does; parts by their text."""
    return (value_text(value),) if _holds_part(value) else order(value)


def _holds_part(value: Any) -> bool:
    if isinstance(value, Map):
        return any(map(_holds_part, value.values()))
    return isinstance(value, Snapshot)


def step_label(step: Step) -> str:
    """A step as a call: `prepare(r=rm-0)`."""
    return f"{step.action}({arguments_text(step.arguments)})"


def change_label(change: Change) -> str:
    """A changed place: its path, then both values, or what came and went where that is shorter."""
    match change.before, change.after:
        case None, Record() as came:
            return f"{change.path}: + {value_text(came)}"
        case Record() as went, None:
            return f"{change.path}: - {value_text(went)}"
        case before, after:
            return f"{change.path}: {change_text(before, after)}"


def start_label(trace: Trace) -> str:
    """The choice that made the initial state: `some_leader(n=node-1)`."""
    return f"{trace.start}({arguments_text(trace.start_arguments)})"


def settings_label(cls: type[Any], settings: Settings) -> str:
    """Every size and bound of a configuration, and the variants that are not the usual ones."""
    usual = survey(cls)
    unusual = {
        name: value
        for name, value in settings.variants.items()
        if name not in usual or value != usual[name].default
    }
    return str(Settings(settings.sizes, unusual))


def ending_label(trace: Trace) -> str:
    """How a trace goes on for ever; "" where it just ends."""
    if trace.loop is None:
        return ""
    if trace.loop == len(trace.steps):
        return "and nothing more, for ever"
    return f"and again from {trace.loop + 1}, for ever"
