"""What a terminal needs to speak TLS, read from the files of ``taptill host ca``.

The terminal takes DER only. Its key must be an EC key: another one is too large to be sealed.
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

_SEALED_MAX = 255  # bytes

_STORE = """
from pos.store import files
{lines}
"""


class TlsFilesError(Exception):
    """A certificate or key that a terminal cannot use; a sentence without what is in it."""


@dataclass(frozen=True)
class TlsFiles:
    """Certificate of the CA, and certificate and key of the terminal or two times b"": DER.

    ``day``: YYYYMMDD, when the terminal was told: a clock that starts anew goes on from there.
    """

    ca: bytes
    cert: bytes = b""
    key: bytes = field(default=b"", repr=False)
    day: str = ""

    @classmethod
    def read(cls, ca: Path, cert: Path | None, key: Path | None) -> "TlsFiles":
        """From PEM files. Raises TlsFilesError, also when key and certificate do not fit."""
        if (cert is None) != (key is None):
            raise TlsFilesError("a certificate needs its key, and a key its certificate")
        today = f"{date.today():%Y%m%d}"
        authority = _certificate(ca).public_bytes(serialization.Encoding.DER)
        if cert is None or key is None:
            return cls(authority, day=today)
        own = _certificate(cert)
        private = _key(key)
        if private.public_key() != own.public_key():
            raise TlsFilesError(f"{key} is not the key of {cert}")
        secret = private.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        if len(secret) > _SEALED_MAX:
            raise TlsFilesError(f"{key}: its curve is too large for a terminal")
        return cls(authority, own.public_bytes(serialization.Encoding.DER), secret, today)

    def script(self, root: str) -> str:
        """MicroPython that stores the files in ``root``, the key sealed by ``sealer``."""
        lines = [f"files.save({root + '/tls_ca'!r}, {self.ca!r})"]
        if self.cert:
            lines.append(f"files.save({root + '/tls_cert'!r}, {self.cert!r})")
            lines.append(f"files.save({root + '/tls_key'!r}, sealer.seal('tls', {self.key!r}))")
        else:
            lines.append(f"for name in ('tls_cert', 'tls_key'):\n    {_remove(root)}")
        return _STORE.format(lines="\n".join(lines))


def _remove(root: str) -> str:
    return f"if name in os.listdir({root!r}): os.remove({root + '/'!r} + name)"


def forget(root: str) -> str:
    """MicroPython that takes all of it away."""
    return f"for name in ('tls_ca', 'tls_cert', 'tls_key'):\n    {_remove(root)}\n"


def _certificate(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except OSError as error:
        raise TlsFilesError(f"{file}: {error.strerror}") from None
    except ValueError:
        raise TlsFilesError(f"{file} is no certificate (PEM)") from None


def _key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise TlsFilesError(f"{file}: {error.strerror}") from None
    except (ValueError, TypeError):
        raise TlsFilesError(f"{file} is no unencrypted private key (PEM)") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TlsFilesError(f"{file}: a terminal takes EC keys only, as taptill host ca makes")
    return key
