"""The stories that are cut off: which part of which scenario file, and what it is about.

A story is filmed from one step of its file to another; the steps before it happen first. Between
them the stories have every kind of transaction that there is.
"""

from dataclasses import dataclass
from functools import cache

from pos.protocol import unionpay

from host_tools.device import scenario
from host_tools.device.scenario import SCENARIOS, Scenario, Step

_ANY = ("--", "==")  # of the table: not sent, or as in the original
_DOWNLOADS = (
    *("parameters", "parameters_end", "capk_query", "capk", "capk_end"),
    *("aid_query", "aid", "aid_end", "blocked", "blocked_end", "limits", "limits_end"),
)


@dataclass(frozen=True)
class Story:
    """Steps ``begins`` to ``ends`` of a scenario file, counted as they stand in it (from 1).

    ``kinds``: those of unionpay.TRANSACTIONS that are sent; ``cuts``: how many belong to the
    sample.
    """

    file: str
    begins: int
    ends: int
    kinds: tuple[str, ...]
    cuts: int = 7

    @property
    def scenario(self) -> Scenario:
        """The file, read."""
        return _load(self.file)

    def first(self) -> list[Step]:
        """What happens before. A bench is switched on and logged in, so step 1 is left out."""
        return [step for step in self.scenario.steps if 1 < _number(step) < self.begins]

    def steps(self) -> list[Step]:
        """The story."""
        steps = self.scenario.steps
        return [step for step in steps if self.begins <= _number(step) <= self.ends]


STORIES = {
    "sale": Story("sale_with_pin", 2, 13, ("sale",), 16),
    "reversal": Story("void_silent", 3, 23, ("void", "reversal"), 10),
    "void": Story("void_sale", 3, 11, ("void",)),
    "refund": Story("refund_silent", 3, 21, ("refund",), 8),
    "balance": Story("balance", 2, 10, ("balance",), 4),
    "preauth": Story("preauth_completion", 2, 6, ("preauth",)),
    "completion": Story("preauth_completion", 8, 16, ("completion",)),
    "completion_void": Story("preauth_completion", 18, 25, ("completion_void",)),
    "notice": Story("preauth_notice", 7, 24, ("notice",), 8),
    "preauth_add": Story("preauth_void", 7, 16, ("preauth_add",)),
    "preauth_void": Story("preauth_void", 17, 30, ("preauth_void",)),
    "offline": Story("upload_before_settlement", 2, 3, ("offline", "sale"), 10),
    "ec_sale": Story("settle_chip_offline", 2, 8, ("ec_sale", "settlement", "upload"), 12),
    "adjust": Story("offline_voice", 21, 29, ("adjust",)),
    "tip": Story("tip", 3, 13, ("tip",)),
    "instalment": Story("instalment", 2, 8, ("instalment",)),
    "instalment_void": Story("instalment", 10, 17, ("instalment_void",)),
    "moto_sale": Story("moto_sale", 2, 12, ("sale",)),
    "moto_preauth": Story("moto_refund", 2, 10, ("preauth",)),
    "moto_completion": Story("moto_refund", 11, 19, ("completion",)),
    "moto_refund": Story("moto_refund", 20, 35, ("refund",)),
    "settlement": Story("settle_all_kinds", 44, 49, ("settlement", "upload"), 18),
    "download": Story("download_all", 2, 8, _DOWNLOADS, 10),
    "host_menu": Story("menu_host", 2, 22, ("echo", "status", "sign_in", "sign_off")),
    # as a sale, but the result of a script waits on the flash: no card delivers one yet
    "script": Story("sale_with_pin", 2, 13, ("sign_in", "script", "sale")),
}


@cache
def _load(file: str) -> Scenario:
    return scenario.load(SCENARIOS / f"{file}.yaml")


def _number(step: Step) -> int:
    return int(step.where.partition(",")[0])


def kinds(records) -> set[str]:
    """The kinds of unionpay.TRANSACTIONS among the messages of a host's log."""
    asked = [r for r in records if r["event"] in ("request", "not_processed")]
    rows = [line.split()[:6] for line in unionpay.TRANSACTIONS.strip().splitlines()]
    return {kind for kind, *row in rows for r in asked if _is(r["mti"], r["fields"], *row)}


def _is(there, fields, mti, f3, f25, f60, code) -> bool:
    if there != mti:
        return False
    if mti == "0320":  # carries the type of what it uploads
        return True
    sent = fields.get("60", "")
    absent = {"00": "08", "06": "18"}.get(f25)  # the card is not there
    return (
        (f3[:2] in _ANY or fields.get("3") == f3)
        and (f25 in _ANY or fields.get("25") in (f25, absent))
        and (f60 in _ANY or sent[:2] == f60)
        and (code[:2] in _ANY or sent[8:11] == code)
    )
