"""Lets modules that draw be loaded on CPython; what they draw is tested on MicroPython."""

GS2_HMSB = RGB565 = MONO_HLSB = 0
FrameBuffer = None
