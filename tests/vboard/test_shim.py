"""The modules of the virtual board on the real MicroPython: machine, esp32, network, time."""

from idle import IDLE

from host_tools.vboard import mcu
from host_tools.vboard.radio import AccessPoint


class Echo:
    """A chip that sends back what it hears."""

    def __init__(self, line, baudrate=115200):
        self.line, self.baudrate, self.heard = line, baudrate, b""
        line.attach(self)

    def receive(self, data):
        self.heard += data
        self.line.from_chip(data, self.baudrate)


UART = """
import asyncio
from machine import UART
uart = UART(1, 115200, tx=17, rx=18, rxbuf=8, timeout=0)
async def main():
    stream = asyncio.StreamReader(uart)
    uart.write(b"hello")
    print("heard", await stream.read(5))
    uart.write(b"0123456789")
    await asyncio.sleep_ms(50)
    print("kept", uart.read())
    uart.init(baudrate=9600)
    uart.write(b"hello")
    print("garbage", await stream.read(16) != b"hello")
asyncio.run(main())
"""


def test_uart_with_asyncio_overflow_and_wrong_rate(bench):
    b = bench(UART, power=False)
    b.board.call(lambda: Echo(b.board.mcu.uart(1)))
    b.board.power_on()
    b.said("heard b'hello'", "kept b'01234567'", "garbage True")


PINS = """
from machine import Pin
import asyncio
up = Pin(38, Pin.IN, Pin.PULL_UP)
out = Pin(4, Pin.OUT, value=1)
drain = Pin(5, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
flag = asyncio.ThreadSafeFlag()
up.irq(lambda pin: flag.set(), Pin.IRQ_FALLING)
async def main():
    print("levels", up.value(), out.value(), drain.value())
    out.off()
    drain(0)
    print("low", out.value(), drain.value())
    await flag.wait()
    print("edge", up.value())
asyncio.run(main())
"""


def test_pins_pull_drain_and_interrupt(bench):
    b = bench(PINS)
    b.said("levels 1 1 1", "low 0 0")
    assert b.board.call(lambda: (b.board.mcu.net(4).level, b.board.mcu.net(5).level)) == (0, 0)
    b.board.call(b.board.mcu.net(38).drive, 0)
    b.said("edge 0")


TIME = """
import asyncio, time
async def sleeper(s):
    await asyncio.sleep(s)
    print("woke", s)
async def last():
    print("start")  # the others sleep by now: time that passes earlier would wake nobody
async def main():
    start = time.ticks_ms()
    await asyncio.gather(sleeper(300), sleeper(30), sleeper(3000), last())
    print("passed", time.ticks_diff(time.ticks_ms(), start) // 1000)
asyncio.run(main())
"""


def test_time_that_passes_wakes_sleepers_in_order(bench):
    b = bench(TIME)
    b.said("start")
    b.board.pass_time(5000)
    text = b.said("passed 50")
    assert text.index("woke 30") < text.index("woke 300\r") < text.index("woke 3000")


CLOCK = """
import machine, time
rtc = machine.RTC()
print("cause", machine.reset_cause(), "year", rtc.datetime()[0])
if rtc.datetime()[0] == 2000:
    rtc.datetime((2026, 11, 23, 0, 10, 20, 30, 0))
    print("set", time.localtime()[:6], rtc.datetime()[3])
    machine.reset()
"""


def test_the_clock_survives_a_reset_and_not_a_power_cut(bench):
    b = bench(CLOCK)
    b.said("cause 1 year 2000", "set (2026, 11, 23, 10, 20, 30) 0", "cause 2 year 2026")
    b.board.power_off()
    b.board.power_on()
    b.said("cause 1 year 2000")


DOG = """
import machine, asyncio
print("cause", machine.reset_cause())
if machine.reset_cause() == machine.PWRON_RESET:
    dog = machine.WDT(timeout=2000)
    dog.feed()
    asyncio.run(asyncio.sleep(60))
"""


def test_the_watchdog_resets_a_program_that_forgets_it(bench):
    b = bench(DOG)
    b.said("cause 1")
    b.board.wait_for(lambda: b.board.mcu._watchdog, 5.0, "the watchdog")
    b.board.pass_time(3)
    b.said("cause 3")


NVS = """
import esp32
nvs = esp32.NVS("test")
buffer = bytearray(8)
try:
    print("kept", nvs.get_i32("number"), nvs.get_blob("blob", buffer), bytes(buffer[:3]))
except OSError:
    print("nothing kept")
nvs.set_i32("number", -7)
nvs.set_blob("blob", b"abc")
COMMIT
print("done")
"""


def test_nvs_keeps_what_was_committed(bench):
    b = bench(NVS.replace("COMMIT", "nvs.commit()"))
    b.said("nothing kept", "done")
    b.board.power_off()
    b.board.power_on()
    b.said("kept -7 3 b'abc'", "done")


def test_nvs_forgets_what_was_not_committed(bench):
    b = bench(NVS.replace("COMMIT", "pass"))
    b.said("nothing kept", "done")
    b.board.reset()
    b.said("nothing kept")


ANALOG = """
from machine import ADC, PWM, Pin
print("mV", ADC(Pin(3)).read_uv() // 10000)
pwm = PWM(Pin(21), freq=1000, duty_u16=32768)
pwm.freq(2000)
pwm.deinit()
print("done")
"""


def test_adc_reads_the_pin_and_pwm_sounds(bench):
    b = bench(ANALOG, power=False)
    tones = []
    b.board.mcu.adc[3] = 1.5
    b.board.mcu.pwm[21] = lambda frequency, duty: tones.append((frequency, duty))
    b.board.power_on()
    text = b.said("done")
    assert abs(int(text.split("mV ")[1].split()[0]) - 150) <= 1
    assert tones == [(1000, 32768), (2000, 32768), (0, 0)]


WIFI = """
import network, socket
wlan = network.WLAN(network.WLAN.IF_STA)
wlan.active(True)
print("heard", [(s[0], s[3]) for s in wlan.scan()])
wlan.connect("Shop", "wrong")
print("wrong", wlan.status() == network.STAT_WRONG_PASSWORD, wlan.isconnected())
wlan.connect("Elsewhere", "x")
print("elsewhere", wlan.status() == network.STAT_NO_AP_FOUND)
try:
    socket.getaddrinfo("host.test", 80)
except OSError as error:
    print("no network", error.errno)
wlan.connect("Shop", "secret")
print("joined", wlan.isconnected(), wlan.ifconfig()[0])
print("address", socket.getaddrinfo("host.test", 80)[0][-1][1])
try:
    socket.getaddrinfo("nowhere.test", 80)
except OSError as error:
    print("unknown", error.errno)
"""


def test_wifi_scan_wrong_password_no_network_joined(bench):
    b = bench(WIFI, power=False)
    b.board.radio.access_points = [AccessPoint("Shop", "secret", rssi=-61)]
    b.board.radio.routes["host.test"] = ("127.0.0.1", 9)
    b.board.power_on()
    b.said(
        "heard [(b'Shop', -61)]",
        "wrong True False",
        "elsewhere True",
        "no network -202",
        "joined True 198.51.100.200",
        "address 80",
        "unknown -202",
    )


CRASH = (
    IDLE
    + """
import machine
print("cause", machine.reset_cause())
asyncio.run(main())
"""
)


def test_reset_causes_are_told_apart(bench):
    b = bench(CRASH)
    b.said("cause 1")
    b.board.reset()
    b.said("cause 2")
    b.board.call(b.board.mcu.reset, mcu.SOFT)
    b.said("MPY: soft reboot", "cause 5")
