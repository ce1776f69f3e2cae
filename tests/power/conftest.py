"""Counts the power cuts and the broken lines of a run, each story's and all."""

WORDS = ("power cuts", "broken lines")


def pytest_terminal_summary(terminalreporter):
    counts = {}
    for report in terminalreporter.getreports("passed"):
        for words, value in report.user_properties:
            if words in WORDS:
                name, count = value
                of_story = counts.setdefault(name, dict.fromkeys(WORDS, 0))
                of_story[words] += count
    for name, of_story in sorted(counts.items()):
        terminalreporter.write_line(f"{name}: {_said(of_story)}")
    if counts:
        whole = {words: sum(of_story[words] for of_story in counts.values()) for words in WORDS}
        terminalreporter.write_line(f"{_said(whole)} of the whole terminal, no difference")


def _said(counts):
    return ", ".join(f"{counts[words]:,} {words}" for words in WORDS)
