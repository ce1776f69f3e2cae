"""Which firmware this is."""


def version() -> list:
    """Its number, and the digest of its image in hexadecimal; the build makes both."""
    with open("/rom/version") as file:
        return file.read().split()
