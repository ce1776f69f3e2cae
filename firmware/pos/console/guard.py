"""Who asks: a production image wants proof, an HMAC-SHA256 of its challenge under the console key.

The key is in the file ``console``, sealed under the device key; without one nobody is let in.
Wrong answers are counted on flash before they are looked at, and each costs a wait, which starts
again in full with the power.
"""

from binascii import hexlify, unhexlify
from os import urandom

from micropython import const

from pos import log
from pos.store import files
from pos.store.seal import equal, hmac

TRUST_S = const(600)  # without a command, until the next challenge

_LABEL = b"TapTill console 1"
_LONGEST_S = const(300)

# Places in Terminal.asker: until when the last proof holds, what is to be answered, when the last
# wrong answer came; in seconds of the uptime
_TRUSTED = const(0)
_CHALLENGE = const(1)
_WRONG = const(2)


async def trusted(t) -> bool:
    """Whether commands are carried out; each makes it last for another ten minutes."""
    if t.open_line:
        return True
    now = t.uptime()
    if now >= _asker(t)[_TRUSTED]:
        return False
    t.asker[_TRUSTED] = now + TRUST_S
    return True


def _asker(t) -> list:
    t.asker = t.asker or [0, b"", 0]
    return t.asker


async def hello(t, request) -> dict:
    """What this is; of a production image a challenge besides, or how long there is none."""
    answer = {"hello": "TapTill", "serial": t.serial, "development": t.open_line}
    if not t.open_line and t.uptime() >= _asker(t)[_TRUSTED]:
        wait = _wait(t)
        if wait:
            answer["wait_s"] = wait
        else:
            sealer = t.sealer()  # random numbers alone may be poor
            t.asker[_CHALLENGE] = sealer.digest("challenge", urandom(32))[:16]
            answer["challenge"] = hexlify(t.asker[_CHALLENGE]).decode()
    return answer


async def auth(t, request) -> dict:
    """``proof``: the answer to the challenge, in hexadecimal; a challenge serves once."""
    if t.open_line:
        return {"ok": True}
    asker = _asker(t)
    challenge, asker[_CHALLENGE] = asker[_CHALLENGE], b""
    wait = _wait(t)
    if wait or not challenge:
        return {"error": "locked", "wait_s": wait}
    path = t.home + "/console_wrong"
    wrong = min(_wrong(path) + 1, 255)
    files.put(path, bytes((wrong,)))
    t.asker[_WRONG] = t.uptime()
    try:
        proof = unhexlify(request.get("proof", ""))
        key = t.sealer().open("console", files.load(t.home + "/console") or b"")
    except (ValueError, TypeError, files.Damaged):
        return {"error": "locked", "wait_s": _wait(t)}
    good = equal(hmac(key, _LABEL, challenge, t.serial.encode()), proof)
    files.wipe(key)
    if not good:
        log.warn("console", "wrong answer %d", wrong)
        return {"error": "locked", "wait_s": _wait(t)}
    files.put(path, b"\0")
    t.asker[_TRUSTED] = t.uptime() + TRUST_S
    return {"ok": True}


async def bye(t, request) -> dict:
    """The next one has to prove itself again; nothing is told of what goes by any more."""
    _asker(t)[_TRUSTED] = 0
    log.tap = None
    return {"ok": True}


def _wrong(path) -> int:
    return (files.load(path) or b"\0")[0]


def _wait(t) -> int:
    """Seconds until a challenge is given: 1, 2, 4 ... after each wrong answer."""
    wrong = _wrong(t.home + "/console_wrong")
    if not wrong:
        return 0
    return max(0, _asker(t)[_WRONG] + min(1 << min(wrong, 9) >> 1, _LONGEST_S) - t.uptime())
