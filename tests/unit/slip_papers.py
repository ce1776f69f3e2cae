"""Each kind of slip in both languages, printed; tests/vectors/slips holds what they say.

    python tests/unit/slip_papers.py

writes them anew, and a picture of each to build/slips.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GOLDEN = ROOT / "tests" / "vectors" / "slips"
LANGUAGES = ("en", "zh")

# Run on CPython for a printer that knows Chinese, on MicroPython for one that does not
SOURCE = """
from pos import words
from pos.slips import lists, sale, settlement

SHOP = {"en": "TAPTILL TEST SHOP", "zh": "北京市朝阳区一家名字很长的测试商店（总店）"}
TXN = {
    "kind": "sale", "state": "approved", "trace": 42, "batch": 7, "amount": 128000,
    "when": "20261123091502", "operator": "01", "entry": "071", "pan": "621234******1232",
    "rrn": "260911000123", "auth": "A1B2C3", "rc": "00", "issuer": "01020000",
    "acquirer": "48981000", "merchant_id": "898100012340001", "terminal_id": "12345678",
    "aid": "A000000333010101", "label": "UNIONPAY DEBIT", "arqc": "1122334455667788",
    "tvr": "0000000000", "atc": "0012", "cvm": "pin", "copies": 0,
}
ORIGINAL = {"orig_trace": 41, "orig_rrn": "632909000041", "orig_auth": "ABC123"}
STEPS = {
    "number": "000007", "merchant_id": "898100012340001", "terminal_id": "12345678",
    "operator": "01", "when": "20261125143000", "debits": 213, "debit_fen": 999999999999,
    "credits": 12, "credit_fen": 98000, "balanced": 1,
}
ROWS = {
    "sale": [200, 999999000000], "void": [11, 97000], "refund": [1, 1000], "ec_sale": [3, 980],
    "completion": [9, 99], "notice": [1, 1], "completion_void": [1, 1], "instalment_void": [1, 1],
    "tip": [1, 100],
}
PAIRS = [
    ("VERSION", "0.9.0"), ("MicroPython", "1.24.1"), None, ("TMK KCV", "82E136"),
    ("PIK KCV", "A5E2DC"), None,
]


def made(language, **changes):
    txn = TXN.copy()
    txn.update(changes)
    return txn


def copy(language, which="merchant", **changes):
    return sale.sale_slip(made(language, **changes), which, SHOP[language], True)


def report(language, **changes):
    return sale.report(made(language, **changes), SHOP[language], True)


NONE = 0, 0, 0, 0, 1
ABROAD = {"sale": [1, 10000], "refund": [2, 310000]}
FOREIGN = 10000, 1, 310000, 2, 2


def batch(language):
    for i, kind in enumerate(("sale", "void", "notice", "instalment_void", "ec_sale", "refund")):
        fen = 999999999999 if kind == "refund" else 128000 * (i + 1)
        yield made(language, kind=kind, trace=42 + i, amount=fen)


SLIPS = {
    "sale": lambda l: copy(l, cvm="none 30000", amount=28000),
    "sale_pin_cardholder": lambda l: copy(l, "cardholder", copies=1),
    "sale_signed": lambda l: copy(l, cvm="signature", entry="012", arqc="", tvr="", aid="",
                                  label="", atc=""),
    "sale_again": lambda l: copy(l, copies=2, cvm="cdcvm"),
    "sale_largest": lambda l: copy(l, amount=999999999999, cvm="pin_sign",
                                   pan="621234*********4567"),
    "sale_by_phone": lambda l: copy(l, cvm="absent", entry="012", arqc="", tvr="", aid="",
                                    label="", atc=""),
    "sale_in_part": lambda l: copy(l, asked=150000),
    "void": lambda l: copy(l, kind="void", cvm="signature", **ORIGINAL),
    "refund": lambda l: copy(l, kind="refund", cvm="pin_sign", orig_date="1120",
                             orig_rrn="632909000041"),
    "preauth": lambda l: copy(l, kind="preauth"),
    "preauth_add": lambda l: copy(l, kind="preauth_add", orig_auth="ABC123"),
    "preauth_void": lambda l: copy(l, kind="preauth_void", cvm="signature", orig_auth="ABC123",
                                   orig_date="1120"),
    "completion": lambda l: copy(l, kind="completion", orig_auth="ABC123", orig_date="1120"),
    "completion_void": lambda l: copy(l, kind="completion_void", cvm="signature",
                                      orig_date="1120", **ORIGINAL),
    "notice": lambda l: copy(l, kind="notice", cvm="signature", orig_auth="ABC123",
                             orig_date="1120"),
    "offline": lambda l: copy(l, kind="offline", cvm="signature", rrn=None, issuer=None,
                              acquirer=None),
    "ec_sale": lambda l: copy(l, kind="ec_sale", cvm="ec", rrn=None, auth=None),
    "adjust": lambda l: copy(l, kind="adjust", base=100000, cvm="absent"),
    "tip": lambda l: copy(l, kind="tip", base=100000, tip=28000, cvm="absent"),
    "instalment": lambda l: copy(l, kind="instalment", months=12, first=10666, fee=9216),
    "instalment_void": lambda l: copy(l, kind="instalment_void", cvm="signature", **ORIGINAL),
    "fault": lambda l: report(l, state="reversing", rc=None, rrn=None, auth=None),
    "reversed": lambda l: report(l, state="reversed", rc=None, rrn=None, auth=None),
    "declined": lambda l: report(l, state="declined", rc="51", auth=None),
    "unheard": lambda l: report(l, kind="refund", state="sending", rc=None, rrn=None, auth=None),
    "refused": lambda l: settlement.refused_slip(made(l, kind="ec_sale", rc="51"), SHOP[l]),
    "settlement": lambda l: settlement.settlement_slip(STEPS, (ROWS, {}), NONE, SHOP[l]),
    "settlement_again": lambda l: settlement.settlement_slip(
        dict(STEPS, balanced=2), ({}, ABROAD), FOREIGN, SHOP[l], True),
    "totals": lambda l: settlement.totals_slip(STEPS, (ROWS, ABROAD), FOREIGN, SHOP[l]),
    "detail": lambda l: lists.detail_slip(STEPS, batch(l), SHOP[l]),
    "check": lambda l: lists.check_slip(
        STEPS,
        PAIRS + [("Memory", "%s 45 KB" % words.say("slip_ok")),
                 ("Reader", words.say("slip_bad") + " PN532")],
        SHOP[l]),
}
"""


def _made() -> dict:
    space: dict = {}
    exec(compile(SOURCE, "slips", "exec"), space)
    return space["SLIPS"]


def names() -> list[str]:
    return list(_made())


def speak(language: str) -> None:
    from pos import words
    from pos.words import en, zh

    words.use({"en": en, "zh": zh}[language].TABLE)


def slip(name: str, language: str) -> bytes:
    """The bytes of a slip, on CPython."""
    speak(language)
    try:
        return b"".join(_made()[name](language))
    finally:
        speak("en")


def printed(data: bytes, **keywords):
    """The printer, when all of it is on paper."""
    from host_tools.vboard.chips.escpos_printer import EscPosPrinter
    from host_tools.vboard.clock import ManualClock
    from host_tools.vboard.wire import UartLine

    clock, line = ManualClock(), UartLine()
    line.board_baudrate = 921600
    printer = EscPosPrinter(clock, line, baudrate=921600, buffer_bytes=1 << 20, **keywords)
    line.from_board(data)
    clock.advance(120_000)
    return printer


def write() -> None:
    import pylopdf_fonts_zh_cn
    from pos.protocol import gbk

    from host_tools.build import han

    gbk.use(han.tables())
    GOLDEN.mkdir(exist_ok=True)
    pictures = ROOT / "build" / "slips"
    pictures.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        papers = []
        for name in names():
            paper = printed(slip(name, language), cjk_font=pylopdf_fonts_zh_cn.sans_path())
            assert not paper.faults, paper.faults
            lines = "\n".join(line.text for line in paper.lines).rstrip("\n")
            papers.append(f"=== {name} ===\n{lines}\n")
            paper.image().save(pictures / f"{name}.{language}.png")
        (GOLDEN / f"{language}.txt").write_text("\n".join(papers), encoding="utf-8")


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "firmware"), str(ROOT / "tests" / "cpython_shims")]
    write()
