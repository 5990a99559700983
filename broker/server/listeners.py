"""Where the broker listens, how clients prove who they are there, and what they are told to use.

    listeners=INSIDE://127.0.0.1:9092,OUTSIDE://0.0.0.0:9093
    listener.security.protocol.map=INSIDE:PLAINTEXT,OUTSIDE:SASL_SSL
    advertised.listeners=OUTSIDE://broker.example.org:9093

A listener that nothing is advertised for is told as it is.  Clients that came by one listener are
told of the broker's address at that one.
"""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from broker.server.security_settings import PROTOCOLS
from broker.server.setting import InvalidSetting

if TYPE_CHECKING:
    from broker.server.configuration import Configuration

_ADDRESS = re.compile(
    r"(?P<name>[A-Za-z0-9_-]+)://(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^\[\]:/]*)):(?P<port>\d{1,5})"
)
ANY = "0.0.0.0"  # noqa: S104 - what an empty host says, as in Kafka
ANYWHERE = {ANY, "::"}
"""Hosts that clients are not told: they are told this machine's name."""
MOST_PORT = 65_535


@dataclass(frozen=True)
class Listener:
    """An address that clients come to.

    advertised  the address that they are told; None until it is known
    """

    name: str
    protocol: str
    host: str
    port: int
    advertised: tuple[str, int] | None = None

    @property
    def tls(self) -> bool:
        """Whether all is encrypted."""
        return self.protocol in {"SSL", "SASL_SSL"}

    @property
    def sasl(self) -> bool:
        """Whether clients say who they are by SASL."""
        return self.protocol.startswith("SASL_")

    def at(self, host: str, port: int) -> Listener:
        """It, once it is known which address the system gave it."""
        told = self.advertised
        if told is None:
            told = (socket.gethostname() if host in ANYWHERE else host), port
        return replace(self, host=host, port=port, advertised=told)

    @property
    def told(self) -> tuple[str, int]:
        """The address that clients are told."""
        return self.advertised or (self.host, self.port)


PLAINTEXT = Listener("PLAINTEXT", "PLAINTEXT", "127.0.0.1", 9092)


def listeners(configuration: Configuration) -> list[Listener]:
    """Where to listen; `InvalidSetting` where that cannot be understood."""
    protocols = _protocols(configuration["listener.security.protocol.map"])
    advertised = dict(_addresses("advertised.listeners", configuration["advertised.listeners"]))
    found = []
    for name, (host, port) in _addresses("listeners", configuration["listeners"]):
        if name not in protocols:
            raise InvalidSetting(
                f"listener {name} has no protocol: say one in listener.security.protocol.map"
            )
        found.append(Listener(name, protocols[name], host, port, advertised.pop(name, None)))
    if not found:
        raise InvalidSetting("listeners is empty: the broker has to listen somewhere")
    if advertised:
        raise InvalidSetting(f"advertised.listeners has {min(advertised)}, and listeners has not")
    return found


def _protocols(pairs: Iterable[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, _, protocol = pair.partition(":")
        if not name or protocol not in PROTOCOLS:
            raise InvalidSetting(
                f"{pair!r} in listener.security.protocol.map is no NAME:PROTOCOL, with a protocol "
                f"of {', '.join(PROTOCOLS)}"
            )
        found[name.upper()] = protocol
    return found


def _addresses(setting: str, text: str | None) -> list[tuple[str, tuple[str, int]]]:
    found = []
    for word in (each.strip() for each in (text or "").split(",")):
        if not word:
            continue
        match = _ADDRESS.fullmatch(word)
        if match is None or int(match["port"]) > MOST_PORT:
            raise InvalidSetting(f"{word!r} in {setting} is no NAME://HOST:PORT")
        host = match["six"] or match["host"] or ANY
        found.append((match["name"].upper(), (host, int(match["port"]))))
    for name, count in Counter(name for name, _ in found).items():
        if count > 1:
            raise InvalidSetting(f"{setting} has {name} twice")
    return found
