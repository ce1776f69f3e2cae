"""The EMV configuration that the terminal goes by: AIDs and CA public keys.

What the host has handed out is kept in flash, ``aids`` and one file for each key in ``ca``; as
long as there is nothing, the TEST data serves that the firmware brings along.

New keys are gathered in ``ca~``. When all are there it becomes ``ca+``, in one step, and counts
from then on; what is left is to put it in the place of ``ca``, which may be done at any time.
"""

import os

from micropython import const

from pos.protocol import tlv
from pos.store import files

_CA_KEY = const(0xE2)
_ROM = "/rom/emv/"
_OLD = "ca"
_NEW = "ca+"  # complete, but not in its place yet
_PART = "ca~"


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
    return packed() if data is None else data


def packed():
    """The AID records that the firmware brings along."""
    return _rom("aids")


def lacks(root: str) -> str:
    """What the host has to hand out, as digits P of its header: 4 where there is not a single CA
    key, 5 where there are no applications."""
    return ("" if _has_keys(root) else "4") + ("" if _has(aids, root) else "5")


def _has_keys(root):
    folders = os.listdir(root)
    for folder in (_NEW, _OLD):
        if folder in folders:
            return len(os.listdir(root + "/" + folder)) > 0
    return _has(_rom, "capks")


def _has(read, name) -> bool:
    try:
        return len(read(name)) > 0
    except (OSError, files.Damaged):  # what is damaged is handed out anew
        return False


def find(data, rid, index: int):
    """The record of one key in a row of templates E2, for ``emv.ca.parse``: a memoryview, or None.

    ``rid``: 5 bytes; ``index``: the number in 9F22. Of other records only these two objects are
    looked at. Raises BadBytes for a fault on the way to the record.
    """
    for tag, i, n in tlv.walk(data):
        if tag != _CA_KEY:
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
    folder = _NEW if _NEW in folders else _OLD
    if folder in folders:
        data = files.load(_path(root, folder, rid, index))
    else:
        data = _rom("capks")
    return None if data is None else find(data, rid, index)


def _path(root, folder, rid, index):
    return "{}/{}/{}{:02X}".format(root, folder, bytes(rid).hex(), index)


def begin_keys(root: str) -> None:
    """Gather keys from now on; what was gathered before and not kept is dropped."""
    _put_in_place(root)
    _remove(root, _PART)
    os.mkdir(root + "/" + _PART)


def add_key(root: str, rid, index: int, record) -> None:
    """Gather a key: its record, as `ca.parse` takes it."""
    files.save(_path(root, _PART, rid, index), tlv.build(_CA_KEY, record))


def keep_keys(root: str) -> None:
    """Let the keys that were gathered take the place of all others."""
    os.rename("{}/{}".format(root, _PART), "{}/{}".format(root, _NEW))
    _put_in_place(root)


def _put_in_place(root):
    if _NEW in os.listdir(root):
        _remove(root, _OLD)
        os.rename("{}/{}".format(root, _NEW), "{}/{}".format(root, _OLD))


def _remove(root, folder):
    if folder in os.listdir(root):
        path = "{}/{}".format(root, folder)
        for name in os.listdir(path):
            os.remove(path + "/" + name)
        os.rmdir(path)
