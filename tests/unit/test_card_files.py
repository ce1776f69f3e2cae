"""The set of test cards, and the checks of their files."""

from pathlib import Path

import pytest
import yaml
from card_bench import (
    GPO,
    PPSE,
    SELECT_ADF,
    ask,
    changed,
    expected_arqc,
    objects,
    tree,
    written,
)

from host_tools.vboard.cards.fields import CardFileError, luhn_digit
from host_tools.vboard.cards.loader import (
    CARDS,
    card_names,
    load_account,
    load_card,
    load_issuers,
)


class TestSetOfCards:
    def test_names(self) -> None:
        assert card_names() == [
            "mastercard_cda",
            "mastercard_magstripe",
            "mastercard_online",
            "no_common_aid",
            "type_b",
            "unionpay_blocked",
            "unionpay_debit",
            "unionpay_expired",
            "unionpay_forged",
            "unionpay_offline",
            "unionpay_phone",
            "unionpay_second",
            "unreadable",
            "visa_offline",
            "visa_online",
            "visa_phone",
        ]

    @pytest.mark.parametrize("name", card_names())
    def test_sound(self, name: str) -> None:
        card, account = load_card(name), load_account(name)
        application = card.applications[0]
        assert luhn_digit(application.pan[:-1]) == application.pan[-1]
        expiry = "2212" if name == "unionpay_expired" else "3012"
        service = "220" if application.pan[0] in "69" else "201"
        track = application.track2().hex().upper()
        assert track.startswith(f"{application.pan}D{expiry}{service}0")
        assert (CARDS / f"{name}.yaml").read_text().startswith("# TEST CARD")
        if account is not None:
            assert (account.pan, account.psn) == (application.pan, application.psn)
            assert account.expiry == application.expiry

    def test_all_different(self) -> None:
        cards = [load_card(name) for name in card_names()]
        assert len({card.applications[0].pan for card in cards}) == len(cards)
        assert len({card.uid or card.atqb for card in cards}) == len(cards)

    def test_accounts(self) -> None:
        debit, second = load_account("unionpay_debit"), load_account("unionpay_second")
        assert debit is not None
        assert second is not None
        assert (debit.pan, debit.pin, debit.balance_fen) == (
            "6212345678901232",
            "123456",
            100_000_000,
        )
        assert second.pin == "654321"
        assert load_account("no_common_aid") is None

    def test_no_common_aid(self) -> None:
        card = load_card("no_common_aid")
        assert objects(card, PPSE)["4F"].hex().upper() == "A0000009990101"
        assert ask(card, SELECT_ADF) == "6A82"

    def test_unreadable(self) -> None:
        card = load_card("unreadable")
        ask(card, SELECT_ADF)
        assert ask(card, GPO) == "6F00"
        cut = bytes.fromhex(ask(card, GPO))
        with pytest.raises(AssertionError, match="77 runs past the end"):
            tree(cut[:-2])

    def test_type_b(self) -> None:
        card = load_card("type_b")
        assert (card.technology, card.atqb[0], len(card.atqb)) == ("B", 0x50, 12)
        ask(card, SELECT_ADF)
        options = objects(card, GPO)
        assert options["9F26"] == expected_arqc(options, "6212340000000035")

    def test_issuer_keys(self) -> None:
        keys = load_issuers()
        assert {len(key) for key in keys.values()} == {16}
        assert "621234" in keys

    def test_nothing_secret_is_shown(self) -> None:
        card, account = load_card("unionpay_debit"), load_account("unionpay_debit")
        ask(card, SELECT_ADF)
        ask(card, GPO)
        application = card.applications[0]
        shown = f"{card!r} {application!r} {application} {account!r} {account} {card.log}"
        assert "621234******1232" in shown
        for secret in ("6212345678901232", "123456 ", "'123456'", application.key.hex()):
            assert secret not in shown.lower()


class TestFileErrors:
    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            ("6212345678901232", "6212345678901233", "pan is wrong: it ends in the Luhn"),
            ("6212345678901232", "62123456", "pan is wrong: it has 12 to 19 digits"),
            ('"6212345678901232"', "6212345678901232", "pan is wrong: it is text in quotes"),
            ("6212345678901232", "6222345678901230", "BIN 622234, for which issuers.yaml has no"),
            ("type: A", "type: C", "type is wrong: it is one of A, B"),
            ('uid: "04A1B2C3D4E5F6"', 'uid: "04A1"', "uid is wrong: it has 4, 7 or 10 bytes"),
            ("04A1B2C3D4E5F6", "04A1B2C3D4E5FX", "uid is wrong: it is hex"),
            ('ats: "0A', 'ats: "0B', "ats is wrong: it begins with its own length"),
            ('"3012"', '"3013"', "expiry is wrong: it is YYMM"),
            ('service_code: "220"', 'service_code: "22"', "service_code is wrong: it has 3"),
            ('pdol: "9F6604', 'pdol: "9F67049F68', "pdol is wrong: it asks for 9F66"),
            ("9C019F3704", "9C019F37", "pdol is wrong: it is a list of tags and lengths"),
            ("      ctq:", "      ctQ:", "application 1: ctQ: not known here"),
            ("      ctq:", '      ct: "00"\n      ctq:', "application 1: ct: not known here"),
            ("5A: $pan", "5A: $pin", "tags 5A is wrong: it is hex or one of $pan"),
            ("sfi: 1", "sfi: 31", "sfi is wrong: it is 1 to 30"),
            ("decision: online", "decision: maybe", "one of online, offline, decline"),
            ('pin: "123456"', "pin: 123456", "account: pin is wrong: it is text in quotes"),
            ('pin: "123456"', 'pin: "12"', "account: pin is wrong: it has 4 to 12 digits"),
            ("  pan: *pan", '  pan: "6212340000000019"', "it is that of an application"),
            ("account:", "ledger:", "ledger: not known here"),
            ("card:", "card: [", "no YAML"),
            ("account:", "faults: 5\naccount:", "faults is no list"),
            ("  type: A", "  think_ms: {GPO: fast}\n  type: A", "think_ms is wrong: it maps"),
            ("      ctq:", "      discretionary: x\n      ctq:", "discretionary is wrong: it has"),
            ("priority: 1", "priority: 16", "priority is wrong: it is 0 to 15"),
            ("balance_fen: 100000000", "balance_fen: -1", "balance_fen is wrong: it is 0 to"),
        ],
    )
    def test_sentence(self, tmp_path: Path, old: str, new: str, sentence: str) -> None:
        path = changed(tmp_path, old, new)
        with pytest.raises(CardFileError) as caught:
            load_card(path)
        assert str(caught.value).startswith("card.yaml: ")
        assert sentence in str(caught.value)
        for secret in ("6212345678901232", "6212345678901233", "123456"):
            assert secret not in str(caught.value)

    def test_unknown_card(self) -> None:
        with pytest.raises(CardFileError, match="no card gold; there are mastercard_cda, ma"):
            load_card("gold")

    def test_faults(self, tmp_path: Path) -> None:
        document = yaml.safe_load((CARDS / "unionpay_debit.yaml").read_text())
        document["faults"] = [{"command": "READ RECORD", "mute": True, "nth": 2}]
        card = load_card(written(tmp_path, document))
        ask(card, SELECT_ADF)
        ask(card, GPO)
        assert ask(card, "00B2010C00").endswith("9000")
        assert card.exchange(bytes.fromhex("00B2020C00")) is None
        assert ask(card, "00B2020C00").endswith("9000")
        document["faults"] = [{"command": "PING", "answer": "6F00"}]
        with pytest.raises(CardFileError, match="fault 1: command is wrong: it is one of SELECT"):
            load_card(written(tmp_path, document))
