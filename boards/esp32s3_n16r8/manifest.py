"""What MicroPython's build freezes into the production image of this board."""

include("../manifest.py", board="esp32s3_n16r8", kind="production")
