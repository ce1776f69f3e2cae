"""What a way to the host wants to know, sealed: network and password of Wi-Fi ("wifi"), access
point, password and user of a modem ("cell")."""

from pos.store import files


def load(root: str, sealer, way: str = "wifi") -> tuple:
    """What ``save`` was given, or two empty texts; raises files.Damaged, seal.SealBroken."""
    blob = files.load(root + "/" + way)
    if not blob:
        return "", ""
    return tuple(bytes(sealer.open(way, blob)).decode().split("\0"))


def save(root: str, sealer, *texts, way: str = "wifi") -> None:
    """Durable when this returns; none of ``texts`` has a NUL in it."""
    files.save(root + "/" + way, sealer.seal(way, "\0".join(texts).encode()))
