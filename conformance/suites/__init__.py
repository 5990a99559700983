"""Clients' own test suites, fetched from their registries, run against any broker.

    results = SUITES["kafka-python"].run("127.0.0.1:9092")

Nothing of theirs is part of this project: they are unpacked, and compiled where need be, in the
user's cache.  A suite is scored by what Apache Kafka does with it on the same machine.
"""

from conformance.suites.page import page
from conformance.suites.results import Outcome, Result, Suite, behind, count
from conformance.suites.table import SUITES

__all__ = ["SUITES", "Outcome", "Result", "Suite", "behind", "count", "page"]
