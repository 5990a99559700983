"""Apache Kafka: one node in KRaft mode, from its own jars on Maven Central.

Maven fetches the jars once (about 60 MB) into the user's cache; later starts need Java alone and
take a few seconds.  The settings are those that clients' test suites expect, with two that keep
tests short: no initial delay of a rebalance, and sessions from one second on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from conformance.peers.server import (
    LOOPBACK,
    Process,
    cache,
    completed,
    free_ports,
    made,
    place,
    serving,
    tool,
)

NEWEST = "4.3.1"
BEFORE_KRAFT_ALONE = "3.9.2"
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"
DOWNLOAD = 600.0
"""Seconds that Maven may take, on a slow line."""

ARTIFACTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        NEWEST: (
            "org.apache.kafka:kafka_2.13:4.3.1",
            "org.apache.kafka:kafka-tools:4.3.1",
            "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
        ),
        # It brings its own logging.
        BEFORE_KRAFT_ALONE: (
            "org.apache.kafka:kafka_2.13:3.9.2",
            "org.apache.kafka:kafka-tools:3.9.2",
        ),
    }
)

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "process.roles": "broker,controller",
        "node.id": "0",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "num.partitions": "4",
        "auto.create.topics.enable": "true",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
    }
)

FOR_SUITES: Mapping[str, str] = MappingProxyType(
    {
        "group.initial.rebalance.delay.ms": "500",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
        "super.users": "User:ANONYMOUS",
    }
)
"""What clients' own suites want beyond that: some are flaky without the delay, one tests ACLs."""

QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
"""For a JVM that lives for a moment."""


@contextlib.contextmanager
def apache_kafka(
    folder: Path | None = None,
    *,
    version: str = NEWEST,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Process]:
    """Apache Kafka from its start to its end.

    folder    where it keeps its data; what an earlier one wrote there is found again
    settings  of server.properties, over those above

    Absent where Java is not here, or the jars are not and cannot be fetched.
    """
    (java,) = tool(f"Apache Kafka {version}", "java")
    classes = classpath(version)
    with place(folder, "kafka") as here:
        properties = here / "server.properties"
        fresh = not properties.exists()
        if fresh:
            properties.write_text(_properties(here, settings), encoding="utf-8")
            format_storage = ("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c")
            made("Apache Kafka", [java, *QUICK, "-cp", classes, *format_storage, str(properties)],
                 here, 120)  # fmt: skip
        command = (java, "-Xmx1g", f"-Dlog4j2.configurationFile={_logging(here)}",
                   "-cp", classes, "kafka.Kafka", str(properties))  # fmt: skip
        first = _told(properties, "advertised.listeners").partition(",")[0]
        address = first.removeprefix("PLAINTEXT://")
        with serving(Process(f"Apache Kafka {version}", address, command, here)) as server:
            yield server


def classpath(version: str = NEWEST) -> str:
    """Java's class path with Kafka and its tools; Absent where the jars cannot be had."""
    if version not in ARTIFACTS:
        raise ValueError(f"only {', '.join(ARTIFACTS)} are known, not {version}")
    libs = cache("kafka", version)
    if not libs.is_dir():
        peer = f"Apache Kafka {version}"
        (maven,) = tool(peer, "mvn")
        with completed(libs) as passing:
            pom = passing.parent / "pom.xml"
            pom.write_text(_pom(ARTIFACTS[version]), encoding="utf-8")
            copy = ("dependency:copy-dependencies", f"-DoutputDirectory={passing}")
            made(peer, [maven, "-q", "-B", *copy], pom.parent, DOWNLOAD)
    return f"{libs}/*"


def java_tool(name: str, *words: str, version: str = NEWEST) -> list[str]:
    """The command of one of Kafka's own tools: `org.apache.kafka.tools.TopicCommand`, …."""
    (java,) = tool("Kafka's tools", "java")
    return [java, *QUICK, "-cp", classpath(version), name, *words]


def _pom(artifacts: tuple[str, ...]) -> str:
    def dependency(artifact: str) -> str:
        group, name, version = artifact.split(":")
        return (
            f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
            f"<version>{version}</version></dependency>"
        )

    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>verdict</groupId><artifactId>kafka</artifactId><version>1</version>"
        f"<dependencies>{''.join(map(dependency, artifacts))}</dependencies></project>\n"
    )


def _properties(here: Path, settings: Mapping[str, str]) -> str:
    broker, controller = free_ports(2)
    listener = f"PLAINTEXT://{LOOPBACK}:{broker}"
    ports = {
        "controller.quorum.voters": f"0@{LOOPBACK}:{controller}",
        "listeners": f"{listener},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": listener,
        "log.dirs": str(here / "data"),
    }
    return "".join(f"{name}={value}\n" for name, value in {**SETTINGS, **ports, **settings}.items())


def _told(properties: Path, name: str) -> str:
    lines = properties.read_text(encoding="utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))


def _logging(here: Path) -> Path:
    """What Kafka logs goes to its output from warnings on: `Process.last_words` reads it."""
    path = here / "log4j2.properties"
    path.write_text(
        "appender.console.type=Console\nappender.console.name=console\n"
        "appender.console.layout.type=PatternLayout\n"
        "appender.console.layout.pattern=%d %p %c: %m%n\n"
        "rootLogger.level=WARN\nrootLogger.appenderRef.console.ref=console\n",
        encoding="utf-8",
    )
    return path


__all__ = ["BEFORE_KRAFT_ALONE", "FOR_SUITES", "NEWEST", "apache_kafka", "classpath", "java_tool"]
