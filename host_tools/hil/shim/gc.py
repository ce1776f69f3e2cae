"""``gc`` of a bare board: without thresholds, whatever the program asks for.

The images of firmware and modules lie in the heap here, more than a megabyte that each collection
looks through; and the heap is so large that it need not be kept whole by collecting often.
"""

from gc import collect, disable, enable, isenabled, mem_alloc, mem_free


def threshold(amount=-1):
    """As asked for, for all that the program can tell."""
    return amount
