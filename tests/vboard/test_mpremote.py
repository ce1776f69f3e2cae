"""mpremote, unchanged, drives the virtual board over its console as it drives a board."""

from idle import IDLE

PROGRAM = IDLE + "print('program runs')\nasyncio.run(main())\n"


def test_a_running_program_is_interrupted(bench):
    b = bench(PROGRAM)
    b.said("program runs")
    assert b.mpremote("exec", "print(6 * 7)") == "42\n"
    assert b.board.mcu.starts == [1, 5]  # power on, then mpremote's soft reset


def test_a_file_goes_to_the_board_and_comes_back(bench, tmp_path):
    b = bench(PROGRAM)
    b.said("program runs")
    source = tmp_path / "note.txt"
    source.write_bytes(bytes(range(256)) * 20)
    b.mpremote("cp", str(source), ":note.txt")
    assert " 5120 note.txt" in b.mpremote("ls")
    b.mpremote("cp", ":note.txt", str(tmp_path / "back.txt"))
    assert (tmp_path / "back.txt").read_bytes() == source.read_bytes()
    b.mpremote("rm", ":note.txt")
    assert "note.txt" not in b.mpremote("ls")


def test_a_file_survives_a_power_cut(bench):
    b = bench(PROGRAM)
    b.said("program runs")
    b.mpremote("exec", "f = open('kept', 'w'); f.write('still here'); f.close()")
    b.mpremote("resume", "exec", "f = open('lost', 'w'); f.write('not closed')")
    b.board.power_off()
    b.board.power_on()
    b.said("program runs")
    read = "print([open(name).read() for name in ('kept', 'lost')])"
    assert b.mpremote("exec", read) == "['still here', '']\n"


def test_a_local_script_runs_on_the_board(bench, tmp_path):
    b = bench(PROGRAM)
    script = tmp_path / "script.py"
    script.write_text("import sys\nprint(sys.implementation.name)\n")
    assert b.mpremote("run", str(script)) == "micropython\n"


def test_a_local_folder_is_mounted(bench, tmp_path):
    b = bench(PROGRAM)
    folder = tmp_path / "mounted"
    folder.mkdir()
    (folder / "helper.py").write_text("ANSWER = 'from the laptop'\n")
    told = b.mpremote("mount", str(folder), "exec", "import helper; print(helper.ANSWER)")
    assert "from the laptop" in told


def test_resume_keeps_what_was_defined(bench):
    b = bench(PROGRAM)
    b.mpremote("exec", "x = 5")
    assert b.mpremote("resume", "exec", "print(x)") == "5\n"
    b.mpremote("soft-reset")
    assert b.mpremote("resume", "exec", "print('x' in globals())") == "False\n"


def test_reset_runs_the_program_again(bench):
    b = bench(PROGRAM)
    b.said("program runs")
    b.mpremote("reset")
    b.said("program runs")
    assert b.board.mcu.starts[-1] == 2  # machine.HARD_RESET


def test_a_main_of_its_own_comes_before_the_rom(bench, tmp_path):
    b = bench(PROGRAM)
    b.said("program runs")
    script = tmp_path / "main.py"
    script.write_text("print('main from flash')\n")
    b.mpremote("cp", str(script), ":main.py")
    b.board.reset()
    b.said("main from flash")
