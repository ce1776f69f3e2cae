"""Every word the screens say, by a short name; another language is another such table.

A table is one string, a line per entry: it stays in flash, and only what is shown is copied.
"""

ENGLISH = """
app=TapTill
key_C=Cancel
key_B=Delete
key_E=OK
key_M=Menu
key_*=Back
key_#=Next
self_test=Self-test
part_memory=Memory
part_journal=Journal
part_keys=Keys
part_printer=Printer
part_reader=Reader
part_network=Network
err_part=does not answer
err_journal=Part of it is unreadable. Settle, then call support.
broken=Out of order
broken_hint=What this terminal has stored is damaged ({}). Nothing is changed. Call support.
err_network=not connected
login=Log in
operator=Operator
operator_hint=Type your two-digit number.
operator_short=Two digits, please.
password=Password
password_hint=Type it, then press OK.
password_short=Type at least one digit.
login_unknown=There is no such operator.
login_wrong=The password is not right. Tries left: {}.
login_wait=Too many wrong passwords. Try again in {} seconds.
sign_in=Sign in
sign_in_hint=Fetching the working keys from the host
keys_missing=This terminal has no master key. It has to be provisioned.
keys_wrong=The working keys from the host do not fit the master key.
keys_refused=The host has sent keys that look like real ones. This terminal is for tests only.
menu=Menu
menu_reprint=Reprint last slip
menu_sign_in=Sign in again
menu_echo=Test the host
menu_log_off=Log off
echo_ok=The host is there.
sale=Sale
amount=Amount
idle_hint=Type an amount to begin.
limit=Up to {}
amount_zero=An amount of zero cannot be paid.
amount_over=Over the limit of {}.
journal_full=The journal is full. Settle the batch first.
card=Card
tap=Tap the card
tap_hint=Hold it to the reader until you hear the sound.
card_collision=Two cards. Hold only one to the reader.
card_unreadable=The card could not be read. Try again.
card_again=Hold the card to the reader once more.
update=Once more: the bank changes the card.
update_done=The bank has changed the card.
update_not=The bank's change is not on the card. The bank is told.
card_reader=The card reader does not work.
card_given_up=The card could not be read. Use another card.
emv_data=The card settings of this terminal are damaged. Call support.
emv_03=This card wants to pay offline, which is not possible here.
emv_07=The card was declined.
emv_18=Not possible without contact. Insert or swipe the card.
emv_19=Hold only one card to the reader.
emv_1B=Please wait.
emv_1C=This card cannot be used here. Try another one.
emv_20=Look at your phone, then hold it to the reader again.
phone_again=Now hold the phone to the reader again.
emv_21=Hold the card to the reader once more.
pin=Enter PIN
pin_field=PIN
pin_hint=4 to 12 digits. No PIN: OK.
pin_short=A PIN has at least 4 digits.
authorising=Authorising
approved=Approved
declined=Declined
auth_code=Authorisation
host_connect=The host cannot be reached. Nothing was charged.
host_closed=The host hung up.
host_silent=The host does not answer.
host_garbled=The answer of the host makes no sense.
host_mac=The answer of the host is not genuine.
reversal=Reversal
reversal_hint=Taking back a sale that nobody confirmed
reversal_again=The host does not answer. Trying again
reversal_done=The sale of {} was taken back. Nothing was charged.
reversal_undone={1} of {0}: taken back, as if it had not been.
reversal_waits=The last sale is not complete and still to be taken back. No new sale before that.
advice_hint=Telling the host once more what it has not acknowledged
advice_done={} is booked at the host.
advice_waits=The host has not acknowledged it. It is sent again before anything else.
printing=Printing
printer_paper=The paper is out. Put in a new roll.
printer_cover=The printer is open. Close its cover.
printer_silent=The printer does not answer.
printer_fault=The printer has a fault.
print_later=Cancel: print it later.
nothing_to_print=Nothing has been approved in this batch.
tear_off=Tear off the slip for the shop, then press OK for the customer's.
menu_settle=Settlement
settle_debit=Paid: {} for {}
settle_credit=Given back: {} for {}
settle_foreign=Foreign cards: {}
settle_sure=OK: settle now. Cancel: later.
settle_hint=Comparing totals with the host
settle_upload=Batch upload: {} of {}
settle_done=Balanced. A new batch has begun.
settle_unequal=Not balanced: the host has other totals. A new batch has begun.
settle_waits=The settlement is not complete. It goes on by itself when the host answers.
settle_full=The batch is full. OK: settle it now.
settle_none=No batch has been settled yet.
menu_upload=Upload offline sales
upload=Upload
menu_last=Last settlement
load_1=Parameters
load_4=Keys of the card schemes
load_5=Applications
load_7=List of blocked cards
load_9=Contactless limits
load_done=All is up to date.
load_bad=What the host sent makes no sense. Nothing was changed.
load_refused=Out of range and not taken: {}.
signed_off=Signed off. The next transaction signs in again.
status_sent=The host has been told.
card_listed=This card is blocked. Do not take it.
upload_refused=The bank did not take this sale. Keep the fault slip.
supervisor=Supervisor
off={} cancelled
void=Void
refund=Refund
balance=Balance
preauth=Pre-authorisation
preauth_add=Add to a hold
preauth_void=Void a hold
completion=Completion
completion_void=Void completion
notice=Completion notice
offline=Offline sale
ec_sale=Offline sale
tip=Tip
adjust=Adjust offline sale
instalment=Instalments
instalment_void=Void instalments
menu_preauth=Pre-authorisation
menu_more=More
menu_print=Print
menu_host=Host
menu_moto=Sale by phone
menu_moto_preauth=Hold by phone
menu_moto_refund=Refund by phone
menu_any=Reprint a slip
menu_sign_off=Sign off
menu_download=Download
menu_status=Send status
batch_settles=The batch is being settled. Finish that first.
trace=Voucher number
trace_hint=The number on its slip.
trace_bad=A number from 1 to 999999.
hold=Voucher number
hold_hint=The number on its slip. Another batch: OK without a number.
hold_bad=A number from 1 to 999999.
rrn=Reference number
rrn_hint=12 digits, REF NO on the slip. A letter: * after its key.
rrn_bad=It has 12 digits.
auth=Authorisation code
auth_hint=6 digits. A letter: press * after its key.
auth_bad=It has 6 digits or letters.
date=Date of the original
date_hint=Month and day, such as 0731.
date_bad=There is no such day. Month and day, such as 0731.
expiry=Valid thru
expiry_hint=Month and year as on the card.
expiry_bad=A month and a year, such as 0730.
pan=Card number
pan_hint=As it is on the card.
pan_bad=That is no card number. Look again.
pan_type=Type its number
manual_off=Card numbers must not be typed here.
orig_none=There is no such transaction in this batch.
orig_kind=That is something else. Wanted here: {}.
orig_declined=That one was not approved.
orig_voided=That one has been voided already.
approved_part=Approved in part
to_pay=Still to be paid: {}
offline_off=Offline sales are not possible here.
offline_full=Too many offline sales wait for the host.
upload_first=The host has not been told of the offline sales yet. Try again later.
tip_off=Tips are not possible here.
tip_again=Replaces the tip of {}.
tip_small=The sale is too small for a tip.
months={} months
balance_none=The host does not tell it.
cvm_limit=Not over {}:
cvm_none=no PIN, no signature.
cvm_none_sign=No PIN. Signature on the slip.
cvm_pin=no signature.
cvm_pin_sign=Signature on the slip.
cvm_signature=Signature on the slip.
cvm_cdcvm=Verified on the device.
cvm_ec=Paid offline: no signature.
cvm_absent=Card not present.
"""

CURRENCY = "¥"

_table = ENGLISH


def use(table: str) -> None:
    """Speak the language of ``table`` from the next screen on."""
    global _table
    _table = table


def say(name: str) -> str:
    """The words of that name; the name itself where the table lacks it."""
    at = _table.find("\n" + name + "=")
    if at < 0:
        return name
    at += len(name) + 2
    return _table[at : _table.find("\n", at)]


def money(fen: int) -> str:
    """128000 -> ``1,280.00``."""
    sign = "-" if fen < 0 else ""
    fen = abs(fen)
    return "{}{:,}.{:02d}".format(sign, fen // 100, fen % 100)
