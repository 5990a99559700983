"""The broker of this project, as its users run it: `verdict broker`, in its own process."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from conformance.peers.server import LOOPBACK, Process, free_ports, place, serving

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
    }
)
"""The same that Apache Kafka is started with, where its defaults are others."""


@contextlib.contextmanager
def verdict_broker(
    folder: Path | None = None, *, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Process]:
    """The broker from its start to its end.

    folder    where it keeps its data; what an earlier one wrote there is found again
    settings  by Kafka's own names, over those above
    """
    with place(folder, "broker") as here:
        (port,) = free_ports(1)
        address = f"{LOOPBACK}:{port}"
        chosen = {**SETTINGS, **settings}.items()
        options = [word for name, value in chosen for word in ("--set", f"{name}={value}")]
        command = (sys.executable, "-m", "verdict", "broker",
                   "--data-dir", str(here / "data"), "--listen", address, *options)  # fmt: skip
        with serving(Process("verdict", address, command, here)) as server:
            yield server
