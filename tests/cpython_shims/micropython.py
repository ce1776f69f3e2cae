"""The parts of MicroPython's ``micropython`` module that pure modules use, for CPython."""


def const(value):
    return value


def _same(function):
    return function


native = viper = _same
