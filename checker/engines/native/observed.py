"""What the native engine saw, told as every engine tells it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping

from checker.engines.findings import Observed, Sight
from checker.engines.native.build import compiler_version
from checker.engines.native.engine import NativeSearch
from checker.engines.native.symmetry import domains_of
from checker.engines.steps import refines, violates
from checker.engines.tracing import Disagreement
from checker.language.evaluator import BoundReached, Defect
from checker.language.machine import Snapshot
from checker.verdict import UP_TO_NAMES, Coverage


def observed(search: NativeSearch) -> Observed:
    """The observations of a search, with states as values."""
    run = search.result
    first = len(search.program.properties)
    sights = {
        number: sight
        for number, seen in enumerate(run.seen[: first + len(search.program.refinements)])
        if (sight := search.sight(seen, _wrong(search, number))) is not None
    }
    refined = {number - first: sight for number, sight in sights.items() if number >= first}
    return Observed(
        engine="native",
        distinct=run.distinct,
        generated=run.generated,
        depth=run.depth,
        seconds=search.seconds,
        stopped=search.stopped,
        coverage=_coverage(search),
        bounds=_bounds(search),
        seen={number: sight for number, sight in sights.items() if number < first},
        refined=refined | _refused_starts(search),
        defect=_defect(search),
        notes=_notes(search),
        collision=_collision(search),
        memory=8 * (run.slots * search.generated.kept + run.count),
        versions={"python": platform.python_version(), "compiler": compiler_version()},
    )


def _notes(search: NativeSearch) -> tuple[str, ...]:
    notes = []
    if search.generated.symmetric:
        names = ", ".join(str(d) for d in domains_of(search.program.state) if d.size > 1)
        notes.append(f"{UP_TO_NAMES} {names} alone")
    if search.generated.fingerprints:
        share = f"{_collision(search):.1e}"
        notes.append(
            f"64 bits are kept of a state: with probability {share} two were taken for one"
        )
    elif search.options.fingerprints:
        notes.append("a state is 64 bits: all of it is kept")
    if search.resumed:
        notes.append(f"taken up from a checkpoint of {search.resumed:,} states")
    return tuple(notes)


def _collision(search: NativeSearch) -> float:
    """That two of n states have one fingerprint: at most, pairs of states over 2**64."""
    if not search.generated.fingerprints:
        return 0.0
    distinct: int = search.result.distinct
    return min(1.0, distinct * (distinct - 1) / 2**65)


def _wrong(search: NativeSearch, number: int) -> Callable[[Snapshot, Snapshot], bool]:
    """Whether a step is one that a property does not allow, in the evaluator's eyes."""
    properties, evaluator = search.program.properties, search.evaluator
    if number >= len(properties):
        refinement = search.program.refinements[number - len(properties)]
        return lambda before, after: not refines(evaluator, refinement, before, after)
    return lambda before, after: violates(evaluator, properties[number], before, after)


def _coverage(search: NativeSearch) -> tuple[Coverage, ...]:
    fired = {a.name: (0, 0) for a in search.program.actions if not a.impossible}
    for number, instance in enumerate(search.generated.instances):
        count, fresh = fired[instance.action.name]
        run = search.result
        fired[instance.action.name] = (count + run.fired[number], fresh + run.fresh[number])
    return tuple(Coverage(name, *counts) for name, counts in fired.items())


def _bounds(search: NativeSearch) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for number, site in enumerate(search.generated.sites, 1):
        if site.bound is not None and search.result.sites[number]:
            found[site.bound] = found.get(site.bound, 0) + search.result.sites[number]
    for outcome in search.starts:
        if outcome.bound is not None:
            found[outcome.bound] = found.get(outcome.bound, 0) + 1
    return found


def _defect(search: NativeSearch) -> Sight | None:
    """The first defect, in the evaluator's words."""
    for outcome in search.starts:
        if outcome.defect is not None:
            return Sight((search.program.start,), None, outcome.defect, started=False)
    sight = search.sight(search.result.defect, lambda _, __: True)
    if sight is None:
        return None
    for outcome in search.evaluator.outcomes(sight.run[-1]):
        if outcome.defect is not None:
            return Sight(sight.run, None, outcome.defect)
    raise Disagreement(f"the compiled program has a defect that none has in {sight.run[-1]}")


def _refused_starts(search: NativeSearch) -> dict[int, Sight]:
    """Starts that are none of a specification's: there are few, and the evaluator looks at them."""
    from checker.language.evaluator import Evaluator

    found: dict[int, Sight] = {}
    for number, refinement in enumerate(search.program.refinements):
        admitted = {start.state for start in Evaluator(refinement.spec).starts()}
        for outcome in search.starts:
            if outcome.state is None:
                continue
            try:
                good = search.evaluator.abstract(refinement, outcome.state) in admitted
            except (BoundReached, Defect):
                good = False
            if not good:
                found.setdefault(number, Sight((outcome.state,)))
    return found
