"""The firmware's codec under CPython: what the terminal would read is what is shown."""

from host_tools.emv.firmware import BadBytes  # first: puts the firmware on the path

# isort: split
from pos import words
from pos.crypto import mac, pin_block
from pos.crypto.des import Des
from pos.protocol import bcd, iso8583, unionpay

__all__ = ["BadBytes", "Des", "bcd", "iso8583", "mac", "pin_block", "unionpay", "words"]
