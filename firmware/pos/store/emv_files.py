"""The EMV configuration that the terminal goes by: AIDs and CA public keys.

What the host has handed out is kept in flash, ``aids`` and one file for each key in ``ca``; as
long as there is nothing, the TEST data serves that the firmware brings along.

New keys are written by ``ca_keys``.
"""

import os

from micropython import const

from pos.protocol import tlv
from pos.store import files

CA_KEY = const(0xE2)
_ROM = "/rom/emv/"
OLD = "ca"
NEW = "ca+"  # complete, but not in its place yet


def rom(name):
    """A file of the firmware's image, mapped where the file system can do that."""
    with open(_ROM + name, "rb") as file:
        try:
            return memoryview(file)
        except TypeError:
            return memoryview(file.read())


def aids(root: str):
    """The AID records: a row of templates E1. Raises files.Damaged."""
    data = files.load(root + "/aids")
    return packed() if data is None else data


def packed():
    """The AID records that the firmware brings along."""
    return rom("aids")


def find(data, rid, index: int):
    """The record of one key in a row of templates E2, for ``emv.ca.parse``: a memoryview, or None.

    ``rid``: 5 bytes; ``index``: the number in 9F22. Of other records only these two objects are
    looked at. Raises BadBytes for a fault on the way to the record.
    """
    for tag, i, n in tlv.walk(data):
        if tag != CA_KEY:
            continue
        number = tlv.find(data, 0x9F22, i, i + n)
        if number is None or len(number) != 1 or number[0] != index:
            continue
        owner = tlv.find(data, 0x9F06, i, i + n)
        if owner is not None and owner == rid:
            return memoryview(data)[i : i + n]
    return None


def ca_record(root: str, rid, index: int):
    """The record of a CA key, or None. Raises files.Damaged and BadBytes.

    When the host has handed out keys, the firmware's own are not looked at.
    """
    folders = os.listdir(root)
    folder = NEW if NEW in folders else OLD
    if folder in folders:
        data = files.load(path_of(root, folder, rid, index))
    else:
        data = rom("capks")
    return None if data is None else find(data, rid, index)


def path_of(root: str, folder: str, rid, index: int) -> str:
    """The file of one key."""
    return "{}/{}/{}{:02X}".format(root, folder, bytes(rid).hex(), index)
