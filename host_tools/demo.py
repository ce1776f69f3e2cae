"""``taptill demo``: one real sale on the virtual board, told as it happens.

Boots the firmware on MicroPython, starts the acquiring host, and plays a cashier and a cardholder.
Afterwards the screen, the paper, the terminal's journal and the host's ledger must tell the same
story; their pictures are in ``build/demo``.
"""

import shutil
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.log import JsonLog
from host_tools.acquirer.server import HostThread
from host_tools.build.image import BUILD, build_firmware
from host_tools.device import tls_bench
from host_tools.device.journal_reader import Store
from host_tools.device.provision import Identity
from host_tools.device.virtual import VirtualDevice, provisioned_flash

OUT = BUILD / "demo"
AMOUNT_FEN = 128000
CARD = "unionpay_debit"
_SHOP = Identity().merchant_name


class Story:
    """Says what happens, shows each screen as text and keeps it as a picture."""

    def __init__(self, device: VirtualDevice, out: Path) -> None:
        self._device, self._out = device, out
        self._console = Console(highlight=False)
        self._count = 0

    def say(self, words: str) -> None:
        """One sentence of the story."""
        self._console.print(f"[bold]> {words}[/bold]")

    def see(self, name: str, *texts: str, timeout: float = 30.0) -> list[str]:
        """Wait for a screen with ``texts``, show it and keep its picture as ``NN-name.png``."""
        lines = self._device.wait_for_screen(*texts, timeout=timeout)
        self._count += 1
        self._device.screenshot().save(self._out / f"{self._count:02d}-{name}.png")
        self._console.print(Panel(Text("\n".join(lines)), width=44, title=name))
        return lines

    def slip(self, text: str) -> None:
        """Show what came out of the printer."""
        self._console.print(Panel(Text(text), width=44, title="paper"))


def main(over_tls: bool = False) -> int:
    """Play the sale; returns 0 when all four witnesses agree, 1 otherwise.

    ``over_tls``: terminal and host prove themselves to each other by TEST certificates.
    """
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    image = build_firmware()
    print(f"firmware {image.path.relative_to(BUILD.parent)}, {image.size} bytes")
    print(f"         sha256 {image.sha256}")
    identity = Identity(tls=tls_bench.terminal("certificate") if over_tls else None)
    flash, nvs = provisioned_flash(identity)
    log = JsonLog(OUT / "host.jsonl")
    with (
        HostThread(
            open_ledger(), log=log, tls=tls_bench.host("right") if over_tls else None
        ) as host,
        VirtualDevice(flash=flash, nvs=nvs) as device,
    ):
        device.board.radio.routes[identity.host] = ("127.0.0.1", host.port)
        device.power_on()
        approved = _play(Story(device, OUT), device)
        device.paper_image().save(OUT / "paper.png")
        differences = _compare(device, host, approved)
        for record in host.log.records:
            if "certificate" in record:
                words = " ".join(record[name] for name in ("certificate", "protocol", "cipher"))
                print(f"TLS: terminal {words}")
    for difference in differences:
        print(f"DIFFERENT: {difference}")
    if not differences:
        print("Screen, paper, journal and ledger tell the same story.")
    print(f"Pictures: {OUT.relative_to(BUILD.parent)}/*.png")
    return 1 if differences else 0


def _play(story: Story, device: VirtualDevice) -> list[str]:
    """The whole sale; returns the lines of the screen that said "Approved"."""
    story.say("The terminal is switched on and tests itself.")
    story.see("self-test", "Self-test", "Printer")
    story.see("operator", "Operator")
    story.say("Operator 01 logs in.")
    device.press("01E")
    story.see("password", "Password")
    device.press("0000E")
    story.say("Sign-in: the host sends working keys, the time and the batch number.")
    story.see("ready", _SHOP)
    story.say("The cashier types 1280.00.")
    device.press("128000")
    story.see("amount", "1,280.00", "Amount")
    device.press("E")
    story.see("tap", "Tap the card")
    story.say("A UnionPay card is held to the reader.")
    device.tap(CARD)
    story.see("pin", "Enter PIN")
    device.remove()
    story.say("The cardholder types the PIN.")
    device.press("123456")
    story.see("pin-typed", "******")
    device.press("E")
    approved = story.see("approved", "Approved", "1,280.00")
    story.say("The slip for the shop is printed.")
    story.see("tear-off", "Tear off")
    merchant = device.wait_for_paper("MERCHANT COPY", "RMB 1280.00")
    story.slip(merchant)
    device.press("E")
    story.say("And the one for the customer.")
    story.see("ready-again", _SHOP)
    story.slip(device.paper()[len(merchant) :].strip("\n"))
    return approved


def _compare(device: VirtualDevice, host: HostThread, approved: list[str]) -> list[str]:
    """What the four witnesses do not agree on, in sentences."""
    found = list(host.ledger.check()) + device.board.faults
    booked = host.ledger.transactions(Identity().terminal_id)
    if len(booked) != 1 or booked[0].state != "approved" or booked[0].amount != AMOUNT_FEN:
        return [*found, f"the ledger has {booked}"]
    row = booked[0]
    paper = device.paper()
    for words in (row.rrn, row.auth_code, "RMB 1280.00"):
        if paper.count(words or "?") != 2:
            found.append(f"the paper has {words} {paper.count(words or '?')} times, not twice")
    if not any(row.auth_code and row.auth_code in line for line in approved):
        found.append(f"the screen did not show authorisation code {row.auth_code}")
    sales = Store(device.flash_image(), "/pos").batches()[-1].transactions
    told = [(s.state, s.amount, s.rrn, f"{s.trace:06d}", s.copies) for s in sales]
    if told != [("approved", row.amount, row.rrn, row.stan, 2)]:
        found.append(f"the journal has {told}")
    return found
