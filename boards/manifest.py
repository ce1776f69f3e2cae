"""What every image has: the port's own modules, asyncio, the terminal; and which kind it is.

MicroPython's build reads it through the manifest.py of a board. It leaves out what the terminal
does not use and the port's own manifest would bring: webrepl, requests, ntptime, mip, drivers.
"""

freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
require("ssl")  # TLS; every official image has it too
# `taptill build --board NAME` makes these
freeze("$(BOARD_DIR)/../../build/" + options.board + "/frozen")
freeze("$(BOARD_DIR)/../../build/" + options.board + "/frozen-" + options.kind)
