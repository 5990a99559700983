"""The explicit-state engine in Python: the reference for every feature.

runtime       what generated code calls
pieces, expressions, statements, compiler    IR to Python over packed states
search, walks exhaustive breadth first; random
graphs        the same states once more, for what happens eventually
observed      what was seen, as every engine tells it
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checker.engines.findings import Findings
from checker.engines.liveness.asked import Undecided, eventual
from checker.engines.python.observed import observed
from checker.engines.python.search import OutOfBudget, Search
from checker.engines.python.walks import Walks
from checker.language.ir import Program
from checker.verdict import Limits, Reporter, Verdict

if TYPE_CHECKING:
    from checker.engines.liveness.explored import Explored


def check_program(
    program: Program,
    configuration: str,
    hazards: frozenset[str],
    limits: Limits,
    reporter: Reporter,
) -> Verdict:
    """Explore a program exhaustively."""
    search = Search(program, limits, reporter)
    search.run()
    found = eventual(program, observed(search), lambda: _again(search))
    return Findings(search.evaluator, found, configuration, hazards).verdict()


def _again(search: Search) -> Explored:
    from checker.engines.python.graphs import explored

    try:
        return explored(search)
    except OutOfBudget as limit:
        raise Undecided(str(limit)) from None


def simulate_program(
    program: Program,
    runs: int,
    depth: int,
    seed: int,
    configuration: str,
    hazards: frozenset[str],
    limits: Limits,
    reporter: Reporter,
) -> Verdict:
    """Walk a program at random."""
    walks = Walks(program, runs, depth, seed, limits, reporter)
    walks.run()
    found = replace(observed(walks), engine="random", seed=seed, walks=walks.taken)
    return Findings(walks.evaluator, found, configuration, hazards).verdict()


__all__ = ["check_program", "simulate_program"]
