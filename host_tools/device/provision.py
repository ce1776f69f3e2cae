"""Gives a terminal its identity and its master key, over the REPL of its serial console.

Works on any board that mpremote can talk to. Development keys only: what is typed goes over the
line in clear.
"""

import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mpremote.transport_serial import SerialTransport, TransportError, TransportExecError

from host_tools.device.tls_files import TlsFiles, forget

_READ_S = 1  # mpremote has no limit of its own while it reads from a pseudo-terminal
_TRIES = 3

# The REPL looks for modules in the root of the flash first, and there the directory of the
# terminal's data is called as its package is.
_SCRIPT = """
import sys
sys.path[:] = [p for p in sys.path if p not in ("", "/")]
import os
from pos import hw
from pos.store import wifi
from pos.store.keys import Keys
from pos.store.params import Params
from pos.store.seal import Sealer
if "pos" not in os.listdir("/"):
    os.mkdir("/pos")
sealer = Sealer(hw.device_key())
Params("/pos").update(**{params!r})
{network}
{refused}
{tls}
{console}
check = Keys("/pos", sealer).set_tmk(
    bytearray(bytes.fromhex({part1!r})), bytearray(bytes.fromhex({part2!r}))).hex()
from pos.store.release import version
print(" ".join([check, hw.serial()] + version()))
"""

# A cable stays the way, a modem does not
_WIFI = """
wifi.save("/pos", sealer, *{login!r})
if Params("/pos")["network"] == "cell":
    Params("/pos").update(network="wifi")
"""
_CELL = """
if "cell" not in hw.WAYS:
    raise ValueError("this board has no modem")
wifi.save("/pos", sealer, *{login!r}, way="cell")
Params("/pos").update(network="cell")
"""


_REFUSED = """
from pos.store import files
files.save("/pos/refused_kcv", {list!r})
"""

_CONSOLE = """
from pos.store import files
files.save("/pos/console", sealer.seal("console", {key!r}))
files.put("/pos/console_wrong", bytes(1))
"""

# What the firmware raises, and what that means to who provisions
_SENTENCES = {
    "KeyCheck: ('TMK', 'refused')": "the terminal refuses this TMK: its check value is in the "
    "list of keys that must not be used (it looks like a production key)",
    "KeyCheck: TMK": "the terminal refuses this TMK: it is no key, or both components are equal",
}


class ProvisionError(Exception):
    """The terminal did not take its data; the text says what it answered."""


@dataclass(frozen=True)
class Stored:
    """What the terminal has answered: check value of its TMK, chip, version and digest."""

    kcv: str
    chip: str
    version: str
    image: str


@dataclass(frozen=True)
class Identity:
    """What one terminal is told. Key components are hexadecimal and XORed by the terminal.

    ``tls``: with what it speaks TLS, None: as it did before. ``plain``: no TLS any more.
    ``serial``: the number on its label, without one that of its chip counts. ``refused``: check
    values of keys that it must not take. ``console_key``: what a production image's console wants.
    """

    terminal_id: str = "12345678"
    merchant_id: str = "898100012340001"
    merchant_name: str = "TAPTILL TEST SHOP"
    language: str = "en"  # or zh
    host: str = "acquirer.test"
    port: int = 8583
    wifi_ssid: str = "TapTill"
    wifi_key: str = "open-terminal"
    apn: str | None = None  # by modem instead of Wi-Fi; empty: the access point of the SIM
    apn_user: str = ""
    apn_key: str = ""
    tmk_part1: str = "5A5A5A5A5A5A5A5AA5A5A5A5A5A5A5A5"
    tmk_part2: str = "4B4B4B4B4B4B4B4B8787878787878787"  # the XOR is the TEST TMK 11..11 22..22
    tls: TlsFiles | None = None
    plain: bool = False
    serial: str = ""
    refused: tuple[str, ...] = ()
    console_key: bytes | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """Without the keys."""
        return f"<Identity terminal {self.terminal_id}>"

    def script(self) -> str:
        """The MicroPython program that stores it; prints the check value of the TMK."""
        params: dict[str, str | int] = {
            "terminal_id": self.terminal_id,
            "merchant_id": self.merchant_id,
            "merchant_name": self.merchant_name,
            "language": self.language,
            "host": self.host,
            "port": self.port,
        }
        network = _WIFI.format(login=(self.wifi_ssid, self.wifi_key))
        if self.apn is not None:
            network = _CELL.format(login=(self.apn, self.apn_key, self.apn_user))
        if self.serial:
            params["serial"] = self.serial
        files = ""
        if self.tls is not None:
            # the parameters are stored first: cut off between, there is no TLS and nothing else
            params |= {"tls": 1, "last_date": self.tls.day}
            files = self.tls.script("/pos")
        elif self.plain:
            params["tls"] = 0
            files = forget("/pos")
        return _SCRIPT.format(
            params=params,
            tls=files,
            network=network,
            refused=_REFUSED.format(list=bytes.fromhex("".join(self.refused)))
            if self.refused
            else "",
            console=_CONSOLE.format(key=self.console_key) if self.console_key else "",
            part1=self.tmk_part1,
            part2=self.tmk_part2,
        )


def _interrupt(transport: SerialTransport) -> None:
    """To the REPL. A Ctrl-C that comes while the terminal starts may be lost: then once more."""
    for _ in range(_TRIES - 1):
        try:
            with contextlib.redirect_stdout(None):  # it prints what it got instead
                transport.enter_raw_repl()
            return
        except TransportError:
            pass
    transport.enter_raw_repl()


def provision(port: str, identity: Identity) -> Stored:
    """Store ``identity`` in the terminal at serial ``port``; returns what it has answered.

    The terminal is interrupted, and starts anew afterwards. Raises ProvisionError.
    """
    transport = SerialTransport(port, timeout=_READ_S)
    try:
        _interrupt(transport)
        answer = transport.exec(identity.script()).decode().strip()
        transport.exec_raw_no_follow("import machine; machine.reset()")
        return Stored(*answer.splitlines()[-1].split())
    except TransportExecError as error:
        said = error.error_output.strip().splitlines()[-1]
        raise ProvisionError(
            next((words for end, words in _SENTENCES.items() if said.endswith(end)), said)
        ) from None
    except TransportError as error:
        raise ProvisionError(
            f"no REPL at {port}: {error}. (A production image has none: provision with a "
            "development image first, what is stored stays.)"
        ) from None
    finally:
        transport.close()


def record(identity: Identity, stored: Stored, checks: tuple[str, ...] = ()) -> dict[str, Any]:
    """What may be kept of it: no key, no password. ``checks``: of the components and the whole."""
    tls = identity.tls
    return {
        "at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "serial": identity.serial or stored.chip,
        "chip": stored.chip,
        "terminal_id": identity.terminal_id,
        "merchant_id": identity.merchant_id,
        "merchant_name": identity.merchant_name,
        "language": identity.language,
        "host": f"{identity.host}:{identity.port}",
        "wifi": identity.wifi_ssid,
        "tls_ca_sha256": hashlib.sha256(tls.ca).hexdigest() if tls else None,
        "tls_cert_sha256": hashlib.sha256(tls.cert).hexdigest() if tls and tls.cert else None,
        "tmk_kcv": stored.kcv[:6].upper(),
        "component_kcvs": list(checks[:2]),
        "console_key": "stored" if identity.console_key else None,
        "firmware": f"{stored.version} {stored.image}",
    }


def keep(entry: dict[str, Any], file: Path) -> None:
    """Append a record to ``file``, an object a line. Raises OSError."""
    with file.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(entry, ensure_ascii=False) + "\n")
