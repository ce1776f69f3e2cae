"""Which clause of the EMV Contactless books a command and an outcome follow, and what numbers say.

Sections of C-2 and their numbers are from memory [M]; C-3 and C-7 are cited by the names of their
steps, which are the same.
"""

_ENTRY = 0

# (kernel, command) -> what leads to it; kernel 0 is the entry point
COMMANDS = {
    (_ENTRY, "SELECT PPSE"): "Book B, 3.3.2: the directory says which applications there are",
    (_ENTRY, "SELECT AID"): "Book B, 3.3.3, Final Combination Selection",
    (_ENTRY, "GET RESPONSE"): "EMV Book 1, 9.2.2: the card has more to say",
    (_ENTRY, "UI request"): "Book A, 9, User Interface Request",
    (_ENTRY, "CA key request"): "EMV Book 2, 5.2 and 6.2, Retrieval of CA Public Key",
    (2, "GET PROCESSING OPTIONS"): "C-2, S2, the PDOL is answered [M]",
    (2, "READ RECORD"): "C-2, S4, the file locator names a record (EMV Book 3, 10.2) [M]",
    (2, "GET DATA"): "C-2, S3, data that is needed and not in a record [M]",
    (2, "GENERATE AC"): "C-2, 7.6, Prepare Generate AC Command [M]",
    (2, "COMPUTE CRYPTOGRAPHIC CHECKSUM"): "C-2, S7, mag-stripe mode [M]",
    (2, "EXCHANGE RELAY RESISTANCE DATA"): "C-2, S3R1, relay resistance protocol [M]",
    (2, "RECOVER AC"): "C-2, a transaction that was torn is recovered [M]",
    (3, "GET PROCESSING OPTIONS"): "C-3, Initiate Application Processing",
    (3, "READ RECORD"): "C-3, Read Application Data (EMV Book 3, 10.2)",
    (3, "GET DATA"): "C-3, Read Application Data",
    (7, "GET PROCESSING OPTIONS"): "C-7, Initiate Application Processing",
    (7, "READ RECORD"): "C-7, Read Application Data (EMV Book 3, 10.2)",
    (7, "GET DATA"): "C-7, Read Application Data",
}

_QUICK = (
    "Book B, 3.3, Combination Selection",
    "C-{0}, Initiate Application Processing",
    "C-{0}, Read Application Data",
    "C-{0}, Card Read Complete",
    "C-{0}, Processing Restrictions",
    "C-{0}, Offline Data Authentication",
    "C-{0}, Cardholder Verification",
    "C-{0}, Card Action Analysis",
)
_C2 = (
    "Book B, 3.3, Combination Selection",
    "C-2, S3, Waiting for GPO Response [M]",
    "C-2, S4, Waiting for EMV Read Record Response [M]",
    "C-2, S4-5-6, all data are there [M]",
    "C-2, 7.7, Processing Restrictions [M]",
    "C-2, S9, Offline Data Authentication [M]",
    "C-2, 7.5, CVM Selection [M]",
    "C-2, 7.8, Terminal Action Analysis [M]",
    "C-2, S9, Waiting for Generate AC Response [M]",
)
# (kernel, step): the constants STEP_ of pos/emv/outcome.py
STEPS = {
    (_ENTRY, 0): "Book B, 3.1 to 3.3, Pre-Processing and Combination Selection",
    **{(3, step): text.format(3) for step, text in enumerate(_QUICK)},
    **{(7, step): text.format(7) for step, text in enumerate(_QUICK)},
    **{(2, step): text for step, text in enumerate(_C2)},
}

# Book A, 9.4
MESSAGES = {
    0x03: "approved",
    0x07: "not authorised",
    0x09: "please enter your PIN",
    0x0F: "processing error",
    0x10: "please remove card",
    0x14: "welcome",
    0x15: "present card",
    0x16: "processing",
    0x17: "card read OK, please remove card",
    0x18: "please insert or swipe card",
    0x19: "please present one card only",
    0x1A: "approved, please sign",
    0x1B: "authorising, please wait",
    0x1C: "insert, swipe or try another card",
    0x1D: "please insert card",
    0x1E: "clear display",
    0x20: "see phone for instructions",
    0x21: "present card again",
}
# By the numbers of pos/emv/outcome.py (which Book A, 6.2 and 9.1 have as words)
KINDS = (
    *("", "APPROVED", "DECLINED", "ONLINE", "TRY_AGAIN", "SELECT_NEXT", "OTHER_INTERFACE"),
    "END",
)
CVMS = ("NO_CVM", "SIGNATURE", "ONLINE_PIN", "CDCVM")
STATUSES = ("not ready", "ready to read", "card read successfully", "processing error")
ODA = ("none", "SDA", "fDDA", "CDA")
# Field 55 of an online request, in the order of the dialect
ONLINE_DATA = (
    *("9F26", "9F27", "9F10", "9F37", "9F36", "95", "9A", "9C", "9F02", "5F2A", "82", "9F1A"),
    *("9F03", "9F33", "9F34", "9F35", "9F1E", "84", "9F09", "9F41", "9F63"),
)


def of_command(kernel: int | None, name: str) -> str:
    """Why the terminal sends this command; empty when the table has nothing."""
    return COMMANDS.get((kernel or _ENTRY, name)) or COMMANDS.get((_ENTRY, name), "")


def of_step(kernel: int, step: int) -> str:
    """Where in the books an outcome was reached."""
    return STEPS.get((kernel, step), f"kernel {kernel}, step {step}")


def message(number: int) -> str:
    """A message identifier with its words."""
    return f"{number:02X}, {MESSAGES.get(number, 'not known here')}"


def status(number: int) -> str:
    """The status of a UI request in words."""
    return STATUSES[number] if 0 <= number < len(STATUSES) else f"status {number}"
