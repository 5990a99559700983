"""The topics and their partitions.

What is configured for topics, and what was changed of the broker's settings while it ran, is in
one file of the data directory, `topics.json`, replaced as a whole.  Which topics and partitions
there are is in it too, and in the names of the folders.  A folder that the file does not know is
a topic nevertheless: nothing is deleted because a file says too little.  The file is written
before folders are made or set aside, and knows those on their way out by their ids: whatever is
done half is done whole at the next start.
"""

from __future__ import annotations

import contextlib
import json
import re
import resource
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

from broker.errors import ErrorCode, Refused
from broker.events import Event, tell
from broker.log.directory import DataDirectory, DirectoryError, text_of, uuid_of
from broker.log.log import Log
from broker.partition import Partition
from broker.server.configuration import Configuration

FILE, VERSION = "topics.json", 1
OFFSETS_TOPIC, TRANSACTIONS_TOPIC = "__consumer_offsets", "__transaction_state"
INTERNAL = frozenset({OFFSETS_TOPIC, TRANSACTIONS_TOPIC})
FILES_EACH = 3
"""Files that each segment has open."""

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")


_CONFIGS: Mapping[str, str] = MappingProxyType({"cleanup.policy": "compact"})
"""What a coordinator's topic cannot do without."""


@dataclass(frozen=True)
class Entry:
    """What is written down of a topic."""

    topic_id: UUID
    partitions: int
    configs: Mapping[str, str]


@dataclass(frozen=True)
class Topic:
    """A topic.

    configs     what was set for it, as text
    partitions  all of them, by number
    """

    name: str
    topic_id: UUID
    configs: Mapping[str, str]
    partitions: list[Partition] = field(default_factory=list)

    @property
    def internal(self) -> bool:
        """Whether it is a coordinator's."""
        return self.name in INTERNAL


def _plain(name: str) -> str:
    """What metrics make of a name."""
    return name.replace(".", "_")


def _most_files() -> int:
    """How many files logs may have open: three quarters of what the system allows."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 62 if allowed == resource.RLIM_INFINITY else allowed * 3 // 4


class GivenUp(Exception):  # noqa: N818 - what was asked
    """Logs are not to be opened any more."""


class Catalog:
    """All topics of this broker.

    most_files  that logs may have open; no partition is made that would need more
    known       how many partitions there are, once that has been looked up
    opened      how many of them are open
    given_up    whoever opens them is to stop
    """

    def __init__(self, directory: DataDirectory, configuration: Configuration) -> None:
        self._directory, self._configuration = directory, configuration
        self.topics: dict[str, Topic] = {}
        self.ids: dict[UUID, Topic] = {}
        self._plain: dict[str, str] = {}
        self.most_files = _most_files()
        self._deleted: set[UUID] = set()
        self.known = self.opened = 0
        self.given_up = False

    # What is there ----------------------------------------------------------------------------

    def load(self) -> None:
        """Open everything; `DirectoryError` where the catalogue is of a newer version.

        It is called in a thread of its own, before anybody else looks.
        """
        known = self._read()
        unknown = self._find(known)
        self.known = sum(each.partitions for each in known.values())
        for name, each in sorted(known.items()):
            topic = Topic(name, each.topic_id, each.configs)
            self._enter(topic)
            self._open(topic, each.partitions)
        if unknown:
            self.save()

    def _find(self, known: dict[str, Entry]) -> set[str]:
        """Finish what was being deleted, and add what the file does not know: those topics."""
        unknown: set[str] = set()
        for name, index, topic_id in list(self._directory.partitions()):
            if topic_id in self._deleted:
                aside = self._directory.delete(name, index, topic_id)
                self._directory.disk.remove_folder(aside)
                continue
            if name not in known:
                if topic_id is None:
                    folder = self._directory.folder(name, index)
                    why = f"{folder} is left alone: its partition.metadata cannot be read"
                    tell(Event.CHECKPOINT_DAMAGED, why=why)
                    continue
                known[name] = Entry(topic_id, 0, _CONFIGS if name in INTERNAL else {})
                unknown.add(name)
            if name in unknown or topic_id == known[name].topic_id:
                count = max(known[name].partitions, index + 1)
                known[name] = replace(known[name], partitions=count)
        self._deleted.clear()
        if unknown:
            why = (
                f"{self._directory.path / FILE} does not say how these topics are configured, the "
                f"broker's own settings hold for them: {', '.join(sorted(unknown))}"
            )
            tell(Event.CHECKPOINT_DAMAGED, why=why)
        return unknown

    def _read(self) -> dict[str, Entry]:
        path = self._directory.path / FILE
        data = self._directory.disk.load(path)
        if data is None:
            return {}
        try:
            found = json.loads(data)
            if found["version"] > VERSION:
                raise DirectoryError(
                    f"{path} is of version {found['version']}, and this broker reads {VERSION}: "
                    "use the version that wrote it, or another --data-dir"
                )
            self._configuration.change(found.get("broker", {}))
            for group, configs in found.get("groups", {}).items():
                self._configuration.configure_group(group, configs)
            self._deleted = {uuid_of(each) for each in found.get("deleted", ())}
            return {
                name: Entry(uuid_of(each["id"]), int(each["partitions"]), dict(each["configs"]))
                for name, each in found["topics"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DirectoryError(
                f"{path} cannot be read ({error}): mend it, or remove it; then its topics are "
                "back, but kept no longer than the broker's own settings say"
            ) from error

    def save(self, planned: Mapping[str, int] = MappingProxyType({})) -> None:
        """Write down which topics there are, and how they are configured.

        planned  how many partitions a topic is to have
        """
        topics = {
            topic.name: {
                "id": text_of(topic.topic_id),
                "partitions": planned.get(topic.name, len(topic.partitions)),
                "configs": dict(topic.configs),
            }
            for topic in self.topics.values()
        }
        found = {
            "version": VERSION,
            "broker": self._configuration.shown_changes(),
            "groups": self._configuration.groups,
            "topics": topics,
            "deleted": sorted(map(text_of, self._deleted)),
        }
        text = json.dumps(found)  # With indents it takes ten times as long.
        self._directory.disk.replace(self._directory.path / FILE, text.encode())

    def __iter__(self) -> Iterator[Partition]:
        """All partitions."""
        for topic in list(self.topics.values()):
            yield from topic.partitions

    def logs(self) -> dict[tuple[str, int], Log]:
        """All logs, by topic and number."""
        return {(partition.topic, partition.index): partition.log for partition in self}

    def partition(self, topic: str, index: int) -> Partition:
        """One partition; `Refused` where there is none."""
        found = self.topics.get(topic)
        if found is None or not 0 <= index < len(found.partitions):
            raise Refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        return found.partitions[index]

    # Changes ----------------------------------------------------------------------------------

    def check_name(self, name: str) -> None:
        """Refuse a name that no topic may have, or that metrics could not tell from another's."""
        if not _NAME.fullmatch(name) or name in {".", ".."}:
            raise Refused(ErrorCode.INVALID_TOPIC_EXCEPTION)
        if self._plain.get(_plain(name), name) != name:
            raise Refused(ErrorCode.INVALID_TOPIC_EXCEPTION)

    def create(
        self, name: str, topic_id: UUID, partitions: int, configs: Mapping[str, str]
    ) -> Topic:
        """Make a topic; `Refused` or OSError where there is no room for it, and then it is not."""
        self._check_room(partitions)
        topic = Topic(name, topic_id, dict(configs))
        self._enter(topic)
        try:
            self.save({name: partitions})
            self._open(topic, partitions)
        except OSError:
            self._leave(topic)
            self._undo(topic, 0)
            raise
        return topic

    def _check_room(self, more: int) -> None:
        """Refuse partitions whose files would be too many."""
        segments = sum(len(partition.log.segments) for partition in self)
        if FILES_EACH * (segments + more) > self.most_files:
            raise Refused(ErrorCode.POLICY_VIOLATION)

    def _undo(self, topic: Topic, keep: int) -> None:
        """Remove the partitions that were made of a topic, but for the first so many."""
        for partition in topic.partitions[keep:]:
            partition.log.abandon()
        for index in range(keep, len(topic.partitions) + 1):
            with contextlib.suppress(OSError):
                self._directory.disk.remove_folder(self._directory.folder(topic.name, index))
        del topic.partitions[keep:]
        with contextlib.suppress(OSError):  # Whatever is written next says so, too.
            self.save()

    def _enter(self, topic: Topic) -> None:
        self.topics[topic.name] = self.ids[topic.topic_id] = topic
        self._plain[_plain(topic.name)] = topic.name

    def _leave(self, topic: Topic) -> None:
        del self.topics[topic.name], self.ids[topic.topic_id], self._plain[_plain(topic.name)]
        self._deleted.add(topic.topic_id)

    def _open(self, topic: Topic, partitions: int) -> None:
        settings = self._configuration.log_settings(topic.configs)
        for index in range(len(topic.partitions), partitions):
            if self.given_up:
                raise GivenUp
            log = self._directory.open(topic.name, index, topic.topic_id, settings)
            epoch = log.epochs.latest + 1
            topic.partitions.append(Partition(topic.name, index, topic.topic_id, log, epoch))
            self.opened += 1
            if log.missing:
                folder = self._directory.folder(topic.name, index)
                why = f"{folder} lacks {log.missing} offsets that were flushed: files are missing"
                tell(Event.CHECKPOINT_DAMAGED, why=why)
            if log.cut:
                tell(
                    Event.LOG_CUT,
                    topic=topic.name,
                    partition=index,
                    offset=log.end_offset,
                    bytes=log.cut,
                )

    def add_partitions(self, name: str, partitions: int) -> None:
        """Let a topic have so many."""
        topic = self.topics[name]
        have = len(topic.partitions)
        self._check_room(partitions - have)
        try:
            self.save({name: partitions})
            self._open(topic, partitions)
        except OSError:
            self._undo(topic, have)
            raise
        tell(Event.TOPIC_GROWN, topic=name, partitions=partitions)

    def configure(self, name: str, configs: Mapping[str, str]) -> None:
        """Configure a topic so, and no other way."""
        old = self.topics[name]
        topic = replace(old, configs=dict(configs))
        self.topics[name] = topic
        try:
            self.save()
        except OSError:
            self.topics[name] = old
            raise
        self.ids[topic.topic_id] = topic
        self.apply(topic)

    def apply(self, topic: Topic) -> None:
        """Have a topic's logs kept as is configured now."""
        settings = self._configuration.log_settings(topic.configs)
        for partition in topic.partitions:
            partition.log.settings = settings

    def delete(self, name: str) -> list[Path]:
        """Let a topic be no more; what is returned can be removed when there is time.

        It is decided when that is written down; what is not set aside then is at the next start.
        """
        topic = self.topics[name]
        self._leave(topic)
        try:
            self.save()
        except OSError:
            self._enter(topic)
            self._deleted.discard(topic.topic_id)
            raise
        aside = []
        for partition in topic.partitions:
            partition.log.abandon()
            with contextlib.suppress(OSError):
                aside.append(self._directory.delete(name, partition.index, topic.topic_id))
        if len(aside) == len(topic.partitions):
            self._deleted.discard(topic.topic_id)
        return aside
