"""Clients at work under a seed: producers, a group of consumers, and crashes of the broker.

    with recording(path) as recorder:
        run(Plan(seed=7), server, recorder)
    report = check(recorder.history)

`crashes` does so over and over, each time with a broker of its own that is killed under the load.
"""

from conformance.load.crashes import Crashed, crash_test
from conformance.load.workload import Plan, run

__all__ = ["Crashed", "Plan", "crash_test", "run"]
