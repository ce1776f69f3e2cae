"""What asyncio on MicroPython lacks: a bounded queue, a race, a deadline, an alarm."""

import asyncio

# asyncio loads these when they are first asked for; they stay, so let them lie low in the heap
from asyncio import (  # noqa: F401
    Event,
    Lock,
    StreamReader,
    ThreadSafeFlag,
    core,  # pyright: ignore[reportAttributeAccessIssue]
    open_connection,
    wait_for_ms,
)
from time import ticks_add, ticks_ms

from micropython import const

_LONG_MS = const(100000000)


class QueueFull(Exception):
    """put_nowait on a queue that holds its maximum."""


class Queue:
    """First in, first out, at most ``size`` items; safe to fill from a pin's interrupt handler.

    One consumer. The ring is allocated once, so that putting allocates nothing.
    """

    def __init__(self, size: int):
        self._ring: list = [None] * (size + 1)
        self._head = self._tail = 0
        self._flag = asyncio.ThreadSafeFlag()

    def empty(self) -> bool:
        """Whether there is nothing to get."""
        return self._head == self._tail

    def put_nowait(self, item) -> None:
        """Append ``item``; raises QueueFull."""
        nxt = (self._head + 1) % len(self._ring)
        if nxt == self._tail:
            raise QueueFull
        self._ring[self._head] = item
        self._head = nxt
        self._flag.set()

    async def get(self):
        """Wait for the oldest item and take it."""
        while self._head == self._tail:
            await self._flag.wait()
        item = self._ring[self._tail]
        self._ring[self._tail] = None
        self._tail = (self._tail + 1) % len(self._ring)
        return item

    def clear(self) -> None:
        """Forget everything that waits."""
        while self._head != self._tail:
            self._ring[self._tail] = None
            self._tail = (self._tail + 1) % len(self._ring)


async def _entrant(index, coro, won):
    try:
        value = await coro
    except asyncio.CancelledError:
        raise
    except Exception as error:
        won(index, None, error)
    else:
        won(index, value, None)


async def first(*coros):
    """Run all, return ``(index, value)`` of the first to end; the others are cancelled.

    An exception of the winner is raised here. Losers have ended when this returns.
    """
    done = asyncio.Event()
    result = []

    def won(index, value, error):
        if not result:
            result.append((index, value, error))
            done.set()

    tasks = [asyncio.create_task(_entrant(i, c, won)) for i, c in enumerate(coros)]
    try:
        await done.wait()
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            try:
                await task
            except asyncio.CancelledError:
                pass
    index, value, error = result[0]
    if error:
        raise error
    return index, value


def deadline(coro, ms: int):
    """Await ``coro`` for at most ``ms`` milliseconds; raises asyncio.TimeoutError."""
    return asyncio.wait_for_ms(coro, ms)


class Alarm:
    """Wakes a task that waits for a stream, when its time is up; one task at a time.

    ``wait_for_ms`` makes a task for every wait, some 2 KB with 64-bit words. This makes one for
    all. For that it moves tasks between asyncio's own queues, as ``Task.cancel`` does; a task that
    is cancelled at the same time, or has been woken by its stream, is left alone.
    """

    def __init__(self):
        # by name: they are asyncio's own, and the build gives private names of ours new ones
        self._timed = getattr(core, "_task_queue")  # noqa: B009
        self._streams = getattr(core, "_io_queue")  # noqa: B009
        self._sleeper = None
        self._task = asyncio.create_task(self._run())

    def set(self, ms: int) -> None:
        """Wake the running task in ``ms`` milliseconds if it waits for a stream then.

        The stream's ``readinto`` returns None to it, as if there were nothing to read. It holds
        until it is set again, or ``clear``.
        """
        self._sleeper = asyncio.current_task()
        self._timed.remove(self._task)  # wherever it is: it is always there
        self._timed.push(self._task, ticks_add(ticks_ms(), ms))

    def clear(self) -> None:
        """Wake nobody."""
        self._sleeper = None

    def close(self) -> None:
        """End; it is of no use afterwards."""
        self._sleeper = None
        self._task.cancel()

    async def _run(self):
        while True:
            task, self._sleeper = self._sleeper, None
            if task is not None and task.data is self._streams:
                self._streams.remove(task)
                self._timed.push(task)
            task = None
            await asyncio.sleep_ms(_LONG_MS)
