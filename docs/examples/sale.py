"""A terminal of pyiso8583 and psec: sign-in, a sale with a typed card and its PIN, the reversal.

Nothing of TapTill is in it. It talks to a host of the UnionPay direct-POS dialect, such as
`taptill acquirer`:  python sale.py 8583
"""

import socket
import sys

import iso8583
from psec import des, pinblock

TERMINAL, MERCHANT = "12345678", "898100012340001"
TMK = bytes.fromhex("11111111111111112222222222222222")  # a TEST key
PAN, EXPIRY, PIN = "6212345678901232", "3012", "123456"  # a TEST card


def number(most, size=0, **pad):
    """A field of digits: two in a byte, the length (of ``size`` bytes) counts digits."""
    pad = pad or ({"right_pad": "0"} if size else {"left_pad": "0"})
    kind = {"data_enc": "b", "len_count": "nibbles"}
    return {"max_len": most, "len_type": size, "len_enc": "bcd"} | kind | pad


def text(most, size=0, code="latin-1"):
    """A field of characters or, with the code "b", of bytes told in hex."""
    return {"max_len": most, "len_type": size, "len_enc": "bcd", "data_enc": code}


SPEC = {"h": text(0), "t": text(2, code="b"), "p": text(8, code="b"), "2": number(19, 1)}
SPEC |= {str(f): number(n) for f, n in {3: 6, 4: 12, 11: 6, 12: 6, 13: 4, 14: 4, 15: 4}.items()}
SPEC |= {"22": number(3, right_pad="0"), "25": number(2), "26": number(2), "32": number(11, 1)}
SPEC |= {str(f): text(n) for f, n in {37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 49: 3, 64: 8}.items()}
SPEC |= {"44": text(25, 1), "52": text(8, code="b"), "53": number(16), "60": number(30, 2)}
SPEC |= {"62": text(512, 2, "b"), "63": text(163, 2)}


def mac(mak, covered):
    """The eight characters of field 64: "POS ECB" with single DES."""
    folded = 0
    for at in range(0, len(covered), 8):
        folded ^= int.from_bytes(covered[at : at + 8].ljust(8, b"\0"), "big")
    half = f"{folded:016X}".encode()
    first = int.from_bytes(des.encrypt_tdes_ecb(mak, half[:8]), "big")
    second = first ^ int.from_bytes(half[8:], "big")
    return des.encrypt_tdes_ecb(mak, second.to_bytes(8, "big")).hex().upper()[:8]


def exchange(line, mti, fields, mak=None):
    """Send a message and return the fields of its answer; with ``mak`` both are sealed."""
    fields = {"t": mti, "41": TERMINAL, "42": MERCHANT} | fields | ({"64": "0" * 8} if mak else {})
    message = bytes(iso8583.encode(fields, SPEC)[0])
    if mak:
        message = message[:-8] + mac(mak, message[:-8]).encode()
    body = bytes.fromhex("6000030000603100310000") + message  # TPDU, header
    line.sendall(len(body).to_bytes(2, "big") + body)
    stream = line.makefile("rb")
    answer = stream.read(int.from_bytes(stream.read(2), "big"))[11:]
    found, _ = iso8583.decode(answer, SPEC)
    if mak and found.get("64") != mac(mak, answer[:-8]):
        raise SystemExit(f"{mti}: the answer {found['39']} is not sealed")
    return found


def main(port):
    """Tell what the host answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        serial = b"Sequence No10TT00000001".hex()
        signed = {"11": "000001", "60": "00000001003", "62": serial, "63": "01 "}
        answer = exchange(line, "0800", signed)
        print("sign-in", answer["39"], "batch", answer["60"][2:8])
        keys = bytes.fromhex(answer["62"])  # 16 bytes and 4 of check value, twice
        pik = des.decrypt_tdes_ecb(TMK, keys[:16])
        mak = des.decrypt_tdes_ecb(TMK, keys[20:28])
        assert des.encrypt_tdes_ecb(mak, bytes(8))[:4] == keys[36:], "another TMK"
        block = des.encrypt_tdes_ecb(pik, pinblock.encode_pinblock_iso_0(PIN, PAN)).hex()
        kept = {"2": PAN, "3": "000000", "4": "000000001280", "11": "000002", "14": EXPIRY}
        kept |= {"22": "011", "25": "00", "49": "156", "60": f"22{answer['60'][2:8]}000000"}
        sale = kept | {"26": "12", "52": block, "53": "2600000000000000"}
        answer = exchange(line, "0200", sale, mak)
        print("sale", answer["39"], "with a code" if "38" in answer else "without a code")
        print("the same again", exchange(line, "0200", sale, mak)["39"])
        print("reversal", exchange(line, "0400", kept | {"39": "98"}, mak)["39"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
