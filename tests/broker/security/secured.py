"""A broker with a listener of each protocol, and how each client is told to come to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.broker.security.certificates import Authority, authority
from tests.broker.security.denials import JAAS, SETTINGS
from tests.broker.server.running import PATIENCE, Running, running

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
PASSWORD = "alice-secret"  # noqa: S105 - of a test


def settings(vouching: Authority, server: Path) -> dict[str, str]:
    """All there is, for a broker on ports of the system's choice."""
    return {
        **SETTINGS,
        "listeners": ",".join(f"{protocol}://127.0.0.1:0" for protocol in PROTOCOLS),
        "sasl.enabled.mechanisms": ",".join(MECHANISMS),
        "listener.name.sasl_ssl.plain.sasl.jaas.config": JAAS,
        "ssl.keystore.location": str(server),
        "ssl.keystore.type": "PEM",
        "ssl.truststore.location": str(vouching.certificate),
        "ssl.truststore.type": "PEM",
        "ssl.client.auth": "requested",
        "connection.failed.authentication.delay.ms": "10",
    }


@contextmanager
def secured(folder: Path, **more: str) -> Iterator[tuple[Running, Authority]]:
    """Such a broker, and who vouches for it and for its clients."""
    vouching = authority(folder / "authority")
    server = vouching.issue("server", "/CN=broker")
    with running(folder / "data", **{**settings(vouching, server), **more}) as broker:
        yield broker, vouching


def add_users(broker: Running) -> None:
    """Have alice come by SCRAM too."""
    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{broker.ports['PLAINTEXT']}"})
    wanted = [
        UserScramCredentialUpsertion(
            "alice", ScramCredentialInfo(mechanism, 4096), PASSWORD.encode()
        )
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)
    ]
    for each in wanted:
        [done] = admin.alter_user_scram_credentials([each]).values()
        done.result(PATIENCE)


def librdkafka(
    broker: Running, protocol: str, mechanism: str = "PLAIN", user: str = "alice",
    password: str = PASSWORD, trusted: Path | None = None, **more: Any,
) -> dict[str, Any]:  # fmt: skip
    named = {
        name if name.endswith("_cb") else name.replace("_", "."): value
        for name, value in more.items()
    }
    secure: Mapping[str, Any] = {
        "sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": password
    } if protocol.startswith("SASL") else {}  # fmt: skip
    return {
        "bootstrap.servers": f"127.0.0.1:{broker.ports[protocol]}",
        "security.protocol": protocol,
        **({"ssl.ca.location": str(trusted)} if trusted else {}),
        "log_level": 0,
        **secure,
        **named,
    }
