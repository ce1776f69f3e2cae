"""Private names made short: which, for whom, and that nothing else changes."""

import ast
import io
import tokenize

import pytest

from host_tools.build.image import ROOT
from host_tools.build.shrink import ForeignPrivate, keywords, shrink

FIRMWARE = {path: path.read_text("utf-8") for path in sorted((ROOT / "firmware").rglob("*.py"))}
NAMED = keywords(FIRMWARE.values())

MODULE = '''
_total = 0
_names = {"_total": "a text is not a name"}  # nor is a _comment


class _Counter:
    """_Counter"""

    def __init__(self, step=1):
        self._step = step
        self._seen = []

    def _count(self, value):
        global _total
        for _item in range(self._step):
            _total += value
            self._seen.append((_item, value))
        return self

    def seen(self):
        return [_pair(*_entry) for _entry in self._seen]


def _pair(first, second):
    return first * 10 + second


def run(*values):
    counter = _Counter(step=2)
    keep = lambda _value, *, _scale=3: _value * _scale
    for value in values:
        counter._count(keep(value, _scale=2))
    return _total, counter.seen(), _names
'''


def tokens(source):
    return list(tokenize.generate_tokens(io.StringIO(source).readline))


def renamed(before, after):
    """Which name has become which; no two the same, and nothing but names has changed.

    A parameter keeps its name where that is an attribute or a keyword of a call.
    """
    names = {}
    for old, new in zip(tokens(before), tokens(after), strict=True):
        assert (old.type, old.start[0]) == (new.type, new.start[0])
        if old.type == tokenize.NAME:
            names.setdefault(old.string, set()).add(new.string)
        elif old.type != tokenize.NEWLINE:  # whose text some Pythons leave empty at the end
            assert old.string == new.string
    changed = {old: new - {old} for old, new in names.items() if new != {old}}
    assert all(len(new) == 1 for new in changed.values())
    shorts = [new.pop() for new in changed.values()]
    assert len(set(shorts)) == len(shorts)
    assert not set(shorts) & {old for old, new in names.items() if old in new}
    return dict(zip(changed, shorts, strict=True))


def run(source, *arguments):
    names = {"const": lambda value: value}
    exec(compile(source, "module", "exec"), names)
    return names["run"](*arguments)


def test_private_names_become_short():
    names = renamed(MODULE, shrink(MODULE))
    assert set(names) == {
        *("_total", "_names", "_Counter", "_step", "_seen", "_count", "_item", "_pair", "_entry"),
        *("value", "first", "second"),
    }
    assert all(len(name) == 2 and name[0] == "_" for name in names.values())


def test_a_module_does_the_same_by_its_short_names():
    assert run(MODULE, 4, 5) == run(shrink(MODULE), 4, 5)
    assert run(MODULE, 4, 5)[0] == 36


def test_every_module_has_the_same_few_names():
    assert shrink("_first = 1\n") == shrink("_other = 1\n") == "_a = 1\n"
    # the one that is used most comes first
    assert shrink("_once = 1\n_often = 2\n_often += _often\n") == "_b = 1\n_a = 2\n_a += _a\n"


@pytest.mark.parametrize(
    "source",
    [
        "public = 1\n",
        "__version__ = 1\n",
        "class A:\n    def __enter__(self): return self\n",
        "for _ in range(3): pass\n",
        "def f(_given): return _given\n",
        "text = '_name' # _name\n",
    ],
)
def test_other_names_stay(source):
    assert shrink(source) == source


def test_a_short_name_is_never_one_that_is_in_use():
    source = "def run(_a, b=[]):\n    _long = _a + 1\n    _b = 5\n    return _long, _a, _b, b\n"
    names = renamed(source, shrink(source))
    assert not {"_a", "b"} & set(names.values())
    assert run(source, 7) == run(shrink(source), 7) == (8, 7, 5, [])


def test_more_names_than_letters():
    source = "".join(f"_name{i} = {i}\n" for i in range(60)) + (
        "def run(): return [" + ", ".join(f"_name{i}" for i in range(60)) + "]\n"
    )
    names = renamed(source, shrink(source))
    assert len(names) == 60 and max(map(len, names.values())) == 3
    assert run(shrink(source)) == list(range(60))


def test_constants_are_left_to_the_compiler():
    source = (
        "_SIZE = const(8)\n_HALF = const(_SIZE // 2)\n_TABLE = b'x' * _SIZE\n"
        "def run(): return _SIZE, _HALF, _TABLE\n"
    )
    assert set(renamed(source, shrink(source))) == {"_TABLE"}
    assert run(shrink(source)) == (8, 4, b"xxxxxxxx")


@pytest.mark.parametrize(
    ("source", "line", "name"),
    [
        ("from pos import log\n\nlog._write(1)\n", 3, "_write"),
        ("from pos.log import _safe\n", 1, "_safe"),
        ("_known = 1\nfrom pos.log import _known, _safe\n", 2, "_safe"),
        ("def f(card):\n    return card._pan + 1\n", 2, "_pan"),
    ],
)
def test_private_names_of_other_modules_are_refused(source, line, name):
    with pytest.raises(ForeignPrivate, match=f"^room/part.py:{line}: {name} is private"):
        shrink(source, "room/part.py")


def test_what_is_no_python_is_refused():
    with pytest.raises(SyntaxError):
        shrink("def (:\n")


def test_names_within_f_strings_keep_their_sense():
    source = (
        "_value = 7\n_width = 4\n_other = 5\n"
        "class Box:\n"
        "    def __init__(self): self._inner = {'_value': 3}\n"
        "    def show(self): return f\"{{_value}} {self._inner['_value']:0{_width}d}\"\n"
        "def run(): return Box().show(), f'{_value=} {_value!r:>{_width}}', _other\n"
    )
    short = shrink(source)
    assert run(short) == run(source) == ("{_value} 0003", "_value=7    7", 5)
    assert set(renamed(source, short)) == {"_other"}


def test_a_traceback_leads_to_the_line_of_the_source():
    source = (
        '_x = """two\nlines"""\n\n\ndef run(_y):\n    _long_name = (\n        1 /\n        _y)\n'
    )
    lines = []
    for text in (source, shrink(source)):
        with pytest.raises(ZeroDivisionError) as caught:
            run(text, 0)
        lines.append([entry.lineno for entry in caught.traceback][-1])
    assert lines[0] == lines[1]
    assert shrink(source).count("\n") == source.count("\n")


def test_odd_characters_do_not_lead_astray():
    source = (
        "def run():\n    text = '\u2028\x0c\x85'; _n = len(text)\n"
        "    é = _n; _n += 1; return _n, é\n"
    )
    assert run(shrink(source)) == (4, 3)
    assert set(renamed(source, shrink(source))) == {"_n"}


@pytest.mark.parametrize("path", FIRMWARE, ids=lambda path: path.stem)
def test_in_the_firmware_nothing_but_its_own_names_changes(path):
    source = FIRMWARE[path]
    short = shrink(source, path.name, NAMED)
    ast.parse(short)
    parameters = {a.arg for a in ast.walk(ast.parse(source)) if isinstance(a, ast.arg)}
    for name in renamed(source, short):
        private = name[0] == "_" and name[:2] != "__"
        assert private or (name in parameters and name not in NAMED)


def test_parameters_become_short_where_nobody_can_tell():
    source = "def f(given, other):\n    given.other = other\n    return given\n"
    assert shrink(source) == "def f(_a, _b):\n    _a.other = _b\n    return _a\n"


@pytest.mark.parametrize(
    "source",
    [
        "def f(self, cls): return self\n",
        "def f(given=1): return given\n",
        "def f(*, given): return given\n",
        "def f(*given, **other): return given\n",
        "given = 1\ndef f(given): return given\n",
        "class A:\n    given = 1\n    def f(given): return given\n",
        "import given\ndef f(given): return given\n",
        "import a.b as given\ndef f(given): return given\n",
        "def given(): return 1\ndef f(given): return given\n",
        "if True:\n    for given in (1, 2): pass\ndef f(given): return given\n",
        "def f(given): return given\ndef g():\n    global given\n    given = 4\n",
        "def f(given): return given\ndef g(given=1): return given\n",
        "def f(e): return e\ndef g():\n    try: pass\n    except OSError as e: print(e)\n",
        "def f(type): return type\n",
        "def f(given): return f'{given}'\n",
    ],
)
def test_parameters_stay_where_somebody_could_tell(source):
    assert shrink(source) == source


def test_a_module_with_short_parameters_does_the_same():
    source = (
        "class Card:\n    def __init__(self, pan): self.pan = pan\n"
        "def run(first, second, third=3, *rest):\n"
        "    def inner(deep): return 'é…', deep + first + third, [deep for deep in rest]\n"
        "    return inner(second), Card(second).pan\n"
    )
    short = shrink(source)
    assert set(renamed(source, short)) == {"pan", "first", "second", "deep"}
    assert run(source, 1, 2, 4, 5) == run(short, 1, 2, 4, 5) == (("é…", 7, [5]), 2)


def test_a_parameter_never_gets_the_name_of_another():
    source = "def f(_a, given, _b): return given\n"  # of which _a and _b are never used
    assert renamed(source, shrink(source)) == {"given": "_c"}


def test_parameters_that_calls_of_their_own_module_name_stay():
    source = "def area(wide, high): return wide * high\ndef run(): return area(2, high=3)\n"
    assert set(renamed(source, shrink(source))) == {"wide"}
    assert run(shrink(source)) == 6


def test_parameters_that_calls_name_stay_in_every_module():
    source = "def f(given, other): return given + other\n"
    named = keywords(["def g(): return f(1, other=2)\n"])
    assert named == {"other"}
    assert shrink(source, "f", named) == "def f(_a, other): return _a + other\n"
