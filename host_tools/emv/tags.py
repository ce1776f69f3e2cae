"""The data objects of EMV by tag: name, format, and who says it.

EMV Book 3, Annex A and B; EMV Contactless Books A, C-2 (Annex A), C-3 and C-7; the dialect's own
objects for AIDs and CA keys (0800/370 and 0800/380). Some tags mean something else to each
kernel. [M]: names of C-2's data storage and UnionPay's electronic cash are from memory.
"""

from dataclasses import dataclass

CARD, TERMINAL, ISSUER, KERNEL = "card", "terminal", "issuer", "kernel"


@dataclass(frozen=True)
class Tag:
    """``format`` is b, n, cn, a, an, ans (EMV Book 3, 4.3), dol, tlv or tags; ``source`` who."""

    tag: int
    name: str
    format: str
    source: str


# tag, format, name; one line each
_CARD = """
42 n Issuer Identification Number (IIN)
4F b Application Dedicated File (ADF) Name
50 ans Application Label
56 ans Track 1 Data
57 b Track 2 Equivalent Data
5A cn Application Primary Account Number (PAN)
5F20 ans Cardholder Name
5F24 n Application Expiration Date
5F25 n Application Effective Date
5F28 n Issuer Country Code
5F2D an Language Preference
5F30 n Service Code
5F34 n Application PAN Sequence Number
5F50 ans Issuer URL
5F53 b International Bank Account Number (IBAN)
5F54 an Bank Identifier Code (BIC)
5F55 a Issuer Country Code (alpha-2)
5F56 a Issuer Country Code (alpha-3)
61 tlv Application Template
6F tlv File Control Information (FCI) Template
70 tlv READ RECORD Response Message Template
73 tlv Directory Discretionary Template
77 tlv Response Message Template Format 2
80 b Response Message Template Format 1
82 b Application Interchange Profile (AIP)
84 b Dedicated File (DF) Name
87 b Application Priority Indicator
88 b Short File Identifier (SFI)
8C dol Card Risk Management Data Object List 1 (CDOL1)
8D dol Card Risk Management Data Object List 2 (CDOL2)
8E b Cardholder Verification Method (CVM) List
8F b Certification Authority Public Key Index
90 b Issuer Public Key Certificate
92 b Issuer Public Key Remainder
93 b Signed Static Application Data
94 b Application File Locator (AFL)
97 dol Transaction Certificate Data Object List (TDOL)
A5 tlv FCI Proprietary Template
BF0C tlv FCI Issuer Discretionary Data
9F05 b Application Discretionary Data
9F07 b Application Usage Control (AUC)
9F08 b Application Version Number (card)
9F0B ans Cardholder Name Extended
9F0D b Issuer Action Code - Default
9F0E b Issuer Action Code - Denial
9F0F b Issuer Action Code - Online
9F10 b Issuer Application Data (IAD)
9F11 n Issuer Code Table Index
9F12 ans Application Preferred Name
9F13 b Last Online ATC Register
9F14 b Lower Consecutive Offline Limit
9F17 b PIN Try Counter
9F19 b Token Requestor ID
9F1F ans Track 1 Discretionary Data
9F20 cn Track 2 Discretionary Data
9F23 b Upper Consecutive Offline Limit
9F24 an Payment Account Reference (PAR)
9F25 n Last 4 Digits of PAN
9F26 b Application Cryptogram (AC)
9F27 b Cryptogram Information Data (CID)
9F29 b Extended Selection
9F2A b Kernel Identifier
9F2D b ICC PIN Encipherment Public Key Certificate
9F2E b ICC PIN Encipherment Public Key Exponent
9F2F b ICC PIN Encipherment Public Key Remainder
9F32 b Issuer Public Key Exponent
9F36 b Application Transaction Counter (ATC)
9F38 dol Processing Options Data Object List (PDOL)
9F3B n Application Reference Currency
9F42 n Application Currency Code
9F43 n Application Reference Currency Exponent
9F44 n Application Currency Exponent
9F45 b Data Authentication Code
9F46 b ICC Public Key Certificate
9F47 b ICC Public Key Exponent
9F48 b ICC Public Key Remainder
9F49 dol Dynamic Data Authentication Data Object List (DDOL)
9F4A tags Static Data Authentication Tag List
9F4B b Signed Dynamic Application Data (SDAD)
9F4C b ICC Dynamic Number
9F4D b Log Entry
9F4F dol Log Format
9F50 n Offline Accumulator Balance
9F51 b Application Currency Code (proprietary), or DRDOL
9F54 b DS ODS Card
9F5A b Application Program Identifier
9F5B b Issuer Script Results, or DSDOL
9F5D n Available Offline Spending Amount (AOSA)
9F5E b DS ID
9F5F b DS Slot Availability
9F60 b CVC3 (Track 1)
9F61 b CVC3 (Track 2)
9F62 b PCVC3 (Track 1)
9F63 b PUNATC (Track 1), or Product Identification
9F64 b NATC (Track 1)
9F65 b PCVC3 (Track 2)
9F67 b NATC (Track 2)
9F68 b Card Additional Processes
9F69 b Card Authentication Related Data
9F6B b Track 2 Data
9F6C b Card Transaction Qualifiers (CTQ)
9F6D b Mag-stripe Application Version Number, or EC Reset Threshold
9F6E b Form Factor Indicator, or Third Party Data
9F6F b DS Slot Management Control
9F70 b Protected Data Envelope 1
9F71 b Protected Data Envelope 2
9F72 b Protected Data Envelope 3
9F73 b Protected Data Envelope 4
9F74 b Protected Data Envelope 5, or EC Issuer Authorisation Code
9F75 b Unprotected Data Envelope 1
9F76 b Unprotected Data Envelope 2
9F77 n Electronic Cash (EC) Balance Limit
9F78 n EC Single Transaction Limit
9F79 n EC Balance
9F7C b Customer Exclusive Data
9F7D b DS Summary 1
9F7E b Mobile Support Indicator
9F7F b DS Unpredictable Number, or Card Production Life Cycle Data
DF4B b POS Cardholder Interaction Information
DF60 b DS Input (Card)
DF61 b DS Digest H
DF62 b DS ODS Info
DF63 b DS ODS Term
DF8101 b DS Summary 2
DF8102 b DS Summary 3
DF8302 b Device Relay Resistance Entropy
DF8303 b Min Time For Processing Relay Resistance APDU
DF8304 b Max Time For Processing Relay Resistance APDU
DF8305 b Device Estimated Transmission Time For Relay Resistance R-APDU
"""
_ISSUER = """
71 tlv Issuer Script Template 1
72 tlv Issuer Script Template 2
86 b Issuer Script Command
89 an Authorisation Code
8A an Authorisation Response Code
91 b Issuer Authentication Data
9F18 b Issuer Script Identifier
DF31 b Issuer Script Results
"""
_TERMINAL = """
5F2A n Transaction Currency Code
5F36 n Transaction Currency Exponent
5F57 n Account Type
81 b Amount, Authorised (Binary)
83 b Command Template
95 b Terminal Verification Results (TVR)
98 b Transaction Certificate (TC) Hash Value
99 b Transaction PIN Data
9A n Transaction Date
9B b Transaction Status Information (TSI)
9C n Transaction Type
9D b Directory Definition File (DDF) Name
9F01 n Acquirer Identifier
9F02 n Amount, Authorised (Numeric)
9F03 n Amount, Other (Numeric)
9F04 b Amount, Other (Binary)
9F06 b Application Identifier (AID) - terminal
9F09 b Application Version Number (terminal)
9F15 n Merchant Category Code
9F16 ans Merchant Identifier
9F1A n Terminal Country Code
9F1B b Terminal Floor Limit
9F1C an Terminal Identification
9F1D b Terminal Risk Management Data
9F1E an Interface Device (IFD) Serial Number
9F21 n Transaction Time
9F22 b Certification Authority Public Key Index (terminal)
9F33 b Terminal Capabilities
9F34 b CVM Results
9F35 n Terminal Type
9F37 b Unpredictable Number
9F39 n Point-of-Service (POS) Entry Mode
9F3A b Amount, Reference Currency
9F3C n Transaction Reference Currency Code
9F3D n Transaction Reference Currency Exponent
9F40 b Additional Terminal Capabilities
9F41 n Transaction Sequence Counter
9F4E ans Merchant Name and Location
9F53 an Transaction Category Code
9F5C b DS Requested Operator ID
9F66 b Terminal Transaction Qualifiers (TTQ)
9F6A n Unpredictable Number (Numeric)
9F7A n EC Terminal Support Indicator
9F7B n EC Terminal Transaction Limit
DF01 b Application Selection Indicator (ASI)
DF02 b CA Public Key Modulus
DF03 b CA Public Key Check Sum
DF04 b CA Public Key Exponent
DF05 ans CA Public Key Expiration Date (YYYYMMDD)
DF06 b CA Public Key Hash Algorithm Indicator
DF07 b CA Public Key Algorithm Indicator
DF11 b Terminal Action Code - Default
DF12 b Terminal Action Code - Online
DF13 b Terminal Action Code - Denial
DF14 dol Default DDOL
DF15 b Threshold Value for Biased Random Selection
DF16 n Maximum Target Percentage for Biased Random Selection
DF17 n Target Percentage for Random Selection
DF18 b Online PIN Supported by the Terminal
DF19 n Contactless Floor Limit
DF20 n Contactless Transaction Limit
DF21 n Contactless CVM Limit
DF8F01 b Revoked Issuer Certificate Serial Numbers
DF8F02 b Options of the AID: zero amount, status check
E1 tlv AID Record
E2 tlv CA Public Key Record
DF8104 n Balance Read Before Gen AC
DF8105 n Balance Read After Gen AC
DF8106 tags Data Needed
DF8108 b DS AC Type
DF8109 b DS Input (Term)
DF810A b DS ODS Info For Reader
DF810C b Kernel ID
DF810D b DSVN Term
DF8110 b Proceed To First Write Flag
DF8112 tags Tags To Read
DF8117 b Card Data Input Capability
DF8118 b CVM Capability - CVM Required
DF8119 b CVM Capability - No CVM Required
DF811A dol Default UDOL
DF811B b Kernel Configuration
DF811C b Max Lifetime of Torn Transaction Log Record
DF811D b Max Number of Torn Transaction Log Records
DF811E b Mag-stripe CVM Capability - CVM Required
DF811F b Security Capability
DF8120 b Terminal Action Code - Default (C-2)
DF8121 b Terminal Action Code - Denial (C-2)
DF8122 b Terminal Action Code - Online (C-2)
DF8123 n Reader Contactless Floor Limit
DF8124 n Reader Contactless Transaction Limit (No On-device CVM)
DF8125 n Reader Contactless Transaction Limit (On-device CVM)
DF8126 n Reader CVM Required Limit
DF8127 b Time Out Value
DF812C b Mag-stripe CVM Capability - No CVM Required
DF812D b Message Hold Time
DF8130 b Hold Time Value
DF8131 b Phone Message Table
DF8132 b Minimum Relay Resistance Grace Period
DF8133 b Maximum Relay Resistance Grace Period
DF8134 b Terminal Expected Transmission Time For Relay Resistance C-APDU
DF8135 b Terminal Expected Transmission Time For Relay Resistance R-APDU
DF8136 b Relay Resistance Accuracy Threshold
DF8137 b Relay Resistance Transmission Time Mismatch Threshold
DF8301 b Terminal Relay Resistance Entropy
FF8102 tlv Tags To Write Before Gen AC
FF8103 tlv Tags To Write After Gen AC
"""
_KERNEL = """
DF8107 b CDOL1 Related Data
DF810B b DS Summary Status
DF810E b Post-Gen AC Put Data Status
DF810F b Pre-Gen AC Put Data Status
DF8111 b PDOL Related Data
DF8113 b DRDOL Related Data
DF8114 b Reference Control Parameter
DF8115 b Error Indication
DF8116 b User Interface Request Data
DF8128 b IDS Status
DF8129 b Outcome Parameter Set
DF812A b DD Card (Track 1)
DF812B b DD Card (Track 2)
DF8306 b Measured Relay Resistance Processing Time
DF8307 b RRP Counter
FF8101 tlv Torn Record
FF8104 tlv Data To Send
FF8105 tlv Data Record
FF8106 tlv Discretionary Data
"""
# The other meanings, by kernel
_BY_KERNEL = {
    2: """
9F51 dol DRDOL
9F5B dol DSDOL
9F5D b Application Capabilities Information
9F63 b PUNATC (Track 1)
9F66 b PUNATC (Track 2)
9F69 dol UDOL
9F6D b Mag-stripe Application Version Number (Reader)
9F6E b Third Party Data
9F70 b Protected Data Envelope 1
9F74 b Protected Data Envelope 5
9F77 b Unprotected Data Envelope 3
9F78 b Unprotected Data Envelope 4
9F79 b Unprotected Data Envelope 5
9F7C b Merchant Custom Data
9F7F b DS Unpredictable Number
""",
    3: """
9F51 n Application Currency Code (proprietary)
9F5B b Issuer Script Results
9F6E b Form Factor Indicator (FFI)
""",
    7: """
9F63 b Product Identification
9F6D n EC Reset Threshold
9F74 an EC Issuer Authorisation Code
""",
}


def _read(text: str, source: str) -> dict[int, Tag]:
    found = {}
    for line in text.split("\n"):
        if line:
            tag, kind, name = line.split(" ", 2)
            found[int(tag, 16)] = Tag(int(tag, 16), name, kind, source)
    return found


TAGS = {
    **_read(_CARD, CARD),
    **_read(_ISSUER, ISSUER),
    **_read(_TERMINAL, TERMINAL),
    **_read(_KERNEL, KERNEL),
}
BY_KERNEL = {kernel: _read(text, CARD) for kernel, text in _BY_KERNEL.items()}


def look_up(tag: int, kernel: int | None = None) -> Tag | None:
    """What ``tag`` is, to that kernel if one is given; None for a tag that is not known."""
    return BY_KERNEL.get(kernel or 0, {}).get(tag) or TAGS.get(tag)


def name(tag: int, kernel: int | None = None) -> str:
    """The name of ``tag``, or words that say that it has none here."""
    found = look_up(tag, kernel)
    return found.name if found else "not known"
