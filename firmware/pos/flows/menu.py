"""The menu: what the operator may do besides typing an amount."""

from pos.ui import entry
from pos.words import say

_WAIT_MS = 120000  # an open menu is no place to leave a terminal: it would never lock itself

# A line a page: its title, then what may be chosen. An item is a word on the screen and, behind
# "=", the story that it tells and what the story is given; without one it leads to its own page.
_PAGES = """
menu sale=sale void=void:void refund=refund menu_preauth menu_more \
menu_print menu_settle=settle menu_host menu_query menu_terminal menu_log_off=log_off
menu_preauth preauth=preauth:preauth preauth_add=preauth:preauth_add \
preauth_void=preauth:preauth_void completion=preauth:completion \
completion_void=void:completion_void notice=preauth:notice
menu_more balance=balance offline=offline tip=change:tip adjust=change:adjust \
menu_moto=moto:sale menu_moto_preauth=moto:preauth menu_moto_refund=refund:typed \
instalment=instalment instalment_void=void:instalment_void
menu_print menu_reprint=printing:last menu_any=printing:any menu_last=settled:reprint \
menu_waiting=settled:waiting menu_detail=paper:detail menu_sums=paper:totals menu_check=paper:check
menu_query query_last=query:last query_trace=query:trace query_date=query:date \
query_all=query:all menu_totals
menu_totals totals_kinds=totals:kinds totals_hours=totals:hours totals_batch=totals:batch
menu_host menu_sign_in=sign_in menu_sign_off=sign_off menu_echo=echo \
menu_download=download menu_status=status menu_upload=upload
menu_terminal menu_lock=lock menu_password=password menu_operators=operators \
menu_settings=settings menu_training=training menu_care=care:show menu_about=about \
self_test=selftest:menu
"""


async def run(t):
    """The name of the story that was chosen, what it is given behind a colon; None: cancelled."""
    page = "menu"
    while True:
        at = _PAGES.find("\n" + page + " ") + 1
        items = _PAGES[at : _PAGES.find("\n", at)].split()[1:]
        names = [say(item.partition("=")[0]) for item in items]
        choice = await entry.choose(t.ui, say(page), names, _WAIT_MS)
        if choice is None:
            if page == "menu":
                return None
            page = "menu"
            continue
        page, _, story = items[choice].partition("=")
        if story:
            return story
