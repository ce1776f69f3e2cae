"""Starts MicroPython as the virtual board's microcontroller; run as a program by ``board.py``.

    launch.py ROM SHIM HEAP BOOT [MICROPYTHON]

Maps both ROM images into memory, as an ESP32 maps its flash, makes the terminal on standard input
the controlling one (so that Ctrl-C interrupts) and becomes the unix port of MicroPython. Given
the path of another MicroPython, which cannot be handed mapped memory, the images are read into a
heap made larger.
"""

import ctypes
import fcntl
import os
import sys
import termios

_PROT_READ, _PROT_WRITE, _MAP_PRIVATE, _MAP_ANONYMOUS = 1, 2, 2, 0x20
_BUFFER = 16384  # memory of the chip that is not MicroPython's heap: line, cache of the flash


def _mmap(size: int, protection: int, flags: int, descriptor: int) -> int:
    """The address of new memory, mapped for the rest of the process's life."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
    ]
    address = libc.mmap(None, size, protection, flags, descriptor, 0)
    if address is None or address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "cannot map memory")
    return address


def _map(path: str) -> str:
    """Map a file for reading; returns 'address,length'."""
    size = os.path.getsize(path)
    descriptor = os.open(path, os.O_RDONLY)
    address = _mmap(size, _PROT_READ, _MAP_PRIVATE, descriptor)
    os.close(descriptor)
    return f"{address},{size}"


def main() -> int:
    """Become the microcontroller."""
    rom, shim, heap, boot = sys.argv[1:5]
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if len(sys.argv) > 5:
        os.environ["VBOARD_ROM"], os.environ["VBOARD_SHIM"] = rom, shim
        kilobytes = (
            int(heap.rstrip("k")) + (os.path.getsize(rom) + os.path.getsize(shim)) // 1024 + 2
        )
        os.execv(sys.argv[5], [sys.argv[5], "-X", f"heapsize={kilobytes}k", "-i", boot])
    os.environ["VBOARD_ROM"], os.environ["VBOARD_SHIM"] = _map(rom), _map(shim)
    anonymous = _MAP_PRIVATE | (0x1000 if sys.platform == "darwin" else _MAP_ANONYMOUS)
    os.environ["VBOARD_BUFFER"] = str(_mmap(_BUFFER, _PROT_READ | _PROT_WRITE, anonymous, -1))
    sys.path.append(os.environ["VBOARD_SITE"])
    from micropython_run import run_main  # type: ignore[import-not-found]

    return run_main(["micropython", "-X", f"heapsize={heap}", "-i", boot])


if __name__ == "__main__":
    sys.exit(main())
