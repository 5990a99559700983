"""A broker that cannot start says why in one line, with what to do, and ends with status 2."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.broker.failures.small_disk import Prefixed, small_disk
from tests.broker.server.running import Program, running


def refused(data: Path, *words: str, prefix: Sequence[str] = ()) -> str:
    """What a broker says that does not start."""
    broker = Prefixed(prefix, data, *words)
    assert broker.wait() == 2, broker.said
    assert broker.port == 0
    lines = broker.said.strip().splitlines()
    assert len(lines) <= 2, "a line, and perhaps a hint"
    assert "Traceback" not in broker.said
    return broker.said


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that a broker has used and closed."""
    path = tmp_path_factory.mktemp("data")
    with running(path) as broker:
        broker.call(lambda: broker.server.broker.create_topic("t", 1, {}))
    return path


@pytest.fixture
def copy(data: Path, tmp_path: Path) -> Path:
    path = tmp_path / "copy"
    shutil.copytree(data, path)
    return path


# Where to listen ------------------------------------------------------------------------------


def test_a_port_that_somebody_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(tmp_path, "--listen", f"127.0.0.1:{port}")
    assert f"127.0.0.1:{port} cannot be listened on (Address already in use)" in said
    assert "choose another --listen" in said
    assert list(tmp_path.iterdir()) == [], "nothing was made of the directory"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("nonsense", "no address"),
        ("127.0.0.1", "no address"),
        (":", "no address"),
        ("127.0.0.1:http", "no address"),
        ("127.0.0.1:-1", "no address"),
        ("127.0.0.1:65536", "65536"),
        ("no.such.host.invalid:9092", "no.such.host.invalid"),
        ("192.0.2.1:9092", "192.0.2.1:9092 cannot be listened on"),
    ],
)
def test_an_address_that_is_none_of_this_machine(tmp_path: Path, address: str, why: str) -> None:
    assert why in refused(tmp_path, "--listen", address)


@pytest.mark.slow
def test_a_port_that_needs_privileges(tmp_path: Path) -> None:
    """Whoever is in a user namespace of his own has none outside."""
    first = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if not first.exists() or int(first.read_text()) < 2:
        pytest.skip("no port needs privileges here")
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        prefix = ("unshare", "--user")
        if (
            shutil.which("unshare") is None
            or subprocess.run([*prefix, "true"], check=False).returncode
        ):
            pytest.skip("no privileges can be given up here")
    said = refused(tmp_path, "--listen", "127.0.0.1:1", prefix=prefix)
    assert "127.0.0.1:1 cannot be listened on (Permission denied)" in said


# Where to keep data ---------------------------------------------------------------------------


def test_a_directory_that_another_broker_has(tmp_path: Path) -> None:
    broker = Program(tmp_path)
    said = refused(tmp_path)
    assert f"{tmp_path} is in use by another broker" in said
    assert "--data-dir of its own" in said
    assert broker.stop() == 0


@pytest.mark.slow
def test_a_directory_that_a_killed_broker_had_is_free(tmp_path: Path) -> None:
    Program(tmp_path).kill()
    broker = Program(tmp_path)
    assert broker.port
    assert broker.stop() == 0


@pytest.mark.slow
def test_a_file_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "below"):
        said = refused(path)
        assert str(path) in said
        assert "cannot be used" in said


@pytest.mark.slow
def test_a_disk_that_is_not_written_to(tmp_path: Path) -> None:
    with small_disk(tmp_path, "size=1m,ro") as disk:
        said = refused(disk.path / "data", prefix=disk.prefix)
    assert "cannot be used" in said
    assert "Read-only file system" in said


@pytest.mark.slow
def test_a_disk_without_room(tmp_path: Path) -> None:
    with small_disk(tmp_path, "size=64k") as disk:
        disk.fill()
        said = refused(disk.path / "data", prefix=disk.prefix)
    assert "No space left on device" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("meta.properties", "version=1", "version=2"),
        ("topics.json", '"version": 1', '"version": 2'),
        ("t-0/partition.metadata", "version: 0", "version: 1"),
    ],
)
def test_files_of_a_newer_version(copy: Path, name: str, old: str, new: str) -> None:
    path = copy / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    said = refused(copy)
    assert f"{path} is of version {new[-1]}" in said
    assert "use the version that wrote it" in said


@pytest.mark.slow
def test_another_node_s_directory(copy: Path) -> None:
    said = refused(copy, "--set", "node.id=7")
    assert "is of node 0, and this is node 7" in said
    assert "set node.id=0" in said


@pytest.mark.slow
@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"version=one\n", b"version=1\n"])
def test_whose_directory_it_is_cannot_be_read(copy: Path, text: bytes) -> None:
    (copy / "meta.properties").write_bytes(text)
    assert "mend it, or use another --data-dir" in refused(copy)


@pytest.mark.slow
def test_what_is_written_of_topics_cannot_be_read(copy: Path) -> None:
    (copy / "topics.json").write_bytes(b"{")
    said = refused(copy)
    assert "mend it, or remove it" in said
    assert "kept no longer" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["t-0/00000000000000000000.log", "recovery-point-offset-checkpoint"]
)
def test_a_folder_in_the_place_of_a_file(copy: Path, name: str) -> None:
    (copy / name).unlink()
    (copy / name).mkdir()
    said = refused(copy)
    assert f"{copy / name} cannot be used: Is a directory" in said
