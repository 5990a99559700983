"""`verdict simulate`: random walks, at sizes that no one can exhaust."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from checker.errors import RequestError
from checker.verdict import Silent
from verdict import options
from verdict.options import Format, limits
from verdict.output import console, folder, replaced
from verdict.progress import display
from verdict.render_text import TextStyle, traces_shown
from verdict.results import Wanted, carry_out
from verdict.run import Order, Run, exit_status, plan, split
from verdict.workers import cores


def simulate(
    words: options.OneMachine,
    config: options.Config = "",
    hazard: options.Hazards = None,
    prop: options.Properties = None,
    runs: Annotated[int, typer.Option(min=1, metavar="N", help="How many walks.")] = 1000,
    depth: Annotated[int, typer.Option(min=1, metavar="N", help="How long each may be.")] = 100,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The same seed walks the same ways.")
    ] = None,
    engine: options.EngineName = options.Engine.AUTO,
    measure_coverage: Annotated[
        bool,
        typer.Option(
            "--measure-coverage",
            help="Of a configuration that can be exhausted, the share that walks visit.",
        ),
    ] = False,
    repeat: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="From N seeds: how many walks each hazard takes."),
    ] = None,
    format: options.Style = Format.TEXT,  # noqa: A002 - the option's name
    output: options.Output = None,
    max_states: options.MaxStates = None,
    max_memory: options.MaxMemory = None,
    timeout: options.Timeout = None,
    workers: options.Workers = None,
    save_traces: options.SaveTraces = None,
    traces: options.Traces = None,
    quiet: options.Quiet = False,
) -> None:
    """Walk at random, at sizes that no one can exhaust."""
    if not split(words)[0]:
        raise RequestError("no machine is named", hint="`verdict list` shows them")
    if engine is options.Engine.ALL:
        raise RequestError("walks are one engine's", hint="native or python, or leave it out")
    chosen = int.from_bytes(os.urandom(4)) if seed is None else seed
    order = Order(
        limits=limits(max_states, max_memory, timeout),
        only=frozenset(prop) if prop else None,
        simulate=runs,
        depth=depth,
        seed=chosen,
        engine=engine.value,
    )
    planned = plan(words, configuration=config, hazards=frozenset(hazard or ()))
    if measure_coverage or repeat is not None:
        _measure(planned, order, repeat, output, as_json=format is Format.JSON)
        return
    style = TextStyle(traces_shown(planned, traces, brief=False))
    wanted = Wanted(format, output, style, folder(save_traces) if save_traces else None)
    progress = display(console(sys.stderr), quiet=quiet)
    outcomes = carry_out(planned, order, wanted, progress, jobs=workers or cores())
    raise typer.Exit(exit_status(outcomes))


def _measure(
    planned: Sequence[Run], order: Order, seeds: int | None, output: Path | None, *, as_json: bool
) -> None:
    """How well walks walk, instead of what they find."""
    from verdict.measured_walks import coverage, hunts, show_coverage, show_hunts

    with replaced(output) as stream:
        for run in planned:
            if seeds is None:
                show_coverage(run, coverage(run, order, Silent()), stream, as_json=as_json)
            else:
                show_hunts(run, hunts(run, order, seeds, Silent()), stream, as_json=as_json)
