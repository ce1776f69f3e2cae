"""Says where the serial port of a place is, for ``farm.py``; runs in labgrid's environment.

    .venv-labgrid/bin/python place.py PLACE

The place has to be acquired. Prints a URL of pyserial, or a sentence on stderr and exits with 1.
LG_COORDINATOR says where the coordinator is. Of labgrid it takes what its manual promises.
"""

import sys

from labgrid import Target  # pyright: ignore
from labgrid.resource import NetworkSerialPort, RemotePlace  # pyright: ignore

_SCHEMES = {"rfc2217": "rfc2217", "raw": "socket"}


def main(place: str) -> None:
    """Print the URL of the place's one NetworkSerialPort."""
    target = Target("taptill")
    RemotePlace(target, name=place)
    try:
        port = target.get_resource(NetworkSerialPort)
    except Exception as error:  # labgrid has a class for each way it can be wrong
        sys.exit(f"place {place} has no serial port that is there: {error}")
    print(f"{_SCHEMES[port.protocol]}://{port.host}:{port.port}")


main(sys.argv[1])
