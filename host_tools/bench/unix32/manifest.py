"""What is frozen: asyncio, and the firmware as it is compiled for a board."""

include("$(MPY_DIR)/extmod/asyncio")
freeze("$(FIRMWARE)")
