"""Issuer update: what a card is told, and what is told of it when it leaves or refuses."""

import pytest
from pos.emv.update import Update, possible
from pos.protocol.errors import BadBytes

NAME = bytes.fromhex("A000000333010101")
SELECT = "00a4040008a00000033301010100"
ARPC = "910A112233445566778830 30"
ONE, TWO = "841E000004AABBCCDD", "8418000004AABBCCDD"
FINE, WARNING, WRONG = "9000", "6283", "6988"


def script(*commands, tag="72", name="9F180411223344"):
    inner = name + "".join(f"86{len(c) // 2:02X}{c}" for c in commands)
    return f"{tag}{len(inner) // 2:02X}{inner}"


def told(data, *answers, update=None):
    """(update, what the card was asked, what run returned); a missing answer: the card left."""
    update = update or Update(NAME, bytes.fromhex(data))
    asked, answers, run = [], list(answers), update.run()
    try:
        step = next(run)
        while True:
            asked.append(bytes(step).hex())
            if not answers:
                return update, asked, None
            step = run.send(bytes.fromhex(answers.pop(0)))
    except StopIteration as end:
        return update, asked, end.value


def test_the_commands_in_their_order():
    data = ARPC + script(ONE, tag="71", name="") + script(TWO, ONE)
    update, asked, done = told(data, "6F00" + FINE, FINE, FINE, WARNING, FINE)
    auth = "008200000a11223344556677883030"
    assert asked == [SELECT, auth, ONE.lower(), TWO.lower(), ONE.lower()]
    assert done is True and update.done()
    assert update.results.hex() == "2000000000" + "2011223344"


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([FINE, WRONG], "1111223344"),  # the rest of that script is not sent
        ([FINE, FINE, WRONG], "1211223344"),
        ([FINE, FINE], "1211223344"),  # sent and not answered
        ([FINE], "1111223344"),
        ([], "0011223344"),
        (["6A82"], "0011223344"),
    ],
)
def test_what_is_told_of_a_script_that_failed(answers, result):
    update, _, _ = told(script(ONE, TWO), *answers)
    assert update.results.hex() == result and not update.done()


def test_a_script_that_fails_does_not_keep_the_next_from_being_tried():
    update, asked, _ = told(script(ONE, TWO) + script(TWO), FINE, WRONG, FINE)
    assert asked[1:] == [ONE.lower(), TWO.lower()]
    assert update.results.hex() == "1111223344" + "2011223344" and not update.done()


def test_the_fifteenth_command_and_those_after_it():
    data = "7281" + f"{17 * 8:02X}" + "860684DA00000101" * 17
    update, asked, _ = told(data, *[FINE] * 15, WRONG)
    assert update.results.hex() == "1f00000000" and len(asked) == 16
    update, asked, _ = told(data, *[FINE] * 18)
    assert update.results.hex() == "2000000000" and len(asked) == 18


def test_after_a_card_that_left_the_command_without_an_answer_is_said_again():
    update, asked, done = told(script(ONE, TWO), FINE, FINE)
    assert done is None and asked[-1] == TWO.lower()
    update, asked, done = told("", FINE, FINE, update=update)
    assert asked == [SELECT, TWO.lower()] and done is True and update.done()


def test_another_card_hears_nothing():
    assert told(ARPC + script(ONE), "6A82")[1:] == ([SELECT], False)
    assert told(script(TWO), "6283", FINE)[2] is True  # a blocked application may be unblocked


@pytest.mark.parametrize("data", ["7203860184", "72058604841E", "91"])
def test_data_that_are_broken(data):
    with pytest.raises(BadBytes):
        Update(NAME, bytes.fromhex(data))


@pytest.mark.parametrize(
    ("ttq", "ctq", "can"),
    [
        ("2600C080", "0040", True),
        ("26004080", "0040", False),
        ("2600C080", "8080", False),
        ("00000000", "0040", False),
        ("2600C080", None, False),
        (None, "0040", False),
        ("2600C080", "40", False),
    ],
)
def test_only_where_reader_and_card_both_can(ttq, ctq, can):
    pairs = ((0x9F66, ttq), (0x9F6C, ctq))
    assert possible({tag: bytes.fromhex(value) for tag, value in pairs if value}) is can


def test_on_micropython(mpy):
    data = ARPC.replace(" ", "") + script(ONE, TWO)
    source = (
        "from pos.emv.update import Update\n"
        f"u = Update(bytes.fromhex({NAME.hex()!r}), bytes.fromhex({data!r}))\n"
        "run = u.run()\nstep = next(run)\n"
        "try:\n    while True:\n        step = run.send(b'\\x90\\x00')\n"
        "except StopIteration as end:\n    print(end.value, u.done(), u.results.hex())\n"
    )
    assert mpy(source, heap="64k").split() == ["True", "True", "2011223344"]
