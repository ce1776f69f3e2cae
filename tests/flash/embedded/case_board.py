"""A test as users of pytest-embedded write it; run by test_tools.py in its own environment."""


def test_the_repl_answers(dut):
    dut.write("\x03")
    dut.expect_exact(">>> ", timeout=20)
    dut.write("print(6 * 7)")
    dut.write("\r")
    dut.expect_exact("42", timeout=20)
