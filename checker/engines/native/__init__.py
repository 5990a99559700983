"""The native engine: a machine compiled to C and searched there.

words        how a state lies in words
shapes       values in flight
places, expressions, statements, actions, symmetry, program    IR to C
runtime.h, search.h, table.c, symmetry.c, checkpoint.c, search.c,
graph.c      what is written by hand
build        the compiler and the cache
hurry        small machines are searched before an optimising compiler would be done
engine       one search, from Python
retrace      from entries of a search to runs
graphs       the same states once more, for what happens eventually
observed     what was seen, as every engine tells it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.engines.findings import Findings
from checker.engines.liveness.asked import eventual
from checker.engines.native.build import compiler
from checker.engines.native.engine import NativeSearch, Options
from checker.engines.native.hurry import searched
from checker.engines.native.observed import observed
from checker.engines.symmetric import is_symmetric, refuse_unsound
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
    options: Options,
) -> Verdict:
    """Explore a program exhaustively; EngineError where there is no compiler.

    RequestError where symmetry is asked for and would not be sound.
    """
    if options.symmetry:
        refuse_unsound(program)
    search = searched(program, limits, reporter, options)
    try:
        found = eventual(program, observed(search), lambda: _again(search))
        return Findings(search.evaluator, found, configuration, hazards).verdict()
    finally:
        search.close()


def _again(search: NativeSearch) -> Explored:
    from checker.engines.native.graphs import explored

    return explored(search)


__all__ = ["Options", "check_program", "compiler", "is_symmetric"]
