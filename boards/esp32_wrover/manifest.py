"""What MicroPython's build freezes into the production image of this board."""

include("../manifest.py", board="esp32_wrover", kind="production")
