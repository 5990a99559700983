"""How well walks walk: what share of a machine they visit, and how soon they find what is there.

    coverage  the walks of a configuration that a search can exhaust, beside that search: the
              share of its states and transitions that were visited, after so many seconds.  A
              transition is a state, an action, and arguments with which it fires there.
    hunts     the same walks from several seeds: how many it took to find each property violated.

Both are of the native engine's walks.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TextIO

from rich.table import Table

import checker
from checker.check import chosen
from checker.engines.random import Asked, Walker
from checker.engines.random.coverage import Measured, measured
from checker.engines.random.observed import found_at
from checker.errors import RequestError
from checker.language.evaluator import Evaluator
from checker.language.ir import Program
from checker.language.lowering import lower
from checker.verdict import Limits, Reporter
from verdict.output import console
from verdict.render_text import say
from verdict.run import Order, Run

MOMENTS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""Seconds after which it is told what was visited."""

WITHOUT_END = 1 << 62
STAGES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
"""Walks after which it is asked whether everything is found."""


def coverage(run: Run, order: Order, reporter: Reporter) -> Measured:
    """The share of a configuration that walks visit, for as long as the order's limits allow."""
    machine = run.machine()
    whole = checker.check(
        machine, only=frozenset(), engine="auto",
        limits=replace(order.limits, time=None), reporter=reporter,
    )  # fmt: skip
    if not whole.complete:
        raise RequestError(
            f"{run.name} was not exhausted within {whole.stopped}",
            hint="measure a smaller configuration: what walks visit is compared with all there is",
        )
    program = replace(lower(machine), properties=(), refinements=())
    starts = sum(1 for _ in Evaluator(program).initial())
    last = order.limits.time or MOMENTS[-1]
    moments = (*(moment for moment in MOMENTS if moment < last), last)
    asked = Asked(WITHOUT_END, order.depth, order.seed, measure=True)
    totals = whole.distinct, whole.generated - starts
    return measured(program, asked, moments, totals, Limits(memory=order.limits.memory), reporter)


def show_coverage(run: Run, found: Measured, stream: TextIO, *, as_json: bool) -> None:
    """Print what was measured."""
    if as_json:
        print(json.dumps({"run": run.name, **asdict(found)}), file=stream)
        return
    title = f"{run.title}: {found.states:,} states, {found.transitions:,} transitions"
    table = _table(title, "seconds", "walks", "steps", "of the states", "of the transitions")
    for row in found.visited:
        table.add_row(
            f"{row.seconds:.0f}", f"{row.walks:,}", f"{row.steps:,}",
            f"{row.states / found.states:.1%}", f"{row.transitions / found.transitions:.1%}",
        )  # fmt: skip
    say(console(stream), table)


@dataclass(frozen=True)
class Hunt:
    """One property, looked for from several seeds.

    walks  how many it took, of each seed from which it was found
    """

    identifier: str
    seeds: int
    walks: tuple[int, ...]

    @property
    def median(self) -> float | None:
        """The median over all seeds; None where half of them or more found nothing."""
        missing = [float("inf")] * (self.seeds - len(self.walks))
        middle = statistics.median([*map(float, self.walks), *missing])
        return None if middle == float("inf") else middle


def hunts(run: Run, order: Order, seeds: int, reporter: Reporter) -> list[Hunt]:
    """How many walks it takes to find each hazard, or what the order names."""
    program = chosen(lower(run.machine()), run.hazards, order.only or run.hazards or None)
    subjects = [prop.promise.id for prop in program.properties]
    subjects += [refinement.promise.id for refinement in program.refinements]
    took: dict[str, list[int]] = {name: [] for name in subjects}
    for seed in range(order.seed, order.seed + seeds):
        for number, walks in _hunt(program, replace(order, seed=seed), reporter).items():
            took[subjects[number]].append(walks)
    return [Hunt(name, seeds, tuple(sorted(walks))) for name, walks in took.items()]


def _hunt(program: Program, order: Order, reporter: Reporter) -> dict[int, int]:
    walker = Walker(program)
    most = order.simulate or 0
    try:
        for stage in [*(stage for stage in STAGES if stage < most), most]:
            walker.walk(Asked(stage, order.depth, order.seed), order.limits, reporter)
            found = found_at(walker)
            if len(found) == len(program.properties) + len(program.refinements):
                break
        return found_at(walker)
    finally:
        walker.close()


def show_hunts(run: Run, found: Sequence[Hunt], stream: TextIO, *, as_json: bool) -> None:
    """Print what was found."""
    if as_json:
        for hunt in found:
            print(json.dumps({"run": run.name, **asdict(hunt), "median": hunt.median}), file=stream)
        return
    table = _table(run.title, "", "found", "median of walks", "fewest", "most")
    for hunt in found:
        table.add_row(hunt.identifier, f"{len(hunt.walks)} of {hunt.seeds}", *_figures(hunt))
    say(console(stream), table)


def _figures(hunt: Hunt) -> Iterator[str]:
    yield "" if hunt.median is None else f"{hunt.median:,.0f}"
    yield f"{hunt.walks[0]:,}" if hunt.walks else ""
    yield f"{hunt.walks[-1]:,}" if hunt.walks else ""


def _table(title: str, *heads: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    return table
