"""What walks saw, told as every engine tells it."""

from __future__ import annotations

import platform
from dataclasses import replace

from checker.engines.findings import Observed, Sight
from checker.engines.native.build import compiler_version
from checker.engines.random.choices import Walk
from checker.engines.random.native import Asked, Walker
from checker.engines.random.replay import Teller
from checker.engines.random.shrink import shrunk
from checker.language.evaluator import BoundReached, Defect, Evaluator
from checker.verdict import Coverage


def observed(walker: Walker, asked: Asked) -> Observed:
    """The observations of walks that were taken, each violation's walk as short as can be."""
    run, first = walker.result, len(walker.program.properties)
    begins = len(walker.begins)
    told = Observed(
        engine="random",
        distinct=run.states.count,
        generated=run.steps + begins,
        depth=run.longest,
        seconds=walker.seconds,
        stopped=walker.stopped,
        coverage=tuple(
            Coverage(action.name, run.fired[number], run.fresh[number])
            for number, action in enumerate(walker.walking.actions)
        ),
        bounds=_bounds(walker),
        seen={},
        refined={},
        defect=None,
        notes=_notes(walker),
        versions={"python": platform.python_version(), "compiler": compiler_version()},
        seed=asked.seed,
        walks=run.taken,
    )
    count = first + len(walker.program.refinements)
    walks = {n: walk for n in range(count) if (walk := walker.seen(n)) is not None}
    defect = walker.defect()
    teller = Teller(walker.evaluator, walker.walking.actions, walker.begins)
    sights = {n: teller.sight(shrunk(walker, walk, n)) for n, walk in walks.items()}
    refined = {n - first: sight for n, sight in sights.items() if n >= first}
    return replace(
        told,
        seen={n: sight for n, sight in sights.items() if n < first},
        refined=refined | _refused_starts(walker),
        defect=_defect(walker, teller, defect),
    )


def found_at(walker: Walker) -> dict[int, int]:
    """By number of each property that was seen: how many walks it took."""
    return {
        number: walk.number + 1
        for number in range(len(walker.program.properties) + len(walker.program.refinements))
        if (walk := walker.seen(number)) is not None
    }


def _notes(walker: Walker) -> tuple[str, ...]:
    if walker.result.states.full:
        return ("there were more distinct states: those beyond what memory allows are not counted",)
    return ()


def _bounds(walker: Walker) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, site in enumerate(walker.walking.sites, 1):
        if site.bound is not None and walker.result.sites[number]:
            found[site.bound] = found.get(site.bound, 0) + walker.result.sites[number]
    for outcome in walker.starts:
        if outcome.bound is not None:
            found[outcome.bound] = found.get(outcome.bound, 0) + 1
    return found


def _defect(walker: Walker, teller: Teller, walk: Walk | None) -> Sight | None:
    for outcome in walker.starts:
        if outcome.defect is not None:
            return Sight((walker.program.start,), None, outcome.defect, started=False)
    return None if walk is None else teller.defect(shrunk(walker, walk, None))


def _refused_starts(walker: Walker) -> dict[int, Sight]:
    """Starts that are none of a specification's: there are few, and the evaluator looks at them."""
    found: dict[int, Sight] = {}
    for number, refinement in enumerate(walker.program.refinements):
        admitted = {start.state for start in Evaluator(refinement.spec).starts()}
        for outcome in walker.begins:
            try:
                good = walker.evaluator.abstract(refinement, outcome.state) in admitted
            except (BoundReached, Defect):
                good = False
            if not good:
                found.setdefault(number, Sight((outcome.state,)))
    return found
