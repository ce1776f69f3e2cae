"""The rules of form hold in the tree, and their checkers can tell when they do not."""

import pytest
import sources
import style
from sources import Source


def _all(rule, found):
    return [violation for source in found for violation in rule(source)]


def test_the_firmware_does_not_know_where_it_runs():
    assert _all(style.forbidden_words, sources.firmware()) == []


@pytest.mark.parametrize(
    "text",
    [
        "# not in the Simulator",
        "EMULATED = 1",
        "import sys\nif sys.platform == 'linux':\n    pass",
        "from sys import platform",
    ],
)
def test_a_forbidden_word_is_found(text):
    assert len(style.forbidden_words(Source("pos.hw", text))) == 1


def test_no_wait_loses_a_cancellation():
    assert _all(style.lossy_waits, sources.firmware()) == []
    text = "async def f(x):\n    await asyncio.wait_for_ms(x, 1)\n"
    assert len(style.lossy_waits(Source("pos.a", text))) == 1


def test_files_and_functions_can_be_read_at_once():
    assert _all(style.long_files_and_functions, sources.everything()) == []


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n" * 601,
        "def f():\n" + "    x = 1\n" * 70,
        "class A:\n    async def f(self):\n" + "        x = 1\n" * 70,
    ],
)
def test_what_is_too_long_is_found(text):
    assert len(style.long_files_and_functions(Source("pos.a", text))) == 1


@pytest.mark.parametrize("text", ["x = 1\n" * 600, "def f():\n" + "    x = 1\n" * 69])
def test_what_is_just_short_enough_is_not(text):
    assert style.long_files_and_functions(Source("pos.a", text)) == []


def test_what_is_public_is_explained():
    assert _all(style.missing_docstrings, sources.firmware() + sources.host_tools()) == []


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    pass",
        "async def f():\n    pass",
        "class A:\n    x = 1",
        "class A:\n    '''A.'''\n    def f(self):\n        pass",
        "try:\n    import a\nexcept ImportError:\n    def f():\n        pass",
    ],
)
def test_what_is_not_explained_is_found(text):
    assert len(style.missing_docstrings(Source("pos.a", text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "def _f():\n    pass",
        "class _A:\n    def f(self):\n        pass",
        "def f():\n    '''F.'''\n    def g():\n        pass",
        "class A:\n    '''A.'''\n    def __init__(self):\n        pass",
    ],
)
def test_what_is_private_needs_no_explanation(text):
    assert style.missing_docstrings(Source("pos.a", text)) == []


def test_names_are_written_as_pep_8_writes_them():
    assert _all(style.bad_names, sources.firmware() + sources.host_tools()) == []


@pytest.mark.parametrize(
    "text",
    [
        "class card_reader:\n    pass",
        "class Card_Reader:\n    pass",
        "def readCard():\n    pass",
        "def f(theCard):\n    pass",
        "def f(*, theCard=1):\n    pass",
        "theCard = 1",
        "Max_Size = 1",
    ],
)
def test_a_bad_name_is_found(text):
    assert len(style.bad_names(Source("pos.a", text))) == 1


def test_a_bad_module_name_is_found():
    assert len(style.bad_names(Source("pos.cardReader", ""))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "_MAX_SIZE = 1\nRgb = tuple\n_T0, x2 = 1, 2\n__version__ = '1'",
        "class _Pn532:\n    def __enter__(self):\n        pass",
        "def f(_, __, *args, **kwargs):\n    pass",
    ],
)
def test_a_good_name_is_not(text):
    assert style.bad_names(Source("pos.a", text)) == []
