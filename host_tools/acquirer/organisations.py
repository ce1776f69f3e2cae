"""Whose card it is: the organisation (F63), by the application that paid, else by the card number.

UnionPay's cards are own ones; all others count apart in a settlement (F48, F62 of the upload).
The ranges are data, from memory [M]: an acquirer has its own table.
"""

from collections.abc import Mapping

OWN = "CUP"
# RID of the application (F55, 84) -> organisation
APPLICATIONS = {
    "A000000333": OWN,
    "A000000003": "VIS",
    "A000000004": "MCC",
    "A000000025": "AMX",
    "A000000065": "JCB",
    "A000000152": "DCC",
}
# First digits of the PAN -> organisation; what is not here is an own card
RANGES = {
    **dict.fromkeys(("4",), "VIS"),
    **dict.fromkeys(("51", "52", "53", "54", "55", "22", "23", "24", "25", "26", "27"), "MCC"),
    **dict.fromkeys(("34", "37"), "AMX"),
    **dict.fromkeys(("35",), "JCB"),
    **dict.fromkeys(("30", "36", "38", "39"), "DCC"),
}


def of(pan: str, icc: Mapping[str, bytes] | None) -> str:
    """The organisation of a card; ``icc``: the objects of its F55, where it has one."""
    aid = (icc or {}).get("84") or (icc or {}).get("9F06")
    if aid:
        return APPLICATIONS.get(aid[:5].hex().upper(), OWN)
    return next((RANGES[pan[:size]] for size in (1, 2) if pan[:size] in RANGES), OWN)


def foreign(organisation: str) -> bool:
    """Whether its cards have totals of their own."""
    return organisation != OWN
