"""What can be configured of security, by Kafka's names.

Most of it may be said for one listener alone, after `listener.name.`, the listener's name in small
letters, and a dot; PLAIN's users always are, with the mechanism too:

    listener.name.outside.ssl.keystore.location=/etc/broker.pem
    listener.name.outside.plain.sasl.jaas.config=…

Certificates and keys are PEM.  Kafka's default of `ssl.keystore.type`, JKS, is refused where a
location is given; so that a file made for Kafka says PEM, it has to be said here too.

Sources: the configuration reference of Apache Kafka 4.3; KIP-651 (PEM).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from broker.security.plain import MECHANISM as PLAIN
from broker.security.scram import HASHES
from broker.server.setting import Kind, Setting, boolean, integer, long, string

MECHANISMS = (PLAIN, *HASHES)
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
STANDARD = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
JAAS = "sasl.jaas.config"

_OF_LISTENERS = (
    string("ssl.keystore.location", None),
    string("ssl.keystore.type", "JKS", "JKS", "PKCS12", "PEM"),
    Setting("ssl.key.password", Kind.PASSWORD, None),
    string("ssl.truststore.location", None),
    string("ssl.truststore.type", "JKS", "JKS", "PKCS12", "PEM"),
    string("ssl.client.auth", "none", "required", "requested", "none"),
    Setting(
        "ssl.enabled.protocols", Kind.LIST, ("TLSv1.2", "TLSv1.3"), choices=("TLSv1.2", "TLSv1.3")
    ),
    Setting("sasl.enabled.mechanisms", Kind.LIST, (), choices=MECHANISMS),
    long("connections.max.reauth.ms", 0),
)
PER_LISTENER: Mapping[str, Setting] = MappingProxyType({each.name: each for each in _OF_LISTENERS})
"""What may be said for one listener alone."""

SECURITY = (
    *_OF_LISTENERS,
    Setting(
        "listener.security.protocol.map",
        Kind.LIST,
        tuple(f"{name}:{name}" for name in PROTOCOLS),
    ),
    integer("sasl.server.max.receive.size", 512 << 10, 1),
    integer("connection.failed.authentication.delay.ms", 100),
    Setting("authorizer.class.name", Kind.CLASS, "", choices=("", STANDARD)),
    string("super.users", ""),
    boolean("allow.everyone.if.no.acl.found", default=False),
)

_PREFIXED = re.compile(r"listener\.name\.[a-z0-9_-]+\.(?P<rest>.+)")


def prefixed(listener: str, name: str) -> str:
    """The name of a setting for one listener alone."""
    return f"listener.name.{listener.lower()}.{name}"


def of_listener(name: str) -> Setting | None:
    """The setting that has this name for one listener; None where it is no such name."""
    found = _PREFIXED.fullmatch(name)
    if found is None:
        return None
    rest = found["rest"]
    if rest in PER_LISTENER:
        return replace(PER_LISTENER[rest], name=name)
    if rest in {f"{mechanism.lower()}.{JAAS}" for mechanism in MECHANISMS}:
        return Setting(name, Kind.PASSWORD, None)
    return None
