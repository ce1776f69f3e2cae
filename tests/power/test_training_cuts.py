"""The power is cut at every operation of the flash on the way into a training and out of it."""


def test_the_terminals_own_store_never_changes_and_a_training_is_whole(mpy):
    out = mpy(
        """
sys.path.append("tests/power")
import training_cuts
print(*training_cuts.cut_everywhere())
""",
        heap="64m",
    )
    operations, cuts = map(int, out.split())
    assert operations > 100
    assert cuts >= 2 * operations
