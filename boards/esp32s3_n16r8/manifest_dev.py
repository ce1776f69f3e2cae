"""What it freezes for people who develop: packages of micropython-lib besides."""

include("../manifest.py", board="esp32s3_n16r8", kind="development")
require("aiorepl")
