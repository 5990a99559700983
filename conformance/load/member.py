"""A member of a group, as a program of its own: it reads, deals with what it has read, and commits.

    python -m conformance.load.member '{"process": "member-0", "bootstrap": …, "settings": {…}}'

It says on its output what it does, a line of a history at a time, and goes on when it is answered
by a line: so what it does next happens after that is recorded, and the lines of several members
have one order.  Before it commits it asks whether it may.  SIGTERM has it leave.
"""

from __future__ import annotations

import json
import signal
import sys
from typing import Any

from conformance.history.confluent import Consumer
from conformance.history.operations import Operation, line
from conformance.history.recorder import Recorder

MAY_COMMIT = "may I commit?"


class Told(Recorder):
    """Records by telling whoever started this program."""

    def __call__(self, operation: Operation) -> None:
        """Tell, and wait until it is written down."""
        say(line(operation))


def say(text: str) -> None:
    """Say a line, and wait for the answer."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    if not sys.stdin.readline():
        raise SystemExit("nobody listens")


def work(process: str, bootstrap: str, topic: str, group: str, settings: dict[str, Any]) -> None:
    """Be a member until it is time to leave."""
    leaving: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: leaving.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this program ends it
    consumer = Consumer(Told(), process, bootstrap, group=group, settings=settings)
    try:
        consumer.subscribe(topic)
        while not leaving:
            if consumer.poll():
                consumer.processed()
                say(MAY_COMMIT)
                consumer.commit()
    finally:
        consumer.close()


if __name__ == "__main__":
    work(**json.loads(sys.argv[1]))
