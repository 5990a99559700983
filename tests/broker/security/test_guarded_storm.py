"""Requests of every kind with odd values, where guards stand before the handlers.

Entries for and against the topics are there, and the requests add others: what is refused, and
what is left of a request, is another each time.
"""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from broker.log.files import RealDisk
from broker.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from broker.security.store import FILE
from broker.server.broker import Broker
from broker.wire.apis import ApiKey
from tests.broker.raw import RawClient
from tests.broker.security.denials import AUTHORIZER
from tests.broker.server.running import running
from tests.broker.server.test_any_request import storm

OPEN = {"authorizer.class.name": AUTHORIZER, "allow.everyone.if.no.acl.found": "true"}


def partly_denied(broker: Broker) -> None:
    """A topic that may be read and described, one that may not be, and groups alike."""
    authorizer = broker.access.authorizer
    assert authorizer is not None
    for kind, name, operation, permission in (
        (ResourceType.TOPIC, "t", Operation.READ, Permission.ALLOW),
        (ResourceType.TOPIC, "c", Operation.ALL, Permission.DENY),
        (ResourceType.GROUP, "g", Operation.DESCRIBE, Permission.ALLOW),
        (ResourceType.TRANSACTIONAL_ID, "t", Operation.ALL, Permission.DENY),
        (ResourceType.GROUP, "consumer", Operation.ALL, Permission.DENY),
    ):
        literal = PatternType.LITERAL
        authorizer.add(Acl(kind, name, literal, "User:*", "*", operation, permission))


@pytest.mark.parametrize(
    ("seed", "count"),
    [(11, 300), *(pytest.param(seed, 20_000, marks=pytest.mark.slow) for seed in range(12, 15))],
)
def test_any_request_is_answered_or_is_none(tmp_path: Path, seed: int, count: int) -> None:
    with running(tmp_path, **OPEN) as broker:
        broker.call(lambda: partly_denied(broker.server.broker))
        broker.call(lambda: storm(broker.server.broker, seed, count))
    with running(tmp_path, **OPEN) as broker:
        assert broker.server.directory.clean


ACL = {"resource_type": 2, "resource_name": "t", "principal": "User:a", "host": "*",
       "operation": 3, "permission_type": 3}  # fmt: skip
ANY = {"resource_type_filter": 1, "pattern_type_filter": 1, "operation": 1, "permission_type": 1}
BOB = {"name": "bob", "mechanism": 1}
SALTED = {**BOB, "iterations": 4096, "salt": b"salt", "salted_password": bytes(32)}


def test_what_could_not_be_kept_has_not_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = threading.Event()
    replace = RealDisk.replace

    def full(disk: RealDisk, path: Path, data: bytes, **how: Any) -> None:
        if failing.is_set() and path.name == FILE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(disk, path, data, **how)

    monkeypatch.setattr(RealDisk, "replace", full)
    with running(tmp_path, **OPEN) as broker, RawClient(broker.port) as client:

        def create(**changed: Any) -> int:
            creations = [{**ACL, **changed}]
            found = client.answer_to(ApiKey.CREATE_ACLS, 3, creations=creations)["results"]
            return int(found[0]["error_code"])

        def alter(**wanted: Any) -> int:
            asked = {"deletions": [], "upsertions": [], **wanted}
            found = client.answer_to(ApiKey.ALTER_USER_SCRAM_CREDENTIALS, 0, **asked)["results"]
            return int(found[0]["error_code"])

        def known() -> tuple[int, list[Any]]:
            acls = client.answer_to(ApiKey.DESCRIBE_ACLS, 3, **ANY)["resources"]
            asked = ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS
            users = client.answer_to(asked, 0, users=None)["results"]
            return sum(len(each["acls"]) for each in acls), [each["user"] for each in users]

        assert (create(), alter(upsertions=[SALTED])) == (0, 0)
        failing.set()
        assert (create(host="1.1.1.1"), alter(deletions=[BOB])) == (56, 56)
        assert alter(upsertions=[{**SALTED, "name": "eve"}]) == 56
        [gone] = client.answer_to(ApiKey.DELETE_ACLS, 3, filters=[ANY])["filter_results"]
        assert (gone["error_code"], gone["matching_acls"]) == (56, [])
        assert known() == (1, ["bob"])
        failing.clear()
        assert create(host="1.1.1.1") == 0
        assert create(host="1.1.1.1") == 0
        assert known() == (2, ["bob"])
    with running(tmp_path, **OPEN) as broker, RawClient(broker.port) as client:
        found = client.answer_to(ApiKey.DESCRIBE_ACLS, 3, **ANY)["resources"]
        assert sum(len(each["acls"]) for each in found) == 2


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"upsertions": [{**SALTED, "name": ""}]}, 93),
        ({"upsertions": [{**SALTED, "iterations": 4095}]}, 93),
        ({"upsertions": [{**SALTED, "iterations": 16_385}]}, 93),
        ({"upsertions": [{**SALTED, "mechanism": 3}]}, 33),
        ({"deletions": [BOB]}, 91),
        ({"deletions": [BOB], "upsertions": [SALTED]}, 92),
        ({"upsertions": [SALTED, {**SALTED, "mechanism": 2}]}, 92),
    ],
)
def test_users_that_cannot_be_changed(tmp_path: Path, wanted: dict[str, Any], error: int) -> None:
    with running(tmp_path) as broker, RawClient(broker.port) as client:
        asked = {"deletions": [], "upsertions": [], **wanted}
        found = client.answer_to(ApiKey.ALTER_USER_SCRAM_CREDENTIALS, 0, **asked)["results"]
        assert [each["error_code"] for each in found] == [error]
        described = client.answer_to(ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS, 0, users=None)
        assert described["results"] == []
