"""The second pass of the native engine: what graph.c writes down, as a graph."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checker.engines.liveness.asked import Undecided
from checker.engines.liveness.explored import Explored
from checker.engines.liveness.fairness import Party, parties
from checker.engines.liveness.graph import Graph, Numbers
from checker.engines.liveness.predicates import predicates
from checker.engines.native.engine import NativeSearch
from checker.engines.native.program import ANYBODY
from checker.engines.native.retrace import HOLE
from checker.engines.tracing import Disagreement

ENTRIES = ("sources", "targets", "cut_states")
ARRAYS = (*ENTRIES, "parties", "cut_parties", "truths")


class _Drawn(ctypes.Structure):
    """The Graph of graph.c."""

    _fields_ = (
        ("steps_room", ctypes.c_uint64), ("cuts_room", ctypes.c_uint64),
        *((name, ctypes.c_void_p) for name in ARRAYS),
        ("steps", ctypes.c_uint64), ("cuts", ctypes.c_uint64), ("lost", ctypes.c_uint32),
    )  # fmt: skip


def explored(search: NativeSearch) -> Explored:
    """Go over everything again; Undecided where the search's limits do not allow it."""
    if search.generated.fingerprints:
        raise Undecided("of fingerprints alone the states cannot be gone over again")
    run, rows = search.result, len(predicates(search.program))
    steps, cuts = int(run.generated), sum(run.sites)
    rooms = {"sources": steps, "targets": steps, "parties": steps, "cut_states": cuts,
             "cut_parties": cuts, "truths": rows * run.count}  # fmt: skip
    search.afford(12 * steps + 8 * cuts + rows * run.count)
    arrays: dict[str, NDArray[Any]] = {
        name: np.empty(
            room, np.uint32 if name in ENTRIES else np.int8 if name == "truths" else np.int32
        )
        for name, room in rooms.items()
    }
    drawn = _Drawn(
        steps_room=steps, cuts_room=cuts, **{name: a.ctypes.data for name, a in arrays.items()}
    )
    search.draw(drawn)
    if drawn.lost:
        raise Disagreement("the native engine found other steps when it went over them again")
    return _explored(search, drawn, arrays)


def _explored(search: NativeSearch, drawn: Any, arrays: dict[str, NDArray[Any]]) -> Explored:
    """The graph in the numbers of states, which are those of entries without the holes."""
    run = search.result
    order = _borrowed(run.order, run.count)
    entries = np.flatnonzero(order != HOLE)
    number = np.zeros(run.count, np.int32)
    number[entries] = np.arange(len(entries), dtype=np.int32)
    of_slot = np.zeros(run.slots, np.int32)
    of_slot[order[entries]] = number[entries]
    parents = _borrowed(run.parent, run.count)
    owed = parties(search.program)
    steps = {name: arrays[name][: drawn.steps] for name in ("sources", "targets", "parties")}
    cuts = {name: arrays[name][: drawn.cuts] for name in ("cut_states", "cut_parties")}
    cut_states, cut_parties = _each_party(number[cuts["cut_states"]], cuts["cut_parties"], owed)
    truths = arrays["truths"].reshape(len(predicates(search.program)), run.count)[:, entries]
    return Explored(
        Graph(
            size=len(entries),
            starts=number[entries[parents[entries] == entries]],
            sources=number[steps["sources"]],
            targets=of_slot[steps["targets"]],
            parties=steps["parties"],
            cut_states=cut_states,
            cut_parties=cut_parties,
            owed=len(owed),
        ),
        list(truths),
        lambda state: search.retrace.state(search.retrace.key(int(entries[state]))),
        lambda state: tuple(search.retrace.path(int(entries[state]))),
    )


def _borrowed(pointer: int, count: int) -> NDArray[np.uint32]:
    """An array of the run, which lives as long as that."""
    return np.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(ctypes.c_uint32)), (count,))


def _each_party(
    states: Numbers, owners: Numbers, owed: tuple[Party, ...]
) -> tuple[Numbers, Numbers]:
    """Cuts, where one that could be any party's of an action is one of each."""
    known = owners >= 0
    found = [(states[known], owners[known])]
    for first in np.unique(ANYBODY - owners[~known]):
        same = states[~known][ANYBODY - owners[~known] == first]
        for party, one in enumerate(owed):
            if one.action == owed[first].action:
                found.append((same, np.full(len(same), party, np.int32)))
    return np.concatenate([s for s, _ in found]), np.concatenate([p for _, p in found])
