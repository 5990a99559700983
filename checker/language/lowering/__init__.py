"""Lowering: from a machine's Python source to the IR.

source          the tree of a method, and the place of every node in its file
frame           where lowering stands: names, inlining
coercion        bringing values to the type of their place
door            to expressions of any kind
expressions     names, attributes, subscripts, the choice between two; the table of all kinds
operations      operators, and what a condition lets one know
comparisons     equal or not, in order, among
comprehensions  loops and folds
patterns        match
provided        what Python and the language provide to be called
helpers         helpers inlined as expressions
calls           calls of all of these
places          of the state: what may be assigned
procedures      helpers inlined as statements
assignments     to locals and places
changes         guards, and changes of containers
statements      a whole body; branches and loops; the table of all kinds
ghosts          history may not influence behaviour
program         the whole machine
"""

from checker.language.lowering.program import lower

__all__ = ["lower"]
