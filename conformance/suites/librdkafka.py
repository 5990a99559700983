"""librdkafka's own tests: those that one broker of Apache Kafka 4.3 passes, busy as it may be.

They come with node-rdkafka's package, which has librdkafka's sources whole, and are compiled here
(about two minutes).  Each is run in a process of its own, so that one that aborts takes no other
with it; some in the quick form, some only in parts, as Apache Kafka passes them on one broker.

Left out are those that need no broker, or several, or Kafka's shell scripts; that Apache Kafka 4.3
refuses, or that skip themselves on it; and two that measure how quick the machine is (0055, 0127).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from conformance.peers.server import cache, completed, made, tool
from conformance.suites.results import Outcome, Result

PACKAGE = "node-rdkafka"
PACKAGED = "3.6.1"
VERSION = "2.12.0"
LIMIT = 240.0
"""Seconds for one test; the longest takes 80 on Apache Kafka."""

AT_ONCE = 3
BROKER_VERSION = "4.1.0"
COMPILING = 1200.0
WORST_FIRST = (Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED)


@dataclass(frozen=True)
class Numbers:
    """Tests that are run alike.

    flags     of the test runner
    subtests  the parts that are run; all at once where there are none
    """

    numbers: str
    flags: tuple[str, ...]
    subtests: tuple[str, ...] = ("",)


GROUPS = (
    Numbers(
        "0001 0002 0003 0008 0011 0012 0013 0014 0019 0022 0029 0030 0031 0034 0036 0040 0041 "
        "0048 0054 0056 0060 0063 0064 0067 0073 0083 0090 0099 0118 0130 0132 0140",
        ("-L", "-E"),
    ),
    Numbers(
        "0007 0015 0016 0020 0021 0026 0033 0035 0038 0039 0042 0044 0045 0050 0051 0057 0059 "
        "0061 0065 0069 0070 0082 0084 0085 0089 0091 0093 0114 0122 0123 0125 0137",
        ("-L", "-E"),
    ),
    Numbers("0005 0017 0086 0112", ("-Q", "-L", "-E")),
    Numbers(
        "0081",
        ("-Q", "-L", "-E"),
        tuple(
            f"do_test_{name}"
            for name in ("CreateTopics", "DeleteTopics", "CreatePartitions", "DeleteRecords",
                         "DeleteGroups", "DescribeConfigs", "AlterConfigs", "ListOffsets",
                         "CreateAcls", "DescribeAcls", "DeleteAcls", "UserScramCredentials",
                         "DescribeTopics", "DescribeCluster", "DescribeConsumerGroups")
        ),
    ),
    Numbers(
        "0113", ("-L", "-E"),
        ("a_assign_tests", "k_add_partition", "l_unsubscribe", "n_wildcard"),
    ),
    Numbers("0018 0102 0103", ("-L", "-E")),
)  # fmt: skip
TESTS = sum(len(group.numbers.split()) for group in GROUPS)


def home() -> Path:
    """Where the suite is kept."""
    return cache("suites", f"librdkafka-{VERSION}")


def fetch() -> None:
    """Have it here, compiled; Absent where npm, a C++ compiler, make or the network is not."""
    if home().is_dir():
        return
    name = f"librdkafka {VERSION}"
    npm, make, _ = tool(name, "npm", "make", "g++")
    with completed(home()) as passing:
        made(name, [npm, "pack", "--silent", f"{PACKAGE}@{PACKAGED}"], passing, 300)
        with tarfile.open(passing / f"{PACKAGE}-{PACKAGED}.tgz") as packed:
            packed.extractall(passing, filter="data")
        sources = passing / "package" / "deps" / "librdkafka"
        sources.rename(passing / "librdkafka")
        shutil.rmtree(passing / "package")
        sources = passing / "librdkafka"
        made(name, ["./configure", "--disable-curl"], sources, 300)
        made(name, [make, "-j2", "libs"], sources, COMPILING)
        _on_one_broker(sources / "tests" / "0103-transactions.c")
        made(name, [make, "-j2", "-C", "tests", "build"], sources, COMPILING)


def _on_one_broker(test: Path) -> None:
    """Topics of three replicas become topics of one."""
    text = test.read_text(encoding="utf-8")
    changed = re.sub(r"(test_create_topic_wait_exists\(.*), 3, 5000\)", r"\1, 1, 5000)", text)
    test.write_text(changed, encoding="utf-8")


def run(bootstrap: str) -> Sequence[Result]:
    """All of it against the broker at an address, in the order of the numbers."""
    wanted = [(number, group) for group in GROUPS for number in group.numbers.split()]
    with (
        tempfile.TemporaryDirectory(prefix="verdict-suite-") as folder,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        configuration = Path(folder, "test.conf")
        configuration.write_text(
            f"bootstrap.servers={bootstrap}\ntest.topic.random=true\n", encoding="utf-8"
        )
        found = threads.map(lambda one: _test(one[0], one[1], configuration), wanted)
        return sorted(found, key=lambda result: result.test)


def _test(number: str, group: Numbers, configuration: Path) -> Result:
    began = time.monotonic()
    parts = [_part(number, group, part, configuration) for part in group.subtests]
    # What failed counts most, and a test is skipped only where nothing of it was run.
    outcome = next(each for each in WORST_FIRST if each in {found for found, _ in parts})
    whys = [why for found, why in parts if found is outcome and why]
    return Result(number, outcome, "; ".join(whys), time.monotonic() - began)


def _part(number: str, group: Numbers, part: str, configuration: Path) -> tuple[Outcome, str]:
    """Run a part of a test; how it ended, and why where it did not pass."""
    sources = home() / "librdkafka"
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": f"{sources / 'src'}:{sources / 'src-cpp'}",
        "TEST_KAFKA_VERSION": BROKER_VERSION,
        "RDKAFKA_TEST_CONF": str(configuration),
        "TESTS": number,
        **({"SUBTESTS": part} if part else {}),
    }
    command = [str(sources / "tests" / "test-runner"), "-p1", *group.flags]
    try:
        done = subprocess.run(
            command, cwd=sources / "tests", env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Outcome.FAILED, f"{part} did not end in {LIMIT:.0f} s".strip()
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        said = list(_complaints(text))
        why = said[0] if said else f"ended with {done.returncode}"
        return Outcome.FAILED, f"{part} {why}".strip()
    if not _ran(number, text):
        return Outcome.SKIPPED, "it skips itself"
    return Outcome.PASSED, ""


def _ran(number: str, text: str) -> bool:
    """Whether a line of the summary says that the test passed: `| 0001_multiobj | PASSED | …`."""
    return re.search(rf"\|\S* {number}_\w+ +\| +PASSED ", text) is not None


def _complaints(text: str) -> Iterator[str]:
    """`### Test "0001_multiobj" failed at 0001-multiobj.c:66:main_0001_multiobj() at … ###`."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if found := re.search(r'### Test "[^"]*".* failed at (\S+?):(\d+)', line):
            reason = next((each.strip() for each in lines[index + 1 :] if each.strip()), "")
            yield f"{Path(found[1]).name}:{found[2]}: {reason.strip('# ')}"
