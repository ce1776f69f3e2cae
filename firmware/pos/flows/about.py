"""What this terminal is, and whom to call."""

import gc
import os
import sys

from pos.store.release import version
from pos.ui import listing
from pos.words import say

_WAIT_MS = 120000


async def run(t) -> None:
    """Shown until a key is pressed, or for two minutes."""
    number, image = version()
    flash = os.statvfs("/")
    up = t.uptime() // 60
    gc.collect()
    await listing.table(
        t.ui,
        say("menu_about"),
        (
            (say("about_version"), number),
            (say("about_image"), image),
            ("MicroPython", "%d.%d.%d" % sys.implementation.version[:3]),
            (say("about_serial"), t.serial),
            (say("about_terminal"), t.params["terminal_id"]),
            (say("about_merchant"), t.params["merchant_id"]),
            (say("about_memory"), "%d KB" % (gc.mem_free() >> 10)),
            (say("about_flash"), "%d KB" % (flash[0] * flash[3] >> 10)),
            (say("about_up"), say("about_hours").format(up // 60, up % 60)),
            (say("about_support"), t.params["support"] or "-"),
        ),
        "E",
        _WAIT_MS,
    )
