"""The board definitions for MicroPython's own build, as far as they can be tried without it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from board_manifest import Manifest
from littlefs import LittleFS

from host_tools import boards
from host_tools.build import frozen
from host_tools.build.image import BUILD

REAL = [name for name in boards.names() if (boards.BOARDS / name / "manifest.py").exists()]

# The options that MicroPython's boards use, and the file of its ports/esp32/boards that does
KNOWN = {
    "ESPTOOLPY_FLASHMODE_QIO": "ESP32_GENERIC_S3/sdkconfig.board",
    "ESPTOOLPY_FLASHFREQ_80M": "ESP32_GENERIC_S3/sdkconfig.board",
    "ESPTOOLPY_FLASHSIZE_4MB": "sdkconfig.base",
    "ESPTOOLPY_FLASHSIZE_8MB": "ESP32_GENERIC_S3/sdkconfig.board",
    "ESPTOOLPY_FLASHSIZE_16MB": "ESP32_GENERIC_S3/sdkconfig.board",
    "SPIRAM": "sdkconfig.spiram",
    "SPIRAM_MODE_OCT": "sdkconfig.spiram_oct",
    "SPIRAM_SPEED_80M": "sdkconfig.spiram_quad",
    "SPIRAM_BOOT_INIT": "sdkconfig.spiram_quad",
    "SPIRAM_IGNORE_NOTFOUND": "sdkconfig.spiram",
    "SPIRAM_USE_MALLOC": "sdkconfig.spiram",
    "SPIRAM_MALLOC_ALWAYSINTERNAL": "sdkconfig.spiram",
    "SPIRAM_CACHE_WORKAROUND": "sdkconfig.spiram",
    "COMPILER_OPTIMIZATION_SIZE": "sdkconfig.spiram",
    "FREERTOS_PLACE_FUNCTIONS_INTO_FLASH": "sdkconfig.spiram",
}
# Packages of micropython-lib that every official image has, so that nobody has to install them
OFFICIAL = ["ssl"]
# MicroPython itself with all that it has, from the slot of its own 4 MiB table that it fits into
MICROPYTHON_SIZE = 0x180000
FROZEN_PER_MPY = 1.7  # bytes of flash for a byte of .mpy


@pytest.fixture
def upstream(tmp_path):
    """The few files of MicroPython that a manifest names."""
    modules = tmp_path / "port" / "modules"
    asyncio = tmp_path / "mpy" / "extmod" / "asyncio"
    for directory in (modules, asyncio):
        directory.mkdir(parents=True)
    (modules / "_boot.py").touch()
    (asyncio / "files" / "asyncio").mkdir(parents=True)
    (asyncio / "files" / "asyncio" / "core.py").touch()
    (asyncio / "manifest.py").write_text('freeze("files")\n')
    return {"PORT_DIR": tmp_path / "port", "MPY_DIR": tmp_path / "mpy"}


@pytest.fixture(scope="module")
def staged():
    """What is frozen of the reference board, for production."""
    return frozen.stage("esp32s3_n16r8", production=True)


@pytest.mark.parametrize("name", REAL)
def test_the_manifest_freezes_the_port_asyncio_and_the_terminal(name, upstream):
    directory = boards.BOARDS / name
    manifest = Manifest(BOARD_DIR=directory, **upstream)
    manifest.include(str(directory / "manifest.py"))
    assert manifest.frozen == [
        upstream["PORT_DIR"] / "modules",
        upstream["MPY_DIR"] / "extmod" / "asyncio" / "files",
        BUILD / name / "frozen",
        BUILD / name / "frozen-production",
    ]
    assert manifest.required == OFFICIAL  # a REPL has no place in a production image


@pytest.mark.parametrize("name", REAL)
def test_packages_are_declared_once_for_images_and_for_mip(name, upstream):
    directory = boards.BOARDS / name
    manifest = Manifest(BOARD_DIR=directory, **upstream)
    manifest.include(str(directory / "manifest_dev.py"))
    package = json.loads((boards.BOARDS / "package.json").read_text(encoding="utf-8"))
    assert manifest.required == OFFICIAL + [name for name, _ in package["deps"]]
    assert manifest.frozen[2:] == [
        BUILD / name / "frozen",
        BUILD / name / "frozen-development",
    ]


def test_what_is_frozen_is_the_firmware_with_its_board_and_its_files(staged, upstream):
    directory = boards.BOARDS / "esp32s3_n16r8"
    manifest = Manifest(BOARD_DIR=directory, **upstream).include(str(directory / "manifest.py"))
    stage = BUILD / "esp32s3_n16r8" / "stage"
    wanted = {f.relative_to(stage).with_suffix(".py").as_posix() for f in stage.rglob("*.mpy")}
    assert {"main.py", "pos/terminal.py"} <= wanted
    wanted |= {"board.py", "boot.py", "dotted.py", "_rom.mpy", "image.py"}
    assert set(manifest.files) == wanted | {"_boot.py", "asyncio/core.py"}
    assert staged.modules == len(wanted)
    assert manifest.files["image.py"].read_text() == "DEVELOPMENT = False\n"
    assert manifest.files["board.py"].read_text() == (directory / "board.py").read_text()
    dotted = manifest.files["dotted.py"].read_text()
    assert "    import pos.flows.sale\n" in dotted and "__init__" not in dotted
    assert dotted.count("import pos.") == sum(name[:4] == "pos/" for name in wanted) - sum(
        name.endswith("__init__.py") for name in wanted
    )


def test_what_has_not_changed_is_not_written_anew(staged):
    def times():
        return {path: path.stat().st_mtime_ns for path in staged.path.rglob("*.*py")}

    before = times()
    (staged.path / "old.py").touch()
    assert frozen.stage("esp32s3_n16r8", production=True) == staged
    assert times() == before


def test_the_frozen_files_lie_at_rom_without_a_copy(staged):
    """What boot.py does, on MicroPython; the constant is in a heap there, it is not frozen."""
    program = """
import gc, sys
sys.path[:] = [{path!r}, {kind!r}, ".frozen"]
with open({path!r} + "/boot.py") as file:
    text = file.read()
import _rom
gc.collect()
before = gc.mem_alloc()
exec(text)
han = memoryview(open("/rom/fonts/han24.gb", "rb"))
gc.collect()
print(gc.mem_alloc() - before < 4096, bytes(han[:4]), len(han))
print(open("/rom/version").read().strip(), len(open("/rom/emv/aids", "rb").read()))
import board
print(board.NAME)
from pos.protocol import bcd
"""
    micropython = Path(sys.executable).with_name("micropython")
    command = [
        micropython,
        "-X",
        "heapsize=16m",
        "-c",
        program.format(path=str(staged.path), kind=str(staged.kind)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    base = BUILD / "esp32s3_n16r8"
    size = (base / "fonts" / "fonts" / "han24.gb").stat().st_size
    version = (base / "mark-production" / "version").read_text().strip()
    aids = (base / "emv" / "emv" / "aids").stat().st_size
    said = f"True b'GBF1' {size}\n{version} {aids}\nesp32s3_n16r8\n"
    assert (done.stdout, done.stderr) == (said, "")


def test_native_code_is_for_the_chip(staged):
    """The third byte of an .mpy names it, in its upper bits."""
    natives = list((BUILD / "esp32s3_n16r8" / "stage").rglob("*_native.mpy"))
    assert natives
    xtensawin = 10
    assert {path.read_bytes()[2] >> 2 for path in natives} == {xtensawin}


@pytest.mark.parametrize("name", REAL)
def test_a_slot_has_room_for_all_of_it(name, staged):
    """As far as it can be known before it is built: MicroPython, bytecode, fonts and data."""
    stage = BUILD / "esp32s3_n16r8" / "stage"
    code = sum(path.stat().st_size for path in stage.rglob("*.mpy"))
    needed = MICROPYTHON_SIZE + FROZEN_PER_MPY * code + staged.data_size
    assert needed < boards.load(name).partition("ota_0").size


def on_littlefs(*trees):
    """Bytes that the files of ``trees`` take on a file system as a board has it."""
    blocks = 4 * 1024 * 1024 // 4096
    flash = LittleFS(block_size=4096, block_count=blocks, prog_size=32, read_size=32)
    for tree in trees:
        root = BUILD / "esp32s3_n16r8" / tree
        for path in filter(Path.is_file, root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if "/" in name:
                flash.makedirs(name.rpartition("/")[0], exist_ok=True)
            with flash.open(name, "wb") as file:
                file.write(path.read_bytes())
    return flash.used_block_count * 4096


def test_boards_with_psram_have_room_to_develop(staged):
    """On 8 MiB only the code: fonts and data are in the image for people who develop."""
    code = on_littlefs("stage", "board", "names")
    everything = on_littlefs("stage", "board", "names", "fonts", "emv", "mark-production")
    kept = 512 * 1024  # for the terminal's own files, and for what is sent before it replaces
    assert everything + kept < boards.load("esp32s3_n16r8").partition("vfs").size
    assert code + kept < boards.load("esp32_wrover").partition("vfs").size < everything


def options(name):
    """The options of a board's sdkconfig.board with their values."""
    text = (boards.BOARDS / name / "sdkconfig.board").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = [re.fullmatch(r"CONFIG_(\w+)=(\w*)", line) for line in lines]
    return {pair[1]: pair[2] for pair in pairs}


@pytest.mark.parametrize("name", REAL)
def test_options_are_those_that_micropythons_boards_use(name):
    found = options(name)
    assert found.keys() <= KNOWN.keys()
    board = boards.load(name)
    assert found["ESPTOOLPY_FLASHMODE_QIO"] == "y"
    assert found["ESPTOOLPY_FLASHSIZE_4MB"] == ""
    assert found[f"ESPTOOLPY_FLASHSIZE_{board.flash_size >> 20}MB"] == "y"
    assert found.get("SPIRAM", "") == ("y" if board.psram_size else "")
    assert ("SPIRAM_MODE_OCT" in found) == (board.chip == "esp32s3")
    assert ("SPIRAM_CACHE_WORKAROUND" in found) == (board.chip == "esp32" and board.psram_size > 0)


@pytest.mark.skipif(not shutil.which("cmake"), reason="cmake reads mpconfigboard.cmake")
@pytest.mark.parametrize("name", REAL)
def test_cmake_reads_the_board_definition(name, tmp_path):
    script = tmp_path / "read.cmake"
    script.write_text(
        "include(${MICROPY_BOARD_DIR}/mpconfigboard.cmake)\n"
        'message("${IDF_TARGET}|${SDKCONFIG_DEFAULTS}|${MICROPY_FROZEN_MANIFEST}")\n'
        "include(${MICROPY_BOARD_DIR}/mpconfigvariant_DEV.cmake)\n"
        'message("${MICROPY_FROZEN_MANIFEST}")\n'
    )
    directory = boards.BOARDS / name
    command = ["cmake", f"-DMICROPY_BOARD_DIR={directory}", "-P", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    first, second = done.stderr.splitlines()
    target, defaults, manifest = first.split("|")
    table = tmp_path / "sdkconfig.partitions"
    assert target == boards.load(name).chip
    assert defaults.split(";") == [
        "boards/sdkconfig.base",
        "boards/sdkconfig.240mhz",
        str(directory / "sdkconfig.board"),
        str(table),
    ]
    path = directory / "partitions.csv"
    assert table.read_text() == f'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="{path}"\n'
    assert manifest == str(directory / "manifest.py")
    assert second == str(directory / "manifest_dev.py")
