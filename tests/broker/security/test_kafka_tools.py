"""Kafka's own tools and its Java client: users, ACLs, and records over TLS as one of the users."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from conformance.peers import Absent
from conformance.peers.apache import java_tool
from tests.broker.security.secured import librdkafka, secured
from tests.broker.security.test_secured_clients import take
from tests.broker.server.running import Running

CONFIGS = "kafka.admin.ConfigCommand"
ACLS = "org.apache.kafka.tools.AclCommand"
PRODUCER = "org.apache.kafka.tools.ConsoleProducer"


def run(tool: str, *words: str, given: str = "") -> str:
    """What one of Kafka's programs prints."""
    try:
        command = java_tool(tool, *words)
    except Absent as absent:
        pytest.skip(str(absent))
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return done.stdout


def admin(broker: Running, tool: str, *words: str) -> str:
    """The same, of one that administrates."""
    return run(tool, "--bootstrap-server", f"127.0.0.1:{broker.ports['PLAINTEXT']}", *words)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_java_s_tools_add_users_and_acls_and_a_user_produces(tmp_path: Path) -> None:
    with secured(tmp_path) as (broker, vouching):
        user = ("--entity-type", "users", "--entity-name", "carol")
        password = "SCRAM-SHA-512=[iterations=8192,password=carol-secret]"  # noqa: S105 - a test's
        said = admin(broker, CONFIGS, "--alter", "--add-config", password, *user)
        assert "Completed updating config for user carol" in said
        described = admin(broker, CONFIGS, "--describe", *user)
        assert "SCRAM-SHA-512=iterations=8192" in described
        admin(broker, ACLS, "--add", "--allow-principal", "User:carol", "--producer",
              "--topic", "paid", "--resource-pattern-type", "prefixed")  # fmt: skip
        listed = admin(broker, ACLS, "--list")
        assert "principal=User:carol, host=*, operation=WRITE, permissionType=ALLOW" in listed
        config = tmp_path / "client.properties"
        config.write_text(
            "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"
            f"ssl.truststore.location={vouching.certificate}\nssl.truststore.type=PEM\n"
            "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
            'username="carol" password="carol-secret";\n'
        )
        run(
            PRODUCER, "--bootstrap-server", f"127.0.0.1:{broker.ports['SASL_SSL']}",
            "--command-config", str(config), "--topic", "paid-bills", given="one\ntwo\n",
        )  # fmt: skip
        told = {**librdkafka(broker, "PLAINTEXT"), "group.id": "g"}
        consumer = Consumer(told)
        consumer.assign([TopicPartition("paid-bills", 0, 0)])
        assert [take(consumer).value() for _ in range(2)] == [b"one", b"two"]
        consumer.close()
