"""The EMV configuration that the terminal goes by: AIDs and CA public keys.

What the host has handed out is kept in flash, ``aids`` and one file for each key in ``ca``; as
long as there is nothing, the TEST data serves that the firmware brings along.
"""

import os

from pos.store import files

_ROM = "/rom/emv/"


def _rom(name):
    """A file of the firmware's image, mapped where the file system can do that."""
    with open(_ROM + name, "rb") as file:
        try:
            return memoryview(file)
        except TypeError:
            return memoryview(file.read())


def aids(root: str):
    """The AID records: a row of templates E1. Raises files.Damaged."""
    data = files.load(root + "/aids")
    return _rom("aids") if data is None else data


def ca_keys(root: str, rid, index: int):
    """A row of templates E2 in which the CA key may be, or None. Raises files.Damaged.

    When the host has handed out keys, the firmware's own are not looked at.
    """
    if "ca" in os.listdir(root):
        return files.load("{}/ca/{}{:02X}".format(root, bytes(rid).hex(), index))
    return _rom("capks")
