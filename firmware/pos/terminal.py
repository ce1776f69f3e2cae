"""The composition root: what is there, wired together, and the tasks that run."""

import asyncio
import gc
import os
import sys
import time
from array import array

from micropython import const

from pos import hw, log, words
from pos.store.files import Damaged
from pos.store.journal import Journal
from pos.store.params import Counters, Params
from pos.ui.frame import Ui

try:
    # The memory of machine code is never given back by a board: it stays loaded
    import pos.crypto.des_native  # noqa: F401
except ImportError:
    pass  # a board that takes none

_ROOT = "/pos"
_FONTS = "/rom/fonts"
_EMV = "pos.emv."
_ONCE = ("pos.emv.action", "pos.emv.cvm_list")  # done with when the card has been read
# Stories that only wait for a key: nobody is in the midst of anything
_RESTING = ("idle", "login", "unlock", "menu", "broken")
_TAP = "pos.console.tap"  # stays as long as it is asked to tell what goes over the wires
_CRASH_MS = const(3000)
_STEP_MS = const(50)
# The diagnostics line, RFC 7464: RS, a JSON object, LF
_RS = const(0x1E)
_LF = const(0x0A)
_MOST = const(240)  # bytes of a command
_LEAST = const(12288)  # bytes free with which it is looked at
# Bytes between two collections: few while code is loaded, so that it leaves no holes among what
# stays; more while it runs, yet not so many that what lives a little longer is strewn over it all.
# More of either where the heap is large, as each collection looks through all of it
_running = max(8192, gc.mem_free() // 16)
_loading = _running // 4


class Terminal:
    """What the flows work with."""

    home = _ROOT  # of what is stored, also in training

    def __init__(self):
        if "pos" not in os.listdir("/"):
            os.mkdir(_ROOT)
        self.root = _ROOT  # of all that is stored; in training another one
        self.training = False
        self.used = array("I", bytes(12))  # since it was written down: slips, mm of paper, cards
        self.serial = hw.serial()
        self._seen_ms = time.ticks_ms()
        self._up_ms = 0
        # until `open` has read them
        self.params: Params = None  # pyright: ignore[reportAttributeAccessIssue]
        self.journal: Journal = None  # pyright: ignore[reportAttributeAccessIssue]
        self.network = None  # set up by the self-test
        self.display = hw.display()
        self.keypad = hw.keypad()
        self.buzzer = hw.buzzer()
        self.ui = Ui(self.display, self.keypad, _FONTS)
        self.set_clock = hw.set_clock
        self.ways = hw.WAYS
        self.battery = hw.battery
        self.board = hw.board  # what is wired where
        self.restart = hw.restart
        self.cause = hw.machine.reset_cause
        self.open_line = hw.DEVELOPMENT  # the diagnostics line wants no proof of who asks
        for name in ("display", "keypad", "buzzer", "serial"):
            delattr(hw, name)  # there is one of each, and here it is
        self._known = []  # names of the modules that the stories under way have found
        self.doubtful = []  # traces of sales whose slips may be on paper without our knowing
        self.owed = 0  # the slips of the last settlement: 1 due, 2 put off
        self.unsure = ""  # why (F39) nobody knows how what was just sent has ended
        self.reports = False  # due, as soon as there is heap to print them
        self.tested = ""  # by the last self-test: lines of part, whether it works (1, 0), detail
        self.reader = None  # while it is open
        self._mark = 0
        self.story = ""  # that is being told
        self.tasks: tuple = ()  # this, the keys, the diagnostics line
        self._holder = None  # the last of them, while it carries out a command
        self.asker = None  # of the diagnostics line, see ``pos.console.guard``
        self.waits = {}  # operator: when the wait after wrong passwords began, see Users
        self.operator = ""
        self.signed_in = False
        self.action = 0  # what the host's last answer asks for, digit P of its header

    def open(self) -> None:
        """Read what is stored; raises files.Damaged."""
        self.params = Params(_ROOT)
        self.serial = self.params["serial"] or self.serial
        self.training = self.params["training"] > 0
        if self.training:
            self.root = _ROOT + "/train"
            self.params = Params(self.root)
        self.ui.set_status(training=self.training)
        log.level = self.params["log_level"]
        self.speak(self.params["language"])
        self.buzzer.mute(not self.params["sound"])
        self.counters = Counters(self.root)
        self.journal = self.batch(self.params["batch"])
        if self.params["tls"] or self.training:
            self._set_day()

    def _set_day(self):
        """A clock that has started anew says 2000: certificates would not be valid yet."""
        day = self.params["last_date"]
        if day and time.localtime()[0] < int(day[:4]):
            self.set_clock(int(day[:4]), int(day[4:6]), int(day[6:]), 0, 0, 0)

    def speak(self, language: str) -> None:
        """Use the words of a language: a module of ``pos.words``."""
        name = "pos.words." + language
        __import__(name)
        words.use(sys.modules[name].TABLE)

    def sealer(self):
        """What seals and opens under the key of this device; for one story."""
        from pos.store.seal import Sealer

        return Sealer(hw.device_key())

    def join(self, *way) -> None:
        """Set up the way to the host, as ``hw.Link`` wants it; another one is left."""
        if self.network:
            self.network.down()
        if self.training:
            from pos.acquirer.practice import Nowhere

            self.network = Nowhere()
        else:
            self.network = hw.Link(*way)

    def open_reader(self):
        """The contactless reader, until ``close_reader``; its driver is loaded now."""
        self._mark = self._note()
        self.reader = _make(hw.reader)
        return self.reader

    def close_reader(self) -> None:
        """Give up the reader, if it is open, and forget the code that was loaded since.

        A kernel under way goes on, so its code stays, but for what it needs no more.
        """
        if self.reader is not None:
            self.reader.close()
            self.reader = None
            keep = [name for name in sys.modules if name.startswith(_EMV) and name not in _ONCE]
            _empty(_unload(self._known + keep))
            del self._known[self._mark :]
            gc.threshold(_loading)  # until the next story: what comes now needs room in one piece

    def printer(self):
        """A printer for one story; its driver is loaded for it and dropped after."""
        return _make(hw.printer)

    def uptime(self) -> int:
        """Seconds since the start, whatever the clock is set to; ask at least once in six days."""
        now = time.ticks_ms()
        self._up_ms += time.ticks_diff(now, self._seen_ms)
        self._seen_ms = now
        return self._up_ms // 1000

    def now(self) -> str:
        """YYYYMMDDhhmmss."""
        return "%04d%02d%02d%02d%02d%02d" % time.localtime()[:6]

    def new_batch(self, number: int, **values) -> None:
        """Go on in batch ``number``, whose journal is empty or its own; sets parameters too."""
        self.params.update(batch=number, **values)
        self.journal = self.batch(number)
        self.journal.open()

    def batch(self, number: int) -> Journal:
        """The journal of a batch, to be opened. It has the memory in which pictures are made."""
        return Journal(self.root, number, self.ui.canvas.strip)

    # These return the coroutine to await: one that awaited it would be one more for each story
    # that is told within another

    def tell(self, story: str, *args):
        """Run ``pos.flows.<story>.run`` and forget the code it needed: heap for the next one."""
        return self._with("pos.flows." + story, "run", self, *args)

    def show(self, screen: str, *args):
        """Run a screen of ``pos.ui.screens``, whose code is dropped afterwards too."""
        return self._with("pos.ui.screens", screen, self.ui, *args)

    async def listen(self) -> None:
        """Wait for commands on the diagnostics line; what carries them out is loaded for each.

        Meanwhile no story begins or ends: both would mix up whose code is whose. Only while nobody
        is in the midst of anything: a sale needs its heap, also that which the collector would not
        give back at once.
        """
        self._holder = None
        reader = asyncio.StreamReader(sys.stdin.buffer)
        one = bytearray(1)
        line = None
        while True:
            if not await reader.readinto(one):  # nobody holds the other end
                await asyncio.sleep_ms(_STEP_MS)
            elif one[0] == _RS:  # also in the midst of a command, which was broken off
                line = bytearray()
            elif line is None:
                pass
            elif one[0] != _LF:
                line.extend(one)
                if len(line) > _MOST:
                    line = None
            else:
                gc.collect()
                if self.story[10:] not in _RESTING or gc.mem_free() < _LEAST:
                    print('\x1e{"error":"busy","why":"%s"}' % self.story[4:])
                else:
                    often = gc.threshold()
                    self._holder = self.tasks[-1]
                    await self._with("pos.console.serve", "run", self, line)
                    self._holder = None
                    gc.threshold(often)
                line = None

    def carry_out(self, name: str, *args):
        """Run a coroutine of ``pos.console``, for the diagnostics line."""
        module, _, function = name.partition(".")
        return self._with("pos.console." + module, function, self, *args)

    async def _turn(self):
        """Wait until the diagnostics line is done with its command, unless this is its task."""
        while self._holder and self._holder is not asyncio.current_task():
            await asyncio.sleep_ms(_STEP_MS)

    def _note(self) -> int:
        """Take down which modules are loaded; returns how many had been taken down before."""
        known = self._known
        mark = len(known)
        for module in sys.modules:
            if module.startswith("pos.") and module not in known:
                known.append(module)
        return mark

    async def _with(self, name, function, *args):
        """Load a module, run a coroutine of it, forget every module that came meanwhile."""
        await self._turn()
        known = self._known
        mark = self._note()
        before = self.story
        if not self._holder:
            self.story = name
        try:
            _make(__import__, name)
            log.debug("story", "%s.%s: %d bytes free", name, function, gc.mem_free())
            return await getattr(sys.modules[name], function)(*args)
        finally:
            await self._turn()
            self.story = before
            _empty(_unload(known))
            del known[mark:]
            gc.collect()


def _make(factory, *args):
    """Call what loads code: collecting often, so that it leaves no holes among what stays."""
    gc.threshold(_loading)
    try:
        return factory(*args)
    finally:
        gc.threshold(_running)
        gc.collect()


def _unload(known) -> list:
    """Forget the terminal's modules that are not among the names ``known``; returns them."""
    gone = []
    for name in [name for name in sys.modules if name.startswith("pos.") and name not in known]:
        if name == _TAP and log.tap:
            continue
        package, _, module = name.rpartition(".")
        gone.append(sys.modules.pop(name))
        parent = sys.modules.get(package)
        if hasattr(parent, module):
            delattr(parent, module)
    gc.collect()
    return gone


def _empty(modules) -> None:
    """Take everything out of modules that nobody will use again.

    The collector takes any number on the stack that looks like an address for one: a single left
    over one would keep a module with all its code.
    """
    for module in modules:
        for name in dir(module):
            if name[0] != "_" or name[1] != "_":
                delattr(module, name)


def _fell(name, error) -> None:
    """Say where it crashed, and keep that for who asks later."""
    text = log.crash(name, error)
    gc.collect()
    from pos.store import crash

    crash.keep(_ROOT, name, text)


async def _watch(task, name):
    """A helper task that ends is a fault of the terminal: say so and start anew."""
    try:
        await task
    except Exception as error:  # a cancellation is none: it passes
        _fell(name, error)
    hw.restart()


async def _main():
    terminal = Terminal()
    gc.threshold(_running)
    terminal.tasks = (
        asyncio.current_task(),
        asyncio.create_task(_watch(terminal.keypad.run(), "keypad")),
        asyncio.create_task(terminal.listen()),
    )
    await terminal.display.start()
    try:
        terminal.open()
    except Damaged as error:
        await terminal.tell("broken", str(error))
    params = terminal.params
    chosen = "wifi" in os.listdir(_ROOT) or "network" in params
    if not chosen or ("network" in params and params["network"] not in terminal.ways):
        await terminal.tell("first")
    await terminal.tell("selftest")
    await terminal.tell("shift")


def run() -> None:
    """Run the terminal until it is interrupted from the console; a crash restarts the chip."""
    try:
        asyncio.run(_main())
    except Exception as error:
        _fell("terminal", error)
        time.sleep_ms(_CRASH_MS)  # a crash at every start must leave the console time to look in
        hw.restart()
