"""The native engine: a machine compiled to C and searched there.

words        how a state lies in words
shapes       values in flight
places, expressions, statements, actions, program    IR to C
runtime.h, search.c    what is written by hand
build        the compiler and the cache
engine       one search, from Python
observed     what was seen, as every engine tells it
"""

from __future__ import annotations

from checker.engines.findings import Findings
from checker.engines.native.build import compiler
from checker.engines.native.engine import NativeSearch
from checker.engines.native.observed import observed
from checker.language.ir import Program
from checker.verdict import Limits, Reporter, Verdict


def check_program(
    program: Program,
    configuration: str,
    hazards: frozenset[str],
    limits: Limits,
    reporter: Reporter,
    workers: int = 1,
) -> Verdict:
    """Explore a program exhaustively; EngineError where there is no compiler."""
    search = NativeSearch(program, limits, reporter, workers)
    try:
        search.run()
        return Findings(search.evaluator, observed(search), configuration, hazards).verdict()
    finally:
        search.close()


__all__ = ["check_program", "compiler"]
