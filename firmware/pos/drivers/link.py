"""Ways to the host: how each is brought up, and why it does not come up.

``net`` is the module ``network``. The text of an OSError is the name of the words for it.
"""

import asyncio
import time

from micropython import const

_WAIT_MS = const(15000)
_POLL_MS = const(200)
_TRIES = const(1)  # after the first one
_HANDSHAKE = const(15)  # it timed out: a wrong password, as wifi_err_reason_t puts it [M]
_CABLE = const(3)  # status of a LAN from which on it has a cable: ETH_CONNECTED [M]


async def join_wifi(net, wlan, ssid: str = "", key: str = "") -> None:
    """Join a network; raises OSError: net_unset, net_none, net_password, net_address."""
    if not ssid:
        raise OSError("net_unset")
    wlan.active(True)
    wlan.disconnect()  # a chip that is still trying takes no other order
    wlan.config(reconnects=_TRIES)  # it says what is wrong only when it gives up
    wlan.connect(ssid, key)
    began = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), began) < _WAIT_MS:
        if wlan.isconnected():
            wlan.config(reconnects=-1)  # it comes back by itself
            return
        status = wlan.status()
        if status in (_HANDSHAKE, net.STAT_WRONG_PASSWORD, net.STAT_HANDSHAKE_TIMEOUT):
            raise OSError("net_password")
        if status == net.STAT_NO_AP_FOUND:
            raise OSError("net_none")
        await asyncio.sleep_ms(_POLL_MS)
    try:
        wlan.status("rssi")
        why = "net_address"  # it is joined, but nobody has given it an address
    except OSError:
        why = "net_none"
    raise OSError(why)


async def join_lan(lan) -> None:
    """Wait for an address on the cable; raises OSError: net_cable, net_address."""
    lan.active(True)
    began = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), began) < _WAIT_MS:
        if lan.isconnected():
            return
        await asyncio.sleep_ms(_POLL_MS)
    raise OSError("net_address" if lan.status() == _CABLE else "net_cable")


def heard(net, wlan) -> list:
    """(name, dBm, whether it wants a password) of all that is heard; raises OSError.

    It takes the chip some two seconds. What is no UTF-8 is left out.
    """
    wlan.active(True)
    found = []
    for ssid, _, _, power, security, _ in wlan.scan():
        try:
            found.append((ssid.decode(), power, security != net.AUTH_OPEN))
        except UnicodeError:
            pass
    return found
