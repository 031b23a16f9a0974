"""A PostgreSQL server of the tests' own: a new cluster in a temporary folder, on a Unix socket, and by TCP if asked."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_WAIT_S = 30


def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`: that of the newest version where Debian puts them, or on the PATH."""
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if versions:
        return max(versions, key=lambda folder: float(folder.parent.name))
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def missing() -> str:
    """Why there can't be a server; empty where there can."""
    if programs() is None:
        return "PostgreSQL is not installed: apt-get install postgresql"
    if os.getuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


class PostgreSQL:
    """Runs from `start` to `close`; `stop` and `start` in between, as a server that is away for a while."""

    def __init__(self, address: str = "", port: int = 5432) -> None:
        """`address`: an IP address to listen on as well, for everybody who reaches it."""
        binaries = programs()
        assert binaries is not None
        self._programs = binaries
        # A socket's path may have 107 bytes: pytest's own folders are too deep.
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._as_user = (
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        )
        if self._as_user:
            shutil.chown(self._folder, "postgres", "postgres")
        self._run("initdb", "-D", str(self._data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        self._address, self._port = address, port
        if address:
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write("host all all 0.0.0.0/0 trust\n")
        self._databases = 0
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        # Without fsync: these databases are thrown away.
        where = f"-c listen_addresses={self._address} -c port={self._port} -c unix_socket_directories={self._folder}"
        options = f"{where} -c fsync=off -c full_page_writes=off"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", str(_WAIT_S), "-l", str(self._folder / "log"),
                  "-o", options, "start")  # fmt: skip

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"test{self._databases}"
        self._run("createdb", "-h", str(self._folder), "-p", str(self._port), "-U", "tests", name)
        if self._address:
            return f"postgresql://tests@{self._address}:{self._port}/{name}"
        return f"postgresql://tests@/{name}?host={self._folder}"

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [*self._as_user, str(self._programs / program), *arguments]
        done = subprocess.run(
            command, cwd="/tmp", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            timeout=_WAIT_S + 30,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()}")
