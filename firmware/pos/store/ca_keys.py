"""Applications and CA keys that the host hands out: which are lacking; new keys take their place.

New keys are gathered in ``ca~``. When all are there it becomes ``ca+``, in one step, and counts
from then on; what is left is to put it in the place of ``ca``, which may be done at any time.
"""

import os

from pos.protocol import tlv
from pos.store import emv_files, files

_PART = "ca~"


def lacks(root: str) -> str:
    """What the host has to hand out, as digits P of its header: 4 where there is not a single CA
    key, 5 where there are no applications."""
    return ("" if _has_keys(root) else "4") + ("" if _has(emv_files.aids, root) else "5")


def _has_keys(root):
    folders = os.listdir(root)
    for folder in (emv_files.NEW, emv_files.OLD):
        if folder in folders:
            return len(os.listdir(root + "/" + folder)) > 0
    return _has(emv_files.rom, "capks")


def _has(read, name) -> bool:
    try:
        return len(read(name)) > 0
    except (OSError, files.Damaged):  # what is damaged is handed out anew
        return False


def begin(root: str) -> None:
    """Gather keys from now on; what was gathered before and not kept is dropped."""
    _put_in_place(root)
    _remove(root, _PART)
    os.mkdir(root + "/" + _PART)


def add(root: str, rid, index: int, record) -> None:
    """Gather a key: its record, as `ca.parse` takes it."""
    files.save(emv_files.path_of(root, _PART, rid, index), tlv.build(emv_files.CA_KEY, record))


def keep(root: str) -> None:
    """Let the keys that were gathered take the place of all others."""
    os.rename("{}/{}".format(root, _PART), "{}/{}".format(root, emv_files.NEW))
    _put_in_place(root)


def _put_in_place(root):
    if emv_files.NEW in os.listdir(root):
        _remove(root, emv_files.OLD)
        os.rename("{}/{}".format(root, emv_files.NEW), "{}/{}".format(root, emv_files.OLD))


def _remove(root, folder):
    if folder in os.listdir(root):
        path = "{}/{}".format(root, folder)
        for name in os.listdir(path):
            os.remove(path + "/" + name)
        os.rmdir(path)
