"""Entries of the museum as text and as JSON.

One JSON object an entry:

    entry, title, mechanism, fixed_by   what the entry says
    machine, settings                   what both designs share; absent where none is shown
    breaks, holds                       the ids of the properties that are asked of each design
    reason                              why no machine can express it; absent where one does
    broken, fixed                       the two searches, as `verdict check` writes a run
    exit_status                         0 where the one breaks and the other holds
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from checker.language.domains import shown
from checker.verdict import UP_TO_NAMES
from verdict import registry
from verdict.render_json import outcome_data
from verdict.render_text import finding_pieces
from verdict.render_trace import broken as wrapped
from verdict.run import Order, reproduces
from verdict.words import plural

if TYPE_CHECKING:
    from verdict.museum_command import Design, Shown

MARKS = {0: ("✓ ", "green"), 1: ("✗ ", "bold red"), 2: ("✗ ", "bold red"), 3: ("? ", "magenta")}


def pieces(room: Shown, order: Order, width: int, *, whole: bool) -> Iterator[RenderableType]:
    """An entry as text; with `whole`, with the shortest trace and all there is to say."""
    entry = room.entry
    mark = ("– ", "dim") if entry.exhibit is None else MARKS[room.exit_status]
    yield from wrapped(Text.assemble(mark, (entry.name, "bold"), "  "), entry.title, "", width)
    if whole:
        yield from wrapped(Text("    "), entry.mechanism, "", width)
    if entry.exhibit is None:
        yield from wrapped(Text("    not shown: ", "dim"), entry.reason, "", width)
    if room.broken is not None and room.fixed is not None and entry.exhibit is not None:
        where = f"{registry.name_of(entry.exhibit.machine)} {_settings(entry.exhibit.settings)}"
        yield from wrapped(Text("    on         ", "dim"), where, "", width)
        yield from wrapped(Text("    broken     ", "dim"), _told(room.broken), "", width)
        yield from wrapped(Text("    fixed      ", "dim"), _told(room.fixed), "", width)
    yield from wrapped(Text("    mended by  ", "dim"), entry.fixed_by, "", width)
    if whole and room.broken is not None and room.broken.finding is not None:
        yield from finding_pieces(room.broken.outcome, order, room.broken.finding, width)
    if whole and room.fixed is not None and room.fixed.finding is not None:
        yield Text()
        answer = _answer(room.fixed)
        sentence = room.fixed.finding.promise.sentence
        yield from wrapped(Text(f"{room.fixed.asked} {answer}: "), sentence, "", width)
        command = reproduces(room.fixed.outcome.run, order, room.fixed.asked)
        yield Text.assemble(("  reproduce: ", "dim"), command)


def summary(rooms: Sequence[Shown]) -> Text:
    """The last line of a visit."""
    seen = [room for room in rooms if room.broken is not None]
    wrong = sum(1 for room in seen if room.exit_status)
    rest = len(rooms) - len(seen)
    text = f"{plural(len(rooms), 'entry', 'entries')}: {len(seen) - wrong} shown"
    if wrong:
        text += f", {wrong} not as they should be"
    if rest:
        text += f", {rest} that no machine expresses"
    return Text(text, "bold red" if wrong else "bold")


def as_json(room: Shown, order: Order) -> str:
    """An entry as one line of JSON."""
    entry = room.entry
    found: dict[str, Any] = {
        "entry": entry.name,
        "title": entry.title,
        "mechanism": entry.mechanism,
        "fixed_by": entry.fixed_by,
    }
    exhibit = entry.exhibit
    if exhibit is None:
        found["reason"] = entry.reason
    elif room.broken is not None and room.fixed is not None:
        found |= {
            "machine": registry.name_of(exhibit.machine),
            "settings": {key: shown(value) for key, value in exhibit.settings.items()},
            "breaks": exhibit.breaks,
            "holds": exhibit.mended,
            "broken": outcome_data(room.broken.outcome, order),
            "fixed": outcome_data(room.fixed.outcome, order),
        }
    return json.dumps(found | {"exit_status": room.exit_status}, ensure_ascii=False) + "\n"


def _told(design: Design) -> str:
    variants = _settings(design.settings) or "as Kafka has it"
    return f"{variants}: {design.asked} {_answer(design)}"


def _answer(design: Design) -> str:
    verdict, finding = design.outcome.verdict, design.finding
    if verdict is None or finding is None:
        error = design.outcome.error
        return f"is not decided: {error.message if error is not None else design.outcome.lost}"
    if finding.result == "unknown":
        return f"is not decided: {finding.why}"
    if finding.result == "violated":
        length = plural(finding.trace.length, "state") if finding.trace is not None else "nowhere"
        return f"is false, {length}"
    up_to_names = any(note.startswith(UP_TO_NAMES) for note in verdict.notes)
    counted = plural(verdict.distinct, "state")
    return (
        f"holds in {counted}, which differ in more than names"
        if up_to_names
        else f"holds in {counted}"
    )


def _settings(settings: Any) -> str:
    return " ".join(f"{key}={shown(value)}" for key, value in settings.items())
