"""The terminal in the browser as a person uses it: clicks, keys, touch, both languages."""

import base64
import re

import pytest
from PIL import Image


def by_clicks(one):
    """From login to the amount, with the mouse."""
    one.see("Operator")
    one.picture("01-login")
    one.click_keys("01E")
    one.see("Password")
    one.click_keys("0000E")
    one.see("TEST SHOP")
    one.click_keys("128000")
    one.see("1,280.00")
    one.click_keys("E")
    one.see("Tap the card")


def test_a_sale_by_clicks_from_login_to_paper(look, terminal):
    one = look()
    page = one.page
    if "Operator" not in one.screen():  # another test was here before
        terminal.world.device.board.reset()
    by_clicks(one)
    page.wait_for_selector("#reader.on")  # the antenna radiates
    one.picture("02-tap")
    page.locator('[data-card="unionpay_debit"]').click()
    one.see("Enter PIN")
    one.picture("03-pin")
    page.locator('[data-held="unionpay_debit"]').click()
    page.wait_for_selector('[data-card="unionpay_debit"][aria-pressed="false"]')
    one.click_keys("123456")
    one.see("******")
    one.click_keys("E")
    page.wait_for_selector('#lamp:not([data-colour="dark"])')
    one.see("Tear off")
    page.wait_for_selector("#tear:not([disabled])")
    page.wait_for_selector('#talk .line:has-text("0210")')
    one.picture("04-paper")
    shown = base64.b64decode(one.same_pixels())
    assert shown == terminal.world.device.screenshot().tobytes()
    slip = terminal.world.paper.current
    page.locator("#tear").click()
    page.locator("#tab-slips").click()
    page.wait_for_selector(f'.torn[data-slip="{slip}"] canvas')
    one.picture("05-slip")
    with page.expect_download() as download:
        page.locator(f'[data-slip="{slip}"] [data-kind="pdf"]').click()
    assert download.value.suggested_filename == f"slip-{slip}.pdf"
    one.click_keys("E")
    one.see("TEST SHOP")
    page.locator("#tab-talk").click()
    page.locator('#talk .line:has-text("0200") summary').last.click()
    page.locator('#talk .more:has-text("621234******1232")').wait_for()
    text = page.content()
    assert "6212345678901232" not in text.replace(" ", "")


def test_the_conversation_can_be_opened_line_by_line(look):
    one = look()
    page = one.page
    one.ready()
    one.type_keys("500E")
    one.see("Tap the card")
    page.locator('[data-card="unionpay_phone"]').click()
    one.see("Tear off")  # "Approved" may be gone too soon to be read
    line = page.locator('#talk .line[data-chan="host"]:has-text("0200")').last
    line.locator("summary").click()
    for words in ("processing code", "Application Cryptogram"):
        line.locator(".more").filter(has_text=words).wait_for()
    gpo = page.locator('#talk .line:has-text("GET PROCESSING OPTIONS")').last
    gpo.locator("summary").click()
    gpo.locator(".more").filter(has_text="Application Interchange Profile").wait_for()
    one.picture("06-conversation")
    hidden = page.locator('#talk .line[data-chan="reader"]').first
    assert not hidden.is_visible()
    page.locator('[data-chan="reader"][aria-pressed]').click()
    assert hidden.is_visible()


def test_a_card_is_dragged_to_the_reader_and_off_it(look):
    one = look()
    page = one.page
    one.ready()
    one.type_keys("1200E")
    one.see("Tap the card")
    card = page.locator('[data-card="unionpay_debit"]')
    card.hover()
    page.mouse.down()
    page.mouse.move(300, 500, steps=3)
    page.locator("#reader.over").wait_for(state="detached")
    page.locator("#reader").hover()
    page.locator("#reader.over").wait_for()
    page.mouse.up()
    one.see("Enter PIN")
    page.locator("[data-held]").hover()
    page.mouse.down()
    page.mouse.move(1200, 300, steps=4)
    page.mouse.up()
    page.locator("[data-held]").wait_for(state="detached")
    one.type_keys("C")
    one.see("TEST SHOP")


def test_a_sale_with_the_keyboard_alone(look):
    one = look()
    page = one.page
    one.ready()
    page.keyboard.press("Tab")  # from wherever the page has put the focus
    one.type_keys("4200")  # digits go to the terminal, whatever has the focus
    one.see("42.00")
    page.locator("#terminal").focus()
    one.type_keys("BB")
    one.see("0.42")
    one.type_keys("00E")
    one.see("Tap the card")
    for _ in range(40):  # as far as the card
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.card") == "unionpay_debit":
            break
    one.picture("07-focus")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    one.see("Enter PIN")
    assert page.evaluate("document.activeElement.id") == "terminal"
    page.keyboard.press("Shift+Tab")
    page.locator("[data-held]").focus()
    page.keyboard.press("Enter")
    page.locator("[data-held]").wait_for(state="detached")
    one.type_keys("123456E")
    one.see("Tear off")  # "Approved" may be gone too soon to be read


def test_on_a_phone(look):
    one = look(390, 844, has_touch=True, device_scale_factor=2)
    page = one.page
    one.ready()
    for key in "900E":
        page.locator(f'[data-key="{key}"]').tap()
    one.see("Tap the card")
    one.picture("08-phone")
    page.locator('[data-card="unionpay_phone"]').tap()
    one.see("Tear off")  # "Approved" may be gone too soon to be read
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for name in ("talk", "slips", "faults", "console", "wallet"):
        page.locator(f"#tab-{name}").tap()
        page.locator(f"#panel-{name}").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 390, name
        one.picture(f"09-phone-{name}", whole=True)


def test_in_chinese(look):
    one = look()
    page = one.page
    page.locator('[data-language="zh"]').click()
    for name in ("talk", "faults"):
        page.locator(f"#tab-{name}").click()
        page.evaluate("document.fonts.ready")
        one.picture(f"10-chinese-{name}")
    text = page.locator("body").inner_text()
    assert "卡包" in text
    assert re.findall(r"\b[a-z]+(?:[._][a-z]+)+\b", text) == []  # a name that has no words
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.reload()
    assert page.locator('[data-language="zh"]').get_attribute("aria-pressed") == "true"


def test_what_can_go_wrong_is_seen_on_the_terminal(look):
    one = look(color_scheme="dark")
    page = one.page
    one.ready()
    page.locator("#tab-faults").click()
    for name in ("paper_out", "cover_open", "wifi_down", "host_down"):
        switch = page.locator(f'[data-switch="{name}"]')
        switch.click()
        page.locator(f'[data-switch="{name}"][aria-checked="true"]').wait_for()
    page.locator("#fault").select_option("drop_after_booking")
    page.locator("#fault-mti").select_option("0200")
    page.locator("#fault-ask").click()
    page.locator('#pending:has-text("drop_after_booking mti=0200")').wait_for()
    one.picture("11-faults-dark")
    for name in ("paper_out", "cover_open", "wifi_down", "host_down"):
        page.locator(f'[data-switch="{name}"]').click()
        page.locator(f'[data-switch="{name}"][aria-checked="false"]').wait_for()
    page.locator('[data-switch="power_cut"]').click()
    one.words.filter(has_not_text="TapTill").wait_for(state="attached")
    page.locator('[data-switch="power_cut"]').click()
    one.see("Operator")
    page.locator("#tab-console").click()
    page.locator('[data-type="3"]').click()
    page.locator('#console:has-text(">>>")').wait_for()
    page.locator("#console-line").fill("print(6 * 7)")
    page.keyboard.press("Enter")
    page.locator('#console:has-text("42")').wait_for()
    one.picture("12-console-dark")
    page.locator('[data-type="4"]').click()
    one.see("Operator")


def test_a_display_of_another_size_is_shown_as_it_is(look, terminal, monkeypatch):
    one = look()
    small = Image.new("RGB", (128, 64), "navy")
    with monkeypatch.context() as patch:
        patch.setattr(terminal.world.device.board.display, "image", lambda: small)
        terminal.world.touch()
        one.page.locator('#display[width="256"][height="128"]').wait_for()
        box = one.page.locator("#display").bounding_box()
        assert box["width"] / box["height"] == pytest.approx(2, abs=0.02)
        one.picture("14-small-display")
    terminal.world.touch()
    one.page.locator('#display[width="480"][height="640"]').wait_for()


def test_no_width_needs_scrolling_sideways(look):
    one = look()
    for width in (320, 768, 1024, 1920):
        one.page.set_viewport_size({"width": width, "height": 800})
        assert one.page.evaluate("document.documentElement.scrollWidth") == width
        one.picture(f"13-width-{width}")
