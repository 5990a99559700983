"""The suites there are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conformance.suites import kafka_python, librdkafka
from conformance.suites.results import Suite

SUITES: Mapping[str, Suite] = MappingProxyType(
    {
        suite.name: suite
        for suite in (
            Suite(
                "kafka-python",
                f"kafka-python {kafka_python.VERSION}, integration tests",
                kafka_python.TESTS,
                kafka_python.fetch,
                kafka_python.run,
            ),
            Suite(
                "librdkafka",
                f"librdkafka {librdkafka.VERSION}, tests by number",
                librdkafka.TESTS,
                librdkafka.fetch,
                librdkafka.run,
            ),
        )
    }
)
