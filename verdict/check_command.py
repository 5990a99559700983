"""`verdict check`: explore every reachable state, and say what holds."""

from __future__ import annotations

import sys

import typer

from verdict import options
from verdict.certified import certified
from verdict.options import Format, limits
from verdict.output import console, folder
from verdict.progress import display
from verdict.render_text import TextStyle, traces_shown
from verdict.results import Wanted, carry_out
from verdict.run import Order, exit_status, plan, split
from verdict.workers import cores


def check(
    words: options.Words = None,
    config: options.Config = "",
    hazard: options.Hazards = None,
    prop: options.Properties = None,
    format: options.Style = Format.TEXT,  # noqa: A002 - the option's name
    output: options.Output = None,
    max_states: options.MaxStates = None,
    max_memory: options.MaxMemory = None,
    timeout: options.Timeout = None,
    workers: options.Workers = None,
    engine: options.EngineName = options.Engine.AUTO,
    threads: options.Threads = 1,
    symmetry: options.Symmetry = False,
    fingerprints: options.Fingerprints = False,
    checkpoint: options.Checkpoint = None,
    save_traces: options.SaveTraces = None,
    traces: options.Traces = None,
    quiet: options.Quiet = False,
) -> None:
    """Explore every reachable state.  Without MACHINE, of every machine's configurations."""
    only = frozenset(prop) if prop else None
    if engine is options.Engine.ALL:
        raise typer.Exit(certified(words or [], config, format, output, timeout))
    budget = limits(max_states, max_memory, timeout)
    order = Order(
        limits=budget,
        only=only,
        engine=engine.value,
        threads=threads,
        symmetry=symmetry,
        fingerprints=fingerprints,
        checkpoints=checkpoint,
    )
    hazards = frozenset(hazard or ())
    runs = plan(words or [], configuration=config, hazards=hazards, only=only)
    brief = not split(words or [])[0]
    style = TextStyle(
        traces_shown(runs, traces, brief=brief), brief, max(len(r.title) for r in runs) + 1
    )
    wanted = Wanted(format, output, style, folder(save_traces) if save_traces else None)
    progress = display(console(sys.stderr), quiet=quiet)
    outcomes = carry_out(runs, order, wanted, progress, jobs=workers or cores())
    raise typer.Exit(exit_status(outcomes))
