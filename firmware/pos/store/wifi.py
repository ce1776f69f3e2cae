"""The Wi-Fi network that the terminal joins; its password is sealed."""

from pos.store import files

_LABEL = "wifi"


def load(root: str, sealer) -> tuple:
    """(SSID, password) or two empty texts; raises files.Damaged, seal.SealBroken."""
    blob = files.load(root + "/wifi")
    if not blob:
        return "", ""
    ssid, _, key = bytes(sealer.open(_LABEL, blob)).decode().partition("\0")
    return ssid, key


def save(root: str, sealer, ssid: str, key: str) -> None:
    """Durable when this returns."""
    files.save(root + "/wifi", sealer.seal(_LABEL, (ssid + "\0" + key).encode()))
