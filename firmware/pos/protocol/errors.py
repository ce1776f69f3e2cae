"""The one error of bytes that are not what their format says."""


class BadBytes(ValueError):
    """Bytes (or values to be packed) that break their format.

    ``what`` names the field ("F35", "9F26", "MTI"), ``offset`` counts bytes from the start of the
    buffer given to the parser, ``why`` is a short phrase. None of them carries the data itself:
    the text may be logged or shown.
    """

    def __init__(self, what: str, offset: int, why: str):
        super().__init__("{} at {}: {}".format(what, offset, why))
        self.what = what
        self.offset = offset
        self.why = why
