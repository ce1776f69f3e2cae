"""The words on the screen: complete, and in another language by another table."""

import re

from ui_bench import lines, source

from host_tools.build.image import ROOT


def test_every_name_that_is_said_has_words(mpy):
    names = set()
    for path in (ROOT / "firmware").rglob("*.py"):
        text = path.read_text()
        names |= set(re.findall(r'\bsay\("([a-zA-Z_0-9]*[a-zA-Z0-9])"\)', text))
        names |= set(re.findall(r'"((?:part|err|menu|keys|host|printer|login)_[a-z_]+)"', text))
    code = f"from pos.words import say\nprint([n for n in {sorted(names)} if say(n) == n])"
    assert len(names) > 40
    assert mpy(code).strip() == "[]"


def test_no_name_twice_and_no_empty_words(mpy):
    table = mpy("from pos.words import en\nprint(en.TABLE.decode())").strip().splitlines()
    pairs = [line.split("=", 1) for line in table]
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names)
    assert all(words for _, words in pairs)


def test_another_table_is_another_language(mpy, tmp_path):
    code = """
from pos import words
words.use(b"\\nlogin=Anmelden\\noperator=Bediener\\noperator_hint=Zwei Ziffern\\nkey_E=Weiter\\n")
await after(entry.operator(ui))
shot("a")
"""
    mpy(source(code, tmp_path), heap="1m")
    got = lines(tmp_path / "a")
    assert got[1:4] == ["Anmelden", "Bediener", "Zwei Ziffern"]
    assert got[-1].endswith("E Weiter")
    assert "key" in got[-1]  # what a table lacks shows as its name


def test_amounts_of_money(mpy):
    code = "from pos.words import money\nprint([money(n) for n in {}])"
    amounts = [0, 1, 10, 100, 128000, 100000000, 999999999, -5, -128000]
    want = ["0.00", "0.01", "0.10", "1.00", "1,280.00", "1,000,000.00", "9,999,999.99"]
    assert mpy(code.format(amounts)).strip() == str([*want, "-0.05", "-1,280.00"])
