"""TEST certificates for stories: a CA, hosts that are right or wrong in one way, a terminal.

They are made once and kept in ``build``; one CA for all, and another one that nobody trusts.
"""

import os
import shutil
import ssl
from pathlib import Path

from host_tools.acquirer import tls
from host_tools.build.image import BUILD
from host_tools.device.tls_files import TlsFiles

NAME = "acquirer.test"
SERIAL = "240AC4000001"  # of the virtual board
# What a host may show, and the file of it; "none" speaks no TLS
HOSTS = {
    "right": f"server-{NAME}",
    "other_name": "server-elsewhere.test",
    "other_ca": f"other/server-{NAME}",
    "expired": f"old/server-{NAME}",
    "none": "",
}
# What a terminal may have beside the CA
TERMINALS = {"certificate": f"terminal-{SERIAL}", "no_certificate": ""}


def folder() -> Path:
    """Where all of them are."""
    kept = BUILD / "tls"
    if not kept.exists():
        partial = BUILD / f"tls.{os.getpid()}.tmp"
        _make(partial)
        try:
            partial.rename(kept)
        except OSError:  # somebody else was first
            shutil.rmtree(partial)
    return kept


def _make(place: Path) -> None:
    for each in (place, place / "other"):
        tls.make_ca(each)
        tls.make_server(each, NAME)
    tls.make_server(place, "elsewhere.test")
    tls.make_terminal(place, SERIAL)
    old = place / "old"
    old.mkdir()
    for file in ("ca.pem", "ca.key"):
        shutil.copy(place / file, old)
    tls.make_server(old, NAME, days=-1)


def host(which: str) -> ssl.SSLContext | None:
    """The host's side, of ``HOSTS``; terminals need a certificate. None: no TLS."""
    if not HOSTS[which]:
        return None
    cert = folder() / f"{HOSTS[which]}.pem"
    return tls.server_context(cert, cert.with_suffix(".key"), folder() / "ca.pem")


def terminal(which: str) -> TlsFiles:
    """The terminal's side, of ``TERMINALS``."""
    name = TERMINALS[which]
    cert = folder() / f"{name}.pem" if name else None
    return TlsFiles.read(folder() / "ca.pem", cert, cert and cert.with_suffix(".key"))


def secret(which: str) -> bytes:
    """The number that is the terminal's key, 32 bytes."""
    return terminal(which).key[7:39]  # RFC 5915: SEQUENCE, version, OCTET STRING
