"""The commands and registers of the SSD1306: data sheet, table 9-1."""

from dataclasses import dataclass

HORIZONTAL, VERTICAL, PAGE = 0, 1, 2

# How many parameters follow a command
PARAMETERS = {
    code: int(count)
    for count, codes in {
        "1": b"\x20\x81\x8d\xa8\xd3\xd5\xd9\xda\xdb",
        "2": b"\x21\x22\xa3",
        "5": b"\x29\x2a",
        "6": b"\x26\x27",
    }.items()
    for code in codes
}
# What changes nothing that can be seen here: clock, pre-charge, COM pins, VCOMH
KEPT = (0xD5, 0xD9, 0xDA, 0xDB)


@dataclass
class Registers:
    """The chip's state; the values are those after a reset."""

    on: bool = False
    pump: bool = False
    all_on: bool = False
    inverse: bool = False
    remapped: bool = False  # segments, left to right
    scan_remapped: bool = False  # commons, top to bottom
    scrolling: bool = False
    contrast: int = 0x7F
    mode: int = PAGE
    start_line: int = 0
    offset: int = 0
    rows: int = 64
    columns: tuple[int, int] = (0, 127)
    pages: tuple[int, int] = (0, 7)
    column: int = 0
    page: int = 0
    start_column: int = 0  # of page addressing mode

    def advance(self) -> None:
        """Move the pointer on after a byte of data (10.1.3)."""
        if self.mode == PAGE:
            self.column = (self.column + 1) % 128
        elif self.mode == HORIZONTAL:
            if self._step_column():
                self._step_page()
        elif self._step_page():
            self._step_column()

    def _step_column(self) -> bool:
        first, last = self.columns
        wrapped = self.column == last
        self.column = first if wrapped else (self.column + 1) % 128
        return wrapped

    def _step_page(self) -> bool:
        first, last = self.pages
        wrapped = self.page == last
        self.page = first if wrapped else (self.page + 1) % 8
        return wrapped
