"""The key matrix as a circuit, and the buzzer beside it."""

import pytest

from host_tools.vboard.chips.buzzer import Buzzer
from host_tools.vboard.chips.key_matrix import KeyMatrix
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.wire import PULL_NONE, PULL_UP, Net


class Bench:
    """Four open-drain rows, four columns with pull-ups, as a board sets them up."""

    def __init__(self, **keywords):
        self.clock = ManualClock()
        self.reports = []
        self.rows = [Net(i, self.reports.append) for i in range(4)]
        self.cols = [Net(10 + i, self.reports.append) for i in range(4)]
        for col in self.cols:
            col.configure(None, PULL_UP, False)
        self.only(None)
        self.keys = KeyMatrix(self.clock, self.rows, self.cols, **keywords)

    def only(self, low):
        """Drive row ``low`` (None: none) to 0 and let the others go."""
        for i, row in enumerate(self.rows):
            row.configure(0 if i == low else 1, PULL_UP, True)

    def all_low(self):
        for row in self.rows:
            row.configure(0, PULL_UP, True)

    def levels(self):
        return "".join(str(col.level) for col in self.cols)

    def scan(self):
        seen = []
        for row in range(4):
            self.only(row)
            seen.append(self.levels())
        self.only(None)
        return seen


@pytest.fixture
def bench():
    return Bench()


def test_no_key_no_column(bench):
    assert bench.scan() == ["1111"] * 4


@pytest.mark.parametrize("index", range(16))
def test_each_key_joins_its_row_and_its_column(bench, index):
    bench.keys.press("123C456B789M*0#E"[index])
    expected = ["1111"] * 4
    row, col = divmod(index, 4)
    expected[row] = "1" * col + "0" + "1" * (3 - col)
    assert bench.scan() == expected
    bench.keys.release("123C456B789M*0#E"[index])
    assert bench.scan() == ["1111"] * 4


def test_a_press_pulls_the_column_down_while_the_rows_wait_low(bench):
    bench.all_low()
    edges = []
    bench.cols[1].watch(lambda net: edges.append(net.level))
    bench.keys.press("5")
    assert edges == [0]
    bench.keys.release("5")
    assert edges == [0, 1]


def test_columns_follow_the_rows_while_a_key_is_held(bench):
    bench.keys.press("E")
    assert bench.levels() == "1111"
    bench.rows[3].configure(0, PULL_UP, True)
    assert bench.levels() == "1110"
    bench.rows[3].configure(1, PULL_UP, True)
    assert bench.levels() == "1111"


def test_rows_without_a_pull_up_let_their_column_go(bench):
    for row in bench.rows:
        row.configure(1, PULL_NONE, True)
    bench.keys.press("E")
    assert bench.levels() == "1111"
    bench.rows[3].configure(0, PULL_NONE, True)
    assert bench.levels() == "1110"
    bench.rows[3].configure(1, PULL_NONE, True)  # the row itself stays low, held by nobody
    assert bench.levels() == "1111"


def test_two_keys_at_once_are_both_seen(bench):
    bench.keys.press("1")
    bench.keys.press("6")
    assert bench.scan() == ["0111", "1101", "1111", "1111"]


def test_three_corners_of_a_rectangle_make_the_fourth_appear(bench):
    for key in "124":
        bench.keys.press(key)
    assert bench.scan() == ["0011", "0011", "1111", "1111"]  # 5 is a ghost
    bench.keys.release("1")
    assert bench.scan() == ["1011", "0111", "1111", "1111"]


def test_a_key_row_set_as_input_pulls_nothing(bench):
    bench.keys.press("1")
    bench.rows[0].configure(None, PULL_NONE, False)
    assert bench.levels() == "1111"


def test_push_pull_rows_are_shorted_by_two_keys_of_one_column(bench):
    bench.keys.press("1")
    bench.keys.press("4")
    bench.rows[1].configure(1, PULL_NONE, False)
    bench.rows[0].configure(0, PULL_NONE, False)
    assert bench.keys.faults == ["row 0 driven low and row 1 driven high are joined by keys"]
    bench.rows[0].configure(1, PULL_NONE, False)
    bench.rows[0].configure(0, PULL_NONE, False)
    assert len(bench.keys.faults) == 1


def test_a_scan_makes_no_conflict_on_the_wires(bench):
    for key in "125":
        bench.keys.press(key)
    bench.scan()
    assert bench.reports == [] and bench.keys.faults == []


def test_a_stroke_ends_by_itself(bench):
    bench.all_low()
    bench.keys.stroke("2", hold_ms=60)
    bench.clock.advance(59)
    assert bench.levels() == "1011" and bench.keys.pressed == {"2"}
    bench.clock.advance(1)
    assert bench.levels() == "1111" and bench.keys.pressed == frozenset()


def test_keys_typed_follow_one_another(bench):
    bench.all_low()
    seen = []
    bench.keys.on_change = lambda: seen.append("".join(bench.keys.pressed))
    assert bench.keys.type("12E", hold_ms=40, gap_ms=20) == 180
    bench.clock.advance(180)
    assert seen == ["1", "", "2", "", "E", ""]


def test_a_contact_bounces_at_press_and_release():
    bench = Bench(bounce_ms=8)
    bench.all_low()
    edges = []
    bench.cols[0].watch(lambda net: edges.append((bench.clock.now_ms(), net.level)))
    bench.keys.press("1")
    bench.clock.advance(20)
    assert edges == [(0, 0), (2, 1), (4, 0), (6, 1), (8, 0)]
    del edges[:]
    bench.keys.release("1")
    bench.clock.advance(20)
    assert edges == [(20, 1), (22, 0), (24, 1), (26, 0), (28, 1)]


def test_chatter_of_a_press_does_not_outlive_its_release():
    bench = Bench(bounce_ms=8)
    bench.all_low()
    bench.keys.stroke("1", hold_ms=3)
    bench.clock.advance(20)
    assert bench.levels() == "1111"


def test_a_stuck_key_stays_down(bench):
    bench.all_low()
    bench.keys.misbehave("stuck", "3")
    bench.keys.stroke("3")
    bench.clock.advance(100)
    assert bench.levels() == "1101"
    bench.keys.misbehave("well")
    assert bench.levels() == "1111"


def test_dead_rows_columns_and_pads(bench):
    bench.all_low()
    for key in "16":
        bench.keys.press(key)
    bench.keys.misbehave("dead_row", 0)
    assert bench.levels() == "1101"
    bench.keys.misbehave("dead_col", 2)
    assert bench.levels() == "1111"
    bench.keys.misbehave("well")
    assert bench.levels() == "0101"
    bench.keys.misbehave("dead")
    assert bench.levels() == "1111"


def test_what_is_not_there_is_refused(bench):
    for call in (bench.keys.press, bench.keys.release, bench.keys.type):
        with pytest.raises(ValueError, match="no key 'X'"):
            call("X")
    with pytest.raises(ValueError, match="sticky"):
        bench.keys.misbehave("sticky")
    with pytest.raises(ValueError, match="does not name"):
        KeyMatrix(bench.clock, bench.rows, bench.cols, layout="123")


# --- the buzzer ---


def test_a_buzzer_remembers_frequency_start_and_duration():
    clock = ManualClock()
    buzzer = Buzzer(clock, Net(25))
    heard = []
    buzzer.on_change = lambda: heard.append(buzzer.sounding)
    clock.advance(10)
    buzzer.pwm(1500, 32768)
    buzzer.pwm(1500, 20000)  # louder or not, the same tone
    clock.advance(500)
    buzzer.pwm(750, 32768)
    clock.advance(200)
    buzzer.pwm(750, 0)
    assert [(t.freq, t.start, t.duration) for t in buzzer.tones] == [
        (1500, 10, 500),
        (750, 510, 200),
    ]
    assert heard == [1500, 750, 0]


def test_a_steady_level_makes_no_sound():
    buzzer = Buzzer(ManualClock(), Net(25))
    buzzer.pwm(1000, 65536)
    buzzer.pwm(1000, 0)
    assert buzzer.tones == [] and buzzer.sounding == 0


def test_a_dead_buzzer_is_never_heard():
    buzzer = Buzzer(ManualClock(), Net(25))
    buzzer.pwm(1000, 100)
    buzzer.misbehave("dead")
    assert buzzer.sounding == 0
    buzzer.pwm(1000, 200)
    assert len(buzzer.tones) == 1
