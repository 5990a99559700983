"""Lowering: from a machine's Python source to the IR.

source          the tree of a method, and the place of every node in its file
frame           where lowering stands: names, inlining
coercion        bringing values to the type of their place
expressions     names, operators, comparisons
comprehensions  loops and folds
patterns        match
calls           what the language provides; helpers inlined as expressions
statements      effects; helpers inlined as statements
ghosts          history may not influence behaviour
program         the whole machine
"""

from checker.language.lowering.program import lower

__all__ = ["lower"]
