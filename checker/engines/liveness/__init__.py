"""What happens eventually: fair cycles in the graph of what was explored.

asked       the door for engines
fairness    to whom a machine is fair
predicates  what properties are made of
graph       the explored states and steps, in numbers; whichever engine explored them
walks       shortest ways
components  where a run can stay for ever and be fair
lassos      such runs, in which something never happens
explored    what an engine tells of its states, and the runs that come of it
confirm     each is judged again by the reference evaluator

The definitions are TLA+'s: a run may stand still for ever unless fairness forces a step, and a
step that changes nothing is no step.  Within the bounds: a run that passes one is not judged, and
a step that would pass one counts as possible, so that what is shown is a run of the machine.
"""

from __future__ import annotations
