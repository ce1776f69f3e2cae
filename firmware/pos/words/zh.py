"""简体中文: the names of the English table, in simplified Chinese."""

TABLE = """
app=TapTill
"""
