"""The table of promises: what came of each property over all runs of each machine.

A row says in how many configurations a property holds, and where it is false in which and with
how long a trace.  It is what `verdict check` ends with when there was more than one run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from checker import Finding
from verdict.run import Order, Outcome, exit_status, property_ids, reproduces
from verdict.words import UNKNOWN, Wording, plural, wording

KINDS = (
    (1, "not as expected:", "bold red"),
    (2, "cannot be run:", "bold red"),
    (3, "not decided:", "bold magenta"),
)
"""What an exit status other than 0 means for a run."""

LONGEST_NAME = 20
"""A longer name is broken at its underlines, so that room is left for the sentences."""

MOST_NAMED = 3
"""So many configurations are named in a row of the table; of more, their number is."""


@dataclass(frozen=True)
class Row:
    """A property of a machine, and what each run found."""

    machine: str
    id: str
    sentence: str
    found: tuple[tuple[str, Finding], ...]


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """One row a machine and property, in the order in which the machine declares them."""
    found: dict[tuple[str, str], list[tuple[str, Finding]]] = {}
    for outcome in outcomes:
        if outcome.verdict is not None:
            for finding in outcome.verdict.findings:
                key = outcome.run.target, finding.id
                found.setdefault(key, []).append((_configuration(outcome), finding))
    classes = {outcome.run.target: outcome.run.cls for outcome in outcomes}
    wanted = [
        (target, identifier) for target, cls in classes.items() for identifier in property_ids(cls)
    ]
    return [
        Row(
            machine,
            identifier,
            found[machine, identifier][0][1].promise.sentence,
            tuple(found[machine, identifier]),
        )
        for machine, identifier in wanted
        if (machine, identifier) in found
    ]


def promises_pieces(
    outcomes: Sequence[Outcome], order: Order, *, hint: bool = False
) -> Iterator[RenderableType]:
    """The table, and a last line that counts the runs; with `hint`, how to see a trace."""
    machine = ""
    table = _table()
    for row in rows(outcomes):
        if row.machine != machine:
            if machine:
                yield table
            table = _table()
            machine = row.machine
            yield Text()
            yield Text(machine, "bold")
        lines = sorted((_line(words, found) for words, found in _grouped(row)), key=itemgetter(0))
        said = Text("\n").join(text for _, _, text in lines)
        table.add_row(lines[0][1], _broken(row.id), Text(row.sentence), said)
    if machine:
        yield table
    yield Text()
    if hint:
        yield from _hint(outcomes, order)
    yield last_line(outcomes)


def _hint(outcomes: Sequence[Outcome], order: Order) -> Iterator[Text]:
    """The command that shows the shortest trace there is of what is false and known to be."""
    known = [
        (finding.trace.length, reproduces(outcome.run, order, finding.id))
        for outcome in outcomes
        if outcome.verdict is not None
        for finding in outcome.verdict.findings
        if finding.trace is not None and finding.result == "violated" and finding.as_expected
    ]
    if known:
        yield Text(f"for a trace: {min(known)[1]}", "dim")


def last_line(outcomes: Sequence[Outcome]) -> Text:
    """`12 runs: everything as expected`, or how many are not."""
    runs = plural(len(outcomes), "run")
    if exit_status(outcomes) == 0:
        walks = any(each.verdict is not None and each.verdict.walked for each in outcomes)
        said = (
            "nothing unexpected, though walks prove nothing" if walks else "everything as expected"
        )
        return Text(f"{runs}: {said}", "bold green")
    line = Text(f"{runs}: ", "bold")
    parts = []
    for status, text, style in KINDS:
        if names := [each.run.title for each in outcomes if each.exit_status == status]:
            parts.append(Text(f"{text} {', '.join(names)}", style))
    return line.append(Text("; ").join(parts))


def _configuration(outcome: Outcome) -> str:
    words = [outcome.run.configuration] if outcome.run.configuration else []
    return " ".join([*words, *(f"{k}={v}" for k, v in outcome.run.settings.items())])


def _table() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(width=3, justify="right")
    table.add_column(no_wrap=True, style="bold")
    table.add_column(ratio=3)
    table.add_column(ratio=2)
    return table


def _broken(name: str) -> str:
    """A name on as many lines as it takes."""
    lines = [""]
    for word in re.findall("[^_]*_?", name):
        if lines[-1] and len(lines[-1]) + len(word) > LONGEST_NAME:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


def _grouped(row: Row) -> list[tuple[Wording, list[tuple[str, Finding]]]]:
    groups: dict[Wording, list[tuple[str, Finding]]] = {}
    for configuration, finding in row.found:
        groups.setdefault(wording(finding), []).append((configuration, finding))
    return list(groups.items())


def _line(words: Wording, found: list[tuple[str, Finding]]) -> tuple[int, Text, Text]:
    """How serious it is, a mark, and `holds in 4`, `false, as expected in zombie (9 states)`."""
    finding = found[0][1]
    if finding.as_expected:
        serious = 2 if finding.result == "violated" else 3
    else:
        serious = int(words is UNKNOWN)
    where = str(len(found)) if finding.result == finding.expected == "holds" else _where(found)
    return serious, Text(words.mark, words.style), Text(f"{words.text} in {where}", words.style)


def _where(found: list[tuple[str, Finding]]) -> str:
    """`zombie (23 states); slow (22 states)`; of many, how many, and the shortest trace."""
    named = [
        (one.trace.length if one.trace is not None else 0, configuration or "its defaults")
        for configuration, one in found
    ]
    told = [f"{name} ({plural(n, 'state')})" if n else name for n, name in named]
    if len(found) <= MOST_NAMED:
        return "; ".join(told)
    shortest = told[named.index(min(named))]
    return f"{len(found)}, shortest in {shortest}" if min(named)[0] else f"{len(found)}"
