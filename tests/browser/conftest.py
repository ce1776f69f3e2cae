"""Debian's Chromium and a terminal to look at with it; pictures are left in build/browser."""

import shutil

import pytest
from panel_bench import served
from playwright.sync_api import Error, sync_playwright

from host_tools.build.image import BUILD

OUT = BUILD / "browser"
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
DEADLINE_MS = 20_000


@pytest.fixture(scope="module")  # its event loop holds the thread for as long
def chromium():
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("There is no chromium: install it (on Debian: apt-get install chromium).")
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def terminal(chromium):
    with served() as terminal:
        yield terminal


class Look:
    """A page of the panel, and what a person does and sees there."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.wrong = []
        page.set_default_timeout(DEADLINE_MS)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", lambda request: self.wrong.append(f"failed: {request.url}"))
        page.goto(address)
        self.words = page.locator("#screen-text")
        self.words.filter(has_text="TapTill").wait_for(state="attached")

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def _request(self, request):
        if not request.url.startswith((self.address, "data:")):
            self.wrong.append(f"asked {request.url}")

    def see(self, *texts):
        """Wait until the terminal's screen has these texts."""
        try:
            for text in texts:
                self.words.filter(has_text=text).wait_for(state="attached")
        except Error:
            self.picture("failed")
            raise AssertionError(f"the screen does not show {texts}:\n{self.screen()}") from None

    def screen(self):
        return self.words.text_content()

    def click_keys(self, keys):
        for key in keys:
            self.page.locator(f'[data-key="{key}"]').click()

    def type_keys(self, keys):
        names = {"E": "Enter", "C": "Escape", "B": "Backspace", "M": "F1"}
        for key in keys:
            self.page.keyboard.press(names.get(key, key), delay=20)

    def ready(self):
        """Bring the terminal to where a sale can begin, whatever was before."""
        world = self.page_world
        world.device.remove()
        if "Operator" in self.screen():
            self.type_keys("01E")
            self.see("Password")
            self.type_keys("0000E")
        for _ in range(6):
            try:
                world.device.wait_for_screen("Type an amount", timeout=2.0)
                break
            except TimeoutError:
                world.device.press("C")
        self.see("Type an amount")

    def picture(self, name, whole=False):
        self.page.screenshot(path=OUT / f"{name}.png", full_page=whole)

    def same_pixels(self):
        """Whether the glass shows what the display shows, asked of the page's own canvas."""
        return self.page.evaluate(
            """() => {
              const canvas = document.getElementById("display");
              const small = document.createElement("canvas");
              small.width = canvas.width / 2;
              small.height = canvas.height / 2;
              const pen = small.getContext("2d");
              pen.imageSmoothingEnabled = false;
              pen.drawImage(canvas, 0, 0, small.width, small.height);
              const data = pen.getImageData(0, 0, small.width, small.height).data;
              let text = "";
              for (let i = 0; i < data.length; i += 4)
                text += String.fromCharCode(data[i], data[i + 1], data[i + 2]);
              return btoa(text);
            }"""
        )


@pytest.fixture
def look(chromium, terminal):
    """Open the page: ``look(width, height, ...)``; nothing may have gone wrong at the end."""
    opened = []

    def open_page(width=1440, height=900, **options):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="en-GB", **options
        )
        found = Look(context.new_page(), terminal.address)
        found.page_world = terminal.world
        opened.append((context, found))
        return found

    yield open_page
    for context, found in opened:
        context.close()
        assert found.wrong == []
