"""Clients at work under a seed: producers, a group of consumers, and crashes of the broker.

    with recording(path) as recorder:
        run(Plan(seed=7), server, recorder)
    report = check(recorder.history)

`run_unquiet` does not leave the group alone meanwhile: members are killed, stopped, restarted, or
go from one protocol to the other.  `crash_test` puts loads on one broker after the other, each of
which is killed under it.
"""

from conformance.load.crashes import Crashed, crash_test
from conformance.load.unrest import Unrest, run_unquiet
from conformance.load.workload import Plan, run

__all__ = ["Crashed", "Plan", "Unrest", "crash_test", "run", "run_unquiet"]
