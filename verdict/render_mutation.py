"""What came of the mutants of a machine, as text and as JSON.

A score is that of killed among killed and survived.  Survivors are what is to be looked at: each
is shown with its place, the source before and after, and why it survives, where somebody has
written that down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from checker.mutation import Judgement, Mutant, Report
from checker.mutation.operators import OPERATORS
from verdict.words import plural


@dataclass(frozen=True)
class Reading:
    """A report beside what is explained: why mutants survive, by id."""

    machine: str
    report: Report
    explained: Mapping[str, str]

    @property
    def unexplained(self) -> list[Judgement]:
        """The survivors that nobody has looked at."""
        return [one for one in self.report.of("survived") if one.mutant not in self.explained]

    @property
    def stale(self) -> list[tuple[str, str]]:
        """Explanations that explain nothing, and why."""
        report = self.report
        killed = {one.mutant for one in report.of("killed")}
        gone = [(name, "there is no such mutant") for name in self.explained
                if name not in report.mutants]  # fmt: skip
        return gone + [(name, "it is killed") for name in self.explained if name in killed]


def text_pieces(reading: Reading) -> Iterator[RenderableType]:
    """The whole report for reading."""
    report = reading.report
    yield _headline(reading)
    yield Text()
    yield _table(report)
    yield Text()
    yield Text(_score(reading))
    for title, found in (
        ("survivors that nobody has explained", reading.unexplained),
        ("undecided, for lack of budget", report.of("unknown")),
        ("survivors that are explained", _explained(reading)),
    ):
        if found:
            yield Text()
            yield Text(title, "bold")
            for one in found:
                yield from _shown(report.mutants[one.mutant], one, reading.explained)
    if reading.stale:
        yield Text()
        yield Text("explanations that explain nothing", "bold")
        for name, why in reading.stale:
            yield Text(f"  {name}: {why}")


def _explained(reading: Reading) -> list[Judgement]:
    return [one for one in reading.report.of("survived") if one.mutant in reading.explained]


def _headline(reading: Reading) -> Text:
    report = reading.report
    named = ", ".join(
        f"{one.configuration or 'its defaults'} ({plural(one.distinct, 'state')})"
        for one in report.originals
    )
    chosen, there = len(report.chosen), plural(len(report.mutants), "mutant")
    what = there if chosen == len(report.mutants) else f"{chosen:,} of {there}, seed {report.seed}"
    return Text.assemble((reading.machine, "bold"), f"  {what}; in {named or 'no configuration'}")


def _table(report: Report) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    for title in ("killed", "survived", "unknown", "score"):
        table.add_column(title, justify="right", no_wrap=True)
    for operator in (*OPERATORS, None):
        name = operator.name if operator else ""
        counts = [len(report.of(fate, operator=name)) for fate in ("killed", "survived", "unknown")]
        if any(counts) or operator is None:
            told = [f"{count:,}" for count in counts]
            table.add_row(f"  {name or 'all'}", *told, _percent(report.score(name)))
    return table


def _score(reading: Reading) -> str:
    report = reading.report
    left = len(report.chosen) - len(report.judgements)
    explained = len(_explained(reading))
    decided = report.of("killed", "survived")
    told = [f"score {_percent(report.score())}: {len(report.of('killed')):,} of {len(decided):,}"]
    if explained:
        told.append(f"{plural(explained, 'survivor')} explained")
    told.append(f"{plural(len(reading.unexplained), 'survivor')} unexplained")
    if left:
        why = "interrupted" if report.interrupted else "out of time"
        told.append(f"{left:,} not judged: {why}")
    return "; ".join(told)


def _percent(score: float | None) -> str:
    """Rounded down: 100% is every one."""
    return "–" if score is None else f"{int(score * 1000) / 10:.1f}%"


def _shown(
    mutant: Mutant, judgement: Judgement, explained: Mapping[str, str]
) -> Iterator[RenderableType]:
    place = f"{mutant.file}:{mutant.line}"
    yield Text.assemble(f"  {place}  {mutant.function}: ", mutant.sentence)
    yield Text(f"    - {mutant.before}")
    if mutant.after:
        yield Text(f"    + {mutant.after}")
    if judgement.why:
        yield Text(f"    {judgement.configuration}: {judgement.why}")
    if judgement.silent:
        yield Text(f"    no longer fire: {', '.join(judgement.silent)}")
    if mutant.id in explained:
        yield Text(f"    {explained[mutant.id]}")
    else:
        yield Text(f"    {mutant.id}", "dim")


def as_json(reading: Reading) -> str:
    """The whole report as one line of JSON."""
    report = reading.report
    fates = ("killed", "survived", "unknown")
    data: dict[str, Any] = {
        "machine": reading.machine,
        "configurations": [
            {"configuration": one.configuration, "distinct": one.distinct}
            for one in report.originals
        ],
        "mutants": len(report.mutants),
        "chosen": len(report.chosen),
        "seed": report.seed,
        **{fate: len(report.of(fate)) for fate in fates},
        "score": report.score(),
        "operators": {
            operator.name: {
                **{fate: len(report.of(fate, operator=operator.name)) for fate in fates},
                "score": report.score(operator.name),
            }
            for operator in OPERATORS
        },
        "unexplained": len(reading.unexplained),
        "judgements": [_judgement_data(reading, one) for one in report.of(*fates)],
        "stale": [{"mutant": name, "why": why} for name, why in reading.stale],
    }
    return json.dumps(data, ensure_ascii=False) + "\n"


def _judgement_data(reading: Reading, judgement: Judgement) -> dict[str, Any]:
    mutant = reading.report.mutants[judgement.mutant]
    return {
        "mutant": mutant.id,
        "operator": mutant.operator,
        "sentence": mutant.sentence,
        "file": mutant.file,
        "line": mutant.line,
        "function": mutant.function,
        "before": mutant.before,
        "after": mutant.after,
        "fate": judgement.fate,
        "by": judgement.by,
        "configuration": judgement.configuration,
        "why": judgement.why,
        "silent": list(judgement.silent),
        "explained": reading.explained.get(mutant.id, ""),
    }


__all__ = ["Reading", "as_json", "text_pieces"]
