"""What the python engine saw, told as every engine tells it."""

from __future__ import annotations

import platform

from checker.engines.findings import Observed, Sight
from checker.engines.python.search import Search, Seen
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
        seen={number: sight(search, seen) for number, seen in found.seen.items()},
        refined={number: sight(search, seen) for number, seen in found.refined.items()},
        defect=None if found.defect is None else sight(search, found.defect),
        versions={"python": platform.python_version()},
    )


def _coverage(search: Search) -> tuple[Coverage, ...]:
    """What each action did; an action has an instance for each of its choices."""
    fired = {a.name: (0, 0) for a in search.program.actions if not a.impossible}
    for instance in search.compiled.instances:
        name, number = instance.action.name, instance.number
        if name in fired:
            count, fresh = fired[name]
            fired[name] = (count + search.found.fired[number], fresh + search.found.fresh[number])
    return tuple(Coverage(name, *counts) for name, counts in fired.items())


def sight(search: Search, seen: Seen) -> Sight:
    """The states that lead to what was seen, found by going from parent to parent."""
    parents, unpack = search.found.parents, search.compiled.layout.unpack
    states = [seen.state]
    while seen.started and parents[states[-1]] != states[-1]:
        states.append(parents[states[-1]])
    run = tuple(unpack(state) for state in reversed(states))
    after = None if seen.after is None else unpack(seen.after)
    return Sight(run, after, seen.defect, seen.started)
