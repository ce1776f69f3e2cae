"""The virtual cards: commands, and one whole transaction."""

from pathlib import Path

import pytest
import yaml
from card_bench import (
    AID,
    GPO,
    PDOL,
    PPSE,
    SELECT_ADF,
    TERMINAL,
    ask,
    changed,
    expected_arqc,
    objects,
    written,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.vboard.cards.card import Card
from host_tools.vboard.cards.loader import CARDS, load_card
from host_tools.vboard.chips.pn532 import Pn532
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.wire import UartLine


@pytest.fixture
def debit() -> Card:
    return load_card("unionpay_debit")


class TestTransaction:
    def test_whole_transaction(self, debit: Card) -> None:
        directory = objects(debit, PPSE)
        assert directory["84"] == b"2PAY.SYS.DDF01"
        assert (directory["4F"].hex().upper(), directory["87"]) == (AID, b"\x01")
        assert directory["50"] == b"UNIONPAY DEBIT"
        fci = objects(debit, SELECT_ADF)
        assert fci["84"].hex().upper() == AID
        assert fci["9F38"].hex().upper() == PDOL
        options = objects(debit, GPO)
        assert options["82"].hex().upper() == "7C00"
        assert options["94"].hex() == "08010200"
        assert options["9F36"].hex() == "0001"
        assert options["9F27"].hex() == "80"
        assert options["9F10"].hex().upper() == "07010103A0000001"
        assert options["57"].hex().upper() == "6212345678901232D301222000000F"
        assert options["5F34"].hex() == "01"
        assert options["9F6C"].hex() == "8000"
        assert options["9F26"] == expected_arqc(options, "6212345678901232")
        first, second = objects(debit, "00B2010C00"), objects(debit, "00B2020C00")
        assert first["5A"].hex() == "6212345678901232"
        assert first["5F24"].hex() == "301231"
        assert second["5F30"].hex() == "0220"
        assert debit.log == [
            "SELECT PPSE 9000",
            "SELECT AID 9000",
            "GPO 9000",
            "READ RECORD 9000",
            "READ RECORD 9000",
        ]

    def test_counter_goes_on_and_the_cryptogram_with_it(self, debit: Card) -> None:
        seen = []
        for count in (1, 2, 3):
            debit.power_off()
            ask(debit, SELECT_ADF)
            options = objects(debit, GPO)
            assert int.from_bytes(options["9F36"], "big") == count
            assert options["9F26"] == expected_arqc(options, "6212345678901232")
            seen.append(options["9F26"])
        assert len(set(seen)) == 3
        assert objects(debit, "80CA9F3600")["9F36"].hex() == "0003"

    def test_cryptogram_covers_the_amount(self) -> None:
        answers = []
        for amount in ("000000128000", "000000128001"):
            card = load_card("unionpay_debit")
            ask(card, SELECT_ADF)
            answers.append(objects(card, GPO.replace("000000128000", amount))["9F26"])
        assert answers[0] != answers[1]

    def test_through_the_reader(self) -> None:
        clock, line, heard = ManualClock(), UartLine(), bytearray()
        line.to_board = heard.extend
        chip = Pn532(clock, line)
        card = load_card("unionpay_debit")

        def command(pd: str) -> bytes:
            body = bytes.fromhex("D4" + pd)
            heard.clear()
            head = bytes([len(body), 256 - len(body)])
            line.from_board(b"\0\0\xff" + head + body + bytes([-sum(body) % 256, 0]))
            clock.advance(500)
            assert heard[:6] == bytes.fromhex("0000FF00FF00")
            return bytes(heard[6 + 6 : -2])

        line.from_board(bytes.fromhex("5555") + bytes(14))
        command("14010001")
        chip.tap(card)
        listed = command("4A0100")
        assert (
            listed.hex().upper()
            == "4B0101" + "004420" + "0704A1B2C3D4E5F6" + card.ats.hex().upper()
        )
        for capdu in (PPSE, SELECT_ADF, GPO, "00B2010C00"):
            answer = command("4001" + capdu)
            assert answer[:2] == b"\x41\x00"
            assert answer[-2:] == b"\x90\x00"
        command("320100")  # field off: the application is no longer selected
        assert ask(card, GPO) == "6985"

    def test_card_pulled_after_gpo_has_counted(self) -> None:
        card = load_card("unionpay_debit")
        ask(card, SELECT_ADF)
        ask(card, GPO)
        card.power_off()
        assert ask(card, "00B2010C00") == "6985"
        ask(card, SELECT_ADF)
        assert objects(card, GPO)["9F36"].hex() == "0002"

    def test_declining_card(self, tmp_path: Path) -> None:
        card = load_card(changed(tmp_path, "decision: online", "decision: decline"))
        ask(card, SELECT_ADF)
        options = objects(card, GPO)
        assert options["9F27"].hex() == "00"
        assert options["9F10"].hex() == "0701010380000001"
        assert options["9F26"] == expected_arqc(options, "6212345678901232")


class TestCommands:
    @pytest.mark.parametrize(
        ("capdu", "sw"),
        [
            ("", "6700"),
            ("00A404", "6700"),
            ("00A40400", "6700"),  # no name
            ("00A4040008A0000003330101", "6700"),  # Lc over the end
            ("00A4040005A00000033301FF00", "6700"),  # bytes behind Le
            ("00A4040000", "6700"),
            ("00A4040004A000000300", "6700"),  # a name of 4 bytes
            ("00A4040005A000000333", "6700"),  # no Le
            ("00A4000005A00000033300", "6A86"),
            ("00A4040105A00000033300", "6A86"),
            ("00A4040005A00000000300", "6A82"),
            ("00A404000AA0000003330101010101" + "00", "6A82"),  # longer than the AID
            ("80A40400", "6E00"),
            ("00A80000", "6E00"),
            ("40A40400", "6E00"),
            ("00B0000000", "6D00"),
            ("80E20000", "6D00"),
        ],
    )
    def test_refusals_without_selection(self, debit: Card, capdu: str, sw: str) -> None:
        assert ask(debit, capdu) == sw

    @pytest.mark.parametrize(
        "capdu", [GPO, "00B2010C00", "80CA9F3600", "80AE800000"], ids=["gpo", "read", "get", "ac"]
    )
    def test_nothing_selected(self, debit: Card, capdu: str) -> None:
        assert ask(debit, capdu) == "6985"
        ask(debit, SELECT_ADF)
        ask(debit, PPSE)  # selecting the directory leaves the application
        assert ask(debit, capdu) == "6985"

    @pytest.mark.parametrize(
        ("capdu", "sw"),
        [
            (GPO.replace("80A80000", "80A80100"), "6A86"),
            (GPO[:-2], "6700"),  # no Le
            ("80A8000002830000", "6700"),
            ("80A8000022 8320" + "".join(TERMINAL.values())[:-2] + "00", "6700"),
            (GPO.replace("8321", "8421"), "6700"),
            (GPO.replace("26000080", "46000080"), "6985"),  # a reader without qPBOC
        ],
    )
    def test_gpo_refused_does_not_count(self, debit: Card, capdu: str, sw: str) -> None:
        ask(debit, SELECT_ADF)
        assert ask(debit, capdu) == sw
        assert objects(debit, GPO)["9F36"].hex() == "0001"

    def test_gpo_once_per_selection(self, debit: Card) -> None:
        ask(debit, SELECT_ADF)
        objects(debit, GPO)
        assert ask(debit, GPO) == "6985"
        ask(debit, SELECT_ADF)
        objects(debit, GPO)

    def test_records(self, debit: Card) -> None:
        ask(debit, SELECT_ADF)
        assert ask(debit, "00B2010C00") == "6985"  # before GPO
        ask(debit, GPO)
        assert ask(debit, "00B2030C00") == "6A83"
        assert ask(debit, "00B2011400") == "6A82"
        assert ask(debit, "00B2000C00") == "6A86"
        assert ask(debit, "00B2010D00") == "6A86"
        assert ask(debit, "00B2010C") == "6700"
        whole = ask(debit, "00B2010C00")
        assert ask(debit, "00B2010C05") == f"6C{len(whole) // 2 - 2:02X}"
        assert ask(debit, f"00B2010C{len(whole) // 2 - 2:02X}") == whole
        assert ask(debit, "80CA9F1700") == "6A88"

    def test_counter_at_its_end(self, debit: Card) -> None:
        debit.applications[0].atc = 0xFFFF
        ask(debit, SELECT_ADF)
        assert ask(debit, GPO) == "6985"

    def test_partial_names_and_next_occurrence(self, tmp_path: Path) -> None:
        document = yaml.safe_load((CARDS / "unionpay_debit.yaml").read_text())
        first = document["card"]["applications"][0]
        document["card"]["applications"].append(
            {**first, "aid": "A000000333010102", "label": "CREDIT", "priority": 2}
        )
        card = load_card(written(tmp_path, document))
        directory = bytes.fromhex(ask(card, PPSE))
        assert directory.index(bytes.fromhex(AID)) < directory.index(bytes.fromhex(AID[:-1] + "2"))
        first_one, next_one = "00A4040005A00000033300", "00A4040205A00000033300"
        assert objects(card, first_one)["84"].hex().upper() == AID
        assert objects(card, next_one)["84"].hex().upper() == AID[:-1] + "2"
        assert ask(card, next_one) == "6A82"
        assert objects(card, first_one)["84"].hex().upper() == AID

    def test_thinking_takes_longer_for_the_cryptogram(self, debit: Card) -> None:
        times = [debit.think_ms(bytes.fromhex(capdu)) for capdu in (PPSE, GPO, "00B2010C00")]
        assert times == [5.0, 40.0, 4.0]


class TestAnyBytes:
    @given(st.lists(st.binary(max_size=12) | st.sampled_from([PPSE, SELECT_ADF, GPO]), max_size=6))
    @settings(max_examples=60, deadline=None)
    def test_card_always_answers_with_a_status_word(self, commands: list[bytes | str]) -> None:
        card = load_card("unionpay_debit")
        for command in commands:
            capdu = bytes.fromhex(command) if isinstance(command, str) else command
            answer = card.exchange(capdu)
            assert answer is not None
            assert len(answer) >= 2
            assert answer[-2] in (0x90, 0x67, 0x69, 0x6A, 0x6C, 0x6D, 0x6E)
