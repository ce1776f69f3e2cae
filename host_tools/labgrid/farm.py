"""A board of a labgrid farm for as long as one needs it.

labgrid is another environment (``make labgrid``): here its programs are run, and what they find is
the URL of a serial port, which any pyserial opens.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host_tools.build.image import ROOT

ENVIRONMENT = ROOT / ".venv-labgrid"
_PLACE = Path(__file__).with_name("place.py")
_ANSWER_S = 60.0
_WAIT_S = 3600.0  # for a board that others have


class LabgridError(Exception):
    """No board was got from labgrid; the text says why, in a sentence."""


def installed() -> bool:
    """Whether labgrid's environment is there."""
    return (ENVIRONMENT / ".installed").exists()


def run(
    program: str,
    *arguments: str,
    coordinator: str | None,
    token: str = "",
    wait_s: float = _ANSWER_S,
) -> str:
    """What a program of labgrid's environment prints. Raises LabgridError."""
    if not installed():
        raise LabgridError("labgrid is not installed: run 'make labgrid' once")
    command = [str(ENVIRONMENT / "bin" / program), *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=wait_s,
            env=environment(coordinator, token),
        )
    except subprocess.TimeoutExpired:
        raise LabgridError(f"labgrid did not answer within {wait_s:.0f} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        why = re.sub(r"^labgrid-client: (Error: )?", "", said[-1]) if said else "without a word"
        raise LabgridError(f"labgrid: {why}")
    return done.stdout


def environment(coordinator: str | None, token: str = "") -> dict[str, str]:
    """The variables for programs of labgrid; what they reach by gRPC is not behind a proxy."""
    own = {name: value for name, value in os.environ.items() if name.lower() != "http_proxy"}
    if coordinator:
        own["LG_COORDINATOR"] = coordinator
    return {**own, "LG_TOKEN": token} if token else own


@contextmanager
def acquired(place: str, coordinator: str | None = None) -> Iterator[str]:
    """The URL of the serial port of a place, which nobody else gets meanwhile.

    ``place`` is a name, or ``KEY=VALUE,...``: any place with these tags, which is waited for. One
    that this user has acquired already stays acquired. The coordinator is ``coordinator``, else
    what LG_COORDINATOR says. Raises LabgridError.
    """
    token = ""
    if "=" in place:
        made = run(
            *("labgrid-client", "reserve", "--wait", "--shell", *place.split(",")),
            coordinator=coordinator,
            wait_s=_WAIT_S,
        )
        token = made.strip().rpartition("LG_TOKEN=")[2]
        place = "+"
    try:
        name, before = _acquire(place, coordinator, token)
        try:
            yield run("python", str(_PLACE), name, coordinator=coordinator).strip()
        finally:
            if not before:
                run("labgrid-client", "-p", name, "release", coordinator=coordinator)
    finally:
        if token:
            run("labgrid-client", "cancel-reservation", token, coordinator=coordinator)


def _acquire(place: str, coordinator: str | None, token: str) -> tuple[str, bool]:
    """(name of the place, whether this user has had it before)."""
    try:
        said = run("labgrid-client", "-p", place, "acquire", coordinator=coordinator, token=token)
    except LabgridError as error:
        if "You have already acquired" in str(error):
            return place, True
        raise
    return said.strip().rpartition(" ")[2], False  # "acquired place NAME"
