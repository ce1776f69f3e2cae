"""Two people load a key: what is refused, what is shown, and that nothing else is."""

import os

import pytest

from host_tools.device import ceremony
from host_tools.device.ceremony import Components, WeakKey
from host_tools.device.console_key import KeyFileError, read_key, read_or_make

FIRST, SECOND = "5A5A5A5A5A5A5A5AA5A5A5A5A5A5A5A5", "4B4B4B4B4B4B4B4B8787878787878787"
WHOLE = "D2B91C"  # of the TEST TMK 11..11 22..22


def played(typed, yes=True):
    """What is said while ``typed`` comes from the keyboard, and the components."""
    said, keys = [], iter(typed)
    both = ceremony.typed(lambda words: next(keys), lambda words: yes, said.append)
    return both, "\n".join(said)


def test_two_people_see_check_values_and_nothing_else():
    both, said = played([FIRST.lower(), " ".join(SECOND)])
    assert both == Components(FIRST, SECOND)
    assert all(check in said for check in both.checks) and both.checks[2] == WHOLE
    assert FIRST not in said + repr(both) and SECOND not in said + repr(both)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (FIRST, FIRST, "zeros"),
        ("0123456789ABCDEF" * 2, "1123456789ABCDE0" * 2, "single DES"),
        (FIRST, "5B5B5B5B5B5B5B5B" + SECOND[16:], "weak key"),
    ],
)
def test_keys_that_protect_little_are_refused(first, second, why):
    with pytest.raises(WeakKey, match=why):
        ceremony.combine(first, second)


@pytest.mark.parametrize("text", ["00" * 16, "FF" * 16, "12", FIRST + "0", "x" * 32])
def test_components_that_are_none_are_refused_and_not_repeated(text):
    with pytest.raises(WeakKey) as error:
        ceremony.component(text)
    assert text not in str(error.value)
    with pytest.raises(WeakKey, match="3 tries"):
        played([text] * 3)


def test_who_does_not_agree_loads_nothing():
    with pytest.raises(WeakKey, match="tries"):
        played([FIRST] * 3, yes=False)


def test_three_lines_of_an_open_file():
    def given(text):
        end, start = os.pipe()
        os.write(start, text.encode())
        os.close(start)
        try:
            return ceremony.from_descriptor(end)
        finally:
            os.close(end)

    assert given(f"secret\n{FIRST}\n{SECOND}\n") == ("secret", Components(FIRST, SECOND))
    for wrong in ("", f"{FIRST}\n{SECOND}\n", f"a\n{FIRST}\n{FIRST}\n"):
        with pytest.raises(WeakKey):
            given(wrong)


def test_a_console_key_is_made_once_for_its_owner_alone(tmp_path):
    file = tmp_path / "key"
    key = read_or_make(file)
    assert len(key) == 32 and read_or_make(file) == read_key(file) == key
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod"):
        read_key(file)
    file.chmod(0o600)
    file.write_text("12\n")
    with pytest.raises(KeyFileError, match="64 hexadecimal"):
        read_key(file)
