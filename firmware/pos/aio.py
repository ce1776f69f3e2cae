"""What asyncio on MicroPython lacks: a bounded queue, a race, a deadline, an alarm."""

import asyncio

# asyncio loads these when they are first asked for; they stay, so let them lie low in the heap
from asyncio import (  # noqa: F401
    Event,
    StreamReader,
    ThreadSafeFlag,
    core,  # pyright: ignore[reportAttributeAccessIssue]
    open_connection,
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


async def _entrant(index, coro, over):
    try:
        try:
            value, error = await coro, None
        except Exception as caught:
            value, error = None, caught
        over(index, value, error)
    finally:
        # asyncio's queues may keep a task that has ended for a while, but not what it has seen
        coro = over = value = error = None


async def first(*coros):
    """Run all, return ``(index, value)`` of the first to end; the others are cancelled.

    Where several have ended it is the one that was named first. An exception of the winner is
    raised here. All have ended when this returns, also when it is cancelled.
    """
    done = asyncio.Event()
    result = None

    def over(index, value, error):
        nonlocal result
        if not result or index < result[0]:
            result = index, value, error
        done.set()

    tasks = [asyncio.create_task(_entrant(i, c, over)) for i, c in enumerate(coros)]
    winner = None
    try:
        await done.wait()
        winner = result  # not what a loser says as it ends
    finally:
        await _end(tasks)
    index, value, error = winner  # pyright: ignore[reportGeneralTypeIssues]
    if error:
        raise error
    return index, value


async def _end(tasks):
    """Cancel tasks and let them end; who is cancelled meanwhile ends afterwards.

    They are looked at, not awaited: asyncio passes the cancellation of a task on to the one that
    it awaits, and where that has been cancelled already nothing would be left of it.
    """
    for task in tasks:
        task.cancel()
    cancelled = None
    while not all([task.done() for task in tasks]):
        try:
            await asyncio.sleep_ms(0)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled


async def _nap(ms):
    await asyncio.sleep_ms(ms)


async def deadline(coro, ms: int):
    """Await ``coro`` for at most ``ms`` milliseconds; raises asyncio.TimeoutError.

    Unlike ``asyncio.wait_for_ms`` it loses nothing where two things happen at once: who is
    cancelled as the time ends is cancelled, what ``coro`` has returned by then is returned, and
    ``coro`` has ended in any case.
    """
    index, value = await first(coro, _nap(ms))
    if index:
        raise asyncio.TimeoutError
    return value


class Alarm:
    """Wakes a task that waits for a stream, when its time is up; one task at a time.

    ``deadline`` makes two tasks for every wait, some 2 KB with 64-bit words. This makes one for
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
