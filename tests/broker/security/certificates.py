"""Certificates for tests, made by the `openssl` program; without it the tests are skipped."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Authority:
    """Who vouches for others, in a folder of its own."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str, subject: str, password: str = "") -> Path:
        """A file with a key and its certificate, good for 127.0.0.1."""
        key, certificate = self.folder / f"{name}.key", self.folder / f"{name}.crt"
        secret = ["-passout", f"pass:{password}"] if password else ["-nodes"]
        openssl(
            *_NEW, *secret, "-keyout", key, "-out", certificate, "-subj", subject,
            "-CA", self.certificate, "-CAkey", self.folder / "ca.key",
            "-addext", "subjectAltName=IP:127.0.0.1",
        )  # fmt: skip
        both = self.folder / f"{name}.pem"
        both.write_bytes(key.read_bytes() + certificate.read_bytes())
        return both


_NEW = ("req", "-x509", "-utf8", "-days", "2", "-newkey", "ec",
        "-pkeyopt", "ec_paramgen_curve:prime256v1")  # fmt: skip


def authority(folder: Path) -> Authority:
    """A new one."""
    folder.mkdir(parents=True, exist_ok=True)
    found = Authority(folder)
    key = folder / "ca.key"
    openssl(*_NEW, "-nodes", "-keyout", key, "-out", found.certificate, "-subj", "/CN=authority")
    return found


def openssl(*words: str | Path) -> bytes:
    """What the program prints."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("there is no openssl")
    done = subprocess.run([program, *map(str, words)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-1000:]
    return done.stdout
