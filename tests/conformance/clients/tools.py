"""Kafka's command line tools, in one process of Java: each starts in a moment, where a JVM of its
own would take two seconds.

    with tools() as run:
        run("TopicCommand", "--bootstrap-server", address, "--list")
"""

from __future__ import annotations

import contextlib
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

from conformance.peers.apache import QUICK, classpath
from conformance.peers.server import leashed, tool

PROGRAM = Path(__file__).with_name("Tools.java")


class Tools:
    """The process, and what it is asked for."""

    def __init__(self) -> None:
        java, _ = tool("Kafka's tools", "java", "javac")
        self._process = subprocess.Popen(
            leashed([java, *QUICK, "-cp", classpath(), str(PROGRAM)]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, name: str, *words: str, given: str = "", status: int = 0) -> str:
        """What a tool prints.

        name    of a class, below org.apache.kafka.tools unless it is of another package
        given   what it reads from its standard input
        status  with which it is to end; AssertionError with what it says where it does not
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        whole = name if name.startswith(("kafka.", "org.")) else f"org.apache.kafka.tools.{name}"
        told = " ".join(b64encode(word.encode()).decode() for word in (whole, given, *words))
        process.stdin.write(f"{told}\n")
        process.stdin.flush()
        answer = process.stdout.readline().rstrip("\n").split(" ")
        assert len(answer) == 3, "Java has ended"
        out, err = (b64decode(each).decode() for each in answer[1:])
        assert int(answer[0]) == status, out + err
        return out

    def end(self) -> None:
        """It has no more to do."""
        self._process.communicate(timeout=60)


@contextlib.contextmanager
def tools() -> Iterator[Tools]:
    """The process; Absent where Java, its compiler or Kafka's jars are not."""
    found = Tools()
    try:
        yield found
    finally:
        found.end()
