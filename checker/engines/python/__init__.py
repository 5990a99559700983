"""The explicit-state engine in Python: the reference for every feature.

runtime       what generated code calls
pieces, expressions, statements, compiler    IR to Python over packed states
search, walks exhaustive breadth first; random
findings      from what was seen to a verdict
"""

from __future__ import annotations

from dataclasses import replace

from checker.engines.python.findings import Findings
from checker.engines.python.search import Search
from checker.engines.python.walks import Walks
from checker.language.ir import Program
from checker.verdict import Limits, Reporter, Verdict

WALKED = "random walks prove nothing"


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
    return Findings(search, configuration, hazards).verdict()


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
    walks.found.stopped = walks.found.stopped or WALKED
    verdict = Findings(walks, configuration, hazards).verdict()
    return replace(verdict, engine="random", seed=seed)


__all__ = ["check_program", "simulate_program"]
