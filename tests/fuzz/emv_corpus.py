"""Good conversations, to be damaged: every card model and every script of tests/vectors/emv."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
sys.path[:0] = [
    path
    for path in map(
        str, (ROOT, ROOT / "firmware", TESTS / "cpython_shims", TESTS / "unit", TESTS / "fuzz")
    )
    if path not in sys.path
]

import test_emv  # noqa: E402 - the scripts, and their notation
from pos.emv import config, entry, outcome  # noqa: E402
from pos.protocol import apdu  # noqa: E402
from pos.store import emv_files  # noqa: E402

from host_tools.build.emv_data import load_config, pack_aids, pack_ca_keys  # noqa: E402
from host_tools.vboard.cards.loader import card_names, load_card  # noqa: E402

LOSSES = ("CardLost", "CardUnreadable", "Collision")
# what a terminal knows of itself
TERMINAL = {
    0x9F1A: b"\x01\x56",
    0x5F2A: b"\x01\x56",
    0x9F33: b"\xe0\xe1\xc8",
    0x9F35: b"\x22",
    0x9F1E: b"12345678",
}
_FLOORS = ("DF19", "DF8123")

Answer = bytes | str  # or the name of a loss


@dataclass(frozen=True)
class Talk:
    """One conversation: the terminal's side, and what was said. ``keys``: records E2."""

    name: str
    kernel: int
    aids: bytes  # records E1
    keys: bytes
    txn: dict
    exchanges: tuple[tuple[bytes, Answer], ...]

    def begin(self):
        """The transaction's generator."""
        aids = [config.aid(record) for record in config.records(self.aids)]
        return entry.transaction({"terminal": TERMINAL, "aids": aids}, self.txn)

    def key(self, wish):
        """What a terminal answers to a CaKey request."""
        return emv_files.find(self.keys, wish.rid, wish.index)


def _sale(amount: int, **more: int) -> dict:
    moment = {"date": "261123", "time": "091502", "un": b"\x11\x22\x33\x44", "stan": 42}
    return {"amount": amount, "other": 0, "type": 0, **moment, **more}


def talk(name: str, aids: bytes, amount: int, said: tuple) -> Talk:
    """A conversation with the CA keys of the ROM image."""
    return Talk(name, 0, aids, pack_ca_keys(load_config().ca_keys), _sale(amount), said)


def corpus() -> list[Talk]:
    """All of them, card models first; the same ones each time."""
    return [*_models(), *_scripts()]


def _models() -> list[Talk]:
    known = load_config()
    lax = tuple(
        replace(aid, tags={t: v for t, v in aid.tags.items() if t not in _FLOORS})
        for aid in known.aids
    )
    keys = pack_ca_keys(known.ca_keys)
    found = []
    for name in card_names():
        for how, aids, amount in (("online", known.aids, 128000), ("offline", lax, 1280)):
            talk = Talk(f"{name} {how}", 0, pack_aids(aids), keys, _sale(amount), ())
            found.append(_played(talk, load_card(name)))
    return found


def _played(talk: Talk, card) -> Talk:
    """``talk`` with what passes between terminal and card."""
    said: list[tuple[bytes, Answer]] = []
    kernel = talk.begin()
    step = next(kernel)
    try:
        while True:
            if isinstance(step, outcome.Ui):
                step = kernel.send(None)
            elif isinstance(step, outcome.CaKey):
                step = kernel.send(talk.key(step))
            else:
                answer = card.exchange(bytes(step))
                said.append((bytes(step), "CardLost" if answer is None else answer))
                step = kernel.throw(apdu.CardLost()) if answer is None else kernel.send(answer)
    except StopIteration as end:
        return replace(talk, kernel=end.value.kernel, exchanges=tuple(said))


def _scripts() -> list[Talk]:
    keys = pack_ca_keys(load_config().ca_keys)
    found = []
    for name, script in test_emv.SCRIPTS.items():
        terms = test_emv.setting(script)
        record = bytes.fromhex(terms.get("record", "")) or _record(terms)
        aids = b"\xe1\x82" + len(record).to_bytes(2, "big") + record
        more = {key: terms[key] for key in ("type", "other") if key in terms}
        said = tuple(
            (bytes.fromhex(want), answer if answer in LOSSES else bytes.fromhex(answer))
            for want, answer in test_emv.exchanges(script)
        )
        sale = _sale(terms.get("amount", 1280), **more)
        found.append(Talk(name, terms.get("kernel", 7), aids, keys, sale, said))
    return found


def _record(terms: dict) -> bytes:
    """The AID record that the scripts' player makes where a script has none of its own."""
    kernel = terms.get("kernel", 7)
    aid = {2: "A0000000041010", 3: "A0000000031010"}.get(kernel, "A0000003330101")
    return bytes.fromhex(
        f"9F0607{aid}9F2A01{kernel:02X}9F6604{terms.get('ttq', '26004000')}9F09020030"
        "DF2006000000500000DF2106000000100000"
    )
