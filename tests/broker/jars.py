"""Apache Kafka's own tools and broker, for tests that ask Kafka what it thinks.

The jars are those of `conformance.peers.apache`; where they cannot be had, a test is skipped with
the reason.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.peers import Absent
from conformance.peers.apache import java_tool
from tests.conformance.brokers import started


def run_tool(name: str, *arguments: str, given: str = "") -> str:
    """What a tool of `org.apache.kafka.tools` prints.

    given  what it reads from its standard input
    """
    try:
        command = java_tool(f"org.apache.kafka.tools.{name}", *arguments)
    except Absent as absent:
        pytest.skip(str(absent))
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return done.stdout


@contextmanager
def running_kafka(folder: Path) -> Iterator[int]:
    """Apache Kafka, one node with its data in the folder; its port."""
    with started("kafka", folder) as server:
        yield int(server.bootstrap.rpartition(":")[2])
