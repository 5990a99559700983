"""A trace as a sequence diagram: time runs down, every actor has a lane.

    2   ●   │   prepare(r=rm-0)
        │   │     rm[rm-0]: WORKING → PREPARED
        ├──▶│   Prepared(rm-0)
    3   │   ●   tm_receive(m=Prepared(rm-0))
        │   │     prepared: {} → {rm-0}

The number before a step is that of the state it leads to; the initial state is 1.

As Mermaid, a step is a note in its lane and a message an arrow between lanes (`exchange` says
what counts as one); that the message is gone from the state is said by the arrow alone.  As
plain text, lanes are narrow columns on the left and the words stand to the right of them, so
that any number of actors fits a terminal.  As DOT a trace is a path of states, with all that
changes (`path`).
"""

from __future__ import annotations

from checker.language.text import value_text
from checker.verdict import Trace
from diagrams.diagram import Diagram
from diagrams.exchange import Event, Gap, events, lanes, shortened, told
from diagrams.labels import broken, ending_label, settings_label, start_label, step_label
from diagrams.mermaid import identifiers, quoted, text
from diagrams.path import path_graph

LANE = 4
"""Characters from one lane to the next in plain text."""
WIDTH = 44
"""Characters of a line in Mermaid."""


def sequence(trace: Trace) -> Diagram:
    """A trace: as a sequence diagram in Mermaid and plain text, as a path of states in DOT."""
    title = trace_title(trace, _settings(trace))
    happened = events(trace)
    return Diagram(
        title, path_graph(trace, title), _mermaid(trace, happened), _text(trace, happened)
    )


def trace_title(trace: Trace, settings: str = "") -> str:
    """The machine, its configuration and the trace's length, on one line."""
    named = f"{trace.machine} {settings}".strip()
    return f"{named}: {trace.length} state{'' if trace.length == 1 else 's'}"


def _settings(trace: Trace) -> str:
    return settings_label(trace.initial.cls, trace.settings)


# ---------------------------------------------------------------- Mermaid


def _mermaid(trace: Trace, happened: list[Event]) -> str:
    actors = lanes(happened)
    names = dict(zip(actors, identifiers(actors), strict=True))
    lines = [
        f"participant {name}" if name == actor else f"participant {name} as {text(actor)}"
        for actor, name in names.items()
    ]
    if actors:
        across = names[actors[0]] + (f",{names[actors[-1]]}" if len(actors) > 1 else "")
        heading = [*broken(_settings(trace), WIDTH), start_label(trace) if trace.start else ""]
        if any(heading):
            lines.append(f"Note over {across}: {_joined(list(filter(None, heading)))}")
        for event in shortened(happened):
            if isinstance(event, Gap):
                lines.append(f"Note over {across}: {text(str(event))}")
            else:
                lines += _steps(event, names)
        if ending := ending_label(trace):
            lines.append(f"Note over {across}: {ending}")
    head = ["---", f"title: {quoted(trace_title(trace))}", "---", "sequenceDiagram"]
    return "\n".join([*head, *(f"    {line}" for line in lines)]) + "\n"


def _steps(event: Event, names: dict[str, str]) -> list[str]:
    arrows = [
        f"{names[d.sender]}->>{names[event.lane]}: {_joined(broken(value_text(d.message), WIDTH))}"
        for d in event.deliveries
    ]
    words = broken(f"{event.number}. {step_label(event.step)}", WIDTH)
    for line in told(event):
        words += broken(line, WIDTH)
    return [*arrows, f"Note over {names[event.lane]}: {_joined(words)}"]


def _joined(lines: list[str]) -> str:
    return "<br/>".join(map(text, lines))


# ---------------------------------------------------------------- plain text


def _text(trace: Trace, happened: list[Event]) -> str:
    actors = lanes(happened)
    column = {actor: number for number, actor in enumerate(actors)}
    margin = len(str(trace.length)) + 2
    lines = [trace_title(trace, _settings(trace)), ""]
    for number, actor in enumerate(actors):
        lines.append(" " * margin + _lifelines(number) + actor)
    everyone = " " * margin + _lifelines(len(actors))
    if trace.start:
        lines.append(f"{everyone}{start_label(trace)}")
    for event in shortened(happened):
        if isinstance(event, Gap):
            lines += [everyone.rstrip(), f"{everyone}{event}", everyone.rstrip()]
            continue
        lines += _rows(event, column, margin)
        lines += [f"{everyone}  {line}" for line in told(event)]
    if ending := ending_label(trace):
        lines.append(f"{everyone}  {ending}")
    return "\n".join(lines) + "\n"


def _rows(event: Event, column: dict[str, int], margin: int) -> list[str]:
    rows = [
        " " * margin
        + _arrow(column[delivery.sender], column[event.lane], len(column))
        + value_text(delivery.message)
        for delivery in event.deliveries
    ]
    number = f"{event.number:>{margin - 2}}  "
    return [*rows, f"{number}{_dot(column[event.lane], len(column))}{step_label(event.step)}"]


def _lifelines(count: int) -> str:
    return "│".ljust(LANE) * count


def _dot(at: int, count: int) -> str:
    signs = ["●" if lane == at else "│" for lane in range(count)]
    return "".join(sign.ljust(LANE) for sign in signs)


def _arrow(sender: int, receiver: int, count: int) -> str:
    """A row of lifelines with an arrow from one lane to another."""
    low, high = sorted((sender, receiver))
    row = list(_lifelines(count))
    for place in range(low * LANE, high * LANE):
        row[place] = "┼" if row[place] == "│" else "─"
    row[low * LANE], row[high * LANE] = ("├", "┤")
    if sender < receiver:
        row[high * LANE - 1] = "▶"
        row[high * LANE] = "│"
    else:
        row[low * LANE + 1] = "◀"
        row[low * LANE] = "│"
    return "".join(row)
