"""Results on their way out: each format in the form that its readers want.

Text and JSON Lines are written as results come, so that a long check shows what it has found;
JUnit and annotations need all of them first.  A file is replaced when everything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from verdict.options import Format
from verdict.output import console, replaced
from verdict.progress import Display
from verdict.render_github import github
from verdict.render_json import outcome_line
from verdict.render_junit import junit
from verdict.render_promises import promises_pieces
from verdict.render_text import TextStyle, Traces, print_outcome, say, shortest_pieces
from verdict.run import Order, Outcome, Run
from verdict.saved import save
from verdict.workers import run_all

WHOLE: dict[Format, Callable[[Sequence[Outcome], Order], str]] = {
    Format.JUNIT: junit,
    Format.GITHUB: github,
}
"""The formats that need every result before they write any."""


@dataclass(frozen=True)
class Wanted:
    """What is to be done with results."""

    format: Format = Format.TEXT
    output: Path | None = None
    style: TextStyle = field(default_factory=TextStyle)
    traces: Path | None = None


def carry_out(
    runs: Sequence[Run], order: Order, wanted: Wanted, display: Display, *, jobs: int
) -> list[Outcome]:
    """Make the runs, and write what comes of them.

    Where all runs fail for one and the same reason, that is raised and nothing is written.
    """
    with replaced(wanted.output) as stream:
        held: list[Outcome] = []

        def done(outcome: Outcome) -> None:
            held.append(outcome)
            if outcome.error is None:
                flush()

        def flush() -> None:
            if not held:
                return
            with display.aside():
                for outcome in held:
                    _write_one(stream, outcome, order, wanted)
            held.clear()

        outcomes = run_all(runs, order, jobs=jobs, display=display, done=done)
        errors = {str(outcome.error): outcome.error for outcome in held}
        if len(held) == len(outcomes) and len(errors) == 1:
            raise next(filter(None, errors.values()))
        flush()
        _write_all(stream, outcomes, order, wanted)
    return outcomes


def _write_one(stream: TextIO, outcome: Outcome, order: Order, wanted: Wanted) -> None:
    if wanted.format is Format.TEXT:
        plain = wanted.output is not None
        print_outcome(console(stream, plain=plain), outcome, order, wanted.style)
    elif wanted.format is Format.JSON:
        stream.write(outcome_line(outcome, order))
    stream.flush()
    if wanted.traces is not None:
        save(outcome, order, wanted.traces)


def _write_all(stream: TextIO, outcomes: Sequence[Outcome], order: Order, wanted: Wanted) -> None:
    if wanted.format in WHOLE:
        stream.write(WHOLE[wanted.format](outcomes, order))
    elif wanted.format is Format.TEXT and len(outcomes) > 1:
        printer = console(stream, plain=wanted.output is not None)
        if wanted.style.traces is Traces.SHORTEST:
            say(printer, *shortest_pieces(outcomes, order, printer.width))
        hint = wanted.style.traces is Traces.NONE
        say(printer, *promises_pieces(outcomes, order, hint=hint))
