"""Counts the power cuts of a run."""


def pytest_terminal_summary(terminalreporter):
    cuts = [
        value
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "cuts"
    ]
    if cuts:
        terminalreporter.write_line(f"{sum(cuts)} power cuts of the whole terminal, no difference")
