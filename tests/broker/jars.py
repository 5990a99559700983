"""Apache Kafka's own jars, for tests that ask Kafka what it thinks.

They are looked for in VERDICT_KAFKA_LIBS, then in the user's cache, where Maven puts them the
first time.  A test that needs them is skipped, with the reason, where there is no Java or no Maven
and no jars.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import platformdirs
import pytest

VERSION = "4.3.1"
POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>verdict</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>{dependencies}</dependencies>
</project>
"""
DEPENDENCY = (
    "<dependency><groupId>org.apache.kafka</groupId>"
    "<artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
)


@cache
def kafka_libs() -> Path:
    """The folder with the jars; skips the test where they cannot be had."""
    if shutil.which("java") is None:
        pytest.skip("there is no java")
    given = os.environ.get("VERDICT_KAFKA_LIBS")
    folder = Path(given) if given else platformdirs.user_cache_path("verdict") / f"kafka-{VERSION}"
    if not (folder / f"kafka-tools-{VERSION}.jar").exists():
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    if shutil.which("mvn") is None:
        pytest.skip(f"there is no Maven, and no jars of Apache Kafka in {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    dependencies = "".join(
        DEPENDENCY.format(artifact=artifact, version=VERSION)
        for artifact in ("kafka_2.13", "kafka-tools")
    )
    (folder / "pom.xml").write_text(POM.format(dependencies=dependencies), encoding="utf-8")
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"Maven could not bring Apache Kafka's jars: {done.stdout[-300:]}")


def run_tool(name: str, *arguments: str) -> str:
    """What one of Kafka's tools prints."""
    command = [
        "java",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        f"{kafka_libs()}/*",
        f"org.apache.kafka.tools.{name}",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


SETTINGS = """process.roles=broker,controller
node.id=0
controller.quorum.voters=0@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""
PATIENCE = 90.0


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def running_kafka(folder: Path) -> Iterator[int]:
    """Apache Kafka, one node with its data in the folder; its port."""
    port, controller = _free_ports(2)
    java = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", f"{kafka_libs()}/*"]
    settings = folder / "server.properties"
    text = SETTINGS.format(port=port, controller=controller, folder=folder / "data")
    settings.write_text(text, encoding="utf-8")
    storage = ["kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c"]
    subprocess.run([*java, *storage, str(settings)], check=True, capture_output=True)
    with (folder / "output").open("wb") as output:
        server = subprocess.Popen(
            [*java, "kafka.Kafka", str(settings)], stdout=output, stderr=output
        )
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert server.poll() is None, (folder / "output").read_text()[-2000:]
                assert time.monotonic() < end, "Apache Kafka does not start"
                time.sleep(0.2)
        yield port
    finally:
        server.kill()
        server.wait()
