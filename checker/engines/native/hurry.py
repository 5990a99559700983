"""Searching with code that was compiled in a hurry, for as long as a machine looks small.

An optimising compiler takes some seconds over a large machine, and most configurations have few
states: plain code has visited them all before the other is there.  So the search begins with
plain code, and is begun anew with optimised code where it proves to be too large.  Optimised code
that is there already is taken at once; so it is where a checkpoint is to be kept, or flags are
given.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from checker.engines.native.build import is_built
from checker.engines.native.engine import (
    INTERRUPTED,
    STATES_LIMIT,
    STOPPED,
    NativeSearch,
    Options,
    generate,
)
from checker.language.ir import Program
from checker.verdict import FOUND, Limits, Reporter

PLAIN = ("-O0",)
"""The flag, behind the others, that makes the compiler quick and its code slow."""

MOST_STATES, MOST_SECONDS = 1_000_000, 3.0
"""How far a search goes with plain code: about as long as the optimising compiler takes."""


def searched(
    program: Program, limits: Limits, reporter: Reporter, options: Options
) -> NativeSearch:
    """A search that has come to its end, or to that of its budget; whoever asked closes it."""
    generated = generate(program, options)
    unhindered = options.checkpoint is None and not options.flags
    if not unhindered or is_built(generated.text):
        return _run(NativeSearch(program, limits, reporter, options, generated))
    plain = replace(options, flags=PLAIN)
    search = _run(NativeSearch(program, _narrowed(limits), reporter, plain, generated))
    if not _cut_short(search, limits):
        search.limits = limits  # for what is asked of it further
        return search
    spent = search.seconds
    search.close()
    search = NativeSearch(program, limits, reporter, options, generated)
    search.seconds = spent
    return _run(search)


def _run(search: NativeSearch) -> NativeSearch:
    """Run a search; closed where that fails."""
    try:
        search.run()
    except BaseException:
        search.close()
        raise
    return search


def _narrowed(limits: Limits) -> Limits:
    return replace(limits, states=_least(limits.states, MOST_STATES),
                   time=_least(limits.time, MOST_SECONDS))  # fmt: skip


def _least(asked: float | None, most: Any) -> Any:
    return most if asked is None else min(asked, most)


def _cut_short(search: NativeSearch, limits: Limits) -> bool:
    """Whether it ended for being too large, and not for the budget or an interruption."""
    if search.result.status == STATES_LIMIT:
        return search.limits.states != limits.states
    timed = search.result.status == STOPPED and search.stopped not in (INTERRUPTED, FOUND)
    return timed and search.limits.time != limits.time
