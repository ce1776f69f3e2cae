"""What all tests share: the firmware's pure rooms on CPython, and a way to run MicroPython."""

import asyncio
import gc
import subprocess
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "cpython_shims"), str(ROOT / "firmware")]

# Screens import it, and none waits on CPython, whose asyncio lacks what the real one takes
_aio = types.ModuleType("pos.aio")
_aio.deadline = asyncio.wait_for
sys.modules["pos.aio"] = _aio


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is collected stays to the end: Python's collector need not look through it again.

    Nor need it look at each 700 new objects; both were a sixth of what the tests took.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 10, 10)
        gc.enable()


def pytest_addoption(parser):
    group = parser.getgroup("taptill")
    group.addoption("--every-story", action="store_true", help="play every story in Chinese, too")


@pytest.fixture(scope="session")
def chinese():
    """The firmware's pure rooms know Chinese characters, as they do once the screen is there."""
    from pos.protocol import gbk

    from host_tools.build import han

    gbk.use(han.tables())


@pytest.fixture(scope="session")
def mpy():
    """Run source on the real MicroPython, ``firmware`` on its path; returns what it printed."""
    micropython = Path(sys.executable).with_name("micropython")

    def run(source: str, heap: str = "512k", timeout: float = 60) -> str:
        prologue = f"import sys\nsys.path[:0] = [{str(ROOT / 'firmware')!r}]\n"
        done = subprocess.run(
            [str(micropython), "-X", f"heapsize={heap}", "-c", prologue + source],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=ROOT,
        )
        if done.returncode != 0:
            raise AssertionError(f"MicroPython failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    return run
