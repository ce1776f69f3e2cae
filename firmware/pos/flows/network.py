"""Which Wi-Fi network the terminal joins: chosen among those that are heard, and tried out."""

from micropython import const

from pos import log
from pos.store import wifi
from pos.ui import entry, text
from pos.ui.frame import FAULT, OK
from pos.words import say

_READ_MS = 10000
_WAIT_MS = 120000
_MOST_NAME = const(32)  # IEEE 802.11: octets of an SSID
_LEAST_KEY = const(8)  # WPA: a passphrase has 8 to 63 characters
_MOST_KEY = const(63)
_STRONG, _FAIR, _WEAK = const(-55), const(-67), const(-80)  # dBm


async def run(t) -> bool:
    """Whether the terminal has joined a network, which it knows from now on."""
    title = say("menu_network")
    while True:
        await t.show("working", title, say("net_scan"))
        found = await _heard(t)

        def mark(canvas, index, y, found=found):
            if index < len(found):
                _mark(canvas, y, *found[index][1:])

        items = [name for name, _, _ in found] + [say("net_hidden"), say("net_again")]
        choice = await entry.choose(t.ui, title, items, _WAIT_MS, mark)
        if choice is None:
            return False
        if choice == len(found) + 1:
            continue
        least = _LEAST_KEY
        if choice < len(found):
            name, _, locked = found[choice]
        else:
            least = 0
            locked = True
            name = await text.ask(t.ui, title, say("net_name"), 1, _MOST_NAME, False, _WAIT_MS)
        if name and await _join(t, name, locked, least):
            return True


async def _heard(t) -> list:
    """(name, dBm, locked) of each network, the strongest first."""
    if not t.network:
        t.join("", "")
    best = {}
    try:
        for name, power, locked in t.network.scan():
            if name and (name not in best or best[name][1] < power):
                best[name] = (name, power, locked)
    except OSError as error:
        log.warn("network", "scan: %s", str(error))
    return sorted(best.values(), key=lambda row: -row[1])


def _mark(canvas, y, power, locked):
    """Four bars for the signal (dBm), and a lock, at the right of an entry of the list."""
    lit = 1 + (power >= _WEAK) + (power >= _FAIR) + (power >= _STRONG)
    for i in range(4):
        high = 4 + 4 * i
        canvas.box(204 + 5 * i, y + 26 - high, 4, high, "ink" if i < lit else "line")
    if locked:
        canvas.box(186, y + 17, 12, 9, "muted")
        canvas.box(188, y + 11, 8, 2, "muted")
        canvas.box(188, y + 11, 2, 6, "muted")
        canvas.box(194, y + 11, 2, 6, "muted")


async def _join(t, name, locked, least) -> bool:
    """Whether the network takes the password; asked again while only that is wrong."""
    before = t.network
    key = ""
    while True:
        if locked:
            key = await text.ask(t.ui, name, say("net_key"), least, _MOST_KEY, True, _WAIT_MS)
            if key is None:
                return False
        await t.show("working", name, say("net_joining"))
        t.join(name, key)
        try:
            await t.network.up()
        except OSError as error:
            t.network = before
            t.ui.set_status(network=FAULT)
            why = str(error)
            log.warn("network", "%s", why)
            t.buzzer.bad()
            await t.show("message", "bad", name, say(why), _READ_MS)
            if not locked or why != "net_password":
                return False
        else:
            wifi.save(t.root, t.sealer(), name, key)
            t.ui.set_status(network=OK)
            t.buzzer.ok()
            await t.show("message", "ok", name, say("net_done"), _READ_MS)
            return True
