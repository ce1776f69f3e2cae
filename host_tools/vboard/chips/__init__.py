"""Chip models: bytes below, physics above. They import nothing from the firmware."""
