"""How the terminal is: what it is, what it does, its memory and tasks, its log, its last crash."""

import gc
import os
import sys
from asyncio import core  # pyright: ignore[reportAttributeAccessIssue]

from pos import log as lines
from pos.store import crash as crashes
from pos.store.release import version

_TASKS = ("terminal", "keypad", "console")


async def status(t, request) -> dict:
    """All at a glance."""
    number, image = version()
    flash = os.statvfs("/")
    params, journal = t.params, t.journal
    told = {
        "serial": t.serial,
        "version": number,
        "image": image,
        "development": t.open_line,
        "micropython": "%d.%d.%d" % sys.implementation.version[:3],
        "cause": t.cause(),
        "up_s": t.uptime(),
        "now": t.now(),
        "story": t.story[4:],
        "operator": t.operator,
        "signed_in": t.signed_in,
        "network": bool(t.network and t.network.is_up()),
        "training": t.training,
        "heap_free": gc.mem_free(),
        "flash_free": flash[0] * flash[3],
        "log_level": lines.level,
    }
    for name in ("terminal_id", "merchant_id", "host", "port", "tls") if params else ():
        told[name] = params[name]
    if hasattr(journal, "count"):
        told["batch"] = journal.batch
        told["transactions"] = journal.count
        told["pending"] = journal.pending() is not None
    battery = t.battery()
    if battery:
        told["battery_mv"] = battery.millivolts()
    return told


async def memory(t, request) -> dict:
    """What is free, which tasks there are, which code is loaded."""
    streams = getattr(core, "_io_queue")  # noqa: B009 - by name: the build renames our own
    tasks = {}
    for name, task in zip(_TASKS, t.tasks):
        state = "waits"
        if task.done():
            state = "ended"
        elif task.data is streams:
            state = "stream"
        tasks[name] = state
    gc.collect()
    return {
        "free": gc.mem_free(),
        "used": gc.mem_alloc(),
        "tasks": tasks,
        "story": t.story[4:],
        "modules": sorted([name for name in sys.modules if name.startswith("pos.")]),
    }


async def log(t, request) -> dict:
    """Which lines are logged from now until the next start: 0 errors .. 3 all."""
    level = request.get("level")
    if level is not None:
        if level not in (0, 1, 2, 3):
            return {"error": "arguments", "why": "level"}
        lines.level = level
    return {"level": lines.level}


async def crash(t, request) -> dict:
    """The last crash: when and where, without data."""
    if request.get("forget"):
        try:
            os.remove(t.home + "/crash")
        except OSError:
            pass
    return {"crash": crashes.load(t.home) or None}
