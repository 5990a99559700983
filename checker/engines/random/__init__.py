"""Random walks, at sizes that no one can exhaust.

    reading    what actions and properties read and write
    scoping    conditions asked as early as can be
    program    IR to C that walks; walk.h, walk.c are written by hand
    native     the walks, from Python
    choices, replay    walks as data, and in the machine's own terms
    shrink     what of a walk is needed for what it found
    coverage   what share of a small machine walks have visited
    observed   what was seen, as every engine tells it

A walk proves nothing.  What it finds is as true as what a search finds: the walk is made as short
as leaving out can make it, and taken again by the reference evaluator before it is shown.
"""

from __future__ import annotations

from checker.engines.findings import Findings
from checker.engines.random.native import Asked, Walker
from checker.engines.random.observed import observed
from checker.language.ir import Program
from checker.verdict import Limits, Reporter, Verdict


def simulate_program(
    program: Program,
    asked: Asked,
    configuration: str,
    hazards: frozenset[str],
    limits: Limits,
    reporter: Reporter,
) -> Verdict:
    """Walk a program at random; EngineError where there is no compiler."""
    walker = Walker(program)
    try:
        walker.walk(asked, limits, reporter)
        found = observed(walker, asked)
        return Findings(walker.evaluator, found, configuration, hazards).verdict()
    finally:
        walker.close()


__all__ = ["Asked", "Walker", "simulate_program"]
