"""What is stored and not what was written: the terminal says so and does nothing."""

import pytest
from littlefs import LittleFS, UserContext

from host_tools.device.provision import Identity
from host_tools.device.virtual import VirtualDevice, provisioned_flash
from host_tools.vboard.board import FLASH_SIZE

BLOCK = 4096


def with_file_changed(image: bytes, path: str) -> bytes:
    context = UserContext(FLASH_SIZE)
    context.buffer[:] = image
    files = LittleFS(
        context=context, block_size=BLOCK, block_count=FLASH_SIZE // BLOCK, mount=True
    )
    with files.open(path, "rb") as file:
        content = bytearray(file.read())
    content[len(content) // 2] ^= 0x01
    with files.open(path, "wb") as file:
        file.write(content)
    files.unmount()
    return bytes(context.buffer)


@pytest.mark.parametrize("name", ["params"])
def test_a_damaged_file_stops_the_terminal_with_a_sentence(name):
    flash, nvs = provisioned_flash(Identity())
    with VirtualDevice(flash=with_file_changed(flash, f"/pos/{name}"), nvs=nvs) as device:
        device.power_on()
        device.wait_for_screen("Out of order", f"/pos/{name}")
        before = device.flash_image()
        device.press("E01E")
        device.wait_for_screen("Out of order")
        assert device.flash_image() == before
        assert f"damaged: /pos/{name}" in device.console()


def test_a_damaged_key_file_is_named_by_the_self_test():
    flash, nvs = provisioned_flash(Identity())
    with VirtualDevice(flash=with_file_changed(flash, "/pos/keys"), nvs=nvs) as device:
        device.power_on()
        device.wait_for_screen("Self-test", "✗ Keys")
        device.press("E")
        device.wait_for_screen("Operator")
