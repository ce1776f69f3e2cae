"""Kernel 3, Visa payWave (EMV Contactless Book C-3, qVSDC).

Where it differs from kernel 7: a card that goes online may be authenticated by static data, where
the reader does that for online transactions (TTQ byte 1, b1). MSD is not supported.
"""

from pos.emv import quick


def run(fci, card: dict, terminal: dict):
    """The generator of one application, see ``quick.run``."""
    return quick.run(fci, card, terminal, True)
