"""The parts of MicroPython's ``micropython`` module that pure modules use, for CPython.

There is no ``viper``: modules that are machine code cannot be imported here.
"""


def const(value):
    return value
