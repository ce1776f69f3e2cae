"""The battery: its sign on the screen, and whether it lasts for one more transaction."""


async def run(t) -> bool:
    """Whether a transaction may begin; always where there is no battery."""
    battery = t.battery()
    if not battery:
        return True
    percent, charging = battery.percent(), battery.charging()
    t.ui.set_status(battery=percent, charging=charging)
    return charging or percent >= t.params["battery_min"]
