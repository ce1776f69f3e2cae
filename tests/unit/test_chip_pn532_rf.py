"""The PN532 model above: field, cards, targets, APDUs."""

import pytest
from pn532_bench import (
    ACK,
    CMD,
    LIST_ONE_A,
    LISTED_A,
    RSP,
    Bench,
    Plastic,
    PlasticB,
)


@pytest.fixture
def bench() -> Bench:
    return Bench().started()


class TestListPassiveTarget:
    def test_type_a(self, bench: Bench) -> None:
        bench.chip.tap(Plastic())
        assert bench.send(LIST_ONE_A) == ACK + RSP(LISTED_A)

    def test_type_a_by_hand(self, bench: Bench) -> None:
        bench.chip.tap(Plastic())
        hand = "0000FF11EFD54B010100042004081122330578807002"
        data = bytes.fromhex(hand)
        assert bench.send(LIST_ONE_A) == ACK + data + bytes([-sum(data[5:]) % 256, 0])

    def test_seven_byte_uid(self, bench: Bench) -> None:
        bench.chip.tap(Plastic("04112233445566"))
        answer = bench.send(LIST_ONE_A)
        assert answer == ACK + RSP("4B01 01 0004 20 07 04112233445566 0578807002")

    def test_type_b(self, bench: Bench) -> None:
        bench.chip.tap(PlasticB())
        answer = bench.send(CMD("4A010300"))
        assert answer == ACK + RSP("4B01 01 50A1B2C3D400000000007181 01 00")

    def test_types_do_not_mix(self, bench: Bench) -> None:
        bench.retries(2).chip.tap(PlasticB())
        assert bench.send(LIST_ONE_A) == ACK + RSP("4B00")
        assert bench.send(CMD("4A0102FFFF0000" + "00")) == ACK + RSP("4B00")

    def test_finite_retries(self, bench: Bench) -> None:
        bench.retries(0x02)
        assert bench.send(LIST_ONE_A, ms=15) == ACK
        assert bench.send(b"", ms=15) == RSP("4B00")

    def test_endless_retries_answer_when_a_card_comes(self, bench: Bench) -> None:
        assert bench.send(LIST_ONE_A, ms=60_000) == ACK
        assert bench.chip.field_on
        bench.chip.tap(Plastic())
        assert bench.send(b"", ms=20) == RSP(LISTED_A)

    def test_card_too_short_at_the_reader(self, bench: Bench) -> None:
        assert bench.send(LIST_ONE_A) == ACK
        bench.chip.tap(Plastic())
        bench.clock.advance(1)
        bench.chip.remove()
        assert bench.send(b"") == b""
        bench.chip.tap(Plastic())
        assert bench.send(b"") == RSP(LISTED_A)

    def test_card_in_the_last_moment(self, bench: Bench) -> None:
        bench.retries(1)
        assert bench.send(LIST_ONE_A, ms=16) == ACK
        bench.chip.tap(Plastic())
        assert bench.send(b"") == RSP(LISTED_A)

    def test_two_cards(self, bench: Bench) -> None:
        bench.chip.tap(Plastic("08112233"))
        bench.chip.tap(Plastic("08AABBCC"))
        answer = bench.send(CMD("4A0200"))
        first, second = "01 0004 20 04 08112233 0578807002", "02 0004 20 04 08AABBCC 0578807002"
        assert answer == ACK + RSP("4B02" + first + second)
        assert bench.send(LIST_ONE_A) == ACK + RSP("4B01" + first)

    def test_two_cards_come_together_while_waiting(self, bench: Bench) -> None:
        assert bench.send(CMD("4A0200")) == ACK
        bench.chip.tap(Plastic("08112233"))
        bench.chip.tap(Plastic("08AABBCC"))
        assert bench.send(b"")[6:8] == b"\x4b\x02"

    def test_same_card_twice_is_one(self, bench: Bench) -> None:
        card = Plastic()
        bench.chip.tap(card)
        bench.chip.tap(card)
        assert bench.chip.cards == (card,)

    def test_without_automatic_rats(self, bench: Bench) -> None:
        assert bench.send(CMD("1200")) == ACK + RSP("13")
        bench.chip.tap(Plastic())
        assert bench.send(LIST_ONE_A) == ACK + RSP("4B01 01 0004 20 04 08112233")
        assert bench.send(CMD("400100A4")) == ACK + RSP("4101")


class TestDataExchange:
    def test_apdu(self, bench: Bench) -> None:
        card = Plastic(answer=bytes.fromhex("6F009000"))
        bench.with_card(card)
        assert bench.send(CMD("4001 00A40400")) == ACK + RSP("4100 6F009000")
        assert card.heard == [bytes.fromhex("00A40400")]

    def test_takes_its_time(self, bench: Bench) -> None:
        bench.with_card(Plastic(answer=bytes(200)))
        assert bench.send(CMD("4001 00A40400"), ms=40) == ACK  # 200 bytes on the air: 18 ms
        assert bench.send(b"", ms=30) != b""

    def test_unknown_target(self, bench: Bench) -> None:
        assert bench.send(CMD("4001 00")) == ACK + RSP("4127")
        bench.with_card()
        assert bench.send(CMD("4002 00")) == ACK + RSP("4127")
        assert bench.send(CMD("04")) == ACK + RSP("05 27 00 01 01000000 00")

    def test_removed_card(self, bench: Bench) -> None:
        bench.with_card()
        bench.chip.remove()
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("4101")

    def test_removed_and_back_needs_a_new_activation(self, bench: Bench) -> None:
        card = Plastic()
        bench.with_card(card)
        bench.chip.remove(card)
        bench.chip.tap(card)
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("4101")
        assert bench.send(LIST_ONE_A) == ACK + RSP(LISTED_A)
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("41009000")

    def test_removed_while_it_thinks(self, bench: Bench) -> None:
        bench.with_card(card := Plastic())
        assert bench.send(CMD("4001 00A4"), ms=6) == ACK
        assert card.heard
        bench.chip.remove()
        assert bench.send(b"") == RSP("4101")

    def test_mute_card(self, bench: Bench) -> None:
        bench.with_card(Plastic(answer=None))
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("4101")

    def test_field_off_resets_the_card(self, bench: Bench) -> None:
        bench.with_card(card := Plastic())
        assert bench.send(CMD("320100")) == ACK + RSP("33")
        assert card.power_offs == 1
        assert not bench.chip.field_on
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("4101")
        assert bench.send(CMD("320101")) == ACK + RSP("33")
        assert bench.chip.field_on
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("4101")  # not activated
        assert bench.send(LIST_ONE_A) == ACK + RSP(LISTED_A)

    def test_longest_answer_of_one_frame(self, bench: Bench) -> None:
        bench.with_card(Plastic(answer=bytes(range(256)) + b"\x90\x00"))
        answer = bench.send(CMD("4001 00B2"))
        assert answer == ACK + RSP(b"\x41\x00" + bytes(range(256)) + b"\x90\x00")
        assert answer[6:14].hex() == "0000ffffff0105fa"

    def test_more_than_fits_comes_in_pieces(self, bench: Bench) -> None:
        whole = bytes(i % 251 for i in range(600))
        bench.with_card(Plastic(answer=whole))
        assert bench.send(CMD("4001 00B2")) == ACK + RSP(b"\x41\x40" + whole[:262])
        assert bench.send(CMD("4001")) == ACK + RSP(b"\x41\x40" + whole[262:524])
        assert bench.send(CMD("4001")) == ACK + RSP(b"\x41\x00" + whole[524:])

    def test_host_chains_with_mi(self, bench: Bench) -> None:
        bench.with_card(card := Plastic())
        assert bench.send(CMD("4041 00A4")) == ACK + RSP("4100")
        assert card.heard == []
        assert bench.send(CMD("4001 0400")) == ACK + RSP("41009000")
        assert card.heard == [bytes.fromhex("00A40400")]

    def test_pull_after(self, bench: Bench) -> None:
        bench.with_card(card := Plastic())
        bench.chip.pull_after(2)
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("41009000")
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("41009000")
        assert bench.chip.cards == ()
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("4101")
        assert len(card.heard) == 2

    def test_pull_before_the_first(self, bench: Bench) -> None:
        bench.with_card(card := Plastic())
        bench.chip.pull_after(0)
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("4101")
        assert card.heard == []

    def test_pull_during(self, bench: Bench) -> None:
        bench.with_card(card := Plastic())
        bench.chip.pull_after(1, during=True)
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("41009000")
        assert bench.send(CMD("4001 80A8")) == ACK + RSP("4101")
        assert card.heard[-1] == bytes.fromhex("80A8")  # it has counted this transaction
        assert bench.chip.cards == ()


class TestTargets:
    def test_release(self, bench: Bench) -> None:
        bench.with_card(card := Plastic())
        assert bench.send(CMD("5201")) == ACK + RSP("5300")
        assert card.power_offs == 1
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("4127")
        assert bench.send(CMD("5201")) == ACK + RSP("5327")
        assert bench.send(CMD("5200")) == ACK + RSP("5300")

    def test_deselect_keeps_the_target(self, bench: Bench) -> None:
        bench.with_card()
        assert bench.send(CMD("4401")) == ACK + RSP("4500")
        assert bench.send(CMD("5401")) == ACK + RSP("5500")
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("41009000")
        assert bench.send(CMD("5402")) == ACK + RSP("5527")

    def test_presence_check(self, bench: Bench) -> None:
        bench.with_card()
        assert bench.send(CMD("0006")) == ACK + RSP("0100")
        bench.chip.remove()
        assert bench.send(CMD("0006")) == ACK + RSP("0101")

    def test_communication_line_test(self, bench: Bench) -> None:
        assert bench.send(CMD(b"\x00\x00libnfc")) == ACK + RSP(b"\x01\x00libnfc")

    def test_changes_are_told(self, bench: Bench) -> None:
        seen = []
        bench.chip.on_change = lambda: seen.append((bench.chip.field_on, len(bench.chip.cards)))
        bench.with_card()
        bench.chip.remove()
        bench.send(CMD("320100"))
        assert seen == [(False, 1), (True, 1), (True, 0), (False, 0)]
