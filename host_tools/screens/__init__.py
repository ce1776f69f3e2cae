"""Every screen of the terminal, painted by MicroPython without a board, to look at and to keep."""
