"""`verdict museum`: protocol bugs that Kafka had and hazards that it has, each shown by a machine.

Of each entry two designs are searched, on the same configuration: the broken one, until a property
is seen to be false there, and the fixed one, whole, in which it must hold.  Only what entries ask
of a design is looked at, and a design that several entries share is searched once.  Where its
machine is symmetric, one state stands for all that differ in names alone.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from checker import Finding
from checker.errors import RequestError
from checker.language.domains import shown
from checker.verdict import FOUND
from model.museum import ENTRIES, Entry, Exhibit
from model.museum.entry import Keywords
from verdict import options, registry
from verdict.options import Format
from verdict.output import console, replaced
from verdict.progress import Display, display
from verdict.render_text import say
from verdict.run import SEVERITY, Order, Outcome, Run
from verdict.workers import cores, run_all

Search = tuple[tuple[str, ...], frozenset[str]]
"""A design, in the words that name it, and until when it is searched."""


@dataclass(frozen=True)
class Design:
    """One of the two designs of an entry, what came of its search, and the property asked of it."""

    settings: Keywords
    outcome: Outcome
    asked: str

    @property
    def finding(self) -> Finding | None:
        """The answer about its property; None where there is none."""
        verdict = self.outcome.verdict
        return verdict.finding(self.asked) if verdict is not None else None

    @property
    def exit_status(self) -> int:
        """As for any run; of a search that ended with what it was to find, what it found counts."""
        verdict = self.outcome.verdict
        if verdict is None or verdict.stopped != FOUND:
            return self.outcome.exit_status
        return max(not found.as_expected for found in verdict.findings if found.result != "unknown")


@dataclass(frozen=True)
class Shown:
    """An entry, and both its designs; neither for an entry that no machine can express."""

    entry: Entry
    broken: Design | None = None
    fixed: Design | None = None

    @property
    def exit_status(self) -> int:
        """0 where the broken design breaks and the fixed one holds; else as for any run."""
        both = [each.exit_status for each in (self.broken, self.fixed) if each is not None]
        return min(both, key=SEVERITY.index, default=0)


def museum(
    name: Annotated[
        str | None, typer.Argument(metavar="ENTRY", help="One entry; all of them if unset.")
    ] = None,
    format: options.Style = Format.TEXT,  # noqa: A002 - the option's name
    output: options.Output = None,
    max_memory: options.MaxMemory = None,
    timeout: options.Timeout = None,
    workers: options.Workers = None,
    quiet: options.Quiet = False,
) -> None:
    """Show each known bug: a broken design, the shortest trace, and the design that mends it."""
    from verdict.render_museum import as_json, pieces, summary

    if format not in (Format.TEXT, Format.JSON):
        raise typer.BadParameter(f"the museum is text or json, not {format.value}")
    entries = ENTRIES if name is None else (named(name),)
    order = Order(limits=options.limits(None, max_memory, timeout))
    rooms = visit(entries, order, display(console(sys.stderr), quiet=quiet), workers or cores())
    with replaced(output) as stream:
        printer = console(stream, plain=output is not None)
        for room in rooms:
            if format is Format.JSON:
                stream.write(as_json(room, order))
            else:
                say(printer, *pieces(room, order, printer.width, whole=name is not None))
        if format is Format.TEXT and name is None:
            say(printer, summary(rooms))
    raise typer.Exit(min((room.exit_status for room in rooms), key=SEVERITY.index))


def named(name: str) -> Entry:
    """The entry of that name; RequestError where there is none."""
    known = {entry.name.lower(): entry for entry in ENTRIES}
    if name.lower() in known:
        return known[name.lower()]
    close = difflib.get_close_matches(name.lower(), known, 1)
    raise RequestError(
        f"the museum has no entry {name!r}",
        hint=f"did you mean {known[close[0]].name}?" if close else "`verdict museum` lists them",
    )


def visit(entries: Sequence[Entry], order: Order, progress: Display, jobs: int) -> list[Shown]:
    """Search both designs of each entry."""
    exhibits = [entry.exhibit for entry in entries if entry.exhibit is not None]
    runs: dict[Search, Run] = {}
    for run in (run for one in exhibits for run in (broken_run(one), fixed_run(one))):
        same = runs.setdefault(_search(run), run)
        runs[_search(run)] = replace(same, only=_either(same.only, run.only))
    wanted = replace(order, symmetry="auto")
    found = run_all(list(runs.values()), wanted, jobs=jobs, display=progress, done=_nothing)
    outcomes = dict(zip(runs, found, strict=True))
    return [_shown(entry, outcomes) for entry in entries]


def _shown(entry: Entry, outcomes: Mapping[Search, Outcome]) -> Shown:
    exhibit = entry.exhibit
    if exhibit is None:
        return Shown(entry)
    broken, fixed = (outcomes[_search(run(exhibit))] for run in (broken_run, fixed_run))
    return Shown(
        entry,
        Design(exhibit.broken, broken, exhibit.breaks),
        Design(exhibit.fixed, fixed, exhibit.mended),
    )


def _search(run: Run) -> Search:
    """What runs share that one search can stand for."""
    return run.words, run.until


def _either(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other


def broken_run(exhibit: Exhibit) -> Run:
    """The search of the broken design, whose property is expected to be false."""
    run = _run(exhibit, exhibit.broken, exhibit.breaks)
    breaks = frozenset({exhibit.breaks})
    return replace(run, hazards=breaks, until=breaks)


def fixed_run(exhibit: Exhibit) -> Run:
    """The search of the fixed design."""
    return _run(exhibit, exhibit.fixed, exhibit.mended)


def _run(exhibit: Exhibit, variants: Keywords, identifier: str) -> Run:
    settings = {key: shown(value) for key, value in {**exhibit.settings, **variants}.items()}
    target = registry.name_of(exhibit.machine)
    return Run(target, "", settings, frozenset(), frozenset({identifier}))


def _nothing(outcome: Outcome) -> None:
    """Results are shown together."""


__all__ = ["Design", "Shown", "museum", "visit"]
