"""Building again compiles what has changed, and what another change has changed."""

import os

import pytest

from host_tools.build import image
from host_tools.build.image import ROOT, BuildError, compile_tree, sources


@pytest.fixture
def tree(tmp_path):
    """Two modules; ``write`` changes one as an editor would, some time before it is compiled."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()

    class Tree:
        def write(self, name, text):
            path = source / f"{name}.py"
            path.write_text(text)
            os.utime(path, ns=(1, 1))

        def build(self, **options):
            compile_tree(source, target, **options)
            return {path.stem: path.read_bytes() for path in sorted(target.glob("*"))}

        def times(self):
            return {path.stem: path.stat().st_mtime_ns for path in target.glob("*")}

        def drop(self, name):
            (source / f"{name}.py").unlink()

    tree = Tree()
    tree.write("area", "def area(wide, high):\n    return wide * high\n")
    tree.write("use", "from area import area\n\n\ndef use():\n    return area(2, 3)\n")
    return tree


def test_what_is_compiled_is_not_compiled_again(tree):
    first, times = tree.build(short_names=True), tree.times()
    assert tree.build(short_names=True) == first and set(first) == {"area", "use"}
    assert tree.times() == times


def test_what_other_code_has_built_is_built_again(tree, monkeypatch):
    """Be it a process that runs since before the code was changed: its images are its own."""
    tree.build(short_names=True)
    times, inputs = tree.times(), image._look("virtual")
    monkeypatch.setattr(image, "_CODE_SHA256", "of another")
    tree.build(short_names=True)
    assert all(tree.times()[name] != times[name] for name in times)
    assert image._look("virtual") != inputs


def test_what_has_no_source_any_more_is_removed(tree):
    tree.build()
    tree.drop("use")
    assert set(tree.build()) == {"area"}


def test_names_are_short_on_request(tree):
    assert b"wide" in tree.build()["area"]


def test_a_new_call_by_keyword_gives_the_parameter_its_name_back(tree):
    before = tree.build(short_names=True)
    assert b"high" not in before["area"]
    tree.write("other", "from area import area\n\n\ndef other():\n    return area(2, high=3)\n")
    after = tree.build(short_names=True)
    assert b"high" in after["area"] and b"wide" not in after["area"]
    assert after["use"] == before["use"]


def test_a_private_name_of_another_module_is_told_with_its_line(tree):
    tree.write("bad", "import area\n\narea._secret()\n")
    with pytest.raises(BuildError, match=r"bad\.py:3: _secret is private"):
        tree.build(short_names=True)


def test_what_is_no_python_is_told_with_its_line(tree):
    tree.write("bad", "x = 1\ndef (:\n")
    with pytest.raises(BuildError, match=r"bad\.py:2: "):
        tree.build(short_names=True)
    with pytest.raises(BuildError, match=r"bad\.py: "):
        tree.build()


def test_machine_code_is_for_the_machine_or_left_out(tree):
    tree.write(
        "fast_native",
        "import micropython\n\n\n@micropython.viper\ndef f(x: int) -> int:\n    return x + x\n",
    )
    bytecode = tree.build(short_names=True)
    assert set(bytecode) == {"area", "use"}
    x64, esp32 = (tree.build(short_names=True, march=m) for m in ("x64", "xtensawin"))
    assert set(x64) == set(esp32) == {"area", "use", "fast_native"}
    assert x64["fast_native"] != esp32["fast_native"]
    assert x64["area"] == esp32["area"] == bytecode["area"]
    assert tree.build(short_names=True) == bytecode


def test_screens_of_another_size_take_the_place_of_those_of_the_same_name():
    firmware = ROOT / "firmware"
    large = {str(name): path for name, path in sources(firmware, display="ili9341").items()}
    small = {str(n): path for n, path in sources(firmware, "small", "ssd1306").items()}
    room = firmware / "pos" / "ui"
    assert large["pos/ui/frame.py"] == room / "frame.py"
    assert small["pos/ui/frame.py"] == room / "small" / "frame.py"
    assert large["pos/ui/entry.py"] == small["pos/ui/entry.py"] == room / "entry.py"
    assert not [path for path in large.values() if path.parent.name == "small"]
    assert large.keys() ^ small.keys() == {
        "pos/drivers/ili9341.py",
        "pos/drivers/ssd1306.py",
    }
