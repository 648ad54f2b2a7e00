"""A PostgreSQL server of the tests' own, reached through a socket in a temporary folder only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def find_program(name: str) -> str | None:
    """Return where a program of the server is, the newest version first."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: path.parts[-3], reverse=True)
    return shutil.which(name) or next((str(path) for path in installed), None)


def why_no_server() -> str:
    """Return why no server can be started; empty where one can."""
    if not hasattr(os, "getuid") or find_program("initdb") is None or find_program("pg_ctl") is None:
        return "no PostgreSQL server is installed (initdb, pg_ctl)"
    if os.getuid() == 0 and (shutil.which("setpriv") is None or _somebody() is None):
        return "PostgreSQL does not run as root, and there is no setpriv or no other user"
    return ""


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server; yield the SQLAlchemy URL of its database; stop and remove it."""
    folder = Path(tempfile.mkdtemp(prefix="planner-pg-"))
    prefix: list[str] = []
    if os.getuid() == 0:
        somebody = _somebody()
        assert somebody is not None
        os.chown(folder, somebody.pw_uid, somebody.pw_gid)
        prefix = ["setpriv", f"--reuid={somebody.pw_uid}", f"--regid={somebody.pw_gid}", "--clear-groups", "--"]

    def call(name: str, *words: str) -> None:
        program = find_program(name)
        assert program is not None
        environment = {**os.environ, "LC_ALL": "C", "HOME": str(folder), "TZ": "UTC"}
        done = subprocess.run(
            [*prefix, program, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    data = str(folder / "data")
    try:
        call("initdb", "-D", data, "-U", "planner", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c shared_buffers=8MB"
        call("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql+psycopg://planner@/postgres?host={folder}"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _somebody() -> pwd.struct_passwd | None:
    """Return a user without rights."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None
