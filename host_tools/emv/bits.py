"""What the bits of EMV data objects say: (byte from 1, mask, words) of each that means something.

EMV Book 3, Annex C (AIP, AUC, TVR, TSI), EMV Book 4, Annex A (terminal), Contactless Book A, 5.7
(TTQ), C-2, Annex A, C-3 and C-7 (CTQ). [M] where the line says so.
"""


def _read(text: str) -> tuple[tuple[int, int, str], ...]:
    rows = []
    for line in text.strip().split("\n"):
        byte, mask, words = line.split(" ", 2)
        rows.append((int(byte), int(mask, 16), words))
    return tuple(rows)


_TVR = _read("""
1 80 offline data authentication was not performed
1 40 SDA failed
1 20 ICC data missing
1 10 card on the terminal's exception file
1 08 DDA failed
1 04 CDA failed
1 02 SDA selected
2 80 card and terminal have different application versions
2 40 expired application
2 20 application not yet effective
2 10 requested service not allowed for the card product
2 08 new card
3 80 cardholder verification was not successful
3 40 unrecognised CVM
3 20 PIN try limit exceeded
3 10 PIN entry required and PIN pad not present or not working
3 08 PIN entry required, PIN pad present, but PIN not entered
3 04 online PIN entered
4 80 transaction exceeds the floor limit
4 40 lower consecutive offline limit exceeded
4 20 upper consecutive offline limit exceeded
4 10 selected randomly for online processing
4 08 merchant forced the transaction online
5 80 default TDOL used
5 40 issuer authentication failed
5 20 script processing failed before the final GENERATE AC
5 10 script processing failed after the final GENERATE AC
5 08 relay resistance threshold exceeded
5 04 relay resistance time limits exceeded
""")
_TSI = _read("""
1 80 offline data authentication was performed
1 40 cardholder verification was performed
1 20 card risk management was performed
1 10 issuer authentication was performed
1 08 terminal risk management was performed
1 04 script processing was performed
""")
_AIP = _read("""
1 40 SDA supported
1 20 DDA supported
1 10 cardholder verification supported
1 08 terminal risk management to be performed
1 04 issuer authentication supported
1 02 on-device cardholder verification supported
1 01 CDA supported
2 80 EMV mode supported (kernel 2), MSD supported (kernel 3)
2 01 relay resistance protocol supported
""")
_AUC = _read("""
1 80 domestic cash
1 40 international cash
1 20 domestic goods
1 10 international goods
1 08 domestic services
1 04 international services
1 02 at ATMs
1 01 at terminals other than ATMs
2 80 domestic cashback
2 40 international cashback
""")
_CTQ = _read("""
1 80 online PIN required
1 40 signature required
1 20 go online if offline data authentication fails
1 10 switch interface if offline data authentication fails
1 08 go online if the application has expired
1 04 switch interface for cash
1 02 switch interface for cashback
2 80 consumer device CVM performed
2 40 issuer update processing supported
""")
_TTQ = _read("""
1 80 MSD supported
1 40 contactless VSDC or debit/credit supported
1 20 contactless EMV mode (qVSDC, qPBOC) supported
1 10 contact EMV supported
1 08 offline-only reader
1 04 online PIN supported
1 02 signature supported
1 01 offline data authentication for online transactions supported
2 80 online cryptogram required
2 40 CVM required
2 20 offline PIN (contact) supported
3 80 issuer update processing supported
3 40 consumer device CVM supported
4 80 fDDA version 1 supported
""")
_INPUT = """
1 80 manual key entry
1 40 magnetic stripe
1 20 IC with contacts
"""
_CVM = """
{0} 80 plaintext PIN for ICC verification
{0} 40 enciphered PIN for online verification
{0} 20 signature (paper)
{0} 10 enciphered PIN for offline verification
{0} 08 no CVM required
"""
_SECURITY = """
{0} 80 SDA
{0} 40 DDA
{0} 20 card capture
{0} 08 CDA
"""
_ADDITIONAL = _read("""
1 80 cash
1 40 goods
1 20 services
1 10 cashback
1 08 inquiry
1 04 transfer
1 02 payment
1 01 administrative
2 80 cash deposit
3 80 numeric keys
3 40 alphabetic and special character keys
3 20 command keys
3 10 function keys
4 80 print, attendant
4 40 print, cardholder
4 20 display, attendant
4 10 display, cardholder
4 02 code table 10
4 01 code table 9
5 80 code table 8
5 40 code table 7
5 20 code table 6
5 10 code table 5
5 08 code table 4
5 04 code table 3
5 02 code table 2
5 01 code table 1
""")
_KERNEL_CONFIGURATION = _read("""
1 80 mag-stripe mode not supported
1 40 EMV mode not supported
1 20 on-device cardholder verification supported
1 10 relay resistance protocol supported
1 08 reserved for the payment system
1 04 read all records even when no CDA
""")

BITS = {
    0x82: _AIP,
    0x95: _TVR,
    0x9B: _TSI,
    0x9F07: _AUC,
    0x9F0D: _TVR,
    0x9F0E: _TVR,
    0x9F0F: _TVR,
    0x9F33: _read(_INPUT.strip() + _CVM.format(2).rstrip() + _SECURITY.format(3).rstrip()),
    0x9F40: _ADDITIONAL,
    0x9F66: _TTQ,
    0x9F6C: _CTQ,
    0xDF11: _TVR,
    0xDF12: _TVR,
    0xDF13: _TVR,
    0xDF8117: _read(_INPUT),
    0xDF8118: _read(_CVM.format(1)),
    0xDF8119: _read(_CVM.format(1)),
    0xDF811B: _KERNEL_CONFIGURATION,
    0xDF811F: _read(_SECURITY.format(1)),
    0xDF8120: _TVR,
    0xDF8121: _TVR,
    0xDF8122: _TVR,
}


def words(tag: int, value: bytes) -> list[str]:
    """A line for each bit that is set, e.g. "byte 2, 40: expired application"."""
    table = BITS.get(tag)
    if table is None:
        return []
    lines = []
    for at, byte in enumerate(value, 1):
        known = [(mask, text) for number, mask, text in table if number == at]
        lines += [f"byte {at}, {mask:02X}: {text}" for mask, text in known if byte & mask]
        rest = byte & ~sum(mask for mask, _ in known) & 0xFF
        if rest:
            lines.append(f"byte {at}, {rest:02X}: {_rest(tag, at, rest)}")
    return lines


def _rest(tag: int, byte: int, value: int) -> str:
    if BITS[tag] is _TVR and byte == 5 and value & 3:
        return {1: "relay resistance not performed", 2: "relay resistance performed"}.get(
            value, "not known"
        )
    return "not known here"
