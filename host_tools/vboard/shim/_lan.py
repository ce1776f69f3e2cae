"""``LAN`` of ``network``: an Ethernet chip with a socket for a cable."""

from network import _ask


class LAN:
    """The chip behind the socket; its bus carries nothing here, as ``WLAN`` has none."""

    def __init__(self, id=0, **wiring):
        pass

    def active(self, is_active=None):
        return _ask(op="lan", value=is_active)

    def status(self):
        """0 initialised, 3 has a cable, 4 has none, 5 has an address; ESP-IDF's events [M]."""
        return _ask(op="lan_status")

    def isconnected(self):
        return self.status() == 5

    def ifconfig(self, configtuple=None):
        return tuple(_ask(op="ifconfig"))
