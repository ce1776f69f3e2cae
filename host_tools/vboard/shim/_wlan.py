"""What of ``network.WLAN`` is used rarely."""


class Rare:
    """The methods of a ``WLAN`` that asks the radio by ``ask``."""

    def __init__(self, wlan, ask):
        self._wlan = wlan
        self._ask = ask

    def scan(self):
        """(ssid, bssid, channel, RSSI, security, hidden) of each access point heard."""
        return [
            (s.encode(), bytes.fromhex(b), c, r, a, h) for s, b, c, r, a, h in self._ask(op="scan")
        ]

    def ifconfig(self, value=None):
        return tuple(self._ask(op="ifconfig"))

    def ipconfig(self, param):
        address, mask, gateway, _ = self._ask(op="ifconfig")
        return {"addr4": (address, mask), "gw4": gateway}[param]

    def config(self, param=None, **values):
        return self._ask(op="config", param=param) if param else None
