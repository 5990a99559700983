"""A server in a process of its own: started, asked whether it serves, killed, started again.

It is ready when it answers a Metadata request with at least one broker: a port that accepts
connections says less.  It is ended by its process id: politely first (SIGTERM), and by SIGKILL
where it takes too long.  Where the system has `setpriv`, it also ends with the process that
started it, however that one ends.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LOOPBACK = "127.0.0.1"
PATIENCE = 60.0
"""Seconds that a server may take to serve, and again to end."""

METADATA = struct.pack(">hhihi", 3, 1, 7, -1, 0)
"""Metadata version 1 for no topic: key, version, correlation id, no client id, no topics."""


class Absent(Exception):  # noqa: N818 - an outcome
    """Something that a peer needs is not here: one line that says what."""


@dataclass(frozen=True)
class Server:
    """A broker that serves.

    bootstrap  its address, `host:port`
    """

    name: str
    bootstrap: str


@dataclass(frozen=True)
class Process(Server):
    """A broker that serves in a process of its own, which can be killed and started again.

    command   what starts it; starting it again finds what it had written
    folder    what it writes: its data, and `output.txt` with what it says
    """

    command: Sequence[str] = ()
    folder: Path = Path()
    running: list[subprocess.Popen[bytes]] = field(default_factory=list, repr=False)

    @property
    def pid(self) -> int:
        """The process that serves now."""
        return self.running[-1].pid

    def start(self) -> None:
        """Start it, and return once it serves; RuntimeError with its last words if it does not."""
        with (self.folder / "output.txt").open("ab") as output:
            self.running.append(_child(self.command, output))
        deadline = time.monotonic() + PATIENCE
        while not serves(self.bootstrap):
            if self.running[-1].poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.name} did not come to serve: {self.last_words()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a power cut of the process would: SIGKILL, nothing is flushed by it."""
        self.running[-1].kill()
        self.running[-1].wait(PATIENCE)

    def stop(self, patience: float = PATIENCE) -> int:
        """Ask it to end, and make it where it does not; its exit status."""
        process = self.running[-1]
        process.terminate()
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            return process.wait(PATIENCE)

    def last_words(self) -> str:
        """The last line that it said."""
        output = (self.folder / "output.txt").read_text(encoding="utf-8", errors="replace")
        return next((line for line in reversed(output.splitlines()) if line.strip()), "nothing")


def leashed(command: Sequence[str]) -> list[str]:
    """The command, so that what it starts does not outlive the process that started it."""
    leash = [setpriv, "--pdeathsig", "KILL"] if (setpriv := shutil.which("setpriv")) else []
    return [*leash, *command]


def _child(command: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        leashed(command), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    )


@contextlib.contextmanager
def serving(server: Process) -> Iterator[Process]:
    """A server from when it serves to the end of the block, when no process of it is left."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def place(folder: Path | None, name: str) -> Iterator[Path]:
    """The folder, made where it is missing; without one, one that goes away after the block."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix=f"verdict-{name}-") as made:
            yield Path(made)


def free_ports(count: int) -> list[int]:
    """Ports of loopback on which nobody listens, chosen by the system."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]


def serves(bootstrap: str, patience: float = 5.0) -> bool:
    """Whether a broker at an address knows of at least one broker."""
    host, _, port = bootstrap.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=patience) as connection:
            connection.sendall(struct.pack(">i", len(METADATA)) + METADATA)
            head = _exactly(connection, 12)
    except (OSError, EOFError):
        return False
    _, correlation, brokers = struct.unpack(">iii", head)
    return bool(correlation == 7 and brokers >= 1)  # noqa: PLR2004 - as in METADATA


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def cache(*parts: str) -> Path:
    """A folder of the user's cache for what peers and suites are made of."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("verdict"), *parts)


def tool(peer: str, *names: str) -> list[str]:
    """Where programs are; Absent with a line on those that are not."""
    found = {name: shutil.which(name) for name in names}
    if missing := [name for name, path in found.items() if path is None]:
        raise Absent(f"{peer}: there is no {' and no '.join(missing)}")
    return [path for path in found.values() if path is not None]


def made(peer: str, command: Sequence[str], folder: Path, limit: float) -> None:
    """Run a command that fetches or compiles; Absent with its last line where it fails."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=limit, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(f"{peer}: {error}") from None
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        said = next((line for line in lines if "ERROR" in line), lines[-1] if lines else "")
        raise Absent(f"{peer}: {Path(command[0]).name} fails: {said.strip()}")


@contextlib.contextmanager
def completed(goal: Path) -> Iterator[Path]:
    """A folder to fill beside `goal`, which becomes `goal` if the block succeeds.

    Whoever comes second, when two fill at once, drops what it made.
    """
    goal.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=goal.parent) as passing:
        filled = Path(passing, "filled")
        filled.mkdir()
        yield filled
        with contextlib.suppress(OSError):
            filled.rename(goal)
    if not goal.is_dir():
        raise Absent(f"{goal} cannot be written")
