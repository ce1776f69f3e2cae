"""The command ``deploy`` against a virtual board, and what may go wrong with it."""

import pytest
from flash_desk import START, screen

from host_tools.flash import deploy as deploying
from host_tools.flash.deploy import deploy
from host_tools.flash.esptool import FlashError

FILES = {
    "/main.py": b"import app.one\n",
    "/lib/app/one.py": b"import app.deep.two\n",
    "/lib/app/deep/two.py": b"print('version', 1)\n",
    "/lib/app/data.bin": bytes(range(256)) * 20,
}


@pytest.fixture
def board(desk, tmp_path):
    d = desk(power=False, heap="2048k")
    d.program(tmp_path)
    d.board.power_on()
    d.said("program runs")
    return d


def test_a_board_without_psram_is_told_so(desk, tmp_path):
    d = desk(power=False)
    d.program(tmp_path)
    d.board.power_on()
    with pytest.raises(FlashError, match=r"bytes of heap, .* takes PSRAM"):
        deploy(d.url, FILES)


def test_only_what_has_changed_is_sent(board):
    done = deploy(board.url, FILES)
    assert sorted(done.sent) == sorted(FILES) and done.same == 0
    board.said("version 1")
    files = FILES | {"/lib/app/deep/two.py": b"print('version', 2)\n"}
    del files["/lib/app/data.bin"]
    done = deploy(board.url, files)
    assert (done.sent, done.removed) == (("/lib/app/deep/two.py",), ("/lib/app/data.bin",))
    board.said("version 2")
    assert deploy(board.url, files).sent == ()
    board.said("version 2")


def test_the_cable_pulled_in_the_middle_leaves_the_old_terminal(board):
    deploy(board.url, FILES)
    board.said("version 1")
    files = FILES | {
        "/lib/app/deep/two.py": b"print('version', 2)\n",
        "/lib/app/data.bin": bytes(20000),
    }
    board.call(board.side.server.unplug_after, 20_000)
    with pytest.raises(FlashError, match="went away in the middle"):
        deploy(board.url, files)
    board.call(board.side.server.plug_in)
    board.board.reset()
    board.said("version 1")
    deploy(board.url, files)
    board.said("version 2")


def test_the_power_gone_while_files_are_put_in_place_is_put_right_by_a_second_run(board):
    deploy(board.url, FILES)
    board.said("version 1")
    files = {path: data + b"#" for path, data in FILES.items()}
    flash = board.board.flash
    sent = []

    def progress(done, size):
        if done == size:  # all has been sent; from here on it is put into place
            board.call(flash.cut_at, 6)
            sent.append(done)

    flash.on_power_cut = board.side.server.unplug
    with pytest.raises(FlashError):
        deploy(board.url, files, progress)
    assert sent
    board.board.power_off()
    flash.power_on()
    board.call(board.side.server.plug_in)
    board.board.power_on()
    deploy(board.url, files)
    board.said("version 1")
    assert deploy(board.url, files).sent == ()


def test_data_go_to_where_no_image_is_mounted(board, tool):
    files = FILES | {"/rom/fonts/latin": b"dots"}
    assert "/rom/fonts/latin" not in deploy(board.url, files).sent
    board.said("version 1")
    files["/boot.py"] = b"import vfs\n\nvfs.umount('/rom')\n"
    deploy(board.url, files)
    board.said("version 1")
    assert deploy(board.url, files).sent == ("/rom/fonts/latin",)
    board.said("version 1")
    assert tool("mpremote", "connect", board.url, "cat", ":/rom/fonts/latin") == "dots"


def test_an_image_with_the_terminal_frozen_in_is_refused(board, monkeypatch):
    class Frozen(deploying.SerialTransport):
        def exec(self, command, *arguments):
            said = super().exec(command, *arguments)
            return said + b"pos/terminal  pos/hw\r\n" if "help" in command else said

    monkeypatch.setattr(deploying, "SerialTransport", Frozen)
    with pytest.raises(FlashError, match="frozen into it"):
        deploy(board.url, FILES)


def test_a_full_file_system_is_told_before_anything_is_changed(board):
    deploy(board.url, FILES)
    board.said("version 1")
    files = FILES | {"/lib/app/big.bin": bytes(3 << 20)}
    with pytest.raises(FlashError, match=r"file system is full: 3,.* are needed and .* are free"):
        deploy(board.url, files)
    board.board.reset()
    board.said("version 1")


def test_a_line_with_nothing_but_garbage(board):
    console = board.board.console

    def noise(data):
        console.line(bytes(range(128, 256)))

    console.taken = noise
    with pytest.raises(FlashError, match="no REPL answers"):
        deploy(board.url, FILES)


@pytest.mark.timeout(240)
def test_the_terminal_runs_from_files(desk, taptill, tmp_path):
    """On MicroPython alone, as it is downloaded: nothing of the terminal is in the image."""
    d = desk(power=False, heap="8192k")  # as a board with PSRAM has it
    d.program(tmp_path)
    d.board.power_on()
    d.said("program runs")
    # that program was in a ROM image, which MicroPython alone does not have
    deploy(d.url, {"/boot.py": b"import vfs\n\nvfs.umount('/rom')\nprint('bare')\n"})
    d.said("bare")
    code, told, error = taptill("deploy", "--board", "virtual", "--port", d.url, "--json")
    assert code == 0, error
    assert sorted(told["sent"]) == sorted(deploying.files_for("virtual"))
    starts = list(d.board.mcu.starts)
    d.board.wait_for(lambda: not d.board.display.lit, 20, "a dark display while it starts")
    d.board.wait_here(lambda: START in screen(d), 30, "the first screen again")
    assert starts[-1] == 2
