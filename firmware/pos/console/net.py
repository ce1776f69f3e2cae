"""The way to the host, layer by layer, with the reason where it ends."""

from pos.console.serve import part


def _note(layer, ok, detail, ms):
    part(layer=layer, ok=ok, detail=detail, ms=ms)


async def _up(t) -> str:
    """The layer that is broken: link, address, or none."""
    link = t.network
    if t.training or link is None:
        _note("link", False, "training" if t.training else "net_unset", 0)
        return "link"
    try:
        await link.up()
    except OSError as error:
        why = str(error)
        lacks = why == "net_address"  # joined, and nobody has given it one
        if lacks:
            _note("link", True, t.params["network"], 0)
        _note("address" if lacks else "link", False, why, 0)
        return "address" if lacks else "link"
    _note("link", True, t.params["network"], 0)
    _note("address", True, link.nic.ifconfig()[0], 0)
    return ""


async def network(t, request) -> dict:
    """Link and address."""
    broken = await _up(t)
    return {"ok": not broken, "broken": broken}


async def host(t, request) -> dict:
    """Link, address, name, TCP, TLS where it is wanted, and whether the host answers an echo
    test."""
    broken = await _up(t)
    if not broken:
        from pos.acquirer import probe
        from pos.acquirer.session import Session

        await t.network.close()  # a new connection is what is to be tried
        session = Session(t.params, t.network, t.root, t.sealer)
        broken = await probe.run(t.params, session, _note)
        await t.network.close()
    return {"ok": not broken, "broken": broken}
