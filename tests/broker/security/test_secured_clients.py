"""Clients that say who they are, by each mechanism, over plain sockets and over TLS."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import ssl
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as KafkaPartition
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
)
from kafka.admin import (
    ResourceType as KafkaResource,
)
from kafka.errors import KafkaError as KafkaPythonError
from kafka.structs import OffsetAndMetadata

from broker.errors import ErrorCode
from broker.security.sasl import Sasl
from tests.broker.security.certificates import Authority, authority
from tests.broker.security.secured import MECHANISMS, PASSWORD, add_users, librdkafka, secured
from tests.broker.server.running import PATIENCE, Running

logging.getLogger("kafka").setLevel(logging.CRITICAL)
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
Secured = tuple[Running, Authority]
each_mechanism = pytest.mark.parametrize("mechanism", MECHANISMS)
each_protocol = pytest.mark.parametrize(
    "protocol", [pytest.param("SASL_PLAINTEXT", marks=pytest.mark.slow), "SASL_SSL"]
)


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Whoever has said who he is may do everything."""
    more = {"allow.everyone.if.no.acl.found": "true"}
    with secured(tmp_path_factory.mktemp("secured"), **more) as found:
        add_users(found[0])
        yield found


@pytest.fixture(autouse=True)
def _sockets_that_clients_leave_open() -> Iterator[None]:
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def take(consumer: Consumer) -> Any:
    """The next message of a librdkafka consumer."""
    due = time.monotonic() + PATIENCE
    while time.monotonic() < due:
        message = consumer.poll(1)
        if message is not None:
            return message
    raise AssertionError("no message came")


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
@each_mechanism
def test_librdkafka(open_to_all: Secured, mechanism: str, protocol: str) -> None:
    broker, vouching = open_to_all
    told = librdkafka(broker, protocol, mechanism, trusted=vouching.certificate)
    topic, large = f"c-{mechanism}-{protocol}", bytes(900_000)
    producer = Producer(told)
    for _ in range(4):
        producer.produce(topic, large, partition=0)
    assert producer.flush(PATIENCE) == 0
    consumer = Consumer({**told, "group.id": topic})
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert [take(consumer).value() for _ in range(4)] == [large] * 4
    consumer.close()


def contexts(vouching: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(vouching.certificate))


@each_protocol
@each_mechanism
def test_kafka_python(open_to_all: Secured, mechanism: str, protocol: str) -> None:
    broker, vouching = open_to_all
    told = {
        "bootstrap_servers": f"127.0.0.1:{broker.ports[protocol]}",
        "security_protocol": protocol,
        "ssl_cafile": str(vouching.certificate),
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "alice",
        "sasl_plain_password": PASSWORD,
    }
    topic = f"k-{mechanism}-{protocol}"
    producer = KafkaProducer(**told)
    producer.send(topic, b"hello", partition=0).get(PATIENCE)
    producer.close()
    consumer = KafkaConsumer(**told, auto_offset_reset="earliest", consumer_timeout_ms=30_000)
    consumer.assign([KafkaPartition(topic, 0)])
    assert next(consumer).value == b"hello"
    consumer.close()


@each_protocol
@each_mechanism
def test_aiokafka(open_to_all: Secured, mechanism: str, protocol: str) -> None:
    broker, vouching = open_to_all
    told = {
        "bootstrap_servers": f"127.0.0.1:{broker.ports[protocol]}",
        "security_protocol": protocol,
        "ssl_context": contexts(vouching) if protocol == "SASL_SSL" else None,
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "alice",
        "sasl_plain_password": PASSWORD,
    }
    topic = f"a-{mechanism}-{protocol}"

    async def there_and_back() -> bytes:
        async with AIOKafkaProducer(**told) as producer:
            await producer.send_and_wait(topic, b"hello", partition=0)
        async with AIOKafkaConsumer(topic, **told, auto_offset_reset="earliest") as consumer:
            return bytes((await asyncio.wait_for(consumer.getone(), PATIENCE)).value)

    assert asyncio.run(there_and_back()) == b"hello"


# Who is not let in ----------------------------------------------------------------------------

WRONG = [
    ("PLAIN", "alice", "wrong"),
    ("PLAIN", "mallory", PASSWORD),
    ("SCRAM-SHA-256", "alice", "wrong"),
    ("SCRAM-SHA-512", "mallory", PASSWORD),
]
each_lie = pytest.mark.parametrize(("mechanism", "user", "password"), WRONG)


@each_lie
def test_librdkafka_is_told(open_to_all: Secured, mechanism: str, user: str, password: str) -> None:
    errors: list[KafkaError] = []
    told = librdkafka(open_to_all[0], "SASL_PLAINTEXT", mechanism, user, password,
                      error_cb=errors.append)  # fmt: skip
    client, due = Producer(told), time.monotonic() + PATIENCE
    while not any(each.code() == KafkaError._AUTHENTICATION for each in errors):
        assert time.monotonic() < due, errors
        client.poll(0.1)


@pytest.mark.parametrize(("mechanism", "user", "password"), WRONG[1:3])
def test_kafka_python_is_told(
    open_to_all: Secured, mechanism: str, user: str, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "kafka")
    with pytest.raises(KafkaPythonError):
        KafkaProducer(
            bootstrap_servers=f"127.0.0.1:{open_to_all[0].ports['SASL_PLAINTEXT']}",
            security_protocol="SASL_PLAINTEXT", sasl_mechanism=mechanism,
            sasl_plain_username=user, sasl_plain_password=password, bootstrap_timeout_ms=1500,
        )  # fmt: skip

    assert "SaslAuthenticationFailedError" in caplog.text


def test_a_mechanism_that_is_not_enabled(tmp_path: Path) -> None:
    with secured(tmp_path, **{"sasl.enabled.mechanisms": "PLAIN"}) as (broker, _):
        errors: list[KafkaError] = []
        told = librdkafka(broker, "SASL_PLAINTEXT", "SCRAM-SHA-256", error_cb=errors.append)
        client, due = Producer(told), time.monotonic() + PATIENCE
        while not any("PLAIN" in each.str() for each in errors):
            assert time.monotonic() < due, errors
            client.poll(0.1)


def test_a_session_that_expires_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []
    begin = Sasl.begin

    def counted(found: Sasl, mechanism: str, version: int) -> None:
        begun.append(found.principal is not None)
        begin(found, mechanism, version)

    monkeypatch.setattr(Sasl, "begin", counted)
    more = {"connections.max.reauth.ms": "600", "allow.everyone.if.no.acl.found": "true"}
    with secured(tmp_path, **more) as (broker, _):
        producer = Producer(librdkafka(broker, "SASL_PLAINTEXT"))
        due = time.monotonic() + PATIENCE
        while sum(begun) < 3:
            assert time.monotonic() < due
            producer.produce("t", b"v")
            assert producer.flush(PATIENCE) == 0
            time.sleep(0.05)


# What they may do -----------------------------------------------------------------------------


def binding(kind: Any, name: str, operation: Any, pattern: Any = None) -> AclBinding:
    return AclBinding(
        kind, name, pattern or ResourcePatternType.LITERAL, "User:alice", "*", operation,
        AclPermissionType.ALLOW,
    )  # fmt: skip


def outcomes(told: dict[str, Any]) -> list[str]:
    """What becomes of a record, a read, a group, a commit, and a transaction."""
    said: list[Any] = []
    producer = Producer(told)
    producer.produce("orders", b"v", partition=0, callback=lambda error, _: said.append(error))
    assert producer.flush(PATIENCE) == 0
    consumer = Consumer({**told, "group.id": "reader", "enable.auto.commit": False})
    consumer.assign([TopicPartition("orders", 0, 0)])
    # It asks about its group too, which is another matter.
    answers = iter(lambda: take(consumer), None)
    said.append(next(each.error() for each in answers if each.topic() == "orders"))
    consumer.close()
    said.append(committed(told))
    member = Consumer({**told, "group.id": "readers", "auto.offset.reset": "earliest"})
    member.subscribe(["orders"])
    said.append(take(member).error())
    member.close()
    transactional = Producer({**told, "transactional.id": "payments"})
    try:
        transactional.init_transactions(PATIENCE)
        said.append(None)
    except KafkaException as failed:
        said.append(failed.args[0])
    return ["done" if error is None else str(error.name()) for error in said]


class Failed:
    """An error of kafka-python, which says its name as librdkafka's do."""

    def __init__(self, error: KafkaPythonError) -> None:
        self._error = error

    def name(self) -> str:
        return ErrorCode(self._error.errno).name


def committed(told: dict[str, Any]) -> Failed | None:
    """What becomes of a commit; librdkafka would try for a minute before it said so."""
    consumer = KafkaConsumer(
        bootstrap_servers=told["bootstrap.servers"],
        security_protocol="SASL_SSL",
        ssl_cafile=told["ssl.ca.location"],
        sasl_mechanism=told["sasl.mechanism"],
        sasl_plain_username=told["sasl.username"],
        sasl_plain_password=told["sasl.password"],
        group_id="readers",
    )
    partition = KafkaPartition("orders", 0)
    consumer.assign([partition])
    try:
        consumer.commit({partition: OffsetAndMetadata(1, "", -1)})
    except KafkaPythonError as error:
        return Failed(error)
    finally:
        consumer.close(autocommit=False)
    return None


SEEN = binding(ResourceType.TOPIC, "orders", AclOperation.DESCRIBE)
"""Without it librdkafka does not find out who leads the topic, and does not fetch."""
NOTHING = [
    "TOPIC_AUTHORIZATION_FAILED",
    "TOPIC_AUTHORIZATION_FAILED",
    "GROUP_AUTHORIZATION_FAILED",
    "GROUP_AUTHORIZATION_FAILED",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
]
ALLOWED = [
    binding(ResourceType.TOPIC, "ord", AclOperation.READ, ResourcePatternType.PREFIXED),
    binding(ResourceType.TOPIC, "orders", AclOperation.WRITE),
    binding(ResourceType.GROUP, "readers", AclOperation.READ),
    binding(ResourceType.TRANSACTIONAL_ID, "payments", AclOperation.WRITE),
]
EVERYTHING = AclBindingFilter(
    ResourceType.ANY, None, ResourcePatternType.ANY, None, None,  # type: ignore[arg-type]
    AclOperation.ANY, AclPermissionType.ANY,
)  # fmt: skip


def allow(admin: AdminClient, *wanted: AclBinding) -> None:
    for done in admin.create_acls(list(wanted)).values():
        done.result(PATIENCE)


def test_nothing_is_allowed_until_it_is_and_it_stays_so(tmp_path: Path) -> None:
    with secured(tmp_path) as (broker, vouching):
        told = librdkafka(broker, "SASL_SSL", trusted=vouching.certificate)
        admin = AdminClient(librdkafka(broker, "PLAINTEXT"))
        setup = Producer(librdkafka(broker, "PLAINTEXT"))
        setup.produce("orders", b"first", partition=0)
        assert setup.flush(PATIENCE) == 0
        allow(admin, SEEN)
        assert outcomes(told) == NOTHING
        allow(admin, *ALLOWED)
        assert outcomes(told) == ["done"] * 5
        add_users(broker)
    with secured(tmp_path) as (broker, vouching):
        told = librdkafka(broker, "SASL_SSL", "SCRAM-SHA-512", trusted=vouching.certificate)
        assert outcomes(told) == ["done"] * 5
        admin = AdminClient(librdkafka(broker, "PLAINTEXT"))
        assert set(admin.describe_acls(EVERYTHING).result(PATIENCE)) == {SEEN, *ALLOWED}
        [gone] = admin.delete_acls([EVERYTHING]).values()
        assert set(gone.result(PATIENCE)) == {SEEN, *ALLOWED}
        allow(admin, SEEN)
        assert outcomes(told) == NOTHING


def test_acls_by_kafka_python(tmp_path: Path) -> None:
    with secured(tmp_path) as (broker, _):
        admin = KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{broker.ports['PLAINTEXT']}")
        acl = ACL(
            principal="User:alice", host="*", operation=ACLOperation.DESCRIBE,
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(KafkaResource.TOPIC, "orders"),
        )  # fmt: skip
        made = admin.create_acls([acl])
        assert len(made["succeeded"]) == 1
        wanted = ACLFilter(
            principal=None, host="*", operation=ACLOperation.ANY,
            permission_type=ACLPermissionType.ANY,
            resource_pattern=ResourcePatternFilter(
                KafkaResource.TOPIC, "orders", ACLResourcePatternType.MATCH
            ),
        )  # fmt: skip
        assert admin.describe_acls(wanted)[0] == [acl]
        admin.delete_acls([wanted])
        assert admin.describe_acls(wanted)[0] == []
        admin.close()


# Certificates ---------------------------------------------------------------------------------


def note_outcome(said: dict[str, Any], name: str, error: Any, _: Any) -> None:
    said[name] = error


def test_a_certificate_says_who_a_client_is(tmp_path: Path) -> None:
    with secured(tmp_path) as (broker, vouching):
        admin = AdminClient(librdkafka(broker, "PLAINTEXT"))
        mine = AclBinding(
            ResourceType.TOPIC, "orders", ResourcePatternType.LITERAL,
            "User:CN=alice,O=Example", "*", AclOperation.ALL, AclPermissionType.ALLOW,
        )  # fmt: skip
        [done] = admin.create_acls([mine]).values()
        done.result(PATIENCE)
        Producer(librdkafka(broker, "PLAINTEXT")).list_topics("orders", PATIENCE)
        said: dict[str, Any] = {}
        for name in ("alice", "bob"):
            shown = vouching.issue(name, f"/O=Example/CN={name}")
            told = librdkafka(broker, "SSL", trusted=vouching.certificate,
                              ssl_certificate_location=str(shown),
                              ssl_key_location=str(shown))  # fmt: skip
            producer = Producer(told)
            note = partial(note_outcome, said, name)
            producer.produce("orders", b"v", partition=0, callback=note)
            assert producer.flush(PATIENCE) == 0
        assert said["alice"] is None
        assert said["bob"].name() == "TOPIC_AUTHORIZATION_FAILED"


def test_a_certificate_that_is_required_is_asked_for(tmp_path: Path) -> None:
    with secured(tmp_path, **{"ssl.client.auth": "required"}) as (broker, vouching):
        forged = authority(tmp_path / "others").issue("mallory", "/CN=alice")
        for shown in (None, forged):
            context = contexts(vouching)
            if shown is not None:
                context.load_cert_chain(shown)
            with pytest.raises((ssl.SSLError, ConnectionError)):
                ask_over(context, broker.ports["SSL"])
        context = contexts(vouching)
        context.load_cert_chain(vouching.issue("alice", "/CN=alice"))
        assert ask_over(context, broker.ports["SSL"])
        # Beside SASL a certificate is asked for where the listener's own setting says so.
        assert ask_over(contexts(vouching), broker.ports["SASL_SSL"])


def ask_over(context: ssl.SSLContext, port: int) -> bytes:
    """The beginning of what ApiVersions is answered over TLS."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        secure.sendall(bytes.fromhex("0000000a 0012 0000 00000007 ffff"))
        found = secure.recv(8)
        if not found:
            raise ConnectionResetError
        return found
