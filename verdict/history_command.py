"""`verdict history`: whether what clients did shows what Kafka promises will not happen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from checker.errors import RequestError
from conformance.history import KINDS, Anomaly, Report, check, read
from conformance.history.anomalies import ALLOWED
from verdict import options
from verdict.options import Format
from verdict.output import replaced

Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="KIND", help="Not held against the broker; repeatable."),
]
Examples = Annotated[
    int, typer.Option("--examples", min=0, metavar="N", help="So many of each kind in a text.")
]


def history(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A history: a line an operation.")],
    allow: Allow = None,
    examples: Examples = 3,
    format: options.Style = Format.TEXT,  # noqa: A002 - the option's name
    output: options.Output = None,
) -> None:
    """Search what clients did for what must not happen: lost, repeated, reordered records."""
    if format not in (Format.TEXT, Format.JSON):
        raise typer.BadParameter(f"a report on a history is text or json, not {format.value}")
    report = check(read(file), allowed(allow or ()))
    with replaced(output) as stream:
        if format is Format.JSON:
            stream.write(json.dumps(as_json(report)) + "\n")
        else:
            stream.writelines(f"{line}\n" for line in as_text(report, examples))
    raise typer.Exit(1 if report.broken else 0)


def allowed(words: Sequence[str]) -> frozenset[str]:
    """The kinds that are allowed, with these among them; RequestError for what is no kind."""
    for word in words:
        if word not in KINDS:
            raise RequestError(
                f"there is no anomaly called {word!r}", hint=f"known are {', '.join(KINDS)}"
            )
    return ALLOWED | frozenset(words)


def as_text(report: Report, examples: int) -> Iterator[str]:
    """The report for people: what was read, then each kind with its first examples."""
    counts = report.counts
    plural = "poll" if counts["polls"] == 1 else "polls"
    yield (
        f"{counts['operations']:,} operations of {counts['processes']:,} processes: "
        f"{counts['acknowledged']:,} sends acknowledged, {counts['failed']:,} failed, "
        f"{counts['unknown']:,} unknown; {counts['records polled']:,} records in "
        f"{counts['polls']:,} {plural}"
    )
    yield from _kinds("✗", report.broken, examples)
    yield from _kinds("·", report.allowed, 0)
    if not report.broken:
        yield "no anomaly"


def _kinds(mark: str, found: Sequence[Anomaly], examples: int) -> Iterator[str]:
    for kind, count in Counter(anomaly.kind for anomaly in found).items():
        yield f"{mark}  {kind} × {count:,}: {KINDS[kind]}"
        for anomaly in [each for each in found if each.kind == kind][:examples]:
            lines = ", ".join(map(str, anomaly.lines))
            plural = "line" if len(anomaly.lines) == 1 else "lines"
            yield f"       {anomaly.place}: {anomaly.told} ({plural} {lines})"


def as_json(report: Report) -> dict[str, Any]:
    """The report as one object."""

    def told(anomaly: Anomaly) -> dict[str, Any]:
        return {
            "kind": anomaly.kind,
            "topic": anomaly.place.topic,
            "partition": anomaly.place.partition,
            "lines": list(anomaly.lines),
            "told": anomaly.told,
        }

    return {
        "counts": dict(report.counts),
        "anomalies": [told(anomaly) for anomaly in report.broken],
        "allowed": [told(anomaly) for anomaly in report.allowed],
    }


__all__ = ["history"]
