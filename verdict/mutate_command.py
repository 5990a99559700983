"""`verdict mutate`: whether the properties of a machine would notice a mistake in its actions."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from checker.check import chosen
from checker.errors import RequestError
from checker.language.lowering import lower
from checker.mutation import Campaign, Plan, Subject
from checker.mutation.explained import read
from verdict import options
from verdict.options import Format
from verdict.output import console, replaced
from verdict.progress import interval
from verdict.render_mutation import Reading, as_json, text_pieces
from verdict.render_text import say
from verdict.run import Run, plan, split
from verdict.workers import cores


@dataclass(frozen=True)
class Loaded:
    """Some configurations of a machine, by the names under which any process can load them."""

    runs: tuple[tuple[str, str, tuple[tuple[str, str], ...], frozenset[str]], ...]

    def __call__(self) -> Sequence[Subject]:
        """The machine, lowered for each of them."""
        return [self._subject(Run(t, c, dict(s), h)) for t, c, s, h in self.runs]

    def _subject(self, run: Run) -> Subject:
        program = chosen(lower(run.machine()), run.hazards, None)
        name = " ".join(filter(None, (run.configuration, *run.words[1:])))
        return Subject(name, program, run.hazards)


def mutate(
    words: options.OneMachine,
    config: options.Config = "",
    hazard: options.Hazards = None,
    format: options.Style = Format.TEXT,  # noqa: A002 - the option's name
    output: options.Output = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.001, metavar="SECONDS", help="Stop the whole run after that time."),
    ] = None,
    per_mutant: Annotated[
        float | None,
        typer.Option(min=0.001, metavar="SECONDS", help="Give each mutant that much time."),
    ] = None,
    max_mutants: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Judge so many, chosen by the seed.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Which mutants, and in what order.")] = 0,
    workers: options.Workers = None,
    journal: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep results there, and go on from those it has."),
    ] = None,
    explained: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A TOML table of survivors, and why they survive."),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(min=0, max=100, metavar="PERCENT", help="Status 1 where the score is less."),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Make one small mistake at a time in the actions; say which ones no property notices."""
    if format not in (Format.TEXT, Format.JSON):
        raise typer.BadParameter(f"a report on mutants is text or json, not {format.value}")
    runs = _runs(words, config, frozenset(hazard or ()))
    known = read(explained) if explained is not None else {}
    loader = Loaded(
        tuple((r.target, r.configuration, tuple(r.settings.items()), r.hazards) for r in runs)
    )
    asked = Plan(max_mutants, seed, timeout, per_mutant, workers or cores(), journal)
    with replaced(output) as stream:
        report = Campaign(loader, asked, _progress(quiet=quiet)).run()
        reading = Reading(runs[0].target, report, known)
        if format is Format.JSON:
            stream.write(as_json(reading))
        else:
            say(console(stream, plain=output is not None), *text_pieces(reading))
    score = report.score()
    if fail_under is not None and (score is None or score * 100 < fail_under):
        raise typer.Exit(1)
    raise typer.Exit(0 if report.complete else 3)


def _runs(words: Sequence[str], config: str, hazards: frozenset[str]) -> list[Run]:
    if not split(words)[0]:
        raise RequestError("no machine is named", hint="`verdict list` shows them")
    runs = plan(words, configuration=config, hazards=hazards)
    if len({run.target for run in runs}) > 1:
        raise RequestError("several machines are named", hint="one at a time")
    if len({run.words for run in runs}) < len(runs):
        raise RequestError("a configuration is named twice", hint="name each once")
    return runs


class _Told:
    """Says on stderr every few seconds how far a run has come."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._last = time.monotonic()

    def __call__(self, done: int, whole: int) -> None:
        moment = time.monotonic()
        if moment - self._last >= self._every:
            self._last = moment
            print(f"{done:,} of {whole:,} mutants judged", file=sys.stderr, flush=True)


def _progress(*, quiet: bool) -> _Told:
    return _Told(float("inf") if quiet else interval())


__all__ = ["mutate"]
