"""Training: all that it has is under a root of its own, below the terminal's.

What people and cards need is copied anew each time it begins; journal, trace numbers, keys and
parameters are its own. The parameter ``training`` of the terminal's own root is the only switch:
it is set, in one step, when all is there.
"""

import os

from pos.store import params
from pos.store.keys import Keys

_COPIED = ("users", "tries", "aids", "blocked", "ca", "ca+")
_OWN = ("host", "port", "tls", "batch", "settled", "training", "log_level")  # and no way to a host
_FOLDER = 0x4000
# TEST: the key under which the answerer of the training hands out keys, as two components
PARTS = (b"\x54" * 16, b"\x13\x46\x75\x20\x64\x31\x02\x57\x46\x13\x20\x75\x31\x64\x57\x02")


def prepare(root: str, own: str, sealer) -> None:
    """Make a new training in the folder ``own`` below ``root``, in place of an older one.

    Raises OSError, files.Damaged.
    Nothing of the terminal's own is changed, whenever it is cut off.
    """
    try:
        _remove(own)
    except OSError:  # there is none; if not, making it fails
        pass
    os.mkdir(own)
    for name in _COPIED:
        if name in os.listdir(root):
            _copy(root + "/" + name, own + "/" + name)
    real = params.Params(root)
    values = {"training": 1}
    for row in params.TABLE.strip().split("\n"):
        name = row[: row.find(":")]
        if name in real and name not in _OWN:
            values[name] = real[name]
    params.Params(own).update(**values)
    Keys(own, sealer).set_tmk(*PARTS, sm4=values.get("key_mode") == 5)


def switch(root: str, on: bool) -> None:
    """The step itself: from the next start on it is training, or it is the terminal again."""
    params.Params(root).update(training=int(on))


def _is_folder(path) -> bool:
    return os.stat(path)[0] & _FOLDER != 0


def _remove(path):
    if not _is_folder(path):
        os.remove(path)
        return
    for name in os.listdir(path):
        _remove(path + "/" + name)
    os.rmdir(path)


def _copy(old, new):
    if not _is_folder(old):
        with open(old, "rb") as source, open(new, "wb") as file:
            file.write(source.read())
        return
    os.mkdir(new)
    for name in os.listdir(old):
        _copy(old + "/" + name, new + "/" + name)
