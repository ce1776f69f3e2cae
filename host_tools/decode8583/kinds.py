"""The transactions of the dialect as rows: what tells them apart (reference, section 3).

The words of ``KINDS`` are those of the terminal's journal and of the host's ledger.
"""

from dataclasses import dataclass

# MOTO keeps the row of its base transaction; F25 says it.
MOTO = {"08": "00", "18": "06"}


@dataclass(frozen=True)
class Kind:
    """One transaction. "-" is a field that is not sent, "*" any value.

    ``mac``: ends in F64. ``advice``: no reversal, repeated until it is answered.
    """

    name: str
    title: str
    mti: str
    f3: str
    f25: str
    f60_1: str
    f60_3: str
    mac: bool = False
    reversible: bool = False

    @property
    def advice(self) -> bool:
        """Whether it tells what has happened already."""
        return self.mti == "0220"


# name, MTI, F3, F25, F60.1, F60.3, "M" carries a MAC, "R" may be reversed, title
_ROWS = """
sale              0200 000000 00 22 000 MR sale
void              0200 200000 00 23 000 MR void of a sale
refund            0220 200000 00 25 000 M- refund
balance           0200 310000 00 01 000 M- balance
preauth           0100 030000 06 10 000 MR pre-authorisation
preauth_void      0100 200000 06 11 000 MR void of a pre-authorisation
preauth_add       0100 030000 60 10 000 MR added pre-authorisation
completion        0200 000000 06 20 000 MR completion of a pre-authorisation
completion_void   0200 200000 06 21 000 MR void of a completion
notice            0220 000000 06 24 000 M- completion notice
offline           0220 000000 00 30 000 M- offline sale
ec_sale           0220 000000 00 36 000 M- sale that the chip approved offline
ec_refund         0220 200000 00 27 000 M- refund of a sale that the chip approved offline
adjust            0220 000000 00 32 000 M- adjustment
tip               0220 000000 00 34 000 M- tip
instalment        0200 000000 64 22 000 MR sale in instalments
instalment_void   0200 200000 64 23 000 MR void of a sale in instalments
points_sale       0200 000000 65 22 000 MR sale by points
points_void       0200 200000 65 23 000 MR void of a sale by points
points_query      0200 310000 65 03 000 M- points query
reservation       0200 ****** 67 54 000 MR reservation sale
reservation_void  0200 ****** 67 53 000 MR void of a reservation sale
verification      0100 330000 ** ** 000 M- account verification
ec_load           0200 600000 91 45 000 MR load from the card's own account
ec_load_cash      0200 630000 91 46 000 MR load with cash
ec_load_other     0200 620000 91 47 000 MR load from another account
ec_load_void      0200 170000 91 51 000 MR void of a load
script_result     0620 ****** ** ** 951 M- result of an issuer script
sign_in           0800 ------ -- 00 001 -- sign-in, single DES
sign_in           0800 ------ -- 00 003 -- sign-in, 3DES
sign_in           0800 ------ -- 00 004 -- sign-in, 3DES with track key
sign_in           0800 ------ -- 00 005 -- sign-in, SM4
sign_off          0820 ------ -- 00 002 -- sign-off
echo              0820 ------ -- 00 301 -- echo test
parameters        0800 ------ -- 00 360 -- parameter download
parameters_end    0800 ------ -- 00 361 -- end of the parameter download
status            0820 ------ -- 00 362 -- status upload
capk              0800 ------ -- 00 370 -- CA key download
capk_end          0800 ------ -- 00 371 -- end of the CA key download
capk_query        0820 ------ -- 00 372 -- CA key query
aid               0800 ------ -- 00 380 -- AID download
aid_end           0800 ------ -- 00 381 -- end of the AID download
aid_query         0820 ------ -- 00 382 -- AID query
black_list        0800 ------ -- 00 390 -- black list download
black_list_end    0800 ------ -- 00 391 -- end of the black list download
contactless       0800 ------ -- 00 394 -- contactless parameter download
contactless_end   0800 ------ -- 00 395 -- end of the contactless parameter download
cashier_sign_in   08*0 ------ -- 00 401 -- cashier points sign-in
settlement        0500 ------ -- 00 201 -- settlement
batch             0320 ------ -- 00 201 -- batch upload, stripe and manual
batch_end         0320 ------ -- 00 202 -- end of the batch upload, not balanced
batch_end         0320 ------ -- 00 207 -- end of the batch upload, balanced
batch_ic          0320 ****** ** 00 203 -- batch upload of a chip transaction, balanced
batch_ic          0320 ****** ** 00 205 -- batch upload of a chip transaction, not balanced
batch_failed      0320 ****** ** 00 204 -- batch upload of a failed chip transaction, balanced
batch_failed      0320 ****** ** 00 206 -- batch upload of a failed chip transaction, not balanced
"""


def _read(line: str) -> Kind:
    name, mti, f3, f25, type_, code, flags, title = line.split(None, 7)
    return Kind(name, title, mti, f3, f25, type_, code, flags[0] == "M", flags[1] == "R")


KINDS = tuple(_read(line) for line in _ROWS.strip().splitlines())


def by_name(name: str) -> Kind | None:
    """The (first) row of that name."""
    return next((kind for kind in KINDS if kind.name == name), None)


def title(mti: str, f3: str | None, f25: str | None, f60: str | None) -> str | None:
    """What kind of message this is, in words; None when the table has no such row."""
    if len(mti) != 4 or not mti.isdigit():
        return None
    answer = int(mti[2]) % 2 == 1
    request = f"{mti[:2]}{int(mti[2]) - answer}{mti[3]}"
    base, moto = MOTO.get(f25 or "", f25), f25 in MOTO
    if f60 and len(f60) >= 11:
        said = _title(request, f3, base, f60[:2], f60[8:11])
    else:  # the best that can be said of a message that is broken or has no F60
        said = _title(request, f3, base, None, None)
        said = said and f"without F60, perhaps {said}"
    if said is None:
        return None
    return (
        ("answer to: " if answer else "") + said + (" (mail or telephone order)" if moto else "")
    )


def _title(
    mti: str, f3: str | None, f25: str | None, type_: str | None, code: str | None
) -> str | None:
    if mti == "0400":
        of = _find(None, f3, f25, type_, code)
        return f"reversal of: {of.title}" if of else "reversal"
    found = _find(mti, f3, f25, type_, code)
    if found is None and mti == "0320":
        of = _find(None, f3, f25, type_, code)
        return f"batch upload of: {of.title}" if of else None
    return found.title if found else None


def _find(
    mti: str | None, f3: str | None, f25: str | None, type_: str | None, code: str | None
) -> Kind | None:
    asked = (mti, f3 or "-", f25 or "-", type_, code)
    for kind in KINDS:
        row = (kind.mti, kind.f3, kind.f25, kind.f60_1, kind.f60_3)
        if all(_fits(*pair) for pair in zip(row, asked, strict=True)):
            return kind
    return None


def _fits(wanted: str, got: str | None) -> bool:
    if got is None:
        return True
    if got == "-":  # an answer may leave out what its request had
        return not wanted.strip("-*")
    return len(wanted) == len(got) and all(w in ("*", g) for w, g in zip(wanted, got, strict=True))
