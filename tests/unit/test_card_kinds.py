"""The kinds of cards: what they decide, how they sign, and the odd ways of answering."""

from pathlib import Path
from typing import Any

import certificate_bench
import pytest
import yaml
from card_bench import PPSE, TERMINAL, ask, objects, tree, written
from certificate_bench import Public
from pyemv import cvn

from host_tools.emv.keys import load_keys
from host_tools.vboard.cards.card import Card
from host_tools.vboard.cards.fields import CardFileError
from host_tools.vboard.cards.loader import CARDS, load_card

VISA = "00A4040007A000000003101000"
MASTERCARD = "00A4040007A000000004101000"
UNIONPAY = "00A4040008A00000033301010100"
MCHIP_GPO = "80A800000D830B" + "00" * 8 + "0156" + "22" + "00"
CDOL = {
    "9F02": "000000010000",
    "9F03": "000000000000",
    "9F1A": "0156",
    "95": "0000008000",
    "5F2A": "0156",
    "9A": "261123",
    "9C": "00",
    "9F37": "11223344",
    "9F35": "22",
    "9F45": "0000",
    "9F4C": "00" * 8,
    "9F34": "1F0302",
}
DATA = "".join(CDOL.values())
READER_OFFLINE = {"9F66": "26000080", "9F02": "000000010000"}  # 100.00, no requirement


def gpo(**changes: str) -> str:
    values = {**TERMINAL, **READER_OFFLINE, **changes}
    return "80A8000023 8321" + "".join(values.values()) + "00"


def generate(p1: int, data: str = DATA) -> str:
    return f"80AE{p1:02X}00{len(data) // 2:02X}{data}00"


def selected(name: str | Path, select: str = UNIONPAY) -> Card:
    card = load_card(name)
    assert ask(card, select)[-4:] == "9000"
    return card


def one(tmp_path: Path, name: str, **changes: Any) -> Path:
    """A card file whose only application is changed; entries of None go."""
    document = yaml.safe_load((CARDS / f"{name}.yaml").read_text())
    application = {**document["card"]["applications"][0], **changes}
    document["card"]["applications"] = [{k: v for k, v in application.items() if v is not None}]
    return written(tmp_path, document)


def read(card: Card, options: dict[str, bytes]) -> tuple[dict[str, bytes], bytes]:
    """All records of the AFL, and the static data to be authenticated (EMV Book 3, 10.3)."""
    found, signed = {**options}, b""
    afl = options["94"]
    for at in range(0, len(afl), 4):
        sfi, first, last, count = afl[at] >> 3, *afl[at + 1 : at + 4]
        for number in range(first, last + 1):
            record = bytes.fromhex(ask(card, f"00B2{number:02X}{sfi << 3 | 4:02X}00"))
            assert record[-2:] == b"\x90\x00"
            body = tree(record[:-2])["70"]
            found |= tree(body)
            signed += body if number < first + count else b""
    if found.get("9F4A") == b"\x82":
        signed += options["82"]
    return found, signed


def icc_key(data: dict[str, bytes], signed: bytes, pan: str) -> Public:
    """The card's key by its certificates, from the CA's on."""
    ca = load_keys().ca[{"6": "unionpay", "4": "visa", "5": "mastercard"}[pan[0]]]
    assert data["8F"] == bytes([ca.index])
    issuer = certificate_bench.issuer_key(Public(ca.key.modulus, ca.key.exponent), data, pan)
    return certificate_bench.icc_key(issuer, data, pan, signed)


def fast_signed(data: dict[str, bytes], options: str) -> bytes:
    asked = bytes.fromhex(options.replace(" ", ""))[7:-1]
    un, amount, currency = asked[-4:], asked[4:10], asked[23:25]
    return un + amount + currency + data["9F69"]


class TestFastAuthentication:
    @pytest.mark.parametrize(
        ("name", "select"), [("unionpay_offline", UNIONPAY), ("visa_offline", VISA)]
    )
    def test_offline_approval_is_signed(self, name: str, select: str) -> None:
        card = selected(name, select)
        options = objects(card, gpo())
        assert options["9F27"] == b"\x40"
        assert options["9F10"][4] >> 4 & 3 == 1
        assert options["9F6C"] == b"\x00\x00"
        assert "9F4B" not in options
        data, signed = read(card, options)
        assert len(signed) > 30 and signed.endswith(options["82"])
        key = icc_key(data, signed, card.applications[0].pan)
        assert data["9F69"][0] == 1 and data["9F69"][5:] == options["9F6C"]
        dynamic = certificate_bench.dynamic_data(key, data["9F4B"], fast_signed(data, gpo()))
        assert dynamic == b"\x02" + options["9F36"]
        with pytest.raises(AssertionError, match="hash"):
            certificate_bench.dynamic_data(key, data["9F4B"], fast_signed(data, gpo()) + b"\x00")

    @pytest.mark.parametrize(
        ("change", "cid"),
        [
            ({"9F66": "26800080"}, 0x80),  # the reader wants it online
            ({"9F66": "26400080"}, 0x80),  # the reader wants the holder: PIN, so online
            ({"9F66": "2E800080"}, 0x00),  # and cannot go there
            ({"9F66": "26000000"}, 0x80),  # no fDDA version 01
            ({"9F02": "000000030000"}, 0x40),
            ({"9F02": "000000030001"}, 0x80),  # over the card's limit
        ],
    )
    def test_decision(self, change: dict[str, str], cid: int) -> None:
        card = selected("unionpay_offline")
        options = objects(card, gpo(**change))
        assert options["9F27"] == bytes([cid])
        assert ("9F4B" in read(card, options)[0]) == (cid == 0x40)
        asked = change.get("9F66", "")[2:3] == "4"
        assert options["9F6C"] == (b"\x80\x00" if asked else b"\x00\x00")

    def test_visa_needs_no_bit_for_version_01(self) -> None:
        card = selected("visa_offline", VISA)
        assert objects(card, gpo(**{"9F66": "26000000"}))["9F27"] == b"\x40"

    def test_electronic_cash_gets_less(self) -> None:
        card = selected("unionpay_offline")
        assert objects(card, gpo(**{"9F02": "000000030000"}))["9F5D"].hex() == "000000020000"
        assert objects(card, "80CA9F7900")["9F79"].hex() == "000000020000"
        assert objects(card, "80CA9F7700")["9F77"].hex() == "000000100000"
        ask(card, UNIONPAY)
        options = objects(card, gpo(**{"9F02": "000000020001"}))
        assert options["9F27"] == b"\x80"  # more than there is
        assert objects(card, "80CA9F7900")["9F79"].hex() == "000000020000"

    def test_a_forged_certificate_is_not_the_issuers(self) -> None:
        card = selected("unionpay_forged")
        options = objects(card, gpo())
        assert options["9F27"] == b"\x40"
        data, signed = read(card, options)
        with pytest.raises(AssertionError, match="header and trailer"):
            icc_key(data, signed, card.applications[0].pan)

    def test_authentication_for_online(self) -> None:
        card = selected("unionpay_phone")
        options = objects(card, gpo(**{"9F66": "27800080"}))
        assert options["9F27"] == b"\x80"
        data, signed = read(card, options)
        key = icc_key(data, signed, card.applications[0].pan)
        asked = gpo(**{"9F66": "27800080"})
        certificate_bench.dynamic_data(key, data["9F4B"], fast_signed(data, asked))
        assert data["9F69"][5:] == options["9F6C"] == b"\x00\x80"

    def test_records_of_certificates_only_with_a_signature(self) -> None:
        card = selected("unionpay_offline")
        options = objects(card, gpo(**{"9F66": "26800080"}))
        assert options["94"].hex() == "08010200"  # none signed
        assert ask(card, "00B2011400") == "6A82"

    def test_signed_records_begin_an_entry(self, tmp_path: Path) -> None:
        records = [
            {"sfi": 1, "record": n, "signed": n in (2, 3), "tags": {tag: "01"}}
            for n, tag in enumerate(("9F08", "9F07", "9F4A", "5F28"), 1)
        ]
        records[2]["tags"] = {"9F4A": "82"}
        card = selected(one(tmp_path, "unionpay_offline", records=records))
        options = objects(card, gpo())
        assert options["94"].hex().startswith("08010100" + "08020402" + "10010400" + "18010100")
        data, signed = read(card, options)
        assert signed == bytes.fromhex("9F070101" + "9F4A0182") + options["82"]
        icc_key(data, signed, card.applications[0].pan)


class TestPhones:
    def test_unlocked(self) -> None:
        card = selected("unionpay_phone")
        options = objects(card, gpo(**{"9F66": "26C04080"}))
        assert options["9F6C"] == b"\x00\x80"
        assert len(card.ats) == 20 and card.ats[0] == 20

    def test_the_owner_has_to_unlock_it(self) -> None:
        card = selected("visa_phone", VISA)
        wants = gpo(**{"9F66": "26C04000"})
        assert ask(card, wants) == "6986"
        card.power_off()
        ask(card, VISA)
        options = objects(card, wants)
        assert (options["9F36"], options["9F6C"]) == (b"\x00\x01", b"\x00\x80")

    def test_small_amounts_need_no_owner(self) -> None:
        card = selected("visa_phone", VISA)
        assert objects(card, gpo(**{"9F66": "26804000"}))["9F6C"] == b"\x00\x00"

    def test_a_signature_in_gpo(self) -> None:
        card = selected("visa_phone", VISA)
        ask(card, gpo(**{"9F66": "26C04000"}))
        asked = gpo(**{"9F66": "27C04000"})
        options = objects(card, asked)
        data, signed = read(card, options)
        key = icc_key(data, signed, card.applications[0].pan)
        certificate_bench.dynamic_data(key, options["9F4B"], fast_signed(options, asked))


class TestVisa:
    @pytest.mark.parametrize(("name", "version"), [("visa_online", 10), ("visa_offline", 18)])
    def test_cryptogram(self, name: str, version: int) -> None:
        card = selected(name, VISA)
        options = objects(card, gpo(**{"9F66": "26800000"}))
        assert options["9F10"].hex().upper() == f"0601{version:02X}03A00000"
        assert ("9F27" in options) == (name != "visa_online")
        imk = bytes.fromhex(yaml.safe_load((CARDS / "issuers.yaml").read_text())["412345"])
        made = (cvn.VisaCVN10 if version == 10 else cvn.VisaCVN18)(
            imk, imk, imk, card.applications[0].pan, "01"
        )
        iad = options["9F10"][3:7] if version == 10 else options["9F10"]
        tags = ("9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37")
        terminal = [bytes.fromhex(TERMINAL[tag]) for tag in tags]
        parts = [bytes.fromhex("000000010000"), *terminal, options["82"], options["9F36"], iad]
        assert made.generate_ac(*parts) == options["9F26"]


class TestMchip:
    def begun(self, name: str | Path) -> tuple[Card, dict[str, bytes], bytes]:
        card = selected(name, MASTERCARD)
        return card, *read(card, objects(card, MCHIP_GPO))

    def test_data_of_the_card(self) -> None:
        _, data, signed = self.begun("mastercard_online")
        assert data["82"].hex() == "1980"
        assert data["8E"].hex().upper() == "00" * 8 + "42035E031F03"
        for tag in ("5A", "57", "5F24", "8C", "8D", "9F07", "9F08", "9F0D", "9F0E", "9F0F"):
            assert tag in data
        assert signed.endswith(b"\x19\x80")

    @pytest.mark.parametrize(
        ("name", "p1", "cid"),
        [
            ("mastercard_online", 0x90, 0x80),
            ("mastercard_online", 0x50, 0x80),  # a TC is wanted, the card wants the host
            ("mastercard_cda", 0x50, 0x40),
            ("mastercard_cda", 0x90, 0x80),
        ],
    )
    def test_combined(self, name: str, p1: int, cid: int) -> None:
        card, data, signed = self.begun(name)
        answer = bytes.fromhex(ask(card, generate(p1)))
        objects_ = tree(answer[:-2])
        assert list(objects_) == ["77", "9F27", "9F36", "9F4B", "9F10"]
        assert objects_["9F27"] == bytes([cid])
        key = icc_key(data, signed, card.applications[0].pan)
        found = certificate_bench.dynamic_data(key, objects_["9F4B"], bytes.fromhex(CDOL["9F37"]))
        assert found[0] == 8 and found[9] == cid
        asked = bytes.fromhex(MCHIP_GPO)[7:-1] + bytes.fromhex(DATA)
        plain = bytes.fromhex(f"9F2701{cid:02X}9F3602") + objects_["9F36"]
        plain += bytes.fromhex("9F1012") + objects_["9F10"]
        assert found[18:] == certificate_bench.sha1(asked + plain).digest()
        assert found[10:18] == self.expected(card, objects_)

    def expected(self, card: Card, answer: dict[str, bytes]) -> bytes:
        iad = answer["9F10"]
        imk = bytes.fromhex(yaml.safe_load((CARDS / "issuers.yaml").read_text())["512345"])
        classes = {16: cvn.MasterCardCVN16, 17: cvn.MasterCardCVN17}
        classes |= {20: cvn.MasterCardCVN20, 21: cvn.MasterCardCVN21}
        made = classes[iad[1]](imk, imk, imk, card.applications[0].pan, "01")
        tags = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37")
        parts = [bytes.fromhex(CDOL[tag]) for tag in tags]
        parts += [card.applications[0].aip, answer["9F36"], iad[2:8]]
        return made.generate_ac(*parts, *([iad[10:]] if iad[1] in (17, 21) else []))

    @pytest.mark.parametrize("version", [16, 17, 20, 21])
    def test_without_cda(self, tmp_path: Path, version: int) -> None:
        card, _, _ = self.begun(one(tmp_path, "mastercard_cda", cvn=version))
        answer = objects(card, generate(0x80))
        assert answer["9F10"][:3].hex() == f"01{version:02x}a0" and len(answer["9F10"]) == 18
        assert "9F4B" not in answer
        assert answer["9F26"] == self.expected(card, answer)

    def test_a_refusal_is_not_signed(self) -> None:
        card, _, _ = self.begun("mastercard_cda")
        answer = objects(card, generate(0x10))
        assert answer["9F27"] == b"\x00" and "9F26" in answer

    def test_a_card_that_declines(self, tmp_path: Path) -> None:
        card, _, _ = self.begun(one(tmp_path, "mastercard_online", decision="decline"))
        assert objects(card, generate(0x90))["9F27"] == b"\x00"

    def test_over_the_limit_it_asks_the_host(self) -> None:
        for amount, cid in (("000000050000", b"\x40"), ("000000050001", b"\x80")):
            card, _, _ = self.begun("mastercard_cda")
            data = DATA.replace("000000010000", amount, 1)
            assert objects(card, generate(0x40, data))["9F27"] == cid

    @pytest.mark.parametrize(
        ("capdu", "sw"),
        [
            (generate(0xC0), "6A86"),
            (generate(0x81), "6A86"),
            (generate(0x80, DATA[:-2]), "6700"),
            (generate(0x80)[:-2], "6700"),
        ],
    )
    def test_refusals(self, capdu: str, sw: str) -> None:
        card, _, _ = self.begun("mastercard_online")
        assert ask(card, capdu) == sw
        assert ask(card, generate(0x80)).endswith("9000")

    def test_one_cryptogram_a_transaction(self) -> None:
        card = selected("mastercard_online", MASTERCARD)
        assert ask(card, generate(0x80)) == "6985"  # before GPO
        ask(card, MCHIP_GPO)
        assert ask(card, generate(0x80)).endswith("9000")
        assert ask(card, generate(0x80)) == "6985"
        assert ask(selected("unionpay_debit"), generate(0x80)) == "6985"

    def test_mag_stripe_only(self) -> None:
        _, data, _ = self.begun("mastercard_magstripe")
        assert data["82"][1] & 0x80 == 0

    def test_format_1(self, tmp_path: Path) -> None:
        card = selected(one(tmp_path, "mastercard_cda", gpo_format=1), MASTERCARD)
        answer = bytes.fromhex(ask(card, MCHIP_GPO))
        assert answer[0] == 0x80 and answer[2:4].hex() == "1980"
        cryptogram = bytes.fromhex(ask(card, generate(0x80)))
        assert (cryptogram[0], cryptogram[1], cryptogram[2]) == (0x80, 29, 0x80)

    def test_no_pdol(self, tmp_path: Path) -> None:
        card = load_card(one(tmp_path, "mastercard_cda", pdol=""))
        assert "9F38" not in objects(card, MASTERCARD)
        assert ask(card, "80A8000002830000").endswith("9000")

    def test_signing_takes_its_time(self) -> None:
        card = load_card("mastercard_cda")
        assert card.think_ms(bytes.fromhex(generate(0x90))) == 700


class TestOddAnswers:
    def test_blocked(self) -> None:
        card = load_card("unionpay_blocked")
        answer = bytes.fromhex(ask(card, UNIONPAY))
        assert answer[-2:].hex() == "6283"
        assert "9F38" in tree(answer[:-2])
        assert ask(card, gpo()) == "6985"

    def test_format_1_leaves_the_rest_to_a_record(self, tmp_path: Path) -> None:
        card = selected(one(tmp_path, "unionpay_offline", gpo_format=1))
        answer = bytes.fromhex(ask(card, gpo()))
        assert answer[0] == 0x80
        data, _ = read(card, {"82": answer[2:4], "94": answer[4:-2]})
        for tag in ("9F26", "9F36", "9F10", "57", "9F69", "9F4B"):
            assert tag in data
        assert "82" not in tree(bytes.fromhex(ask(card, "00B2011C00"))[:-2])

    def test_what_is_left_out(self, tmp_path: Path) -> None:
        card = selected(one(tmp_path, "unionpay_offline", leave_out=["9f6c", "5F24"]))
        options = objects(card, gpo())
        assert "9F6C" not in options
        assert "5F24" not in read(card, options)[0]

    def chained(self, tmp_path: Path, **how: Any) -> Card:
        document = yaml.safe_load((CARDS / "mastercard_cda.yaml").read_text())
        document["card"] |= how
        return load_card(written(tmp_path, document))

    def test_answers_in_parts(self, tmp_path: Path) -> None:
        whole = load_card("mastercard_cda")
        card = self.chained(tmp_path, chaining=100)
        for capdu in (MASTERCARD, MCHIP_GPO, "00B2011400"):
            expected, got = ask(whole, capdu), ask(card, capdu)
            data, parts = got[:-4], 1
            while got[-4:-2] == "61":
                got = ask(card, f"00C00000{got[-2:]}")
                data, parts = data + got[:-4], parts + 1
            assert data + got[-4:] == expected
        assert parts == 3  # a certificate of 248 bytes
        assert card.log[-1] == "GET RESPONSE 9000"
        assert ask(card, "00C0000000") == "6985"
        ask(card, "00B2011400")
        ask(card, "00B2010C00")  # another command: the rest is gone
        assert ask(card, "00C0000000").endswith("9000")
        ask(card, "00B2011400")
        ask(card, PPSE)
        assert ask(card, "00C0000000") == "6985"

    def test_exact_length_or_told(self, tmp_path: Path) -> None:
        card = self.chained(tmp_path, exact_le=True)
        for capdu in (MASTERCARD, MCHIP_GPO, generate(0x90)):
            told = ask(card, capdu)
            assert told[:2] == "6C" and len(told) == 4
            assert ask(card, capdu[:-2] + told[2:]).endswith("9000")
        assert objects(card, "80CA9F3605")["9F36"].hex() == "0001"  # carried out once


class TestFileErrors:
    @pytest.mark.parametrize(
        ("name", "changes", "sentence"),
        [
            ("visa_online", {"kind": "amex"}, "kind is wrong: it is one of qpboc, qvsdc, mchip"),
            ("visa_online", {"cvn": 17}, "cvn is wrong: it is one of 10, 18 for qvsdc"),
            ("visa_online", {"cvm": "never"}, "cvm is wrong: it is one of always, asked"),
            ("visa_online", {"cdcvm": "yes"}, "cdcvm is wrong: it is one of none, done"),
            ("visa_online", {"gpo_format": 3}, "gpo_format is wrong: it is 1 to 2"),
            ("visa_online", {"leave_out": [9]}, "leave_out is wrong: it lists tags in quotes"),
            ("visa_online", {"blocked": "no"}, "blocked is wrong: it is true or false"),
            ("visa_online", {"tags": {"9F01": "00"}}, "tags 9F01 is wrong: it is in one of the"),
            ("visa_offline", {"oda": None}, "decision is wrong: it is offline only with oda"),
            ("visa_offline", {"oda": {"icc_key": "x"}}, "oda is wrong: it wants x, which test"),
            ("visa_offline", {"oda": {"key": "x"}}, "application 1, oda: icc_key is missing"),
            ("visa_offline", {"aid": "A000000152"}, "oda is wrong: it wants RID A000000152"),
            ("visa_offline", {"data": {"9F79": "01"}}, "data 9F79 is wrong: it is an amount"),
            ("mastercard_cda", {"aip": "1880"}, "aip is wrong: it says CDA"),
            (
                "mastercard_cda",
                {"tags": {"8C": "9F0206"}},
                "records 8C is wrong: it asks for",
            ),
            ("mastercard_cda", {"ctq": "8000"}, "application 1: ctq: not known here"),
            ("mastercard_cda", {"records": [{"sfi": 2, "record": 1, "tags": {}}]}, "8C is wrong"),
            ("visa_offline", {"records": [{"sfi": 3, "record": 1, "tags": {}}]}, "leave SFI 2"),
        ],
    )
    def test_sentence(self, tmp_path: Path, name: str, changes: dict, sentence: str) -> None:
        with pytest.raises(CardFileError) as caught:
            load_card(one(tmp_path, name, **changes))
        assert str(caught.value).startswith("card.yaml: application 1")
        assert sentence in str(caught.value)

    @pytest.mark.parametrize("how", [{"chaining": 0}, {"chaining": "x"}, {"exact_le": 1}])
    def test_odd_answers(self, tmp_path: Path, how: dict) -> None:
        document = yaml.safe_load((CARDS / "visa_online.yaml").read_text())
        document["card"] |= how
        with pytest.raises(CardFileError, match=f"{next(iter(how))} is wrong"):
            load_card(written(tmp_path, document))


def test_every_card_says_what_it_is_for() -> None:
    for path in CARDS.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# TEST ")
        assert text.splitlines()[1].startswith("# ")
