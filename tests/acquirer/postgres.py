"""A PostgreSQL for the tests: that of TAPTILL_TEST_POSTGRES, or a private cluster of our own."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

URL = "TAPTILL_TEST_POSTGRES"
SKIP = (
    f"no PostgreSQL: set {URL} to the URL of an empty database, or install the server "
    "(Debian: apt-get install postgresql)"
)
_ORDINARY = ("postgres", "nobody")  # who runs the server where the tests are run by root


def program(name: str) -> str | None:
    """A program of the server: on the path, or where Debian has it; the newest version."""
    found = shutil.which(name)
    if found:
        return found
    places = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    return max(
        map(str, places), key=lambda path: [int(p) for p in path.split("/")[4:5]], default=None
    )


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """The URL of a new cluster's database, which is gone afterwards; skips where there is none."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip(SKIP)
    folder = Path(tempfile.mkdtemp(prefix="taptill-pg-"))
    user = _ordinary_user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)

    def run(*command: str) -> None:
        done = subprocess.run(
            command,
            cwd=folder,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(done.stdout.decode(errors="replace"))

    data, log = str(folder / "data"), str(folder / "log")
    port = _free_port()
    # no fsync, no TCP: a socket in our own folder, gone with it
    options = f"-c fsync=off -c listen_addresses='' -k {folder} -p {port}"
    try:
        run(initdb, "-D", data, "-U", "taptill", "-A", "trust", "-E", "UTF8", "--no-sync")
        run(pg_ctl, "-D", data, "-l", log, "-w", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://taptill@/postgres?host={folder}&port={port}"
        finally:
            run(pg_ctl, "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ordinary_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    for name in _ORDINARY:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    pytest.skip("PostgreSQL does not run as root, and there is no ordinary user")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
