"""The production image, and the packages of micropython-lib for people who develop."""

include("manifest.py")
require("aiorepl")
