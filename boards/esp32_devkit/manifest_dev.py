"""What it freezes for people who develop: packages of micropython-lib besides."""

include("../manifest.py", board="esp32_devkit", kind="development")
require("aiorepl")
