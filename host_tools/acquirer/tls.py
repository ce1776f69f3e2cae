"""TLS with both sides proven: a small CA, certificates, and the server's side of the handshake.

Keys are EC P-256, files are made for their owner alone and never written over. TEST use: the CA's
key lies beside its certificate, unencrypted.
"""

import ipaddress
import os
import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_NAME = "ca"
CA_DAYS, DAYS = 3650, 825
# A handshake that takes longer is given up, seconds.
HANDSHAKE_SECONDS = 10.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,63}")
# Whatever the clock of the other side shows: valid since some hours before.
_SKEW = timedelta(hours=12)


class TlsError(Exception):
    """A certificate or key that cannot be used or made; a sentence."""


class Refused(Exception):
    """A handshake that failed; the text says why."""


def server_context(cert: Path, key: Path, ca: Path | None) -> ssl.SSLContext:
    """The host's side, TLS 1.2 at least; with ``ca`` only terminals with its certificate get in.

    Raises TlsError for files that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key)
        if ca is not None:
            context.load_verify_locations(ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except ssl.SSLError as error:
        raise TlsError(f"{cert}, {key}, {ca}: {error.reason or error}") from None
    except OSError as error:
        # load_cert_chain does not say which of its files is missing
        files = [str(file) for file in (cert, key, ca) if file and not file.exists()]
        raise TlsError(f"{', '.join(files) or cert}: {error.strerror or error}") from None
    return context


_REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the terminal has no certificate",
    "HTTP_REQUEST": "that is HTTP, not TLS",
    "WRONG_VERSION_NUMBER": "that is not TLS",
    "UNSUPPORTED_PROTOCOL": "a TLS version that is too old",
    "NO_SHARED_CIPHER": "no cipher in common",
    "TLSV1_ALERT_UNKNOWN_CA": "the terminal does not know our CA",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the terminal does not take our certificate",
    "TLSV1_ALERT_PROTOCOL_VERSION": "no TLS version in common",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the terminal does not take our certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the terminal says that our certificate has expired",
}
_VERIFY = {
    "certificate has expired": "the terminal's certificate has expired",
    "certificate is not yet valid": "the terminal's certificate is not valid yet",
    "self-signed certificate": "the terminal signed its certificate itself",
    "self-signed certificate in certificate chain": "the terminal's certificate is another CA's",
    "unable to get local issuer certificate": "the terminal's certificate is another CA's",
    "certificate signature failure": "the terminal's certificate is another CA's",
    "unsuitable certificate purpose": "the certificate is not a terminal's",
    "unsupported certificate purpose": "the certificate is not a terminal's",
}


def why(error: BaseException) -> str:
    """Why a handshake failed, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = error.verify_message
        return _VERIFY.get(text, f"the terminal's certificate: {text}")
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        return _REASONS.get(reason, reason.replace("_", " ").lower() or "the handshake broke")
    if isinstance(error, TimeoutError):
        return "the handshake took too long"
    return "the connection broke in the handshake"


def subject(peer: dict | None) -> str:
    """The common name in a peer certificate as ``ssl`` tells it, "" without one."""
    pairs = [pair for part in (peer or {}).get("subject", ()) for pair in part]
    return next((value for name, value in pairs if name == "commonName"), "")


# -- the CA --------------------------------------------------------------------


def make_ca(folder: Path, name: str = "TapTill TEST CA", days: int = CA_DAYS) -> Path:
    """A new CA in ``folder``: ca.pem and ca.key. Raises TlsError when there is one."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _builder(name, name, key, key, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    folder.mkdir(parents=True, exist_ok=True)
    return _write(folder / CA_NAME, builder.sign(key, hashes.SHA256()), key)


def make_server(folder: Path, name: str, days: int = DAYS) -> Path:
    """A certificate for a host of that DNS name or address; its file, the key is beside it.

    Raises TlsError when there is one already or no CA in ``folder``.
    """
    try:
        names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(name))]
    except ValueError:
        names = [x509.DNSName(name)]
        if name == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    alternative = x509.SubjectAlternativeName(names)
    return _issue(
        folder, f"server-{name}", name, ExtendedKeyUsageOID.SERVER_AUTH, days, alternative
    )


def make_terminal(folder: Path, serial: str, days: int = DAYS) -> Path:
    """A certificate for a terminal of that serial number; as ``make_server``."""
    return _issue(folder, f"terminal-{serial}", serial, ExtendedKeyUsageOID.CLIENT_AUTH, days)


def _issue(
    folder: Path,
    file: str,
    name: str,
    purpose: x509.ObjectIdentifier,
    days: int,
    alternative: x509.SubjectAlternativeName | None = None,
) -> Path:
    if not _NAME.fullmatch(name):
        raise TlsError(f"{name!r}: a name has letters, digits, '.', ':', '_' and '-', at most 64")
    ca_key, ca = _load_ca(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = ca.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    builder = (
        _builder(name, str(issuer), key, ca_key, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )
    if alternative is not None:
        builder = builder.add_extension(alternative, critical=False)
    return _write(folder / file, builder.sign(ca_key, hashes.SHA256()), key)


def _builder(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    days: int,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    start = min(now, now + timedelta(days=days)) - _SKEW  # days below 0: expired, for tests
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(own, critical=False)
        .add_extension(signer, critical=False)
    )


def _load_ca(folder: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    cert, key = folder / f"{CA_NAME}.pem", folder / f"{CA_NAME}.key"
    try:
        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        certificate = x509.load_pem_x509_certificate(cert.read_bytes())
    except FileNotFoundError as error:
        raise TlsError(f"{error.filename} is not there: taptill host ca init makes a CA") from None
    except ValueError:
        raise TlsError(f"{cert}, {key}: cannot be read as a CA") from None
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TlsError(f"{key}: no EC key")
    return loaded, certificate


def _write(base: Path, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Path:
    """``base``.key and ``base``.pem, for their owner alone; TlsError when one is there."""
    files = Path(f"{base}.key"), Path(f"{base}.pem")
    there = [file for file in files if file.exists()]
    if there:
        raise TlsError(f"{there[0]} is there already and is not written over")
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = cert.public_bytes(serialization.Encoding.PEM)
    for file, data in zip(files, (private, public), strict=True):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
    return files[1]
