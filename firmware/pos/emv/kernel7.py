"""Kernel 7, UnionPay quickPass (EMV Contactless Book C-7, qPBOC).

Where it differs from kernel 3: only fDDA authenticates a card offline, there is no static way, and
electronic cash (9F79 balance, 9F77 and 9F78 limits, 9F5D, 9F6D) is read as data and not paid with.
What is marked [M] is from memory of the book and of qPBOC (JR/T 0025.12).
"""

from pos.emv import quick


def run(fci, card: dict, terminal: dict):
    """The generator of one application, see ``quick.run``."""
    return quick.run(fci, card, terminal, False)
