r"""The symbolic engine: machines as formulas, and questions to z3 about their runs.

    terms        bits and numbers, known or not; the only module that builds z3 terms
    shapes       what values are made of, and how they are compared
    values       put in, left open, read back
    containers   sets, sequences, bags
    scope        what names mean, paths, and how an execution ends early
    operators    the table of the IR's operators
    expressions  \ the walker over the IR
    statements   /
    encoding     a machine: its starts, actions, properties
    unbounded    a machine whose counters have no bounds
    budget       what a solver may spend
    unrolling    runs of some length, in an incremental solver
    replay       what the solver finds, repeated by the reference evaluator
    refining     whether a step is one of a specification
    questions    what is asked of a run, for each kind of property
    runs         the levels of reachable states; the shortest violation
    induction    what every step keeps; failures: a step that does not
    kinduction   what is true because it was true k times
    spacer       an invariant that z3 finds by itself
    proving      all of these, one after the other; asked: the door to it
    agreement    what z3 and the engines that search find of one machine, compared

Importing it needs z3: RequestError where that is not installed.
"""

from checker.engines.symbolic.agreement import compared
from checker.engines.symbolic.asked import proofs_of
from checker.engines.symbolic.budget import Budget, Undecided
from checker.engines.symbolic.encoding import Encoding, encode
from checker.engines.symbolic.runs import bounded, reachable_levels
from checker.engines.tracing import Disagreement

__all__ = [
    "Budget",
    "Disagreement",
    "Encoding",
    "Undecided",
    "bounded",
    "compared",
    "encode",
    "proofs_of",
    "reachable_levels",
]
