"""A trace as a person reads it: who did what, and which fields changed.

     1  start
          rm[*]     WORKING
          messages  {}
     2  rm-0  rm_prepare(r=rm-0)
          rm[rm-0]  WORKING → PREPARED
          messages  {} → {Prepared(rm-0)}

Of a run that goes on for ever, the last state is the one to which it returns.

The first state is shown whole, each later one by what changed in it.  States are numbered from
1, so that the last number is the trace's length as depth counts it.  Lines are broken to the
width that is there; what belongs together is indented together.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.text import Text

from checker import Map, Snapshot, Trace
from checker.errors import Span
from checker.language.text import arguments_text, change_text, value_text
from checker.verdict import Change, Reason, Step

INDENT = "       "
"""What stands before a field, under the number of its state."""


def trace_lines(trace: Trace, width: int) -> Iterator[Text]:
    """The trace, line by line, none wider than `width` where that can be."""
    start = f"{trace.start}({arguments_text(trace.start_arguments)})" if trace.start else ""
    yield Text.assemble((_number(1), "dim"), ("start", "bold"), f"  {start}" if start else "")
    room = width - len(INDENT)
    yield from field_lines(flattened("", trace.initial, room), width)
    actors = max((len(step.actor) for step in trace.steps), default=0)
    for number, step in enumerate(trace.steps, 2):
        if trace.loop == number - 2:
            yield Text(f"{INDENT}and from here on, again and again:", "dim")
        yield from _step(number, step, actors, width)
    if trace.loop == len(trace.steps):
        yield Text(f"{INDENT}and nothing more: fairness forces no step", "dim")
    elif trace.loop is not None:
        yield Text(f"{INDENT}and again from state {trace.loop + 1}, for ever", "dim")


def reason_lines(reason: Reason, width: int, *, attempt: bool = False) -> Iterator[Text]:
    """Why a property fails: the conjunct, its place, and the values in it.

    With `attempt`, the reason's text is no conjunct but the step that could not be finished.
    """
    if reason.text:
        before = Text("next: " if attempt else "false: ", "red")
        yield from broken(before, reason.text, "bold", width)
    if reason.problem:
        yield from broken(Text(), reason.problem, "", width)
    if reason.span is not None:
        yield Text(f"{INDENT}{place_text(reason.span)}", "dim")
    named = [(name, value_text(value)) for name, value in reason.values]
    yield from field_lines(named, width)


def place_text(span: Span) -> str:
    """`model/group.py:120:9`, as from the folder that the command runs in."""
    return f"{relative(span.file)}:{span.line}:{span.column + 1}"


def relative(file: str) -> str:
    """A file's path as from the folder that the command runs in, where it lies below it."""
    path = Path(file).resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def flattened(path: str, value: Any, room: int) -> list[tuple[str, str]]:
    """The places below a state, with their values: taken apart as far as the room demands."""
    text = value_text(value)
    uniform = isinstance(value, Map) and _uniform(value)
    if path and not uniform and len(path) + 2 + len(text) <= room:
        return [(path, text)]
    match value:
        case Snapshot():
            parts = [(f"{path}.{name}" if path else name, item) for name, item in value.content]
        case Map() if uniform:
            parts = [(f"{path}[*]", value.values()[0])]
        case Map():
            parts = [(f"{path}[{value_text(key)}]", item) for key, item in value.items()]
        case _:
            return [(path, text)]
    return [place for name, item in parts for place in flattened(name, item, room)]


def _uniform(value: Map[Any, Any]) -> bool:
    first, *rest = value.values()
    return bool(rest) and all(item == first for item in rest)


def _step(number: int, step: Step, actors: int, width: int) -> Iterator[Text]:
    head = Text.assemble((_number(number), "dim"))
    if actors:
        head.append(f"{step.actor:<{actors}}  ", "cyan")
    call = f"{step.action}({arguments_text(step.arguments)})"
    yield from broken(head, call, "bold", width)
    if not step.changes:
        yield Text(f"{INDENT}nothing changes", "dim")
    yield from field_lines(map(change_pair, step.changes), width)


def change_pair(change: Change) -> tuple[str, str]:
    """A place that was changed, and how."""
    return change.path, change_text(change.before, change.after)


def field_lines(named: Iterable[tuple[str, str]], width: int) -> Iterator[Text]:
    """Names and values in two columns."""
    rows = list(named)
    widest = width // 2 - len(INDENT)  # a longer name pushes its value to the right
    column = max((len(name) for name, _ in rows if len(name) <= widest), default=0)
    for name, value in rows:
        yield from broken(Text.assemble(INDENT, (f"{name:<{column}}  ", "dim")), value, "", width)


def broken(head: Text, text: str, style: str, width: int) -> Iterator[Text]:
    """`text` after `head`, its later lines below its first."""
    column = len(head)
    room = max(width - column, 24)
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield Text.assemble(head, (lines[0], style))
    for line in lines[1:]:
        yield Text.assemble(" " * column, (line, style))


def _number(number: int) -> str:
    return f"{number:>4}  "
