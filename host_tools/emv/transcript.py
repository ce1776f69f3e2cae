"""What a card and a kernel have said to each other: as lines, as JSON, and held to a script."""

import re
from typing import Any

from host_tools.emv import clauses, commands, decode, values
from host_tools.emv.kernels import Kernels
from host_tools.emv.setting import Setting
from host_tools.vboard.cards.card import Card
from host_tools.vboard.cards.script import ScriptCard

_PAN, _TRACK = 0x5A, 0x57


class _Mute:
    """A state-machine card as ``Kernels`` wants it: one that says nothing has left."""

    def __init__(self, card: Card) -> None:
        self._card = card

    def answer(self, capdu: bytes) -> bytes | str:
        answer = self._card.exchange(capdu)
        return "CardLost" if answer is None else answer


class Transcript:
    """One transaction. ``difference`` is what a script has not wanted so, in a sentence."""

    def __init__(self, name: str, setting: Setting, clear: bool = False) -> None:
        self.name, self.setting, self.clear = name, setting, clear
        self.events: list[dict[str, Any]] = []
        self.outcome: dict[str, Any] = {}
        self.difference: str | None = None
        self._asked: list[str] = []
        self._kernel: int | None = None
        self._lists: dict[str, list[tuple[int, int]]] = {}
        self._hide: dict[str, str] = {}
        self._gathered = b""

    def play(self, kernels: Kernels, card: Card | ScriptCard) -> None:
        """Run the transaction. Raises KernelError."""
        player = card if isinstance(card, ScriptCard) else _Mute(card)
        end = kernels.run(self.setting, player, self._hear)
        words = {"kind": clauses.KINDS[end["kind"]], "cvm": clauses.CVMS[end["cvm"]]}
        self.outcome = {**end, **words}
        for tag in (_PAN, _TRACK):
            if f"{tag:02X}" in self.outcome["tags"]:
                self._remember(tag, bytes.fromhex(self.outcome["tags"][f"{tag:02X}"]))
        if isinstance(card, ScriptCard):
            self.difference = self._judged(card)

    def hear(self, capdu: bytes, answer: bytes | None) -> dict[str, Any]:
        """An exchange that was played elsewhere (None: the card had left); it as ``tree`` has it.

        Raises BadBytes for a command that is none.
        """
        self._hear_exchange(capdu, "CardLost" if answer is None else answer)
        return self._hidden_tree(self._event(self.events[-1]))

    # -- listening -------------------------------------------------------------

    def _hear(self, step: dict[str, Any]) -> None:
        if "capdu" in step:
            self._hear_exchange(step["capdu"], step["answer"])
        elif "ui" in step:
            message, status, hold_ms = step["ui"]
            self._asked.append(f"UI {message:02X} {status} {hold_ms}")
            words = f"message {clauses.message(message)}; status {clauses.status(status)}"
            words += f"; for at least {hold_ms} ms" if hold_ms else ""
            data = {"message": message, "status": status, "hold_ms": hold_ms}
            self._hear_request("UI request", words, data)
        else:
            rid, index = step["ca"]
            self._asked.append(f"CA {rid} {index:02X}")
            there = "there is one" if step["known"] else "there is none"
            data = {"rid": rid, "index": index, "known": step["known"]}
            self._hear_request("CA key request", f"{rid} index {index:02X}, {there}", data)

    def _hear_request(self, kind: str, words: str, data: dict[str, Any]) -> None:
        clause = clauses.of_command(self._kernel, kind)
        self.events.append({"kind": kind, "clause": clause, "words": words, **data})

    def _hear_exchange(self, capdu: bytes, answer: bytes | str) -> None:
        parts = commands.parse(capdu)
        name = commands.name(parts)
        if name == "SELECT":
            name = "SELECT PPSE" if parts.data == commands.PPSE else "SELECT AID"
            self._lists, self._kernel = {}, None
        asks = self._lists.get(name)
        event: dict[str, Any] = {"kind": name, "clause": clauses.of_command(self._kernel, name)}
        event["capdu"] = decode.command(capdu, asks, self._kernel, self.clear)
        if isinstance(answer, str):
            event["lost"] = answer
        else:
            if name == "SELECT AID" and answer[-2:] == b"\x90\x00":
                self._kernel = self.setting.kernel_of(parts.data)
            event["rapdu"] = self._learnt(answer)
        self.events.append(event)

    def _learnt(self, answer: bytes) -> decode.Shown:
        """What an answer says; one that comes in pieces (61xx) says it with the last."""
        if len(answer) > 1 and answer[-2] == 0x61:
            self._gathered += answer[:-2]
            shown = decode.any_answer(answer[-2:], self._kernel, self.clear)
            shown.hex = (
                answer.hex().upper() if self.clear else values.any_hex(answer.hex().upper())
            )
            return shown
        shown = decode.any_answer(self._gathered + answer, self._kernel, self.clear)
        self._gathered = b""
        for node in (found for top in shown.nodes for found in top.walk()):
            if node.tag == 0x9F38:
                self._lists["GET PROCESSING OPTIONS"] = node.asks
            elif node.tag == 0x8C:
                self._lists["GENERATE AC"] = node.asks
            elif node.tag in (_PAN, _TRACK):
                self._remember(node.tag, node.value)
        return shown

    def _remember(self, tag: int, value: bytes) -> None:
        """What must not be seen, wherever else it may turn up."""
        plain = value.hex().upper()
        number = re.match(r"\d*", plain)
        if number and len(number[0]) > 10:
            self._hide[plain] = values.hex_of(tag, value)
            self._hide[number[0]] = values.masked(number[0])
            text = number[0].encode().hex().upper()
            self._hide[text] = text[:12] + "*" * (len(text) - 20) + text[-8:]

    def hidden(self, text: str) -> str:
        """``text`` without the card number and track, unless all is asked for."""
        if not self.clear:
            for plain in sorted(self._hide, key=len, reverse=True):
                text = text.replace(plain, self._hide[plain])
        return text

    # -- judging ---------------------------------------------------------------

    def got(self) -> dict[str, Any]:
        """What a script's ``outcome`` may speak of."""
        got = {name: value for name, value in self.outcome.items() if name != "tags"}
        return {**got, "asked": self._asked}

    def _judged(self, card: ScriptCard) -> str | None:
        if card.difference:
            return card.difference
        script, got = card.script, self.got()
        for name, want in script.outcome.items():
            if name not in got:
                return f"outcome: {name}: not known here"
            if got[name] != want:
                return f"outcome: {name} is {_shown(got[name])} instead of {_shown(want)}"
        for tag, want in script.tags.items():
            value = self.outcome["tags"].get(tag)
            if value != want:
                return (
                    f"tag {tag} is {self._value(tag, value)} instead of {self._value(tag, want)}"
                )
        if card.left_over:
            left = script.exchanges[-card.left_over][0]
            name = commands.name(commands.parse(left))
            return f"{card.left_over} of the script's exchanges left over, the first is {name}"
        return None

    def _value(self, tag: str, value: str | None) -> str:
        if value is None:
            return "absent"
        return (
            self.hidden(values.hex_of(int(tag, 16), bytes.fromhex(value), self.clear)) or "empty"
        )

    # -- telling ---------------------------------------------------------------

    def lines(self) -> list[str]:
        """For a person: every exchange, and at the end the outcome."""
        out = [f"== {self.name}", self._setting_line()]
        number = 0
        for event in self.events:
            if "capdu" not in event:
                out.append(f" * {event['kind']}: {event['clause']}")
                out.append(f"   {event['words']}")
                continue
            number += 1
            clause = f": {event['clause']}" if event["clause"] else ""
            out.append(f"{number:2} {event['kind']}{clause}")
            out.append(f"   > {event['capdu'].hex}")
            out += self._command_lines(event["capdu"])
            if "lost" in event:
                out.append(f"   < nothing: {event['lost']}")
            else:
                out.append(f"   < {event['rapdu'].hex}")
                out += event["rapdu"].lines(self.clear, "     ")
        if self.outcome:
            out += self._outcome_lines()
        if self.difference:
            out.append(f"DIFFERENT: {self.difference}")
        return [self.hidden(line) for line in out]

    def _command_lines(self, shown: decode.Shown) -> list[str]:
        """What the command says that its bytes do not show at once."""
        facts = [f for f in shown.facts if f[0] == "P1 P2" and "," in f[1]]
        parts = decode.Shown(shown.name, shown.hex, facts, shown.nodes, shown.remark)
        return parts.lines(self.clear, "     ")

    def _setting_line(self) -> str:
        txn = self.setting.txn
        amount = f"{txn['amount'] // 100}.{txn['amount'] % 100:02}"
        return (
            f"amount {amount}, type {txn['type']:02X}, date {txn['date']}, time {txn['time']}, "
            f"unpredictable number {txn['un'].hex().upper()}"
        )

    def _facts(self) -> list[tuple[str, str]]:
        end = self.outcome
        return [
            ("kind", end["kind"]),
            ("message", clauses.message(end["message"])),
            ("kernel", str(end["kernel"] or "none")),
            ("AID", end["aid"] or "none"),
            ("CVM", end["cvm"]),
            ("ODA", clauses.ODA[end["oda"]]),
            ("start", end["start"] or "none"),
            ("why", end["why"] or "nothing to say"),
            ("ended in", clauses.of_step(end["kernel"], end["step"])),
        ]

    def _nodes(self, names: tuple[str, ...]) -> list[decode.Node]:
        there = self.outcome["tags"]
        found = [(int(name, 16), bytes.fromhex(there[name])) for name in names if name in there]
        kernel = self.outcome["kernel"]
        return [decode.Node(tag, value, kernel=kernel) for tag, value in found]

    def _results(self) -> list[decode.Node]:
        """TVR, TSI and CVM results."""
        return self._nodes(("95", "9B", "9F34"))

    def _outcome_lines(self) -> list[str]:
        out = ["outcome", *(f"   {name}: {words}" for name, words in self._facts())]
        out += decode.lines(self._results(), self.clear, "   ")
        if self.outcome["kind"] == "ONLINE":
            out.append("   online data (F55)")
            out += decode.lines(self._nodes(clauses.ONLINE_DATA), self.clear, "     ")
        return out

    def tree(self) -> dict[str, Any]:
        """As what json can write."""
        txn = {**self.setting.txn, "un": self.setting.txn["un"].hex().upper()}
        entry = {"name": self.name, "transaction": txn, "passed": self.difference is None}
        entry["difference"] = self.difference
        entry["events"] = [self._event(event) for event in self.events]
        entry["outcome"] = self._outcome_tree() if self.outcome else None
        return self._hidden_tree(entry)

    def _outcome_tree(self) -> dict[str, Any]:
        outcome = {name: value for name, value in self.outcome.items() if name != "tags"}
        outcome["message_words"] = clauses.MESSAGES.get(outcome["message"], "")
        outcome["clause"] = clauses.of_step(outcome["kernel"], outcome["step"])
        outcome["results"] = decode.tree(self._results(), self.clear)
        if outcome["kind"] == "ONLINE":
            nodes = self._nodes(clauses.ONLINE_DATA)
            outcome["online_data"] = decode.tree(nodes, self.clear)
        return outcome

    def _event(self, event: dict[str, Any]) -> dict[str, Any]:
        return {
            name: value.tree(self.clear) if isinstance(value, decode.Shown) else value
            for name, value in event.items()
        }

    def _hidden_tree(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.hidden(value)
        if isinstance(value, dict):
            return {name: self._hidden_tree(inner) for name, inner in value.items()}
        return [self._hidden_tree(v) for v in value] if isinstance(value, list) else value


def _shown(value: Any) -> str:
    return str(value) if value != "" else "empty"
