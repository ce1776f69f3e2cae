"""What is around the board: access points, a cable, a call of its modem, and hosts behind them.

Physics: ``drop()`` and ``restore()`` the Wi-Fi, ``cut_after(to_host=n)`` or ``(from_host=n)``
bytes, ``black_hole()``. A name is routed to a real address by ``routes``; other names do not
resolve.
"""

import asyncio
import errno
import ipaddress
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

_IDLE, _CONNECTING, _GOT_IP, _NO_AP, _WRONG_PASSWORD = 1000, 1001, 1010, 201, 202
_WPA2 = 3
# As the events of ESP-IDF are numbered by ``network`` [M]
_LAN_INITIALIZED, _LAN_CONNECTED, _LAN_DISCONNECTED, _LAN_GOT_IP = 0, 3, 4, 5
_FIRST_ADDRESS = ipaddress.ip_address("198.51.100.1")  # TEST-NET-2: never a real host
_SEGMENT = 536  # bytes at once: what TCP carries without being asked for more (RFC 9293, 3.7.1)
_SETTINGS = {"mac": "240ac4000001", "channel": 6}


@dataclass
class AccessPoint:
    """One network that the board can hear. ``password`` empty means open."""

    ssid: str
    password: str = ""
    rssi: int = -52
    channel: int = 6
    bssid: str = "020000000001"
    dhcp: bool = True  # it hands out addresses
    hidden: bool = False  # it does not say its name

    def heard(self) -> list:
        """What a scan hears: name, BSSID, channel, dBm, security as in ``network``, hidden."""
        name = "" if self.hidden else self.ssid
        security = _WPA2 if self.password else 0
        return [name, self.bssid, self.channel, self.rssi, security, self.hidden]


@dataclass
class _Flow:
    """One TCP connection of the board."""

    task: asyncio.Task | None = None
    writer: asyncio.StreamWriter | None = None
    early: bytearray = field(default_factory=bytearray)
    dead: bool = False


class Radio:
    """The Wi-Fi station's surroundings; loop thread only.

    ``to_board(op_is_event, socket id, payload)`` carries received data and events to the board.
    """

    def __init__(
        self,
        received: Callable[[int, bytes], None],
        event: Callable[[int, bytes], None],
        changed: Callable[[], None],
    ) -> None:
        self._received, self._event, self._changed = received, event, changed
        self.access_points = [AccessPoint("TapTill", "open-terminal")]
        self.routes: dict[str, tuple[str, int]] = {}
        self.available = True
        self.connections = 0
        self.bytes_to_host = self.bytes_from_host = 0
        self._cut_to: int | None = None
        self._cut_from: int | None = None
        self._hole = False
        self._names: list[str] = []
        self._active = False
        self._status = _IDLE
        self._joined: AccessPoint | None = None
        self._lan = False
        self._cable = _LAN_DISCONNECTED
        # a call: whether the board believes in it, and whether the modem carries anything
        self._called = False
        self.carrier: Callable[[], bool] = lambda: False
        self._flows: dict[int, _Flow] = {}

    # physics

    def drop(self) -> None:
        """The access points fall silent; open connections hear nothing more."""
        self.available = False
        self._joined = None
        if self._status == _GOT_IP:
            self._status = _NO_AP
        for ident in list(self._flows):
            self._fail(ident, errno.ECONNABORTED)

    def restore(self) -> None:
        """The access points are back; the station joins again by itself, as an ESP32 does."""
        self.available = True
        if self._active and self._status == _NO_AP and self._wanted:
            self._join(*self._wanted)

    def cut_after(self, *, to_host: int | None = None, from_host: int | None = None) -> None:
        """Reset the connection by which so many bytes more have passed in the given direction.

        They may belong to several connections, one after the other. 0: when the first one is due.
        """
        self._cut_to = None if to_host is None else self.bytes_to_host + to_host
        self._cut_from = None if from_host is None else self.bytes_from_host + from_host

    def is_whole(self) -> bool:
        """Whether no cut is due any more."""
        return self._cut_to is None and self._cut_from is None

    def black_hole(self, on: bool = True) -> None:
        """Connections stay open but carry nothing, in both directions."""
        self._hole = on

    def power_off(self) -> None:
        """The board has no power: everything it had open is gone."""
        for ident in list(self._flows):
            self.close(ident)
        self._active, self._status, self._joined = False, _IDLE, None
        self._lan = False

    def plug(self, address: int = 1) -> None:
        """Put a network cable into the socket; without ``address`` nobody hands one out on it."""
        self._cable = _LAN_GOT_IP if address else _LAN_CONNECTED

    def unplug(self) -> None:
        """Pull the network cable."""
        self._cable = _LAN_DISCONNECTED
        self._lost()

    def _lost(self) -> None:
        """Without any network, open connections hear nothing more."""
        if not self.online:
            for ident in list(self._flows):
                self._fail(ident, errno.ECONNABORTED)

    def call(self, up: bool) -> None:
        """PPP has got an address from the modem, or has it no more."""
        self._called = up
        self._lost()

    # the station

    @property
    def online(self) -> bool:
        """Whether the board has an address, by air, by cable or by a call."""
        return self._called or self._status == _GOT_IP or self._lan_status() == _LAN_GOT_IP

    def _swallowed(self) -> bool:
        """Whether what is sent gets nowhere: PPP does not hear of it when a modem falls silent."""
        return self._hole or (self._called and not self.carrier())

    def _lan_status(self) -> int:
        return self._cable if self._lan else _LAN_INITIALIZED

    _wanted: tuple[str, str] | None = None

    def wlan(self, request: dict) -> object:
        """Answer one call of ``network.WLAN``."""
        match request["op"]:
            case "active":
                if request["value"] is not None:
                    self._active = bool(request["value"])
                    if not self._active:
                        self._status, self._joined = _IDLE, None
                        self._lost()
                return self._active
            case "connect":
                self._wanted = (request["ssid"], request["key"] or "")
                self._join(*self._wanted)
            case "disconnect":
                self._wanted, self._joined, self._status = None, None, _IDLE
            case "lan":
                if request["value"] is not None:
                    self._lan = bool(request["value"])
                return self._lan
            case "lan_status":
                return self._lan_status()
            case "status":
                return self._status
            case "rssi":
                return self._joined.rssi if self._joined else None
            case "scan":
                heard = self.access_points if self.available and self._active else []
                return [point.heard() for point in heard]
            case "ifconfig":
                if self.online:
                    return ["198.51.100.200", "255.255.255.0", "198.51.100.254", "198.51.100.254"]
                return ["0.0.0.0"] * 4
            case "config":
                if request["param"] in ("ssid", "essid"):
                    return self._joined.ssid if self._joined else ""
                return _SETTINGS.get(request["param"])
        return None

    def _join(self, ssid: str, key: str) -> None:
        found = [a for a in self.access_points if a.ssid == ssid] if self.available else []
        self._joined = None
        if not found:
            self._status = _NO_AP
        elif found[0].password and found[0].password != key:
            self._status = _WRONG_PASSWORD
        else:
            self._joined = found[0]
            self._status = _GOT_IP if found[0].dhcp else _CONNECTING

    # sockets

    def resolve(self, name: str) -> bytes:
        """JSON of the address of ``name``, or of null."""
        if not self.online or (self._called and not self.carrier()):
            return b"null"
        try:
            return json.dumps(str(ipaddress.ip_address(name))).encode()
        except ValueError:
            pass
        if name not in self.routes:
            return b"null"
        if name not in self._names:
            self._names.append(name)
        return json.dumps(str(_FIRST_ADDRESS + self._names.index(name))).encode()

    def open(self) -> int:
        """A new socket's number."""
        ident = next(i for i in range(256) if i not in self._flows)
        self._flows[ident] = _Flow()
        return ident

    def connect(self, ident: int, address: list) -> None:
        """Start connecting; the outcome comes as an event."""
        self._flows[ident].task = asyncio.get_running_loop().create_task(self._run(ident, address))

    def send(self, ident: int, data: bytes) -> None:
        """Data from the board."""
        flow = self._flows.get(ident)
        if flow is None or flow.dead:
            return
        if self._cut_to is not None and self.bytes_to_host + len(data) >= self._cut_to:
            data = data[: self._cut_to - self.bytes_to_host]
            self._cut_to = None
            self._write(flow, data)
            self._fail(ident, errno.ECONNRESET)
            return
        self._write(flow, data)

    def close(self, ident: int) -> None:
        """The board closes its socket."""
        flow = self._flows.pop(ident, None)
        if flow is not None:
            flow.dead = True
            if flow.writer is not None:
                flow.writer.close()
            if flow.task is not None:
                flow.task.cancel()

    def _write(self, flow: _Flow, data: bytes) -> None:
        self.bytes_to_host += len(data)
        if not self._swallowed() and flow.writer is not None:
            flow.writer.write(data)

    def _fail(self, ident: int, code: int) -> None:
        flow = self._flows[ident]
        if not flow.dead:
            flow.dead = True
            if flow.writer is not None:
                flow.writer.close()
            self._event(ident, struct.pack("<H", 256 + code))

    def _target(self, address: list) -> tuple[str, int] | None:
        where = ipaddress.ip_address(address[0])
        index = int(where) - int(_FIRST_ADDRESS)
        if 0 <= index < len(self._names):
            return self.routes.get(self._names[index])
        return address[0], address[1]

    async def _run(self, ident: int, address: list) -> None:
        flow = self._flows[ident]
        target = self._target(address) if self.online else None
        try:
            if target is None:
                raise OSError(errno.EHOSTUNREACH, "no route")
            if self._called and not self.carrier():
                await asyncio.Event().wait()  # until the board gives up
            reader, flow.writer = await asyncio.open_connection(*target)
        except OSError as error:
            self._fail(ident, error.errno or errno.ECONNREFUSED)
            return
        self.connections += 1
        self._event(ident, struct.pack("<H", 0))
        while not flow.dead:
            try:
                data = await reader.read(_SEGMENT)
            except OSError:
                data = b""
            if flow.dead:
                return
            if not data:
                self._event(ident, struct.pack("<H", 1))
                return
            self._deliver(ident, flow, data)

    def _deliver(self, ident: int, flow: _Flow, data: bytes) -> None:
        if self._swallowed():
            return
        cut = self._cut_from is not None and self.bytes_from_host + len(data) >= self._cut_from
        if cut:
            data = data[: (self._cut_from or 0) - self.bytes_from_host]
            self._cut_from = None
        self.bytes_from_host += len(data)
        if data:
            self._received(ident, data)
        if cut:
            self._fail(ident, errno.ECONNRESET)
        self._changed()
