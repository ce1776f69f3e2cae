"""The MAC of the dialect step by step (reference, section 6), DES by the firmware, SM4 besides."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from host_tools.decode8583.firmware import Des

MAC_SIZE = 8


@dataclass(frozen=True)
class Steps:
    """What is computed on the way to F64; ``received`` is what the message brought."""

    blocks: list[bytes]
    folded: bytes
    text: bytes
    first: bytes
    joined: bytes
    second: bytes
    received: bytes

    @property
    def mac(self) -> bytes:
        """The 8 characters that belong into F64."""
        return self.second.hex().upper()[:MAC_SIZE].encode()

    @property
    def equal(self) -> bool:
        """Whether the message is genuine."""
        return self.mac == self.received.upper()


def steps(mak: bytes, message: bytes, sm4: bool = False) -> Steps:
    """The steps for a message (from the MTI) that ends in F64.

    ``mak`` has 8 or 16 bytes for DES and 16 for SM4, else ValueError.
    """
    if len(mak) not in ((16,) if sm4 else (8, 16)):
        raise ValueError(f"a MAK of {len(mak)} bytes")
    size = 16 if sm4 else 8
    mab, received = message[:-MAC_SIZE], message[-MAC_SIZE:]
    blocks = [mab[at : at + size].ljust(size, b"\0") for at in range(0, len(mab), size)]
    folded = bytes(size)
    for block in blocks:
        folded = _xor(folded, block)
    text = folded.hex().upper().encode()
    encrypt = _sm4 if sm4 else _des
    first = encrypt(mak, text[:size])
    joined = _xor(first, text[size:])
    return Steps(blocks, folded, text, first, joined, encrypt(mak, joined), received)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _des(key: bytes, block: bytes) -> bytes:
    return bytes(Des(key).encrypt(block))


def _sm4(key: bytes, block: bytes) -> bytes:
    context = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()
    return context.update(block) + context.finalize()
