"""Virtual contactless cards, put together from the data in ``host_tools/cards``."""
