"""The camera before the display: what stood there for a moment is found, what is over is not."""

from host_tools.build.image import build_firmware
from host_tools.device.provision import Identity
from host_tools.device.virtual import VirtualDevice, provisioned_flash


def test_a_screen_that_stood_for_a_moment_is_found_until_hands_do_something():
    build_firmware()
    flash, nvs = provisioned_flash(Identity())
    with VirtualDevice(flash=flash, nvs=nvs) as device:
        board = device.board
        device.power_on()
        # nobody looks until the terminal waits for an operator: the self-test has gone by
        board.wait_here(lambda: any("Log in" in line for line in device.screen()), 30)
        assert any("Self-test" in line for line in device.wait_for_screen("Self-test"))
        device.wait_for_screen("Log in")
        assert device.camera.kept() == []  # no older screen is found after it
        device.press("0")
        device.wait_for_screen("Operator")
        board.reset()
        board.wait_for(lambda: len(board.mcu.starts) == 2, 10)
        assert device.camera.kept() == []  # of a life that is over
