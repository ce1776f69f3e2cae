"""Boards behind labgrid's coordinator, from an environment of their own (``make labgrid``)."""
