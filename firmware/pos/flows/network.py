"""How the terminal gets to the host: Wi-Fi that is heard, a cable, a modem. Each is tried out."""

from micropython import const

from pos import log
from pos.store import wifi
from pos.ui import entry, signal, text
from pos.ui.frame import FAULT, OK
from pos.words import say

_READ_MS = 10000
_WAIT_MS = 120000
_MOST_NAME = const(32)  # IEEE 802.11: octets of an SSID
_LEAST_KEY = const(8)  # WPA: a passphrase has 8 to 63 characters
_MOST_KEY = const(63)
_MOST_APN = const(63)  # 3GPP TS 23.003, 9.1: 100 octets; none that is given out is so long
_APNS = ("cmnet", "3gnet", "ctnet")  # of China Mobile, Unicom, Telecom
_STRONG = const(-55)  # dBm
_FAIR = const(-67)
_WEAK = const(-80)


async def run(t) -> bool:
    """Whether the terminal has another network, which it knows from now on. Those that the board
    has are offered."""
    title = say("menu_network")
    while True:
        way = t.ways[0]
        if len(t.ways) > 1:
            names = [say("way_" + way) for way in t.ways]
            choice = await entry.choose(t.ui, title, names, _WAIT_MS)
            if choice is None:
                return False
            way = t.ways[choice]
        if way == "wifi":
            done = await _wifi(t, title)
        elif way == "cell":
            done = await _cell(t, say("way_cell"))
        else:
            done = await _try(t, say("way_lan"), way)
        if done is True:
            t.params.update(network=way)
            await t.show("message", "ok", title, say("net_done"), _READ_MS)
            return True
        if len(t.ways) == 1:
            return False


async def _wifi(t, title) -> bool:
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


async def _cell(t, title) -> bool:
    """Whether a call comes up; the access point is one of the usual, or is typed."""
    items = [say("net_apn_auto")] + list(_APNS) + [say("net_hidden")]
    while True:
        choice = await entry.choose(t.ui, title, items, _WAIT_MS)
        if choice is None:
            return False
        apn, key, user = "" if choice == 0 else items[choice], "", ""
        if choice == len(items) - 1:
            apn = await text.ask(t.ui, title, say("net_apn"), 1, _MOST_APN, False, _WAIT_MS)
            user = apn and await text.ask(
                t.ui, apn, say("net_user"), 0, _MOST_KEY, False, _WAIT_MS
            )
            key = user and await text.ask(
                t.ui, apn, say("net_user_key"), 0, _MOST_KEY, True, _WAIT_MS
            )
            if apn is None or user is None or key is None:
                continue
        if await _try(t, title, "cell", apn, key, user) is True:
            wifi.save(t.root, t.sealer(), apn, key, user, way="cell")
            return True


async def _heard(t) -> list:
    """(name, dBm, locked) of each network, the strongest first."""
    best = {}
    before = t.network
    try:
        if t.params["network"] != "wifi" or not before:
            t.join("wifi")
        for name, power, locked in t.network.scan():
            if name and (name not in best or best[name][1] < power):
                best[name] = (name, power, locked)
    except OSError as error:
        log.warn("network", "scan: %s", str(error))
    finally:
        t.network = before or t.network
    return sorted(best.values(), key=lambda row: -row[1])


def _mark(canvas, y, power, locked):
    """The signal (dBm), and a lock, at the right of an entry of the list."""
    lit = 1 + (power >= _WEAK) + (power >= _FAIR) + (power >= _STRONG)
    signal.draw(canvas, y, lit, locked)


async def _join(t, name, locked, least) -> bool:
    """Whether the network takes the password; asked again while only that is wrong."""
    key = ""
    while True:
        if locked:
            key = await text.ask(t.ui, name, say("net_key"), least, _MOST_KEY, True, _WAIT_MS)
            if key is None:
                return False
        done = await _try(t, name, "wifi", name, key)
        if done is True:
            wifi.save(t.root, t.sealer(), name, key)
            return True
        if not locked or done != "net_password":
            return False


async def _try(t, title, *way):
    """True when that way is up, else the name of the words that have said why not."""
    before = t.network
    await t.show("working", title, say("net_joining"))
    t.join(*way)
    try:
        await t.network.up()
    except OSError as error:
        why = str(error)
        log.warn("network", "%s", why)
        if not why.startswith("net_"):
            why = "net_part"  # its chip has a fault of its own
        t.network.down()
        t.network = before
        t.ui.set_status(network=FAULT)
        t.buzzer.bad()
        await t.show("message", "bad", title, say(why), _READ_MS)
        return why
    t.ui.set_status(network=OK)
    t.buzzer.ok()
    return True
