"""The pages: what is there, what is refused, and what they say while the broker comes and goes."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.log.directory import DataDirectory
from broker.log.files import RealDisk, RealFile
from broker.server import pages
from broker.server.catalog import GivenUp
from broker.server.configuration import Configuration
from broker.server.pages import LONGEST, MOST, Pages
from broker.server.server import Server, bind, open_directory
from broker.wire import records
from broker.wire.apis import ApiKey
from tests.broker.operations.watching import Watched, connected, ended, page, watched
from tests.broker.raw import RawClient
from tests.broker.server.running import PATIENCE, QUICK, Running, running


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture(scope="module")
def seen(broker: Running) -> Iterator[Watched]:
    with watched(broker) as found:
        yield found


def test_what_is_there_and_what_is_not(seen: Watched) -> None:
    assert seen.page("/healthz") == (200, "alive\n")
    assert seen.page("/readyz") == (200, "ready\n")
    assert seen.page("/metrics?name=x")[0] == 200
    assert seen.page("/")[0] == 404
    assert seen.page("/metrics/")[0] == 404
    for method in ("POST", "HEAD", "DELETE"):
        assert seen.page("/metrics", method)[0] == 405


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\0\1\2\3\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nno header\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nX: \xff\r\n\r\n",
        b"GET /" + b"x" * (2 * LONGEST) + b" HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * LONGEST,
    ],
)
def test_rubbish_is_not_answered(
    seen: Watched, rubbish: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(seen.port) as found:
        found.sendall(rubbish)
        assert ended(found) == b""
    assert seen.page("/healthz")[0] == 200
    assert not caplog.records


def test_damaged_requests_are_answered_or_not(seen: Watched) -> None:
    draw = random.Random(11)
    whole = b"GET /metrics?a=b HTTP/1.1\r\nHost: here\r\nAccept: text/plain\r\n\r\n"
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(draw.randrange(1, 5)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        with connected(seen.port) as found:
            found.sendall(data)
            found.shutdown(socket.SHUT_WR)
            said = ended(found)
        assert not said or re.match(rb"HTTP/1.1 (200|404|405) ", said)
    assert seen.page("/healthz")[0] == 200


def test_a_request_has_so_much_time(seen: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SECONDS", 0.1)
    with connected(seen.port) as found:
        found.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert ended(found) == b""


def test_there_are_so_many_connections(seen: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes when all are taken is let go, and those who have them are not."""
    monkeypatch.setattr(pages, "SECONDS", PATIENCE)
    until(lambda: not seen.pages._open)
    held = [connected(seen.port) for _ in range(MOST)]
    try:
        until(lambda: len(seen.pages._open) == MOST)
        with connected(seen.port) as found:
            assert ended(found) == b""
        held[0].sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert b"alive" in ended(held[0])
    finally:
        for found in held:
            found.close()
    until(lambda: answers(seen.port))


def answers(port: int) -> bool:
    try:
        return page(port, "/healthz")[0] == 200
    except OSError:
        return False


def until(found: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_flood_of_scrapes_leaves_clients_alone(broker: Running, seen: Watched) -> None:
    """Many at once, some of them cut short: clients are served, and the pages are there after."""
    over = threading.Event()

    def scrape() -> None:
        while not over.is_set():
            answers(seen.port)
            with connected(seen.port) as found:
                found.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")

    threads = [threading.Thread(target=scrape) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        client = RawClient(broker.port)
        for _ in range(100):
            assert client.answer_to(ApiKey.API_VERSIONS, 0)["error_code"] == 0
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE)
    until(lambda: answers(seen.port))


# Coming and going -----------------------------------------------------------------------------


class Slow:
    """Opens logs when it is told to."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        right = DataDirectory.open

        def wrong(directory: DataDirectory, *given: Any) -> Any:
            assert self.go.wait(PATIENCE)
            return right(directory, *given)

        patch.setattr(DataDirectory, "open", wrong)


def with_topic(data: Path) -> None:
    with running(data) as broker:
        broker.call(lambda: broker.server.broker.create_topic("t", 3, {}))


async def starting(data: Path, client: socket.socket) -> tuple[Server, asyncio.Future[None]]:
    server = Server(Configuration(dict(QUICK)), open_directory(str(data)))
    start = asyncio.ensure_future(server.start(client))
    await asyncio.sleep(0)
    return server, start


def test_readiness_from_recovery_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_topic(tmp_path)
    slow = Slow(monkeypatch)

    async def whole() -> None:
        with bind("127.0.0.1", 0) as client, bind("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
            server, start = await starting(tmp_path, client)
            shown = Pages(server)
            await shown.start(listener)

            async def asked(path: str) -> tuple[int, str]:
                return await asyncio.to_thread(page, port, path)

            said = await asked("/readyz")
            while said[1] == "recovering: 0 of 0 partitions are open\n":
                said = await asked("/readyz")
            assert said == (503, "recovering: 0 of 3 partitions are open\n")
            assert (await asked("/healthz"))[0] == 200
            assert "verdict_broker_ready 0.0" in (await asked("/metrics"))[1]
            slow.go.set()
            await start
            assert await asked("/readyz") == (200, "ready\n")
            assert "verdict_broker_ready 1.0" in (await asked("/metrics"))[1]
            await server.stop()
            assert await asked("/readyz") == (503, "stopping\n")
            await shown.stop()

    asyncio.run(whole())


def test_recovery_can_be_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing says then that the logs were closed, and the next start finds them all."""
    with_topic(tmp_path)

    async def whole() -> None:
        with bind("127.0.0.1", 0) as client:
            server, start = await starting(tmp_path, client)
            server.give_up()
            slow.go.set()
            with pytest.raises(GivenUp):
                await start
            server.directory.unlock()

    with monkeypatch.context() as patch:
        slow = Slow(patch)
        asyncio.run(whole())
    assert not (tmp_path / ".kafka_cleanshutdown").exists()
    with running(tmp_path) as broker:
        assert len(broker.server.broker.catalog.topics["t"].partitions) == 3


def test_a_disk_that_refuses_is_not_ready_until_it_works(
    broker: Running, seen: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.call(lambda: broker.server.broker.create_topic("full", 1, {}))

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def produce() -> int:
        batch = records.build([(b"k", b"v")], 1000)
        part = {"index": 0, "records": batch}
        topic = {"name": "full", "partition_data": [part]}
        answer = RawClient(broker.port).answer_to(
            ApiKey.PRODUCE, 9, acks=-1, timeout=1000, topic_data=[topic]
        )
        code: int = answer["responses"][0]["partition_responses"][0]["error_code"]
        return code

    before = seen.value("disk_failures_total")
    assert before is not None
    with monkeypatch.context() as patch:
        patch.setattr(RealFile, "append", refuse)
        patch.setattr(RealDisk, "replace", refuse)
        assert produce() == 56
        why = "the disk refused what was asked of it: No space left on device\n"
        broker.call(broker.server._sweep)
        assert seen.page("/readyz") == (503, why)
        assert seen.value("disk_failures_total") == before + 1
        assert seen.value("request_errors_total", api="PRODUCE", error="KAFKA_STORAGE_ERROR") == 1
    until(lambda: seen.page("/readyz") == (200, "ready\n"))
    assert produce() == 0
