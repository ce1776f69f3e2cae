"""All screens with what they are given: what ``make screens`` paints and what is kept as golden.

A screen is MicroPython code inside a coroutine of `program`; its words come from ``say``, so that
it is the same screen in every language.
"""

SCREENS = {
    # Switching on
    "boot": "await screens.boot(ui)",
    "selftest": """
await screens.boot(ui)
await screens.selftest_line(ui, say("part_memory"), True, "52 KB")
await screens.selftest_line(ui, say("part_journal"), False, say("err_journal"))
await screens.selftest_line(ui, say("part_keys"), True, "82E136")
await screens.selftest_line(ui, say("part_printer"), False, say("printer_paper"))
await screens.selftest_line(ui, say("part_reader"), True, "PN532 1.6")
await screens.selftest_line(ui, say("part_network"), False, "W5500")
""",
    "broken": """
await screens.result(ui, "bad", say("broken"), (say("broken_hint").format("params"),))""",
    # Logging in
    "operator": 'await after(entry.operator(ui), "0")',
    "operator_short": 'await after(entry.operator(ui), "7E")',
    "password": 'await after(entry.password(ui, say("operator") + " 01"), "1234")',
    "password_wrong": """
await after(screens.message(ui, "bad", say("login"), say("login_wrong").format(2)))""",
    # A sale
    "idle": 'await after(entry.idle(ui, "TAPTILL TEST SHOP"))',
    "idle_chinese": 'await after(entry.idle(ui, "北京百货大楼有限责任公司王府井店"))',
    "idle_unknown": 'await after(entry.idle(ui, "Café Zürich 龘€咖啡"))',
    "amount": 'await after(entry.amount(ui, 5000000, "1"), "28000")',
    "amount_small": 'await after(entry.amount(ui, 5000000), "1280")',
    "amount_middle": 'await after(entry.amount(ui, 5000000), "12800")',
    "amount_zero": 'await after(entry.amount(ui, 5000000), "E")',
    "amount_over": 'await after(entry.amount(ui, 5000000), "5000001E")',
    "amount_most": 'await after(entry.amount(ui, 5000000), "9" * 30)',
    "present_card": "await screens.present_card(ui, 128000)",
    "present_card_again": """
await screens.present_card(ui, 999999999, say("card_collision"))""",
    "present_card_update": """
await screens.present_card(ui, 0, beside(say("rc_00"), say("update")))""",
    "present_card_read": "await screens.present_card(ui, 128000)\nlights.show(ui, 4)",
    "pin": 'await after(entry.pin(ui, 128000, "621234******1232"), "12345")',
    "pin_long": """
await after(entry.pin(ui, 999999999, "621234*********1232"), "12345678901234")""",
    "pin_mixed": """
pad = bytes((3, 1, 4, 0, 5, 9, 2, 6, 8, 7))
await after(entry.pin(ui, 128000, "621234******1232", 0, False, pad), "12")""",
    "pin_short": 'await after(entry.pin(ui, 128000, "621234******1232"), "123E")',
    "working": 'await screens.working(ui, say("authorising"), "1,280.00")',
    "approved": """
lines = "621234******1232", say("auth_code") + " 483920", say("cvm_none")
await screens.result(ui, "ok", say("approved"), lines, 128000)""",
    "approved_part": """
lines = (say("to_pay").format("280.00"),)
await screens.result(ui, "ok", say("approved_part"), lines, 100000)""",
    "declined": """
lines = beside(say("rc_51"), "(51)"), say("help_D")
await screens.result(ui, "bad", say("declined"), lines, 128051)""",
    "printer": """
await screens.trouble(ui, say("printing"), beside(say("printer_paper"), say("print_later")))""",
    "tear_off": 'await after(screens.message(ui, "ok", say("printing"), say("tear_off")))',
    "no_host": """
await after(screens.message(ui, "bad", say("sale"), say("host_connect")))""",
    "reversal_waits": """
await after(screens.message(ui, "warn", say("reversal"), say("reversal_waits")))""",
    "confirm": """
lines = say("trace") + " 000042", "621234******1232"
await after(screens.confirm(ui, say("void"), lines, 128000))""",
    "settle": """
lines = (say("settle_debit").format(128, "9,999,999.99"), say("settle_credit").format(2, "12.80"),
    say("settle_sure"))
await screens.result(ui, "info", say("menu_settle"), lines)""",
    # Menus
    "menu": """
words = "sale void refund menu_preauth menu_more menu_print menu_settle menu_host menu_log_off"
await after(entry.choose(ui, say("menu"), [say(word) for word in words.split()]))""",
    "menu_next": """
words = "sale void refund menu_preauth menu_more menu_print menu_settle menu_host menu_log_off"
await after(entry.choose(ui, say("menu"), [say(word) for word in words.split()]), "#")""",
    "menu_long": """
words = "preauth_void completion_void instalment_void menu_moto_preauth menu_upload"
await after(entry.choose(ui, say("menu_more"), [say(word) for word in words.split()]))""",
    "choose_long": """
await after(entry.choose(ui, say("menu"), [say("menu_any") + " " + say("tear_off")]))""",
    "settings": """
names = say("language") + ": " + say("language_zh"), say("set_sound") + ": " + say("set_on")
names += (say("set_details") + ": " + say("set_off"),)
await after(entry.choose(ui, say("menu_settings"), names))""",
    # What is typed off slips and cards
    "trace": 'await after(typed.ask(ui, "trace", "void"), "42")',
    "hold": 'await after(typed.ask(ui, "hold", "completion"))',
    "rrn": 'await after(typed.ask(ui, "rrn", "refund"), "26091100012E")',
    "auth": 'await after(typed.ask(ui, "auth", "offline"), "12*0022**")',
    "date": 'await after(typed.ask(ui, "date", "refund"), "0230E")',
    "day": 'await after(typed.ask(ui, "day", "query_date"), "0731")',
    "expiry": 'await after(typed.ask(ui, "expiry", "sale"), "073")',
    "pan": 'await after(typed.ask(ui, "pan", "sale"), "6212345678901231239E")',
    # Queries
    "list": """
def item(i):
    return ("11/25 10:0%d" % i, "9,999,999.99", "%06d %s" % (i + 1, say("preauth_void")),
        say("state_approved"), "good", "✓")
await after(listing.browse(ui, say("query_all"), 6, item))""",
    "list_long": """
kinds = (("notice", "approved", "good", "✓"), ("adjust", "declined", "bad", "✗"),
    ("preauth", "reversing", "warn", "R"), ("instalment_void", "reversed", "muted", "R"))
def item(i):
    kind, state, color, sign = kinds[i]
    return ("11/25 10:0%d" % i, "-9,999,999.99", "%06d %s" % (i + 1, say(kind)),
        say("state_" + state), color, sign)
await after(listing.browse(ui, say("query_all"), 4, item))""",
    "details": """
rows = [(say("amount"), "¥ 1,280.00"), (say("state"), say("state_declined"), "bad"),
    (say("when"), "11/25 10:05"), (say("trace"), "000042"), (say("card"), "621234******1232"),
    (say("issuer"), "中国工商银行北京市分行"), (say("aid"), "A000000333010101"),
    (say("tvr"), "0000000000"), (say("orig_rrn"), "260911000123"), (say("batch"), "000007"),
    (say("operator"), "01")]
await after(listing.table(ui, say("instalment_void"), rows, "Cp"))""",
    "hours": """
counts = [0, 0, 0, 0, 0, 0, 1, 3, 12, 14, 9, 22, 31, 18, 8, 7, 9, 12, 20, 25, 16, 5, 2, 0]
rows = [(say("totals_debit").format(214), "123,456.00"),
    (say("totals_best").format(12, 13), "1.00")]
await after(listing.hours(ui, say("totals_hours"), counts, rows))""",
    "about": """
rows = ((say("about_version"), "0.1.0"), (say("about_image"), "1f2e3d4c5b6a"),
    ("MicroPython", "1.28.0"), (say("about_serial"), "240AC4000001"),
    (say("about_terminal"), "12345678"), (say("about_merchant"), "898100012340001"),
    (say("about_memory"), "41 KB"), (say("about_flash"), "1804 KB"),
    (say("about_up"), say("about_hours").format(23, 59)),
    (say("about_support"), "400 123 4567"))
await after(listing.table(ui, say("menu_about"), rows, "E"))""",
    "care": """
rows = ((say("care_slips"), "12345"), (say("care_paper"), "1234.5 m"), (say("care_cards"), "678"),
    (say("care_since"), "2026/05"), (say("part_battery"), "87 % " + say("battery_charging")),
    ("", "4021 mV"))
await after(listing.table(ui, say("menu_care"), rows, "E"))""",
    "care_reminder": """
text = say("care_h").format(304)
await after(screens.message(ui, "info", say("menu_care"), text, 0, "CE"))""",
    "training_begin": """
await after(screens.message(ui, "warn", say("menu_training"), say("training_begin"), 0, "CE"))""",
    "training_end": """
await after(screens.message(ui, "warn", say("menu_training"), say("training_end"), 0, "CE"))""",
    "training_idle": """
ui.set_status(training=True)
await after(entry.idle(ui, "TAPTILL TEST SHOP"))
ui.set_status(training=False)""",
    "paper_near_end": """
from pos.ui.frame import WARN
ui.set_status(paper=WARN)
await screens.boot(ui)
await screens.selftest_line(ui, say("part_printer"), True, say("printer_near"))
ui.set_status(paper=OK)""",
    "selftest_wires": """
pins = "ROWS 4, 5, 1, 2, COLUMNS 38, 39, 40, 41"
wires = beside(say("err_keypad"), say("hint_wires").format(pins))
await screens.boot(ui)
await screens.selftest_line(ui, say("part_keypad"), False, wires)
await screens.selftest_line(ui, say("part_display"), False, say("err_display"))""",
    # A network
    "networks": """
def mark(canvas, index, y):
    signal.draw(canvas, y, 4 - index, index == 0)
await after(entry.choose(ui, say("menu_network"), ["TapTill", "北京咖啡", "Guests"], 0, mark))""",
    "network_name": """
await after(letters.ask(ui, say("menu_network"), say("net_name"), 1, 32, False), "8277")""",
    "network_key": """
await after(letters.ask(ui, say("menu_network"), say("net_key"), 8, 63, True), "22##1*")""",
    "network_ways": """
names = say("way_wifi"), say("way_lan"), say("way_cell")
await after(entry.choose(ui, say("menu_network"), names))""",
    "network_cell": """
names = say("net_apn_auto"), "cmnet", "3gnet", "ctnet", say("net_hidden")
await after(entry.choose(ui, say("way_cell"), names))""",
    "network_apn": """
await after(letters.ask(ui, say("way_cell"), say("net_apn"), 1, 63, False), "222666")""",
    "network_apn_user": 'await after(letters.ask(ui, "cmiot", say("net_user"), 0, 63, False))',
    "network_denied": """
await after(screens.message(ui, "bad", say("way_cell"), say("net_denied")))""",
    "network_signal": """
await after(screens.message(ui, "bad", say("way_cell"), say("net_signal")))""",
    "nothing": 'await after(listing.nothing(ui, say("menu_query")))',
    # The status bar
    "bar_all": """
ui.set_status(host=FAULT, paper=FAULT, pending=True, waiting=12, battery=8, training=True)
await after(entry.idle(ui, "TAPTILL TEST SHOP"))""",
    "bar_charging": """
ui.set_status(network=OFF, battery=60, charging=True, waiting=3)
await after(entry.idle(ui, "TAPTILL TEST SHOP"))""",
}

# What is only on the small display: that lines are turned, and how training is told
ON_SMALL = {
    "declined_rest": """
lines = beside(say("rc_51"), "(51)"), say("help_D")
await screens.result(ui, "bad", say("declined"), lines, 128051)
await after(screens.acknowledge(ui), "#")""",
    "selftest_rest": """
await screens.boot(ui)
pins = beside(say("err_part"), say("hint_wires").format("UART 1: RESET 16, RX 18, TX 17"))
await screens.selftest_line(ui, say("part_printer"), False, say("printer_paper"))
await screens.selftest_line(ui, say("part_reader"), False, pins)
await after(screens.acknowledge(ui), "*")""",
    "approved_most": """
lines = "621234*********1232", say("cvm_pin")
await screens.result(ui, "ok", say("approved"), lines, 999999999)""",
    "settle_rest": """
lines = (say("settle_debit").format(128, "9,999,999.99"), say("settle_credit").format(2, "12.80"),
    say("settle_sure"))
await screens.result(ui, "info", say("menu_settle"), lines)
await after(screens.acknowledge(ui), "*")""",
    "hours_rest": """
rows = [(say("totals_debit").format(214), "123,456.00"),
    (say("totals_best").format(12, 13), "1.00")]
await after(listing.hours(ui, say("totals_hours"), [1] * 24, rows), "#")""",
    "training": """
ui.set_status(training=True)
await after(entry.amount(ui, 5000000), "1280")""",
}

# What each sheet has: language, theme, amounts of double size, which screens (None: all), and for
# which display they are
_SOME = ("operator", "idle", "amount", "amount_over", "amount_most", "present_card_again", "pin")
_SOME += ("approved", "declined", "menu", "list", "hours", "bar_all", "bar_charging")
_LARGE = ("idle", "amount_small", "amount_middle", "amount", "amount_over", "amount_most")
_LARGE += ("present_card", "approved", "declined")
SHEETS = {
    "en": ("en", 0, 0, None, ""),
    "zh": ("zh", 0, 0, None, ""),
    "en_contrast": ("en", 1, 1, _SOME, ""),
    "zh_contrast": ("zh", 1, 0, _SOME, ""),
    "zh_large": ("zh", 0, 1, _LARGE, ""),
    "small_en": ("en", 0, 0, None, "small"),
    "small_zh": ("zh", 0, 0, None, "small"),
}

_SETTING = """
import sys
from pos import words
__import__("pos.words.{0}")
words.use(sys.modules["pos.words.{0}"].TABLE)
await screens.look(ui, {1}, {2})
"""
# What the bar says before each screen
_BAR = """
ui.set_status(operator="01", network=OK, host=OK, paper=OK, pending=False, waiting=0, battery=None)
ui.set_status(charging=False, training=False)
"""


def sheet(name: str) -> tuple[dict[str, str], str]:
    """The screens of a sheet, and the code that comes before them."""
    language, theme, large, names, display = SHEETS[name]
    screens = SCREENS | ON_SMALL if display == "small" else SCREENS
    chosen = {key: _BAR + code for key, code in screens.items() if names is None or key in names}
    return chosen, _SETTING.format(language, theme, large)
