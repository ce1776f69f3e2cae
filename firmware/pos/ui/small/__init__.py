"""Screens for 128x64 pixels of one colour: a board that has them gets them in place of the others.

Four lines of 16 pixels: the first is a bar with the title, in reverse; one fact at a time, and
what does not fit is turned to. The status bar is on the idle screen alone.
"""
