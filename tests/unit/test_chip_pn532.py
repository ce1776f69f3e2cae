"""The PN532 model below: waking up, frames, baud rate, misbehaviour."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pn532_bench import (
    ACK,
    CMD,
    ERROR,
    FIRMWARE_VERSION,
    GET_FIRMWARE_VERSION,
    LIST_ONE_A,
    LISTED_A,
    NACK,
    RSP,
    SAM_CONFIGURATION,
    WAKE_UP,
    Bench,
    Plastic,
)

from host_tools.vboard.chips.pn532 import Pn532
from host_tools.vboard.chips.pn532_faults import MISBEHAVIOURS
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.wire import Net, UartLine


@pytest.fixture
def asleep() -> Bench:
    return Bench()


@pytest.fixture
def bench() -> Bench:
    return Bench().started()


class TestWakeUp:
    def test_deaf_without_wake_up(self, asleep: Bench) -> None:
        assert asleep.send(GET_FIRMWARE_VERSION[:4]) == b""  # four rising edges at most

    def test_frame_right_after_the_waking_byte_is_lost(self, asleep: Bench) -> None:
        assert asleep.send(b"\x55" + GET_FIRMWARE_VERSION) == b""
        assert asleep.send(GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION

    def test_waiting_is_as_good_as_a_long_preamble(self, asleep: Bench) -> None:
        assert asleep.send(b"\x55", ms=1) == b""
        assert asleep.send(GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION

    @pytest.mark.parametrize("preamble", ["5555" + "00" * 14, "00" * 10, "5555000000"])
    def test_preambles_in_the_field(self, asleep: Bench, preamble: str) -> None:
        """The data sheet's, nfcpy's, libnfc's."""
        data = bytes.fromhex(preamble) + GET_FIRMWARE_VERSION
        assert asleep.send(data) == ACK + FIRMWARE_VERSION

    def test_oscillator_counts_from_the_fifth_rising_edge(self) -> None:
        clock, line, heard = ManualClock(), UartLine(), bytearray()
        line.to_board = heard.extend
        Pn532(clock, line, wake_ms=2.0)
        line.from_board(WAKE_UP + GET_FIRMWARE_VERSION)  # 1.3 ms of preamble are too short now
        clock.advance(50)
        assert not heard
        line.from_board(GET_FIRMWARE_VERSION)
        clock.advance(50)
        assert heard == ACK + FIRMWARE_VERSION

    def test_no_card_before_sam_configuration(self, asleep: Bench) -> None:
        asleep.chip.tap(Plastic())
        asleep.send(WAKE_UP)
        asleep.retries(1)
        assert asleep.send(LIST_ONE_A) == ACK + RSP("4B00")
        assert asleep.chip.faults == ["InListPassiveTarget before SAMConfiguration"]
        assert not asleep.chip.field_on

    def test_power_down_and_wake_up(self, bench: Bench) -> None:
        bench.with_card()
        assert bench.send(CMD("1610")) == ACK + RSP("1700")
        assert not bench.chip.field_on
        assert bench.send(GET_FIRMWARE_VERSION[:4]) == b""
        assert bench.send(WAKE_UP + LIST_ONE_A) == ACK + RSP(LISTED_A)  # still configured

    def test_power_down_without_hsu_is_for_good(self, bench: Bench) -> None:
        assert bench.send(CMD("1608")) == ACK + RSP("1700")
        assert bench.send(WAKE_UP + GET_FIRMWARE_VERSION) == b""
        assert "only reset helps" in bench.chip.faults[0]


class TestResetPin:
    def test_floating_pin_is_pulled_up(self) -> None:
        Bench(Net(5)).started()

    def test_low_holds_the_chip(self) -> None:
        pin = Net(5)
        bench = Bench(pin).started().with_card()
        pin.configure(1, 0, False)
        pin.configure(0, 0, False)
        assert not bench.chip.field_on
        assert bench.send(WAKE_UP + GET_FIRMWARE_VERSION) == b""
        pin.configure(1, 0, False)
        assert bench.send(GET_FIRMWARE_VERSION[:4]) == b""
        assert bench.send(WAKE_UP + GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION

    def test_reset_takes_back_the_baud_rate_and_a_running_command(self) -> None:
        pin = Net(5)
        bench = Bench(pin).started()
        bench.send(CMD("1008"))
        bench.send(ACK)
        assert bench.chip.baudrate == 1288000
        bench.line.board_baudrate = 1288000
        bench.send(LIST_ONE_A, ms=1.5)
        pin.configure(0, 0, False)
        pin.configure(1, 0, False)
        assert bench.chip.baudrate == 115200
        bench.chip.tap(Plastic())
        assert bench.send(b"") == b""


class TestFrames:
    def test_ack_within_15_ms_then_response(self, bench: Bench) -> None:
        assert bench.send(GET_FIRMWARE_VERSION, ms=0.9) == b""
        bench.clock.advance(1.0)
        assert bench.heard == ACK
        bench.clock.advance(10)
        assert bench.heard == ACK + FIRMWARE_VERSION

    def test_extended_frame_for_a_short_command(self, bench: Bench) -> None:
        extended = bytes.fromhex("0000FFFFFF0002FED4022A00")
        assert bench.send(extended) == ACK + FIRMWARE_VERSION

    def test_longest_command_and_response_are_extended(self, bench: Bench) -> None:
        pd = b"\x00\x00" + bytes(range(256)) + b"abcdef"  # Diagnose: PD0 and 263 more
        command = bytes.fromhex("0000FFFFFF0109F6D4") + pd
        command += bytes([-sum(command[8:]) % 256, 0])
        answer = bench.send(command)
        assert answer[:14] == ACK + bytes.fromhex("0000FFFFFF0109F6")
        assert answer == ACK + RSP(b"\x01" + pd[1:])

    def test_too_long_is_no_frame(self, bench: Bench) -> None:
        assert bench.send(CMD(b"\x00\x00" + bytes(263))) == b""
        assert bench.chip.faults[0] == "frame from the host: length 266 is outside 1 to 265"

    @pytest.mark.parametrize(
        ("bad", "why"),
        [
            ("0000FF02FDD4022A00", "length checksum LCS wrong"),
            ("0000FF02FED4022B00", "data checksum DCS wrong"),
            ("0000FFFFFF0002FDD4022A00", "length checksum LCS wrong"),
            ("0000FF000000", "length 0 is outside 1 to 265"),
        ],
    )
    def test_bad_frame_gets_no_answer(self, bench: Bench, bad: str, why: str) -> None:
        assert bench.send(bytes.fromhex(bad)) == b""
        assert bench.chip.faults == [f"frame from the host: {why}"]
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION

    @pytest.mark.parametrize("junk", ["", "00", "FFFFFF", "550000", "D4AA5500", "0000FF"])
    def test_finds_the_start_code_behind_junk(self, bench: Bench, junk: str) -> None:
        answer = bench.send(bytes.fromhex(junk) + GET_FIRMWARE_VERSION)
        assert answer == ACK + FIRMWARE_VERSION

    def test_frame_repeated_after_a_cut_one(self, bench: Bench) -> None:
        assert bench.send(SAM_CONFIGURATION[:8], ms=20) == b""
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION

    def test_byte_by_byte(self, bench: Bench) -> None:
        for byte in GET_FIRMWARE_VERSION:
            bench.line.from_board(bytes([byte]))
        assert bench.send(b"") == ACK + FIRMWARE_VERSION

    @given(st.binary(max_size=40))
    @settings(max_examples=60, deadline=None)
    def test_any_bytes_and_then_life_goes_on(self, junk: bytes) -> None:
        bench = Bench().started()
        bench.send(junk)
        bench.send(bytes(300))  # what a cut frame of any length may still wait for
        assert bench.send(GET_FIRMWARE_VERSION).endswith(ACK + FIRMWARE_VERSION)

    def test_unknown_command_and_wrong_tfi(self, bench: Bench) -> None:
        assert bench.send(CMD("99")) == ACK + ERROR
        assert bench.send(RSP("02")) == ACK + ERROR
        assert len(bench.chip.faults) == 2

    @pytest.mark.parametrize(
        "pd",
        ["0201", "14", "1400", "3201", "320500FF", "32FF00", "4A0000", "4A0300", "4A0105"],
    )
    def test_wrong_items_get_the_error_frame(self, bench: Bench, pd: str) -> None:
        assert bench.send(CMD(pd)) == ACK + ERROR
        assert len(bench.chip.faults) == 1

    @pytest.mark.parametrize("pd", ["4A0103", "40", "52", "1009", "12", "16", "0009", "0401"])
    def test_wrong_lengths_get_the_error_frame(self, bench: Bench, pd: str) -> None:
        assert bench.send(CMD(pd)) == ACK + ERROR
        assert len(bench.chip.faults) == 1

    def test_nack_brings_the_last_response_again(self, bench: Bench) -> None:
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION
        assert bench.send(NACK) == FIRMWARE_VERSION
        assert bench.send(NACK) == FIRMWARE_VERSION

    def test_nack_with_nothing_to_repeat(self, bench: Bench) -> None:
        bench.send(LIST_ONE_A, ms=5)
        assert bench.send(NACK) == b""

    def test_ack_aborts(self, bench: Bench) -> None:
        assert bench.send(LIST_ONE_A) == ACK
        assert bench.send(ACK) == b""
        bench.chip.tap(Plastic())
        assert bench.send(b"") == b""
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION

    def test_new_command_abandons_the_old(self, bench: Bench) -> None:
        assert bench.send(LIST_ONE_A) == ACK
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION
        bench.chip.tap(Plastic())
        assert bench.send(b"") == b""

    def test_trace_is_in_order_and_says_nothing_of_data(self, bench: Bench) -> None:
        bench.with_card()
        bench.frames.clear()
        bench.send(CMD("4001 00A4040005A000000333"))
        assert bench.frames == [
            ("host", "command", "InDataExchange, 11 bytes"),
            ("chip", "ack", ""),
            ("chip", "response", "InDataExchange, 12 bytes on the line"),
        ]


class TestBaudRate:
    def test_changes_with_the_hosts_ack(self, bench: Bench) -> None:
        assert bench.send(bytes.fromhex("0000FF03FDD410071500")) == ACK + RSP("11")
        assert bench.chip.baudrate == 115200
        assert bench.send(ACK) == b""
        assert bench.chip.baudrate == 921600
        assert ACK not in bench.send(GET_FIRMWARE_VERSION)  # the host still speaks 115200
        bench.line.board_baudrate = 921600
        assert bench.send(GET_FIRMWARE_VERSION).endswith(FIRMWARE_VERSION)

    def test_abort_is_no_acknowledgement(self, bench: Bench) -> None:
        bench.send(CMD("1007"), ms=2.6)  # decided, but not answered yet
        assert bench.send(ACK) == b""
        assert bench.chip.baudrate == 115200

    def test_not_without_ack(self, bench: Bench) -> None:
        bench.send(CMD("1007"))
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION
        bench.send(ACK)
        assert bench.chip.baudrate == 115200

    def test_all_rates(self, bench: Bench) -> None:
        rates = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)
        for code, rate in enumerate(rates):
            assert bench.send(CMD(bytes([0x10, code])), ms=900) == ACK + RSP("11")
            bench.send(ACK)
            assert bench.chip.baudrate == rate
            bench.line.board_baudrate = rate

    def test_speed_counts(self, bench: Bench) -> None:
        bench.send(CMD("1000"))
        bench.send(ACK)
        bench.line.board_baudrate = 9600
        assert bench.send(GET_FIRMWARE_VERSION, ms=10) == b""  # 9 bytes at 9600 baud: 9.4 ms
        bench.clock.advance(1)
        assert bench.heard == ACK


class TestMisbehaviour:
    def test_silent_until_well(self, bench: Bench) -> None:
        bench.chip.misbehave("silent")
        assert bench.send(GET_FIRMWARE_VERSION) == b""
        assert bench.send(GET_FIRMWARE_VERSION) == b""
        bench.chip.misbehave("well")
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION

    def test_silent_in_the_middle_of_a_command(self, bench: Bench) -> None:
        assert bench.send(LIST_ONE_A) == ACK
        bench.chip.misbehave("silent")
        bench.chip.tap(Plastic())
        assert bench.send(b"") == b""

    def test_no_ack(self, bench: Bench) -> None:
        bench.chip.misbehave("no_ack")
        assert bench.send(GET_FIRMWARE_VERSION) == FIRMWARE_VERSION
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION

    @pytest.mark.parametrize(
        ("name", "heard"),
        [
            ("corrupt_dcs", "0000FF06FAD50332010607B200"),
            ("corrupt_lcs", "0000FF06A0D50332010607E800"),
            ("corrupt_data", "0000FF06FAD50332010617E800"),
            ("truncated", "0000FF06FA"),
        ],
    )
    def test_spoilt_response_is_right_after_nack(
        self, bench: Bench, name: str, heard: str
    ) -> None:
        bench.chip.misbehave(name)
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + bytes.fromhex(heard)
        assert bench.send(NACK) == FIRMWARE_VERSION

    def test_several_times(self, bench: Bench) -> None:
        bench.chip.misbehave("truncated", times=2, keep=0)
        assert bench.send(GET_FIRMWARE_VERSION) == ACK
        assert bench.send(NACK) == b""
        assert bench.send(NACK) == FIRMWARE_VERSION

    def test_for_good(self, bench: Bench) -> None:
        bench.chip.misbehave("no_ack", times=None)
        for _ in range(5):
            assert bench.send(GET_FIRMWARE_VERSION) == FIRMWARE_VERSION

    def test_garbage(self, bench: Bench) -> None:
        bench.chip.misbehave("garbage", times=2, data="DEAD00")
        junk = bytes.fromhex("DEAD00")
        assert bench.send(GET_FIRMWARE_VERSION) == junk + ACK + junk + FIRMWARE_VERSION

    def test_wrong_response(self, bench: Bench) -> None:
        bench.chip.misbehave("wrong_response")
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + RSP("0532010607")

    def test_status(self, bench: Bench) -> None:
        bench.with_card(card := Plastic())
        bench.chip.misbehave("status", code=0x02)
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("4102")
        assert card.heard == []
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("41009000")

    def test_error_frame(self, bench: Bench) -> None:
        bench.chip.misbehave("error_frame")
        assert bench.send(GET_FIRMWARE_VERSION) == ACK + ERROR
        assert bench.chip.faults == []

    def test_slow(self, bench: Bench) -> None:
        bench.chip.misbehave("slow", ms=3000)
        assert bench.send(GET_FIRMWARE_VERSION, ms=2990) == ACK
        assert bench.send(b"", ms=20) == FIRMWARE_VERSION

    def test_reset_by_itself(self, bench: Bench) -> None:
        bench.with_card(card := Plastic())
        bench.chip.misbehave("reset")
        assert card.power_offs == 1
        assert not bench.chip.field_on
        assert bench.send(GET_FIRMWARE_VERSION[:4]) == b""
        assert bench.send(WAKE_UP + GET_FIRMWARE_VERSION) == ACK + FIRMWARE_VERSION
        assert bench.send(CMD("4001 00A4")) == ACK + RSP("4127")

    def test_names_and_arguments_are_checked(self, bench: Bench) -> None:
        with pytest.raises(ValueError, match="cannot misbehave as 'sleepy'; it can: silent"):
            bench.chip.misbehave("sleepy")
        with pytest.raises(ValueError, match="'status' does not take keep"):
            bench.chip.misbehave("status", keep=3)
        for name in MISBEHAVIOURS:
            bench.chip.misbehave(name)
