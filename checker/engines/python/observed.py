"""What the python engine saw, told as every engine tells it."""

from __future__ import annotations

import platform
from dataclasses import replace

from checker.engines.findings import Observed, Sight
from checker.engines.python.search import OutOfBudget, Search, Seen
from checker.verdict import Coverage


def observed(search: Search) -> Observed:
    """The observations of a search, with states as values."""
    found = search.found
    return Observed(
        engine="python",
        distinct=len(found.parents),
        generated=found.generated,
        depth=found.depth,
        seconds=found.seconds,
        stopped=found.stopped,
        coverage=_coverage(search),
        bounds=dict(found.bounds),
        seen={number: _sight(search, seen) for number, seen in found.seen.items()},
        refined={number: _sight(search, seen) for number, seen in found.refined.items()},
        defect=None if found.defect is None else _sight(search, found.defect),
        versions={"python": platform.python_version()},
    )


def eventual(search: Search, found: Observed) -> Observed:
    """The same, and what happens eventually, where a machine has such properties."""
    asked = any(prop.kind == "eventually" for prop in search.program.properties)
    if found.stopped or not asked:
        return found
    from checker.engines.liveness.lassos import answers
    from checker.engines.python.graphs import explored

    try:
        again = explored(search)
    except OutOfBudget as limit:
        return replace(found, undecided=str(limit))
    except KeyboardInterrupt:
        return replace(found, undecided="interrupted")
    sights: dict[int, Sight | None] = {
        number: _sight(search, Seen(again.states[state])) for number, state in again.failing.items()
    }
    unpack = search.compiled.layout.unpack
    for number, lasso in answers(search.program, again.graph, again.questions).items():
        run = () if lasso is None else tuple(unpack(again.states[state]) for state in lasso.states)
        sights[number] = None if lasso is None else Sight(run, loop=lasso.loop)
    return replace(found, eventual=sights)


def _coverage(search: Search) -> tuple[Coverage, ...]:
    """What each action did; an action has an instance for each of its choices."""
    fired = {a.name: (0, 0) for a in search.program.actions if not a.impossible}
    for instance in search.compiled.instances:
        name, number = instance.action.name, instance.number
        if name in fired:
            count, fresh = fired[name]
            fired[name] = (count + search.found.fired[number], fresh + search.found.fresh[number])
    return tuple(Coverage(name, *counts) for name, counts in fired.items())


def _sight(search: Search, seen: Seen) -> Sight:
    """The states that lead to what was seen, found by going from parent to parent."""
    parents, unpack = search.found.parents, search.compiled.layout.unpack
    states = [seen.state]
    while seen.started and parents[states[-1]] != states[-1]:
        states.append(parents[states[-1]])
    run = tuple(unpack(state) for state in reversed(states))
    after = None if seen.after is None else unpack(seen.after)
    return Sight(run, after, seen.defect, seen.started)
