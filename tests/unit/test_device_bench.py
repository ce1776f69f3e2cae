"""A virtual board that is kept: what its files hold from one start to the next."""

import pytest

from host_tools.console.wire import Wire
from host_tools.device import bench
from host_tools.device.console_key import read_key
from host_tools.device.provision import Identity
from host_tools.vboard.board import FLASH_SIZE

_WRITE = b"import esp32\rn = esp32.NVS('bench')\rn.set_blob('k', b'\\x01\\x02'); n.commit()\r"


@pytest.fixture(autouse=True)
def console(tmp_path, monkeypatch):
    """The console linked where no other board's is."""
    path = tmp_path / "tty"
    monkeypatch.setattr(bench, "console_path", lambda: path)
    return path


def test_nvs_is_in_its_file_at_once(tmp_path):
    path = tmp_path / "a.nvs"
    nvs = bench.NvsFile(path)
    nvs["pos", "key"] = b"\x00\xff"
    nvs["pos", "other"] = b"x"
    assert bench.NvsFile(path) == {("pos", "key"): b"\x00\xff", ("pos", "other"): b"x"}
    nvs.pop(("pos", "key"), None)
    nvs.pop(("pos", "key"), None)
    assert bench.NvsFile(path) == {("pos", "other"): b"x"}
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{", "[1]", '[["a", "b", "zz"]]', "7"])
def test_a_file_that_is_no_nvs_is_told(tmp_path, text):
    path = tmp_path / "a.nvs"
    path.write_text(text)
    with pytest.raises(bench.BenchError, match="--fresh"):
        bench.NvsFile(path)


def test_a_board_keeps_flash_and_nvs(tmp_path, console):
    file = tmp_path / "flash.bin"
    with bench.kept_board(file, routes={"acquirer.test": ("127.0.0.1", 1)}) as board:
        assert board.radio.routes["acquirer.test"] == ("127.0.0.1", 1)
        assert str(console.readlink()) == board.console.port
        board.wait_for(lambda: board.mcu.starts, 5)
        board.call(board.console.type, b"\x03")  # a second one would take what is typed next
        board.wait_for(lambda: board.console.scrollback.endswith(b">>> "), 10, "a prompt")
        board.call(board.console.type, _WRITE)
        board.wait_for(lambda: ("bench", "k") in board.mcu.nvs, 10, "the blob")
        board.call(board.flash.program, FLASH_SIZE - 1, b"\x5a")
    assert not console.is_symlink()
    with bench.kept_board(file) as board:
        assert board.mcu.nvs["bench", "k"].endswith(b"\x01\x02")
        assert board.call(board.flash.read, FLASH_SIZE - 1, 1) == b"\x5a"
    with bench.kept_board(file, fresh=True) as board:
        assert ("bench", "k") not in board.mcu.nvs
        assert board.call(board.flash.read, FLASH_SIZE - 1, 1) == b"\xff"


def test_a_production_board_has_a_console_key_and_no_repl(tmp_path, console):
    file = tmp_path / "flash.bin"
    with bench.kept_board(file, identity=Identity(), production=True) as board:
        board.wait_for(lambda: board.mcu.starts, 5)
        key = read_key(bench.console_key_file(file))
        with Wire(str(console)) as wire:
            board.wait_here(lambda: "error" not in wire.ask("hello"), 30, "its self-test over")
            wire.prove(key)
            assert wire.ask("status")["development"] is False
    with pytest.raises(bench.BenchError, match="taptill flash --production"):
        (tmp_path / "flash.chip").touch()
        with bench.kept_board(file, production=True, rfc2217=0):
            pass
    with bench.kept_board(file, fresh=True):
        assert not bench.console_key_file(file).exists()


def test_two_boards_cannot_have_one_flash(tmp_path):
    file = tmp_path / "flash.bin"
    with bench.kept_board(file):
        with pytest.raises(bench.BenchError, match="another virtual board"):
            with bench.kept_board(file):
                pass


def test_a_flash_file_of_another_size_is_told(tmp_path):
    file = tmp_path / "flash.bin"
    file.write_bytes(b"\xff" * 4096)
    bench.NvsFile(file.with_suffix(".nvs")).save()
    with pytest.raises(bench.BenchError, match="--fresh"):
        with bench.kept_board(file):
            pass
