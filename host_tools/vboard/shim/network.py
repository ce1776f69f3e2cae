"""``network`` of the virtual board: one Wi-Fi station among the access points around it."""

import json

import _link
from micropython import const

_WLAN = const(0x50)

STA_IF, AP_IF = 0, 1
AUTH_OPEN, AUTH_WEP, AUTH_WPA_PSK, AUTH_WPA2_PSK, AUTH_WPA_WPA2_PSK = 0, 1, 2, 3, 4
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
STAT_WRONG_PASSWORD, STAT_NO_AP_FOUND, STAT_CONNECT_FAIL = 202, 201, 203
STAT_BEACON_TIMEOUT, STAT_ASSOC_FAIL, STAT_HANDSHAKE_TIMEOUT = 200, 203, 204

PHY_W5500 = const(102)

_hostname = "taptill"


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    _hostname = name


def country(code=None):
    return "CN"


def _ask(**request):
    return json.loads(_link.call(_WLAN, 0, json.dumps(request).encode()))


def __getattr__(name):
    """A cable and a modem take heap only where they are used."""
    if name not in ("LAN", "PPP"):
        raise AttributeError(name)
    return _link.lent(name)


class WLAN:
    """The station interface."""

    IF_STA, IF_AP = 0, 1
    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = 0, 1, 2

    def __init__(self, interface_id=STA_IF):
        if interface_id != STA_IF:
            raise ValueError("this board has a station interface only")

    def active(self, is_active=None):
        return _ask(op="active", value=is_active)

    def connect(self, ssid=None, key=None, *, bssid=None):
        if not self.active():
            raise OSError(0x3002)  # ESP_ERR_WIFI_NOT_STARTED
        _ask(op="connect", ssid=ssid, key=key)

    def disconnect(self):
        _ask(op="disconnect")

    def isconnected(self):
        return _ask(op="status") == STAT_GOT_IP

    def status(self, param=None):
        if param != "rssi":
            return _ask(op="status")
        power = _ask(op="rssi")
        if power is None:
            raise OSError(0x300F)  # ESP_ERR_WIFI_NOT_CONNECT
        return power

    def __getattr__(self, name):
        """What is asked for rarely takes heap only then."""
        import _wlan

        return getattr(_wlan.Rare(self, _ask), name)
