"""A terminal without hardware, for an engineer at the command line: ``taptill host client``.

It speaks with the firmware's codec; nothing of it is kept, keys live in memory alone.
"""
