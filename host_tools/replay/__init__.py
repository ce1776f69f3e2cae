"""Record what a terminal and its world did, play it again, and tell what is different."""
