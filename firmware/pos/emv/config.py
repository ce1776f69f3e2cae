"""The terminal's EMV configuration, from the data that the host hands out (0800/380).

A record is a row of data objects: 9F06 AID, 9F2A kernel, DF01 ASI, 9F09 version, 9F66 TTQ, DF11,
DF12, DF13 TACs (default, online, denial), DF19 floor, DF20 contactless and DF21 CVM limit (n12),
DF8F02 options of our own; for kernel 2 the objects of C-2 (DF8117 ...) as well. Limits that are
absent do not exist.
"""

from micropython import const

from pos.protocol import bcd, tlv
from pos.protocol.errors import BadBytes

_KERNEL_2 = const(2)
# Objects of the dialect, and what C-2 calls them
_C2_NAMES = (
    (0xDF11, 0xDF8120),
    (0xDF12, 0xDF8122),
    (0xDF13, 0xDF8121),
    (0xDF19, 0xDF8123),
    (0xDF20, 0xDF8124),
    (0xDF20, 0xDF8125),
    (0xDF21, 0xDF8126),
)


# RID and the kernel that is meant when the card names none (Book B, 3.3.2.5, Table 3-6).
_DEFAULT_KERNELS = (
    b"\xa0\x00\x00\x00\x04\x02\xa0\x00\x00\x00\x03\x03\xa0\x00\x00\x00\x25\x04"
    b"\xa0\x00\x00\x00\x65\x05\xa0\x00\x00\x01\x52\x06\xa0\x00\x00\x03\x33\x07"
)


class Aid:
    """A combination of AID and kernel that the terminal supports, with its limits in fen or None.

    ``aid`` 5..16 bytes (matches longer ADF names too, unless ``exact``), ``kernel`` the kernel's
    number, ``ttq`` 4 bytes; ``floor``: above it the cryptogram must go online; ``cvm``: from it on
    a CVM is required; ``limit``: from it on contactless is not allowed; ``zero``: an amount of 0
    is allowed; ``status_check``: an amount of 1.00 only checks the card; ``record``: all that the
    configuration says of it, for the kernel (``kernel_data``).
    """

    def __init__(self, aid, kernel, ttq, floor=None, cvm=None, limit=None):
        self.aid = aid
        self.kernel = kernel
        self.ttq = ttq
        self.floor = floor
        self.cvm = cvm
        self.limit = limit
        self.exact = False
        self.zero = True
        self.status_check = False
        self.record = b""

    def takes(self, name, kernel: int) -> bool:
        """Whether an ADF name and the kernel its entry asks for (0: any) are those of this."""
        if kernel and kernel != self.kernel:
            return False
        return name == self.aid if self.exact else name.startswith(self.aid)


def default_kernel(name) -> int:
    """The kernel for an AID that comes without a kernel identifier: 0 where there is none."""
    for i in range(0, len(_DEFAULT_KERNELS), 6):
        if _DEFAULT_KERNELS[i : i + 5] == name[:5]:
            return _DEFAULT_KERNELS[i + 5]
    return 0


def records(data):
    """Yield the records of a row of templates E1 as memoryviews. Raises BadBytes."""
    for tag, i, n in tlv.walk(data):
        if tag != 0xE1:
            raise BadBytes("{:02X}".format(tag), i, "not an AID record")
        yield memoryview(data)[i : i + n]


def _amount(record, tag: int):
    value = tlv.find(record, tag)
    if value is None:
        return None
    if len(value) != 6:
        raise BadBytes("{:02X}".format(tag), 0, "length {}".format(len(value)))
    return int(bcd.unpack(value))


def aid(record, cvm=None, cap=None):
    """The combination (Aid) that a record describes.

    ``cvm``, in fen, takes the place of its CVM limit; amounts above ``cap`` are not allowed,
    whatever the record says. Raises BadBytes for a record that is damaged or names no AID.
    """
    name = tlv.find(record, 0x9F06)
    if name is None or not 5 <= len(name) <= 16:
        raise BadBytes("9F06", 0, "missing or of wrong length")
    kernel = tlv.find(record, 0x9F2A)
    number = kernel[0] if kernel else default_kernel(name)
    result = Aid(bytes(name), number, bytes(tlv.find(record, 0x9F66) or bytes(4)))
    result.record = record
    result.exact = bytes(tlv.find(record, 0xDF01) or b"\x00") == b"\x01"
    options = tlv.find(record, 0xDF8F02)
    if options:
        result.zero = not options[0] & 1
        result.status_check = options[0] & 2 != 0
    # kernel 2 looks at its own limits, which differ for cards and phones (C-2, DF8124 and DF8125)
    limit = None if number == _KERNEL_2 else _amount(record, 0xDF20)
    if cap is not None and (limit is None or limit > cap + 1):
        limit = cap + 1
    result.limit = limit
    result.floor = _amount(record, 0xDF19)
    result.cvm = _amount(record, 0xDF21) if cvm is None else cvm
    return result


def kernel_data(aid, data=None) -> dict:
    """What a kernel gets of its combination: version, and for kernel 2 the objects of C-2.

    It goes into ``data`` where that is given.
    """
    if data is None:
        data = {}
    record = bytes(aid.record)
    two = aid.kernel == _KERNEL_2

    def take(tag, i, n):
        if 0xDF8100 <= tag < 0xDF8F00 or tag in (0x9F09, 0x9F33, 0x9F35, 0x9F40):
            data[tag] = record[i : i + n]
        elif two:
            for ours, theirs in _C2_NAMES:
                if ours == tag and theirs not in data:
                    data[theirs] = record[i : i + n]

    tlv.each_leaf(record, take)
    if two and aid.cvm is not None:
        data[0xDF8126] = bcd.pack("%012d" % aid.cvm)
    return data
