"""The data directory: whose it is, and the logs in it.

    .lock                             held by the broker that runs
    .kafka_cleanshutdown              there after a stop that closed everything, until the start
    meta.properties                   which cluster and which directory this is
    recovery-point-offset-checkpoint  up to where each log was flushed
    log-start-offset-checkpoint       where each log starts, if DeleteRecords moved it
    cleaner-offset-checkpoint         up to where each log was compacted
    <topic>-<partition>/              a log, with partition.metadata that says the topic's id
    <topic>-<partition>.<hex>-delete/ one that is on its way out
    <topic>-<partition>.<hex>-stray/  one of another topic that had the name

Source: Apache Kafka's directories of KRaft, whose files these are.
"""

from __future__ import annotations

import base64
import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from broker.log import checkpoints
from broker.log.files import Disk
from broker.log.log import Log
from broker.log.recovery import open_log
from broker.log.settings import LogSettings

LOCK, CLEAN, META, TOPIC = ".lock", ".kafka_cleanshutdown", "meta.properties", "partition.metadata"
DELETE, STRAY = "-delete", "-stray"
TOPIC_VERSION = 0
PROBE, PROBE_SIZE = ".probe", 1 << 20
"""What is written to see whether the disk works, and its bytes."""

META_VERSION = 1
_DELETED = re.compile(r".+\.[0-9a-f]{32}-delete")
_PARTITION = re.compile(r"(?P<topic>[a-zA-Z0-9._-]{1,249})-(?P<partition>\d{1,9})")


_CHECKPOINTS: Mapping[str, Callable[[Log], int | None]] = {
    checkpoints.RECOVERY_POINTS: lambda log: log.recovery_point,
    checkpoints.LOG_STARTS: lambda log: (
        log.start_offset if log.start_offset > log.segments[0].base_offset else None
    ),
    checkpoints.CLEANED: lambda log: log.cleaned_to or None,
}
"""What is written down of each log, in which file; None: nothing."""


class DirectoryError(Exception):
    """A data directory that cannot be used; the message is one line that says what to do."""


def text_of(uuid: UUID) -> str:
    """An id as Kafka writes it: base64 without padding."""
    return base64.urlsafe_b64encode(uuid.bytes).rstrip(b"=").decode()


def uuid_of(text: str) -> UUID:
    """The id that was written so; ValueError where it was not."""
    return UUID(bytes=base64.urlsafe_b64decode(text + "=="))


def properties(data: bytes, separator: str = "=") -> dict[str, str]:
    """Lines of names and values."""
    lines = (line.partition(separator) for line in data.decode().splitlines())
    return {name.strip(): value.strip() for name, _, value in lines if not name.startswith("#")}


def _topic_id(path: Path, data: bytes) -> UUID | None:
    """What a log's partition.metadata says; None where that cannot be read."""
    try:
        found = properties(data, ":")
        version = int(found["version"])
        topic_id = uuid_of(found["topic_id"])
    except (KeyError, ValueError):
        return None
    if version > TOPIC_VERSION:
        raise DirectoryError(
            f"{path} is of version {version}, and this broker reads {TOPIC_VERSION}: "
            "use the version that wrote it, or another --data-dir"
        )
    return topic_id


@dataclass(frozen=True)
class Identity:
    """Whose data it is."""

    cluster_id: str
    node_id: int
    directory_id: str


class DataDirectory:
    """The directory of one broker, locked for as long as this is open."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self.disk, self.path = disk, path
        self._lock = -1
        self.clean = False
        self._known: dict[str, dict[tuple[str, int], int]] = {}

    def lock(self) -> None:
        """Have it to oneself; `DirectoryError` where another broker has it."""
        try:
            self.disk.make_folder(self.path)
            self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.unlock()
            raise DirectoryError(
                f"the data directory {self.path} is in use by another broker: stop that one, "
                "or give this one a --data-dir of its own"
            ) from None
        except OSError as error:
            self.unlock()
            raise DirectoryError(
                f"the data directory {self.path} cannot be used: {error.strerror}"
            ) from error

    def unlock(self) -> None:
        """Let others have it."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def identify(self, fresh: Identity) -> Identity:
        """Whose data it is; that of `fresh` where it is new."""
        data = self.disk.load(self.path / META)
        if data is None:
            self._write_meta(fresh)
            return fresh
        try:
            found = properties(data)
            version = int(found["version"])
            if version > META_VERSION:
                raise DirectoryError(
                    f"{self.path / META} is of version {version}, and this broker reads "
                    f"{META_VERSION}: use the version that wrote it, or another --data-dir"
                )
            return Identity(
                found["cluster.id"], int(found["node.id"]), found.get("directory.id", "")
            )
        except (KeyError, ValueError) as error:
            raise DirectoryError(
                f"{self.path / META} cannot be read ({error}): mend it, or use another --data-dir"
            ) from error

    def _write_meta(self, identity: Identity) -> None:
        lines = {
            "version": META_VERSION,
            "cluster.id": identity.cluster_id,
            "node.id": identity.node_id,
            "directory.id": identity.directory_id,
        }
        text = "".join(f"{name}={value}\n" for name, value in lines.items())
        self.disk.replace(self.path / META, f"#\n{text}".encode())

    def start(self) -> list[str]:
        """Read the checkpoints, and take the marker away; what was wrong with them, in lines."""
        self.clean = self.disk.exists(self.path / CLEAN)
        self.disk.remove(self.path / CLEAN)
        wrong = []
        for name in _CHECKPOINTS:
            self._known[name], told = self._offsets(name)
            wrong += told
        for name in self.disk.names(self.path):
            if _DELETED.fullmatch(name):
                self.disk.remove_folder(self.path / name)
        return wrong

    def _offsets(self, name: str) -> tuple[dict[tuple[str, int], int], list[str]]:
        data = self.disk.load(self.path / name)
        if data is None:
            return {}, []
        try:
            return checkpoints.read_offsets(data), []
        except checkpoints.Damaged as error:
            # Without it every log is read from its beginning, which finds the same.
            self.clean = False
            return {}, [f"{self.path / name} cannot be read and is written anew: {error}"]

    def works(self) -> bool:
        """Whether something can be written there."""
        try:
            self.disk.replace(self.path / PROBE, bytes(PROBE_SIZE), durable=False)
            self.disk.remove(self.path / PROBE)
        except OSError:
            return False
        return True

    def partitions(self) -> Iterator[tuple[str, int, UUID | None]]:
        """The logs that are there: topic, partition, and the topic's id, where that can be read.

        `DirectoryError` where a log is of a newer version.
        """
        for name in self.disk.names(self.path):
            match = _PARTITION.fullmatch(name)
            path = self.path / name / TOPIC
            data = self.disk.load(path) if match else None
            if match is not None and data is not None:
                yield match["topic"], int(match["partition"]), _topic_id(path, data)

    def folder(self, topic: str, partition: int) -> Path:
        """Where a log is."""
        return self.path / f"{topic}-{partition}"

    def open(self, topic: str, partition: int, topic_id: UUID, settings: LogSettings) -> Log:
        """A log, made where it is not there.

        One of another topic that had the same name is not taken for it: it is set aside.
        """
        folder = self.folder(topic, partition)
        data = self.disk.load(folder / TOPIC)
        found = None if data is None else _topic_id(folder / TOPIC, data)
        if found is not None and found != topic_id:
            self.disk.rename(folder, self._aside(folder, found, STRAY))
            self._forget(topic, partition)
        if found != topic_id:
            self.disk.make_folder(folder)
            text = f"version: 0\ntopic_id: {text_of(topic_id)}\n"
            # The catalogue of topics says the same, durably.
            self.disk.replace(folder / TOPIC, text.encode(), durable=False)
        key = (topic, partition)
        log = open_log(
            self.disk,
            folder,
            settings,
            clean=self.clean,
            recovery_point=self._known[checkpoints.RECOVERY_POINTS].get(key, 0),
            start_offset=self._known[checkpoints.LOG_STARTS].get(key, 0),
        )
        log.cleaned_to = min(self._known[checkpoints.CLEANED].get(key, 0), log.end_offset)
        return log

    def delete(self, topic: str, partition: int, topic_id: UUID) -> Path:
        """Set a log aside; what is returned can be removed when there is time."""
        folder = self.folder(topic, partition)
        aside = self._aside(folder, topic_id, DELETE)
        self.disk.rename(folder, aside)
        self._forget(topic, partition)
        return aside

    def _aside(self, folder: Path, topic_id: UUID, ending: str) -> Path:
        return folder.with_name(f"{folder.name[:200]}.{topic_id.hex}{ending}")

    def _forget(self, topic: str, partition: int) -> None:
        for known in self._known.values():
            known.pop((topic, partition), None)

    def checkpoint(self, logs: dict[tuple[str, int], Log]) -> None:
        """Write down where logs start, and up to where they were flushed and cleaned."""
        for name, offset in _CHECKPOINTS.items():
            found = {key: at for key, log in logs.items() if (at := offset(log)) is not None}
            if found != self._known.get(name):
                self.disk.replace(self.path / name, checkpoints.write_offsets(found))
                self._known[name] = found

    def close(self, logs: dict[tuple[str, int], Log], now: int) -> None:
        """Close all logs, and say so."""
        for log in logs.values():
            log.close(now)
        self.checkpoint(logs)
        self.disk.replace(self.path / CLEAN, b'{"version":0,"brokerEpoch":-1}')
        self.unlock()
