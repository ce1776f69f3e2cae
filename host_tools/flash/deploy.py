"""The command ``deploy``: the terminal's compiled modules onto a board's file system.

Only what differs by its SHA-256 is sent, first beside what is there. When all of it has arrived
and been verified the board itself puts it in its place, so a cable that is pulled in the middle
leaves the old terminal. For development: the board's MicroPython has to answer with its REPL.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mpremote.transport_serial import SerialTransport, TransportError, TransportExecError

from host_tools import ports
from host_tools.build.image import BUILD, build_firmware
from host_tools.flash.esptool import FlashError

_READ_S = 1  # mpremote has no limit of its own while it reads from a pseudo-terminal
_CHUNK = 2048
_BLOCK = 4096
_LEAST_HEAP = 1 << 20  # what boards with PSRAM have by far, and others never
_NEW = "/.new"
_CODE = ("stage", "board", "names", "firmware-kind")  # what of build/BOARD goes to /lib
_DATA = ("fonts", "emv", "mark")  # and what to /rom, unless the image has it there
# What is deployed comes before what is in the image
MAIN = b"""# Written by taptill deploy; remove it to run what is in the image
import sys

sys.path.insert(0, "/lib")
sys.modules.pop("main", None)
import main
"""

_LOOK = """
import os, hashlib
def _tell(p):
    h = hashlib.sha256()
    b = bytearray(1024)
    with open(p, "rb") as f:
        n = f.readinto(b)
        while n:
            h.update(memoryview(b)[:n])
            n = f.readinto(b)
    print(h.digest().hex(), p)
def _walk(d, do):
    try:
        entries = list(os.ilistdir(d))
    except OSError:
        return
    for e in entries:
        p = d + "/" + e[0]
        if e[1] & 0x4000:
            _walk(p, do)
        else:
            do(p)
def _look(tops, files):
    for d in tops:
        _walk(d, _tell)
    for p in files:
        try:
            _tell(p)
        except OSError:
            pass
"""

_ROM_MOUNTED = "'/rom' in [m[1] for m in __import__('vfs').mount()]"

_PLACE = """
def _place(moves, stale):
    for new, to in moves:
        d = ""
        for part in to.split("/")[1:-1]:
            d += "/" + part
            try:
                os.mkdir(d)
            except OSError:
                pass
        try:
            os.rename(new, to)
        except OSError:
            os.remove(to)
            os.rename(new, to)
        print(".", end="")  # a flash takes its time, and mpremote waits ten seconds for a word
    for p in stale:
        os.remove(p)
    os.rmdir(%r)
"""


@dataclass(frozen=True)
class Deployed:
    """What a deployment came to; paths on the board."""

    sent: tuple[str, ...]
    removed: tuple[str, ...]
    same: int
    size: int


def files_for(board: str) -> dict[str, bytes]:
    """Path on the board -> content. Raises BuildError."""
    build_firmware(board)
    found = {"/main.py": MAIN}
    for trees, pattern, folder in ((_CODE, "*.mpy", "/lib"), (_DATA, "*", "/rom")):
        for root in (BUILD / board / tree for tree in trees):
            for path in sorted(path for path in root.rglob(pattern) if path.is_file()):
                found[f"{folder}/{path.relative_to(root).as_posix()}"] = path.read_bytes()
    return found


def deploy(
    url: str,
    files: Mapping[str, bytes],
    progress: Callable[[int, int], None] = lambda done, size: None,
) -> Deployed:
    """Make the board's files those of ``files``, verify them, restart it.

    ``progress(done, size)`` counts the bytes of all files that are sent. Raises FlashError,
    PortError.
    """
    ports.open_url(url).close()  # says best why it cannot be opened
    try:
        transport = SerialTransport(url, timeout=_READ_S)
    except (TransportError, OSError) as error:
        raise ports.PortError(ports.explain(url, error)) from None
    answered = False
    try:
        with contextlib.redirect_stdout(None):  # mpremote prints what it got instead of a REPL
            transport.enter_raw_repl()
        answered = True
        result = _update(transport, files, progress)
        transport.exec_raw_no_follow("import machine; machine.reset()")
        return result
    except TransportExecError as error:
        raise FlashError(_explain(error)) from None
    except (TransportError, OSError) as error:
        if answered or isinstance(error, OSError):
            raise FlashError(
                f"the board at {url} went away in the middle: plug it in and run the same command "
                "again; what was on it before is still there"
            ) from None
        raise FlashError(
            f"no REPL answers at {url} ({error}): a production image has none; flash a "
            "development image, or end what else talks on this line"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            transport.close()


def _update(
    transport: SerialTransport,
    files: Mapping[str, bytes],
    progress: Callable[[int, int], None],
) -> Deployed:
    _check_image(transport)
    transport.exec(_LOOK + f"_walk({_NEW!r}, os.remove)\n")
    if transport.eval(_ROM_MOUNTED):
        files = {path: data for path, data in files.items() if not path.startswith("/rom/")}
    there = _look(transport, files)
    changed = [p for p, data in files.items() if there.get(p) != _sha256(data)]
    stale = sorted(set(there) - set(files))
    _check_room(transport, [files[path] for path in changed])
    moves = []
    if changed:
        transport.exec(f"try:\n os.mkdir({_NEW!r})\nexcept OSError:\n pass")
    size, sent = sum(len(files[path]) for path in changed), 0
    for number, path in enumerate(changed):
        data, new = files[path], f"{_NEW}/{number}"
        transport.fs_writefile(new, data, _CHUNK)
        moves.append((new, path))
        sent += len(data)
        progress(sent, size)
    arrived = _hashes(transport.exec(f"_walk({_NEW!r}, _tell)"))
    for new, path in moves:
        if arrived.get(new) != _sha256(files[path]):
            raise FlashError(f"{path} did not arrive as it was sent: run the same command again")
    if moves or stale:
        transport.exec(f"try:\n os.mkdir({_NEW!r})\nexcept OSError:\n pass")
        transport.exec(_PLACE % _NEW + f"_place({moves!r}, {stale!r})")
    if _look(transport, files) != {path: _sha256(data) for path, data in files.items()}:
        raise FlashError("the files are not what was sent: run the same command again")
    return Deployed(tuple(changed), tuple(stale), len(files) - len(changed), size)


def _check_image(transport: SerialTransport) -> None:
    """Whether files would run: what is frozen comes before them, and they take memory."""
    modules = transport.exec("help('modules')").decode("utf-8", "replace").split()
    if any(name.startswith("pos/") for name in modules):
        raise FlashError(
            "the image on this board has the terminal frozen into it, which comes before files: "
            "flash MicroPython's own image for the chip, or build and flash a new one"
        )
    heap = transport.eval("[__import__('gc').mem_free() + __import__('gc').mem_alloc()]")[0]
    if heap < _LEAST_HEAP:
        raise FlashError(
            f"this board has {heap:,} bytes of heap, too few to run the terminal from files: that "
            "takes PSRAM; build an image with the terminal frozen in, and flash it"
        )


def _look(transport: SerialTransport, files: Mapping[str, bytes]) -> dict[str, str]:
    """What is on the board of what deploying owns: path -> SHA-256."""
    tops = sorted({"/".join(p.split("/")[:3]) for p in files if p.count("/") > 2})
    singles = sorted(p for p in files if p.count("/") <= 2)
    return _hashes(transport.exec(f"_look({tops!r}, {singles!r})"))


def _hashes(said: bytes) -> dict[str, str]:
    rows = (line.split(" ", 1) for line in said.decode().splitlines())
    return {path: digest for digest, path in rows}


def _check_room(transport: SerialTransport, contents: list[bytes]) -> None:
    """Old and new lie beside each other for a while; a file takes whole blocks."""
    said = transport.exec("_s = os.statvfs('/'); print([_s[0] * _s[3]])").decode()
    free = json.loads(said)[0]
    needed = sum(-(-len(data) // _BLOCK) * _BLOCK for data in contents)
    needed += 2 * _BLOCK if contents else 0
    if needed > free:
        raise FlashError(
            f"the board's file system is full: {needed:,} bytes are needed and {free:,} are free; "
            "nothing was changed. Remove files (mpremote rm), or flash with --erase"
        )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _explain(error: TransportExecError) -> str:
    last = error.error_output.strip().splitlines()[-1:] or ["it said nothing"]
    if "ENOSPC" in last[0] or "Errno 28" in last[0]:
        return "the board's file system is full: remove files (mpremote rm), or flash with --erase"
    return f"the board says: {last[0]}"
