"""Which engine explores an example in the tests."""

from __future__ import annotations

from checker import Machine
from checker.check import Engine
from examples.quorum_log import QuorumLog


def engine_for(machine: type[Machine]) -> Engine:
    """The python engine, but for the quorum log: it goes slowly over states that have a step
    past a bound, and almost every state of that one has, to the next epoch.
    """
    return "auto" if issubclass(machine, QuorumLog) else "python"
