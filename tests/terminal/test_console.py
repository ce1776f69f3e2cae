"""The diagnostics console against a running terminal: what it says is true, and no secret."""

import json
import socket

import pytest
from littlefs import LittleFS, UserContext
from PIL import Image, ImageChops
from typer.testing import CliRunner

from host_tools import cli
from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread
from host_tools.build.image import build_firmware
from host_tools.console import ask as asking
from host_tools.console.commands import parse
from host_tools.console.wire import ConsoleError, Wire
from host_tools.decode8583.firmware import iso8583, unionpay
from host_tools.device.actions import ACTIONS, Stage
from host_tools.device.provision import Identity
from host_tools.device.virtual import VirtualDevice, provisioned_flash
from host_tools.emv import decode as emv
from host_tools.vboard.board import FLASH_SIZE
from host_tools.vboard.cards.loader import CARDS
from host_tools.vboard.mcu import HARD

PAN, EXPIRY, PIN = "6212345678901232", "3012", "123456"
VISA = "4123450000000019"
CONSOLE_KEY = bytes(range(32))
BLOCK = 4096


class Desk:
    """A terminal with its host, the console at its line, and all that was ever on the line."""

    def __init__(self, device, host):
        self.device, self.host = device, host
        self.stage = host and Stage(device, host, CARDS)
        self.stream = bytearray()
        self.events = []
        self.port = device.board.call(lambda: device.board.console.port)
        device.board.call(setattr, device.board.console, "on_output", self.stream.extend)

    def play(self, *steps):
        for name, value in steps:
            try:
                ACTIONS[name].do(self.stage, value)
            except TimeoutError as error:
                said = [event["text"] for event in self.events if "text" in event][-8:]
                raise TimeoutError(f"{error}: {self.device.screen()}, {said}") from None

    def connect(self):
        self.wire = Wire(self.port, self.events.append)
        return self.wire

    def ask(self, line):
        """The answer to a command as it is typed, and its parts."""
        parts = []
        answer = asking.ask(self.wire, parse(line), parts.append)
        return answer, parts


@pytest.fixture(scope="module")
def desk():
    flash, nvs = provisioned_flash(Identity())
    with (
        HostThread(open_ledger()) as host,
        VirtualDevice(flash=flash, nvs=nvs) as device,
    ):
        desk = Desk(device, host)
        device.power_on()
        device.wait_for_screen("Operator")
        desk.stage.find_host()
        desk.connect()
        yield desk
        desk.wire.close()
        assert device.board.call(lambda: device.board.faults) == []


@pytest.fixture(scope="module")
def sold(desk):
    """Two sales with everything traced; what was answered in their midst."""
    asked = {}
    desk.ask("trace all")
    desk.ask("log debug")
    desk.play(("keys", "01E"), ("screen", "Password"))
    asked["password"] = desk.ask("screen /dev/null")[0]
    desk.play(("keys", "0000E"), ("screen", "Type an amount"))
    desk.play(("keys", "128000E"), ("screen", "Tap the card"), ("field", "on"))
    asked["card"] = desk.ask("status")[0]
    desk.play(("tap", "unionpay_debit"), ("screen", "Enter PIN"), ("remove", None))
    asked["pin"] = desk.ask("screen /dev/null")[0]
    slips = ("screen", "Approved"), ("screen", "Tear off"), ("keys", "E")
    desk.play(("keys", PIN + "E"), *slips, ("screen", "Type an amount"))
    desk.play(("keys", "2000E"), ("screen", "Tap the card"), ("field", "on"))
    desk.play(("tap", "visa_online"), ("screen", "Enter PIN"), ("remove", None))
    desk.play(("keys", PIN + "E"), *slips, ("screen", "Type an amount"))
    desk.ask("trace off")
    desk.ask("log warn")
    return asked


def test_status_is_what_is(desk):
    told, _ = desk.ask("status")
    assert told["serial"] == "240AC4000001"
    assert told["terminal_id"] == Identity().terminal_id
    assert (told["batch"], told["cause"], told["development"]) == (1, 1, True)
    assert told["network"] and told["story"] in ("flows.login", "flows.idle")
    board = desk.device.board
    assert told["battery_mv"] == pytest.approx(
        board.call(lambda: board.battery.volts) * 1000, 0.02
    )
    memory, _ = desk.ask("memory")
    assert memory["tasks"] == {"terminal": "stream", "keypad": "stream", "console": "waits"}
    assert "pos.console.state" in memory["modules"]


def test_commands_wait_for_nobody_and_disturb_nobody(sold):
    stories = {name: answer.pop("why") for name, answer in sold.items()}
    assert stories == {"password": "flows.prove", "card": "flows.card", "pin": "flows.pin"}
    assert all(answer == {"error": "busy"} for answer in sold.values())


def test_the_journal_lists_what_was_sold(desk, sold):
    answer, parts = desk.ask("journal all")
    assert answer == {"batch": 1, "count": 2}
    shown = [(p["kind"], p["state"], p["amount"], p["pan"], p["copies"]) for p in parts]
    assert shown == [
        ("sale", "approved", 128000, "621234******1232", 2),
        ("sale", "approved", 2000, "412345******0019", 2),
    ]
    assert len(desk.ask("journal 1")[1]) == 1


def test_what_goes_by_is_told_without_secrets(desk, sold):
    traced = [event for event in desk.events if "trace" in event]
    kinds = {kind: [e for e in traced if e["trace"] == kind] for kind in ("8583", "apdu", "pn532")}
    assert all(len(events) > 4 for events in kinds.values())
    assert any("story" in event.get("text", "") for event in desk.events)  # the log, too
    messages = [_unpacked(event) for event in kinds["8583"]]
    assert [mti for mti, _ in messages][:4] == ["0800", "0810", "0200", "0210"]
    sale = messages[2][1]
    assert sale[2] == "6212340000001232" and sale[4] == "000000128000"
    assert not any(sale[52]) and set(sale[35]) == {"0"} and sale[14] == "0000"
    assert not any(messages[1][1][62])  # the working keys
    read = [e["hex"] for e in kinds["apdu"] if not e["out"]]
    assert any("5a08621234000000" in answer and answer.endswith("9000") for answer in read)
    objects = [node for top in map(_objects, read) for node in top]
    hidden = [node.value for node in objects if node.tag == 0x57]
    assert hidden and not any(map(any, hidden))
    # of the reader's frames with APDUs only the head
    frames = [e for e in kinds["pn532"] if e["hex"].startswith("41")]
    assert frames and all(len(e["hex"]) == 4 and e["hidden"] for e in frames)
    stream = bytes(desk.stream).decode("utf-8", "replace").upper()
    secret = [Identity().tmk_part1, Identity().tmk_part2, "1" * 16 + "2" * 16, PIN + '"']
    secret += [PAN, PAN[2:], PAN.encode().hex(), VISA + "D", VISA.encode().hex()]
    assert [text for text in secret if text.upper() in stream] == []
    assert PAN[:6] in stream


def _objects(answer):
    return [n for top in emv.read_tlv(bytes.fromhex(answer)[:-2]) for n in top.walk()]


def _unpacked(event):
    data = bytes.fromhex(event["hex"])
    mti, fields = iso8583.unpack(unionpay.PROFILE, unionpay.unframe(data)[2])
    assert not event["hidden"]
    return mti, fields


def test_a_screenshot_is_the_picture_of_the_chip(desk, sold, tmp_path):
    desk.device.wait_for_screen("Type an amount")
    answer, _ = desk.ask(f"screen {tmp_path / 'a.png'}")
    assert answer == {"file": str(tmp_path / "a.png"), "width": 240, "height": 320}
    taken, seen = Image.open(tmp_path / "a.png"), desk.device.screenshot()
    # five or six bits of a colour: steps of 4 and more, but for how they are rounded
    worst = ImageChops.difference(taken.convert("RGB"), seen).getextrema()
    assert max(most for _, most in worst) <= 1
    assert len(taken.getcolors(1 << 16)) > 3
    before = desk.device.screenshot().tobytes()
    assert desk.wire.ask("display", {"ms": 1}, patience_s=10) == {"ok": True}
    assert desk.device.screenshot().tobytes() == before
    board = desk.device.board
    board.call(board.display.misbehave, "dead")
    assert desk.wire.ask("display", {"ms": 1}, patience_s=10) == {"ok": False}
    assert desk.ask(f"screen {tmp_path / 'b.png'}")[0]["error"] == "failed"
    board.call(board.display.misbehave, "well")
    assert desk.wire.ask("display", {"ms": 1}, patience_s=10) == {"ok": True}


def test_the_layer_that_is_broken_is_named(desk, sold):
    board, host = desk.device.board, desk.host
    routes = board.radio.routes

    def layers():
        answer, parts = desk.ask("host")
        return answer["broken"], [(part["layer"], part["ok"]) for part in parts], parts[-1]

    good = [("link", True), ("address", True), ("name", True), ("tcp", True)]
    assert layers()[:2] == ("", [*good, ("echo", True)])
    host.misbehave("garbage", mti="0820")
    assert layers()[:2] == ("echo", [*good, ("echo", False)])
    host.misbehave("answer", "96", mti="0820")
    broken, _, last = layers()
    assert (broken, last["detail"]) == ("echo", "96")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        kept = routes["acquirer.test"]
        board.call(routes.update, {"acquirer.test": closed.getsockname()})
        broken, found, last = layers()
        assert (broken, found) == ("tcp", [*good[:3], ("tcp", False)])
        assert last["detail"]
    board.call(routes.clear)
    assert layers()[:2] == ("name", [*good[:2], ("name", False)])
    board.call(routes.update, {"acquirer.test": kept})
    board.call(board.radio.drop)
    broken, found, last = layers()
    assert (broken, found, last["detail"]) == ("link", [("link", False)], "net_none")
    board.call(board.radio.restore)
    assert layers()[0] == ""


def test_parts_are_tested_as_they_are(desk, sold):
    board, device = desk.device.board, desk.device
    answer, parts = desk.ask("self-test")
    assert answer == {"ok": True} and {"reader", "printer", "network"} <= {
        p["name"] for p in parts
    }
    board.call(board.printer.paper_out)
    assert desk.ask("printer") == ({"ok": False, "why": "paper"}, [])
    failed = [part["name"] for part in desk.ask("self-test")[1] if not part["ok"]]
    assert failed == ["printer"]
    board.call(board.printer.new_paper)
    paper = device.paper()
    assert desk.ask("printer ask")[0]["ok"] and device.paper() == paper
    assert desk.ask("printer")[0]["ok"] and "Test, " in device.paper()[len(paper) :]
    board.call(board.printer.tear)
    device.tap("unionpay_debit")
    answer, parts = desk.ask("nfc 5")
    device.remove()
    assert (answer["card"], answer["sak"], answer["uid_bytes"]) == ("A", 0x20, 7)
    assert parts == [{"chip": "PN532", "firmware": "1.6"}]
    board.call(board.nfc.misbehave, "silent")
    assert desk.ask("nfc")[0]["ok"] is False
    board.call(board.nfc.misbehave, "well")


def test_keys_are_told_and_nobody_else_gets_them(desk, sold):
    device, got = desk.device, []

    def next_key(part):
        got.extend(part.get("key", ""))
        if "wait_s" in part:
            device.press("1E")

    answer = desk.wire.ask("keys", {"seconds": 2}, next_key, 10)
    assert (got, answer) == (["1", "E"], {"ok": False, "seen": "1E"})
    device.wait_for_screen("Type an amount")


def test_garbage_on_the_line_and_half_a_command(desk):
    port = desk.wire._port
    for noise in (
        b"\x1e{not json}\n",
        b'\x1e{"cmd": 5}\n',
        b'\x1e[1]\n{"cmd":"status"}\n',
        b"\x1e" + b"x" * 5000 + b"\n",
        bytes(range(4, 256)) * 3,
        b'\x1e{"cmd":"status","id":"h',
    ):
        port.write(noise)
        assert desk.ask("log")[0] == {"level": 1}
    assert desk.ask("status")[0]["serial"]


def test_one_shot_and_json_for_programs(desk):
    runner = CliRunner()
    desk.wire.close()  # one program at a time has the port
    done = runner.invoke(cli.app, ["console", "--port", desk.port, "--json", "status"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["terminal_id"] == Identity().terminal_id
    script = "status\nnetwork\n"
    done = runner.invoke(cli.app, ["console", "--port", desk.port, "--json"], input=script)
    names = [json.loads(line)["command"] for line in done.stdout.splitlines()]
    assert (done.exit_code, names) == (0, ["status", "network", "network", "network"])
    done = runner.invoke(cli.app, ["console", "--port", desk.port, "nosuch"])
    assert done.exit_code == 2
    desk.connect()


def test_the_terminal_goes_away_and_comes_back(desk):
    device = desk.device
    device.power_off()
    with pytest.raises(ConsoleError, match="no answer"):
        desk.wire.ask("status", patience_s=0.3)
    device.power_on()
    device.wait_for_screen("Operator")
    assert desk.ask("status")[0]["cause"] == 1


def with_directory(image: bytes, path: str) -> bytes:
    """A flash in which a directory is where a file belongs: a crash when it is written."""
    context = UserContext(FLASH_SIZE)
    context.buffer[:] = image
    files = LittleFS(
        context=context, block_size=BLOCK, block_count=FLASH_SIZE // BLOCK, mount=True
    )
    files.mkdir(path)
    files.mkdir(path + "/x")
    files.unmount()
    return bytes(context.buffer)


def test_a_production_image_wants_proof_and_has_no_repl():
    build_firmware(production=True)
    flash, nvs = provisioned_flash(Identity(console_key=CONSOLE_KEY))
    flash = with_directory(flash, "/pos/users")
    with VirtualDevice(flash=flash, nvs=nvs, production=True) as device:
        desk = Desk(device, None)
        device.power_on()
        device.wait_for_screen("Operator")
        with desk.connect() as wire:
            wire._port.write(b"\x03\x03\r\x01\x02\x04import machine\r")
            # the screen is there a moment before the terminal waits
            device.board.wait_here(lambda: wire.ask("status").get("error") == "locked", 10)
            for command in ("status", "trace", "journal", "host"):
                assert wire.ask(command) == {"error": "locked"}
            with pytest.raises(ConsoleError, match="--key"):
                wire.prove(None)
            for wrong in range(6):
                with pytest.raises(ConsoleError, match=f"wrong; ask again in {1 << wrong} s"):
                    wire.prove(bytes(32))
                if wrong < 5:
                    device.pass_time(1 << wrong)
            assert wire.ask("auth", {"proof": "00" * 32})["error"] == "locked"  # no challenge
            with pytest.raises(ConsoleError, match="after a wrong proof"):
                wire.prove(CONSOLE_KEY)
            device.pass_time(32)
            wire.prove(CONSOLE_KEY)
            assert wire.ask("status")["development"] is False
            assert device.board.mcu.starts == [1]
            assert wire.ask("crash") == {"crash": None}
            device.press("01E")  # what the terminal does not survive
            device.board.wait_for(lambda: device.board.mcu.starts == [1, HARD], 15, "a crash")
            device.wait_for_screen("Operator")
            assert wire.ask("crash") == {"error": "locked"}  # who asks has to prove it anew
            wire.prove(CONSOLE_KEY)
            kept = wire.ask("crash")["crash"].splitlines()
            assert kept[0].endswith("terminal") and {"OSError", "MemoryError"} & set(kept)
            assert any("pos.store.users" in line for line in kept)
            wire.ask("bye")
            assert wire.ask("memory") == {"error": "locked"}
