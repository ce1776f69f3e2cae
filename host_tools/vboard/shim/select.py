"""``select`` of the virtual board: polls its UARTs and sockets, which arrive over one line."""

import io

import uselect
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT

import _link


class poll:
    """As the built-in ``poll``; what is made in Python is asked by ``ioctl`` after each frame."""

    def __init__(self):
        self._hard = uselect.poll()
        self._hard.register(_link.stream, POLLIN)
        self._soft = {}

    def register(self, obj, eventmask=POLLIN | POLLOUT):
        if isinstance(obj, io.IOBase):
            self._soft[id(obj)] = (obj, eventmask)
        else:
            self._hard.register(obj, eventmask)

    def modify(self, obj, eventmask):
        if isinstance(obj, io.IOBase):
            self._soft[id(obj)] = (obj, eventmask)
        else:
            self._hard.modify(obj, eventmask)

    def unregister(self, obj):
        if isinstance(obj, io.IOBase):
            self._soft.pop(id(obj), None)
        else:
            self._hard.unregister(obj)

    def _ready(self):
        found = []
        for obj, mask in self._soft.values():
            events = obj.ioctl(3, mask)
            if events:
                found.append((obj, events))
        return found

    def poll(self, timeout=-1):
        """Returns early, with nothing, when time was advanced: the caller then waits for less.

        Not where it waits for ever: asyncio takes that to end with an event.
        """
        while True:
            moved = _link.pump()
            found = self._ready()
            wait = 0 if found or moved else timeout
            if wait:
                wait = _link.waits(wait)
            hard = self._hard.poll(wait)
            if wait > 0 and not hard:
                _link.sync()
            if _link.pump():
                found = self._ready()
            for entry in hard:
                if entry[0] is not _link.stream:
                    found.append(tuple(entry)[:2])
            if found or timeout >= 0:
                return found

    def ipoll(self, timeout=-1, flags=0):
        return iter(self.poll(timeout))
