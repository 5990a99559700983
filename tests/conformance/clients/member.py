"""A member of a group as a process of its own, which can be killed.

    python -m tests.conformance.clients.member DRIVER BOOTSTRAP GROUP TOPIC ASSIGNOR SESSION

It prints its partitions on a line whenever they change.
"""

from __future__ import annotations

import sys

from tests.conformance.clients.drivers import Wish, driver


def main() -> None:
    name, bootstrap, group, topic, assignor, session = sys.argv[1:]
    wish = Wish(group=group, assignor=assignor, session=int(session))
    reader = driver(name).reader(bootstrap, wish)
    reader.subscribe(topic)
    shown: set[int] | None = None
    while True:
        reader.poll(0.1)
        if reader.assignment() != shown:
            shown = reader.assignment()
            sys.stdout.write(" ".join(map(str, sorted(shown))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
