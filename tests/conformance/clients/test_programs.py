"""Clients that are programs: kafkajs through node, and kcat; skipped where they are not."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.peers.server import Absent, cache, completed, made, tool
from tests.conformance.brokers import started

KAFKAJS = "2.2.4"
SESSION = Path(__file__).with_name("session.cjs")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module", params=["verdict", "kafka"])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    with started(request.param) as server:
        yield server.bootstrap


def kafkajs() -> Path:
    """The folder of modules with kafkajs in it."""
    home = cache("clients", f"kafkajs-{KAFKAJS}")
    name = f"kafkajs {KAFKAJS}"
    if not home.is_dir():
        npm, _ = tool(name, "npm", "node")
        with completed(home) as passing:
            made(name, [npm, "install", "--silent", "--prefix", ".", f"kafkajs@{KAFKAJS}"],
                 passing, 300)  # fmt: skip
    tool(name, "node")
    return home / "node_modules"


def test_a_session_with_kafkajs(broker: str) -> None:
    try:
        modules = kafkajs()
    except Absent as absent:
        pytest.skip(str(absent))
    done = subprocess.run(
        ["node", str(SESSION), broker, f"js-{uuid.uuid4().hex[:8]}"],
        env={**os.environ, "NODE_PATH": str(modules)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("kcat") is None, reason="there is no kcat")
def test_a_session_with_kcat(broker: str) -> None:
    topic = f"kcat-{uuid.uuid4().hex[:8]}"

    def kcat(*words: str, given: str = "") -> list[str]:
        done = subprocess.run(
            ["kcat", "-b", broker, *words], input=given,
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()

    lines = [f"k{n % 3}:v{n}" for n in range(30)]
    kcat("-P", "-t", topic, "-K:", "-z", "gzip", given="\n".join(lines) + "\n")
    assert sorted(kcat("-C", "-t", topic, "-e", "-q", "-K:")) == sorted(lines)
    group = ("-X", "auto.offset.reset=earliest", "-G", f"{topic}-group", "-e", "-q", topic)
    assert sorted(kcat(*group)) == sorted(line.partition(":")[2] for line in lines)
    kcat("-P", "-t", topic, given="more\n")
    assert kcat(*group) == ["more"]
    assert any(f'topic "{topic}" with 4 partitions' in line for line in kcat("-L", "-t", topic))
