"""A connection over TLS is kept from one story to the next, and given up when nobody is there."""

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread
from host_tools.device import tls_bench
from host_tools.device.actions import ACTIONS, Stage
from host_tools.device.journal_reader import Store
from host_tools.device.provision import Identity
from host_tools.device.virtual import VirtualDevice, provisioned_flash
from host_tools.vboard.cards.loader import CARDS

AWAY_S = 31  # after which nobody is at the keys


def test_one_handshake_for_stories_that_follow_one_another():
    identity = Identity(tls=tls_bench.terminal("certificate"))
    flash, nvs = provisioned_flash(identity)
    params = Store(flash, "/pos").params()
    assert params["tls"] == "1" and params["last_date"] == identity.tls.day

    with (
        HostThread(open_ledger(), tls=tls_bench.host("right")) as host,
        VirtualDevice(flash=flash, nvs=nvs) as device,
    ):
        stage = Stage(device, host, CARDS)

        def play(*steps):
            for name, value in steps:
                ACTIONS[name].do(stage, value)

        def echo():
            play(("screen", "Type an amount"), ("keys", "M#33"), ("screen", "The host is there."))
            play(("keys", "E"), ("screen", "Type an amount"))

        def came(event):
            return [r for r in host.log.records if r["event"] == event]

        play(("power", "on"), ("screen", "Operator"), ("keys", "01E"), ("screen", "Password"))
        # the clock of a board starts at 2000; what was valid then would be valid now
        play(("keys", "0000E"))
        echo()
        assert [r["certificate"] for r in came("connect")] == [tls_bench.SERIAL]
        assert not came("close")

        # nobody at the keys: the connection goes, and comes again when it is needed
        play(("pass", AWAY_S))
        host.log.wait(lambda r: r["event"] == "close")
        echo()
        assert len(came("connect")) == 2

        # the host has hung up meanwhile: nothing is sent into the void
        host.show(tls_bench.host("right"))
        echo()
        assert len(came("connect")) == 3
        assert [r["mti"] for r in came("request")] == ["0800", "0820", "0820", "0820"]
        assert "cannot" not in device.console()
