"""The verdict as text: what was checked, what came of each property, and why.

For one run, in this order: the machine, its configuration and settings; a table of its
properties; how much was explored and what was not; then for each property that is not as
expected (and for hazards, where traces are asked for) its sentence, the conjunct and the values
that falsify it, the shortest trace, and the command that comes to it again.

Of many runs each has a line, and what is wrong is told in full below it; a table of promises
(`render_promises`) ends the whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from checker import Finding, Trace, Verdict
from verdict.render_trace import broken, reason_lines, trace_lines
from verdict.run import Order, Outcome, Run, reproduces
from verdict.words import (
    HAZARD,
    UNREACHED_HAZARD,
    bounds_texts,
    counts_text,
    extent_text,
    idle_actions,
    plural,
    settings_texts,
    wording,
)


class Traces(Enum):
    """Of which hazards the traces are shown: what is expected, and may be known already.

    The trace of what is not expected is always shown.
    """

    NONE = auto()
    SHORTEST = auto()
    EACH = auto()


def traces_shown(runs: Sequence[Run], asked: bool | None, *, brief: bool) -> Traces:
    """Which traces of hazards to show: what was asked, or what a reader can take in."""
    if asked is not None:
        return Traces.EACH if asked else Traces.NONE
    if brief or len({run.target for run in runs}) > 1:
        return Traces.NONE
    return Traces.EACH if len(runs) == 1 else Traces.SHORTEST


@dataclass(frozen=True)
class TextStyle:
    """How much is said.

    traces  of hazards: none, the shortest of each over all runs (at the end), or each
    brief   one line a run instead of a table, with its title in so many columns
    """

    traces: Traces = Traces.EACH
    brief: bool = False
    column: int = 0


def print_outcome(console: Console, outcome: Outcome, order: Order, style: TextStyle) -> None:
    """Print what came of one run."""
    say(console, *outcome_pieces(outcome, order, style, console.width))


def say(console: Console, *pieces: RenderableType) -> None:
    """Print pieces without the blanks that fill a table's last column."""
    with console.capture() as captured:
        for piece in pieces:
            console.print(piece, soft_wrap=isinstance(piece, Text))
    console.file.write(re.sub(r" +$", "", captured.get(), flags=re.MULTILINE))


def outcome_pieces(
    outcome: Outcome, order: Order, style: TextStyle, width: int
) -> Iterator[RenderableType]:
    """What came of one run, piece by piece."""
    if outcome.verdict is None:
        why = str(outcome.error or outcome.lost)
        yield Text.assemble(("? ", "magenta"), (outcome.run.title, "bold"), f"  {why}")
        return
    if style.brief:
        yield from _brief(outcome, outcome.verdict, style, width)
    else:
        yield from _whole(outcome, outcome.verdict, width)
    for finding in outcome.verdict.findings:
        if _told(finding, style):
            yield from finding_pieces(outcome, order, finding, width)
    if not style.brief:
        yield Text()


def _told(finding: Finding, style: TextStyle) -> bool:
    if finding.result == "unknown":
        return False  # the table and the line below it say all there is to say
    if not finding.as_expected:
        return True
    return (
        style.traces is Traces.EACH and finding.result == "violated" and finding.trace is not None
    )


def shortest_pieces(
    outcomes: Sequence[Outcome], order: Order, width: int
) -> Iterator[RenderableType]:
    """Of each hazard the shortest trace that was found, in the order of first meeting."""
    found: dict[tuple[str, str], tuple[Outcome, Finding, Trace]] = {}
    for outcome in outcomes:
        for finding in outcome.verdict.findings if outcome.verdict is not None else ():
            if finding.trace is None or finding.result != "violated" or not finding.as_expected:
                continue
            key = outcome.run.target, finding.id
            if key not in found or finding.trace.length < found[key][2].length:
                found[key] = outcome, finding, finding.trace
    for outcome, finding, _ in found.values():
        yield from finding_pieces(outcome, order, finding, width)


def _brief(
    outcome: Outcome, verdict: Verdict, style: TextStyle, width: int
) -> Iterator[RenderableType]:
    """A line of results, and below it what they are the results of."""
    yield _line(outcome, verdict, style)
    chosen, _ = settings_texts(outcome.run.cls, verdict.settings)
    if chosen:
        yield from broken(Text("    "), chosen, "dim", width)
    if reached := [f"{name} ({number:,})" for name, number in verdict.bounds.items() if number]:
        yield from broken(Text("    bounds reached: ", "dim"), ", ".join(reached), "dim", width)
    if idle := idle_actions(verdict):
        yield from broken(Text("    never possible: ", "dim"), ", ".join(idle), "dim", width)
    if untested := [finding.id for finding in verdict.findings if finding.vacuous]:
        told = Text("    never put to the test: ", "dim")
        yield from broken(told, ", ".join(untested), "dim", width)
    for note in verdict.notes:
        yield from broken(Text("    note: ", "dim"), note, "dim", width)


def _line(outcome: Outcome, verdict: Verdict, style: TextStyle) -> Text:
    """`✓ group/zombie   55,586 states   depth 52    9.5 s   2 false, as expected`."""
    marks = {0: ("✓ ", "green"), 3: ("? ", "magenta")}
    mark = marks.get(outcome.exit_status, ("✗ ", "bold red"))
    counts = f"{verdict.distinct:>10,} states  depth {verdict.depth:>3}  {verdict.seconds:>5.1f} s"
    line = Text.assemble(mark, (f"{outcome.run.title:<{style.column}}", "bold"), counts)
    results = Counter(wording(finding) for finding in verdict.findings)
    for words in (HAZARD, UNREACHED_HAZARD):
        if number := results[words]:
            line.append(f"  {number} {words.text}", words.style)
    if verdict.stopped:
        line.append(f"  stopped: {verdict.stopped}", "magenta")
    return line


def _whole(outcome: Outcome, verdict: Verdict, width: int) -> Iterator[RenderableType]:
    title = outcome.run.target
    if verdict.configuration:
        title += f", {verdict.configuration}"
    yield Text.assemble((title, "bold"), (f"  ({verdict.engine} engine)", "dim"))
    chosen, usual = settings_texts(outcome.run.cls, verdict.settings)
    if chosen:
        yield from broken(Text("  "), chosen, "", width)
    if usual:
        yield from broken(Text("  otherwise "), usual, "dim", width)
    yield Text()
    yield _table(verdict)
    yield Text()
    yield from broken(Text("  searched: "), extent_text(outcome.run.cls, verdict), "", width)
    yield Text(f"  {counts_text(verdict)}")
    for sentence in bounds_texts(verdict):
        yield Text(f"  bound {sentence}")
    if idle := idle_actions(verdict):
        when = "never possible" if verdict.complete else "not possible so far"
        yield from broken(Text(f"  {when}: ", "yellow"), ", ".join(idle), "yellow", width)
    for finding in verdict.findings:
        for condition in finding.vacuous:
            told = Text(f"  {finding.id} was never put to the test: ", "yellow")
            yield from broken(told, condition, "yellow", width)
    yield from _undecided(verdict)
    for note in verdict.notes:
        yield from broken(Text("  note: "), note, "", width)
    if verdict.seed is not None:
        yield Text(f"  seed {verdict.seed}")


def _undecided(verdict: Verdict) -> Iterator[Text]:
    """Why an engine cannot tell, beyond that it was stopped."""
    for finding in verdict.findings:
        if not verdict.passes(finding) and finding.why not in ("", verdict.stopped):
            yield Text(f"  {finding.id} is not decided: {finding.why}", "magenta")


def _table(verdict: Verdict) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(width=3, justify="right")
    table.add_column(no_wrap=True, style="bold")
    table.add_column(ratio=1)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right", style="dim")
    for finding in verdict.findings:
        words = wording(finding)
        said = Text(words.text, words.style)
        length = plural(finding.trace.length, "state") if finding.trace is not None else ""
        mark = Text(words.mark, words.style)
        table.add_row(mark, finding.id, Text(finding.promise.sentence), said, length)
    return table


def finding_pieces(
    outcome: Outcome, order: Order, finding: Finding, width: int
) -> Iterator[RenderableType]:
    """A property that fails: sentence, conjunct and values, trace, the command."""
    words = wording(finding)
    yield Text()
    yield from broken(
        Text(f"{finding.id} {words.text}: ", words.style), finding.promise.sentence, "", width
    )
    if finding.promise.guards and not finding.as_expected:
        yield from broken(Text("  guards against: ", "dim"), finding.promise.guards, "dim", width)
    if finding.why:
        yield Text(f"  {finding.why}")
    for line in _explained(finding, width, shortest=order.simulate is None):
        yield Text("  ").append(line)
    command = reproduces(outcome.run, order, finding.id)
    yield Text.assemble(("  reproduce: ", "dim"), command)


def _explained(finding: Finding, width: int, *, shortest: bool) -> Iterator[Text]:
    if finding.reason is not None:
        yield from reason_lines(finding.reason, width - 2, attempt=finding.kind == "defect")
    if finding.trace is not None:
        yield Text(_way(finding.trace, shortest=shortest), "dim")
        yield from trace_lines(finding.trace, width - 2)


def _way(trace: Trace, *, shortest: bool) -> str:
    """What a trace is: a way to somewhere, or a run that goes on for ever."""
    if trace.loop is not None:
        rounds = len(trace.steps) - trace.loop
        ending = f"{plural(rounds, 'step')} again and again" if rounds else "none any more"
        stem = f"{plural(trace.loop, 'step')} and then " if trace.loop else ""
        return f"a fair run, {stem}{ending}:" if trace.steps else "a fair run, no step at all:"
    if not trace.steps:
        return "at the start:"
    way = "the shortest way there" if shortest else "a way there"
    return f"{way}, {plural(len(trace.steps), 'step')}:"
