"""What the host wants of the terminal: digit P in the header of its last answer."""

from pos.flows import online


async def run(t) -> None:
    """Do it, and what the answers to that ask for."""
    await online.obey(t)
