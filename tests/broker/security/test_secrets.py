"""Passwords and keys are nowhere: not in what is logged, told or kept, however much goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from broker.wire.apis import ApiKey
from tests.broker.raw import RawClient
from tests.broker.security.certificates import authority
from tests.broker.server.running import PATIENCE, Program
from tests.verdict.running import verdict

SECRETS = ("pw-of-admin-1", "pw-of-alice-2", "pw-of-key-3", "pw-of-bob-4", "pw-of-nobody-5")
OF_ADMIN, OF_ALICE, OF_KEY, OF_BOB, OF_NOBODY = SECRETS
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


def settings(folder: Path) -> Path:
    vouching = authority(folder / "ca")
    keys = vouching.issue("server", "/CN=broker", password=OF_KEY)
    text = f"""
listeners=SASL_SSL://127.0.0.1:0,PLAINTEXT://127.0.0.1:0
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config={PLAIN} required \\
    user_admin="{OF_ADMIN}";
ssl.keystore.location={keys}
ssl.keystore.type=PEM
ssl.key.password={OF_KEY}
connection.failed.authentication.delay.ms=0
"""
    path = folder / "server.properties"
    path.write_text(text)
    return path


def add_alice(data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "verdict", "broker", "--data-dir", str(data),
         "--add-scram", "SCRAM-SHA-512=[name=alice,iterations=8192]"],
        input=f"{OF_ALICE}\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "alice has a password" in done.stderr
    assert OF_ALICE not in done.stdout + done.stderr


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("form", [pytest.param("text", marks=pytest.mark.slow), "json"])
def test_no_secret_is_logged_told_or_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    data = tmp_path / "data"
    add_alice(data)
    broker = Program(data, "--config", str(settings(tmp_path)), "-v", "--log-format", form)
    told: dict[str, Any] = {
        "bootstrap.servers": broker.bootstrap, "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(tmp_path / "ca" / "ca.pem"), "log_level": 0,
    }  # fmt: skip
    try:
        admin = AdminClient(_as(told, "PLAIN", "admin", OF_ADMIN))
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096)
        added = UserScramCredentialUpsertion("bob", info, OF_BOB.encode())
        [done] = admin.alter_user_scram_credentials([added]).values()
        done.result(PATIENCE)
        for mechanism, user, password in (
            ("SCRAM-SHA-512", "alice", OF_ALICE), ("SCRAM-SHA-256", "bob", OF_BOB)
        ):  # fmt: skip
            AdminClient(_as(told, mechanism, user, password)).list_topics(timeout=PATIENCE)
        for mechanism in ("PLAIN", "SCRAM-SHA-256"):
            refused(_as(told, mechanism, "alice", OF_NOBODY))
        resource = ConfigResource(ConfigResource.Type.BROKER, "0")
        [described] = admin.describe_configs([resource]).values()
        found = described.result(PATIENCE)
    finally:
        status = broker.stop()
    assert status == 0
    assert found["ssl.key.password"].is_sensitive
    assert found["ssl.key.password"].value is None
    jaas = found["listener.name.sasl_ssl.plain.sasl.jaas.config"]
    assert (jaas.is_sensitive, jaas.value) == (True, None)
    shown = str({name: [each.value, str(each.synonyms)] for name, each in found.items()})
    assert "Authentication failed" in broker.said
    for secret in SECRETS:
        assert secret not in broker.said, secret
        assert secret not in shown, secret
        assert secret.encode() not in everything(data), secret
    assert (data / "security.json").stat().st_mode & 0o777 == 0o600


def refused(told: dict[str, Any]) -> None:
    """Come, until it is known that this does not help."""
    errors: list[KafkaError] = []
    client, due = Producer({**told, "error_cb": errors.append}), time.monotonic() + PATIENCE
    while not any(each.code() == KafkaError._AUTHENTICATION for each in errors):
        assert time.monotonic() < due, errors
        client.poll(0.1)


def _as(told: dict[str, Any], mechanism: str, user: str, password: str) -> dict[str, Any]:
    said = {"sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": password}
    return {**told, **said}


WRONG = [
    "ssl.key.password pw-of-key-3",
    "sasl.jaas.config=pw-of-key-3",
    "listener.name.x.plain.sasl.jaas.config.more=pw-of-key-3",
]


@pytest.mark.parametrize("word", WRONG)
def test_a_mistake_does_not_show_a_secret(tmp_path: Path, word: str) -> None:
    said = verdict("broker", "--data-dir", tmp_path, "--set", word)
    assert said.status != 0
    assert OF_KEY not in said.out + said.err
    assert len(said.err.splitlines()) <= 2


TLS = "listeners=SSL://127.0.0.1:0\n"
PEM = f"{TLS}ssl.keystore.location=KEYS\nssl.keystore.type=PEM\n"
SASL = "listeners=SASL_PLAINTEXT://127.0.0.1:0\n"
OF_PLAIN = f"{SASL}sasl.enabled.mechanisms=PLAIN\n"
JAAS = "listener.name.sasl_plaintext.plain.sasl.jaas.config"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (TLS, "no certificate"),
        (f"{TLS}ssl.keystore.location=KEYS", "say ssl.keystore.type=PEM"),
        (f"{TLS}ssl.keystore.type=PEM\nssl.keystore.location=nowhere.pem", "nowhere.pem"),
        (f"{PEM}ssl.key.password={OF_NOBODY}", "see ssl.keystore.location and ssl.key.password"),
        (f"{PEM}ssl.key.password={OF_KEY}\nssl.client.auth=required", "ssl.truststore.location"),
        (SASL, "sasl.enabled.mechanisms"),
        (OF_PLAIN, "no users"),
        (f"{OF_PLAIN}{JAAS}={OF_NOBODY}", JAAS),
        (f"{SASL}sasl.enabled.mechanisms=GSSAPI", "PLAIN"),
        ("authorizer.class.name=org.example.Mine", "StandardAuthorizer"),
        ("listeners=here", "NAME://HOST:PORT"),
        ("lisseners=x", "did you mean listeners"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path: Path, lines: str, said: str) -> None:
    keys = authority(tmp_path / "ca").issue("server", "/CN=broker", password=OF_KEY)
    path = tmp_path / "server.properties"
    path.write_text(lines.replace("KEYS", str(keys)))
    found = verdict("broker", "--data-dir", tmp_path / "data", "--config", path, width=1000)
    assert found.status != 0
    assert said in found.err
    assert "Traceback" not in found.err
    assert not any(secret in found.err for secret in SECRETS)


@pytest.mark.parametrize(
    ("user", "typed", "said"),
    [
        ("alice", "x\n", "SCRAM-SHA-256=[name=alice]"),
        ("SCRAM-SHA-1=[name=alice]", "x\n", "SCRAM-SHA-256=[name=alice]"),
        ("SCRAM-SHA-256=[name=alice,password=pw-of-alice-2]", "x\n", "a password is not"),
        ("SCRAM-SHA-256=[name=alice,iterations=5]", "x\n", "4096 to 16384"),
        ("SCRAM-SHA-256=[name=alice]", "\n", "not empty"),
    ],
)
def test_a_user_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str, typed: str, said: str
) -> None:
    read, write = os.pipe()
    os.write(write, typed.encode())
    os.close(write)
    with os.fdopen(read) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        found = verdict("broker", "--data-dir", tmp_path, "--add-scram", user, width=1000)
    assert found.status != 0
    assert said in found.err
    assert OF_ALICE not in found.err
    assert not (tmp_path / "security.json").exists()


def test_a_damaged_file_of_users_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "security.json").write_text("{")
    found = verdict("broker", "--data-dir", tmp_path, "--listen", "127.0.0.1:0", width=1000)
    assert found.status != 0
    assert "security.json cannot be read" in found.err
    assert "Traceback" not in found.err


def test_who_listens_on_no_listener_of_security_needs_none(tmp_path: Path) -> None:
    """Without an authorizer all may do everything, and ACLs cannot be kept."""
    broker = Program(tmp_path)
    try:
        with RawClient(broker.port) as client:
            told = client.answer_to(ApiKey.SASL_HANDSHAKE, 1, mechanism="PLAIN")
            assert told == {"error_code": 34, "mechanisms": []}
            told = client.answer_to(ApiKey.SASL_AUTHENTICATE, 2, auth_bytes=b"\0a\0b")
            assert told["error_code"] == 34
            acl = {"resource_type": 2, "resource_name": "t", "principal": "User:a", "host": "*",
                   "operation": 3, "permission_type": 3}  # fmt: skip
            told = client.answer_to(ApiKey.CREATE_ACLS, 3, creations=[acl])
            assert told["results"][0]["error_code"] == 54
            told = client.answer_to(ApiKey.METADATA, 12, topics=None)
            assert told["topics"] == []
    finally:
        assert broker.stop() == 0
    assert not (tmp_path / "security.json").exists()
