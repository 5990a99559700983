"""The table of promises: what came of each property over all runs of each machine.

A row says in how many configurations a property holds, and where it is false in which and with
how long a trace.  It is what `verdict check` ends with when there was more than one run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from checker import Finding
from verdict.run import Outcome, exit_status
from verdict.words import UNKNOWN, VIOLATED, Wording, plural, wording

KINDS = (
    (1, "not as expected:", "bold red"),
    (2, "cannot be run:", "bold red"),
    (3, "not decided:", "bold magenta"),
)
"""What an exit status other than 0 means for a run."""


@dataclass(frozen=True)
class Row:
    """A property of a machine, and what each run found."""

    machine: str
    id: str
    sentence: str
    found: tuple[tuple[str, Finding], ...]


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """One row a machine and property, in the order in which they are first met."""
    found: dict[tuple[str, str], list[tuple[str, Finding]]] = {}
    for outcome in outcomes:
        if outcome.verdict is not None:
            for finding in outcome.verdict.findings:
                key = outcome.run.target, finding.id
                found.setdefault(key, []).append((_configuration(outcome), finding))
    return [
        Row(machine, identifier, met[0][1].promise.sentence, tuple(met))
        for (machine, identifier), met in found.items()
    ]


def promises_pieces(outcomes: Sequence[Outcome]) -> Iterator[RenderableType]:
    """The table, and a last line that counts the runs."""
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
        lines = [_line(words, found) for words, found in _grouped(row)]
        worst = min(lines, key=lambda line: line[0])
        said = Text("\n").join(text for _, _, text in lines)
        table.add_row(worst[1], row.id, Text(row.sentence), said)
    if machine:
        yield table
    yield Text()
    yield last_line(outcomes)


def last_line(outcomes: Sequence[Outcome]) -> Text:
    """`12 runs: all as expected`, or how many are not."""
    runs = plural(len(outcomes), "run")
    if exit_status(outcomes) == 0:
        return Text(f"{runs}: everything as expected", "bold green")
    line = Text(f"{runs}: ", "bold")
    parts = []
    for status, text, style in KINDS:
        if names := [each.run.name for each in outcomes if each.exit_status == status]:
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


def _grouped(row: Row) -> list[tuple[Wording, list[tuple[str, Finding]]]]:
    groups: dict[Wording, list[tuple[str, Finding]]] = {}
    for configuration, finding in row.found:
        groups.setdefault(wording(finding), []).append((configuration, finding))
    return list(groups.items())


def _line(words: Wording, found: list[tuple[str, Finding]]) -> tuple[int, Text, Text]:
    """How serious it is, a mark, and `holds in 4`, `false, as expected in zombie (9 states)`."""
    finding = found[0][1]
    serious = 2 if finding.as_expected else int(words is UNKNOWN)
    where = str(len(found))
    if not finding.as_expected or finding.result == "violated":
        where = ", ".join(_where(configuration, one) for configuration, one in found)
    text = Text(f"{words.text} in {where}", words.style if words is not VIOLATED else "bold red")
    return serious, Text(words.mark, words.style), text


def _where(configuration: str, finding: Finding) -> str:
    length = f" ({plural(finding.trace.length, 'state')})" if finding.trace is not None else ""
    return f"{configuration or 'its defaults'}{length}"
