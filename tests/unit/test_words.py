"""What the terminal says: the same in both languages, all of it used, and fit for its place."""

import ast
import re

import pytest
from pos.protocol import gbk, unionpay
from pos.ui.fonts import Cells, Font
from pos.words import beside, en, zh

from host_tools.build import han
from host_tools.build.fonts import build_fonts
from host_tools.build.image import ROOT

LANGUAGES = {"en": en.TABLE.decode(), "zh": zh.TABLE.decode()}
INNER, ITEM = 208, 176  # pixels of a line, of an item of a menu (pos/ui/frame.py, field.py)
SMALL_INNER, SMALL_ITEM, SMALL_LINES = 128, 113, 3  # on the small display, of a note
NOTE_LINES, BODY_LINES, TITLE_LINES = 3, 6, 2  # below a field; on a screen that tells
LONGEST = "9,999,999.99"
# What stands below a field for entries
NOTE = re.compile(r"\w+_(hint|bad|short|zero|over)|limit|login_(unknown|wrong|wait)")
ON_A_SCREEN = ("tap_hint", "sign_in_hint", "reversal_hint", "advice_hint", "broken_hint")


def table(language):
    return [line.split("=", 1) for line in LANGUAGES[language].strip().splitlines()]


def holes(words):
    return sorted(re.findall(r"\{\d?\}", words))


BESIDE = {
    "A. B": ("A.", "B"),
    "Not over 5: no": ("Not over 5:", "no"),
    "卡。再": ("卡。", "再"),
    "不超过 5：免签": ("不超过 5：", "免签"),
    "无应答 查": ("无应答", "查"),
}


@pytest.mark.parametrize("both", BESIDE)
def test_after_a_chinese_sign_there_is_no_space(both):
    assert beside(*BESIDE[both]) == both


@pytest.fixture(scope="module")
def fonts(tmp_path_factory):
    return faces(tmp_path_factory.mktemp("fonts"), "")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return faces(tmp_path_factory.mktemp("small"), "small")


def faces(folder, screens):
    build_fonts(folder, screens)
    gbk.use((folder / "gb2312.tab").read_bytes())
    names = (("sans16", "han16"), ("bold16", "han16"), ("sans24", "han24"))
    return {
        name: Font(str(folder / f"{name}.fnt"), Cells(str(folder / f"{cells}.gb")))
        for name, cells in names
    }


@pytest.fixture(scope="module")
def spoken():
    """Names, beginnings (``load_``) and ends (``_hint``) of names that are in the firmware."""
    found = set()
    for path in (ROOT / "firmware").rglob("*.py"):
        if path.parent.name == "words":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(re.findall(r"[\w*#]+", node.value))
    return found


def test_both_languages_have_the_same_names():
    english, chinese = table("en"), table("zh")
    assert [name for name, _ in english] == [name for name, _ in chinese]
    for (name, words), (_, other) in zip(english, chinese, strict=True):
        assert holes(words) == holes(other), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_twice_and_no_empty_words(language):
    names = [name for name, _ in table(language)]
    assert len(names) == len(set(names))
    assert all(words.strip() == words != "" for _, words in table(language))


def used(name, spoken):
    parts = [name[:i] for i in range(1, len(name)) if name[i - 1] == "_"]
    ends = any(name.endswith(end) and name[: -len(end)] in spoken for end in ("_hint", "_bad"))
    return name in spoken or ends or any(part in spoken for part in parts)


def test_no_name_is_unused(spoken):
    assert [name for name, _ in table("en") if not used(name, spoken)] == []
    assert not used("nobody_says_this", spoken)


def test_chinese_has_no_character_that_is_shown_as_a_box():
    for name, words in table("zh"):
        assert all(char < "\x80" or han.code(char) for char in words), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_fit(fonts, language):
    for name, words in table(language):
        if name.startswith("slip_"):
            continue  # paper has its own tests
        words = re.sub(r"\{\d?\}", LONGEST, words)
        note = NOTE.fullmatch(name) and name not in ON_A_SCREEN
        lines = fonts["sans16"].wrap(words, INNER)
        assert len(lines) <= (NOTE_LINES if note else BODY_LINES), (name, lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_fit(fonts, language):
    """Where a screen tells, in two lines at most; above a field or a menu in one."""
    words = dict(table(language))
    for name in ("approved", "declined", "approved_part", "reversal", "printing", "authorising"):
        assert len(fonts["sans24"].wrap(words[name], INNER)) <= TITLE_LINES, name
    kinds = [line.split()[0] for line in unionpay.TRANSACTIONS.strip().splitlines()]
    kinds = [kind for kind in kinds if kind in words]
    assert len(kinds) > 10
    for name in (*kinds, "login", "menu", "supervisor", "menu_settle", "preauth_void", "tip"):
        assert fonts["bold16"].measure(words[name]) <= INNER, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_items_and_keys_fit(fonts, language):
    words = dict(table(language))
    measure = fonts["sans16"].measure
    for name in words:
        if name.startswith("menu_"):
            assert measure(words[name]) <= ITEM, name
    for keys in ("CBE", "C*#", "CE", "CME"):
        wide = sum(24 + 4 + measure(words["key_" + key]) for key in keys)
        assert wide + 8 * (len(keys) - 1) <= 240 - 16, keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_notes_and_items_fit_the_small_display(small, language):
    face = small["sans16"]
    for name, words in table(language):
        note = NOTE.fullmatch(name) and name not in ON_A_SCREEN
        if note and not name.startswith("login_"):  # those are turned
            longest = "12" if name == "locked_hint" else LONGEST  # an operator, or an amount
            lines = face.wrap(re.sub(r"\{\d?\}", longest, words), SMALL_INNER)
            assert len(lines) <= SMALL_LINES, (name, lines)
        if name.startswith("menu_"):
            assert face.measure(words) <= SMALL_ITEM, name
