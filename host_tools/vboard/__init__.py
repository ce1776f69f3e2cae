"""The virtual board: chip models and cards below the wire, MicroPython above it."""
