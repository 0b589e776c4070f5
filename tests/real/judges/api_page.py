"""The page of the API in Chromium: somebody asks for a workspace and deletes it by keyboard."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, Response, sync_playwright

from .api_page_looks import HEARD, LOOKS, RING

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
)
# Seconds that a page may take on a machine that is busy, and presses of Tab after which something
# is not to be reached.
PATIENCE, PRESSES = 30.0, 120
# Theme, width: each view is looked at and photographed in each.
SIZES = (("light", 1200), ("dark", 1200), ("light", 390), ("dark", 390))
# What the browser itself logs of an answer that the walk asks for.
UNKNOWN = "the server responded with a status of 401"
LISTED = "(model) => document.querySelector('.options .name')?.textContent === model"


class Stuck(Exception):
    """A step of the walk that does not come about."""


@dataclass
class Walk:
    """What is walked with, and what was found wrong."""

    url: str
    token: str
    pictures: Path
    name: str
    model: str
    data: str
    patience: float
    found: list[str] = field(default_factory=list)
    statuses: list[tuple[str, int]] = field(default_factory=list)

    def wrong(self, text: str) -> None:
        """Something that is wrong, told once."""
        if text not in self.found:
            self.found.append(text)

    def request(self, url: str) -> None:
        """A request goes to the API and to nobody else, and never has the token in its address."""
        own, other = (urllib.parse.urlsplit(it) for it in (self.url, url))
        if (own.scheme, own.netloc) != (other.scheme, other.netloc):
            self.wrong(f"a request to elsewhere: {other.scheme}://{other.netloc}")
        if self.token in url:
            self.wrong("the token stands in an address")

    def answer(self, response: Response) -> None:
        """The API's answers, in their order."""
        path = urllib.parse.urlsplit(response.url).path
        self.statuses.append((f"{response.request.method} {path}", response.status))

    def logged(self, text: str) -> None:
        """What stands in the console."""
        if UNKNOWN not in text:
            self.wrong(f"the console has: {text[:200]}")


@contextmanager
def page_of(browser: Browser, walk: Walk, theme: str, width: int) -> Iterator[Page]:
    """A page that is watched."""
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=theme,
        reduced_motion="reduce" if width < 500 else "no-preference",
    )
    context.add_init_script(HEARD)
    try:
        page = context.new_page()
        page.set_default_timeout(walk.patience * 1000)
        page.on("request", lambda one: walk.request(one.url))
        page.on("response", walk.answer)
        page.on("pageerror", lambda one: walk.logged(str(one)))
        page.on(
            "console",
            lambda one: walk.logged(one.text) if one.type in ("error", "warning") else None,
        )
        yield page
    finally:
        context.close()


class Hands:
    """Somebody without a mouse."""

    def __init__(self, walk: Walk, page: Page):
        self.walk, self.page = walk, page

    def press(self, key: str, times: int = 1) -> None:
        """Presses a key."""
        for _ in range(times):
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        """Types in the place of what stands there."""
        self.press("Control+a")
        self.page.keyboard.type(text)

    def reach(self, selector: str, back: bool = False) -> None:
        """Goes on with Tab until something has the focus, which is seen all the way."""
        for _ in range(PRESSES):
            self.press("Shift+Tab" if back else "Tab")
            where = self.page.evaluate(RING, selector)
            if not where["ring"]:
                self.walk.wrong(f"nobody sees that the focus is on {where['what']}")
            if where["there"]:
                return
        raise Stuck(f"Tab does not reach {selector}")

    def until(self, what: str, script: str, given: object = None) -> None:
        """Waits for something on the page."""
        try:
            self.page.wait_for_function(script, arg=given, timeout=self.walk.patience * 1000)
        except Error as error:
            said = self.page.inner_text("main")[:300].replace("\n", " | ")
            raise Stuck(f"{what} does not come about; the page says: {said}") from error

    def arrive(self, title: str) -> None:
        """Waits for a view, whose heading has the focus and whose title is the tab's."""
        self.until(
            f"the view {title!r}",
            """(title) => document.querySelector("h1")?.textContent === title
                && document.activeElement === document.querySelector("h1")
                && document.title.startsWith(title)""",
            title,
        )

    def hear(self, text: str) -> None:
        """Waits until a text was told aloud."""
        script = "(text) => window.heard.some((it) => it.includes(text))"
        self.until(f"the announcement {text!r}", script, text)

    def sign_in(self) -> None:
        """With the token; a wrong one is refused in words first."""
        self.until("the form to sign in", "() => document.activeElement?.type === 'password'")
        self.write("nobody-knows-this")
        self.press("Enter")
        self.until(
            "the refusal of a wrong token",
            """() => document.activeElement.getAttribute("aria-invalid") === "true"
                && document.getElementById("token-error").textContent.length > 10""",
        )
        self.write(self.walk.token)
        self.press("Enter")
        self.arrive("Workspaces")


def create(hands: Hands) -> None:
    """Asks for a workspace, with a mistake on the way."""
    walk, page = hands.walk, hands.page
    hands.reach("a[href='#/new']")
    hands.press("Enter")
    hands.arrive("New workspace")
    named = "form input[type=text]"
    hands.reach(named)
    hands.write("No Name")
    hands.press("Tab")
    wrong = """(wanted) => {
        const one = document.querySelector("form input[type=text]");
        const told = one.getAttribute("aria-describedby").split(" ")
            .map((it) => document.getElementById(it)).filter((it) => it.matches(".error"));
        const isWrong = one.getAttribute("aria-invalid") === "true" && told[0].textContent !== "";
        return isWrong === wanted;
    }"""
    hands.until("a finding beside the name", wrong, True)
    hands.press("Shift+Tab")
    hands.write(walk.name)
    hands.until("the end of the finding beside the name", wrong, False)
    hands.reach("input[type=radio]")
    hands.press("ArrowDown")
    if page.evaluate("document.activeElement.value") != "dev":
        raise Stuck("the arrow keys do not choose for whom it is")
    hands.reach("input[type=search]")
    hands.page.keyboard.type(walk.model)
    hands.until("the model in the list", LISTED, walk.model)
    hands.reach(".options input")
    hands.press("Space")
    hands.until("the room that is left", "() => /MiB are free/.test(document.body.innerText)")
    hands.reach("form button[type=submit]")
    hands.press("Enter")
    hands.arrive(walk.name)


def rest(hands: Hands) -> None:
    """Suspends it, and has it run again."""
    badge = "(label) => document.querySelector('main .badge')?.textContent === label"
    button = "[aria-describedby=rest-hint]"
    hands.reach(button)
    hands.press("Enter")
    hands.until("its suspension", badge, "Suspended")
    hands.until(
        "the way back",
        f"() => document.querySelector('{button}').textContent === 'Resume'"
        f" && document.activeElement === document.querySelector('{button}')",
    )
    hands.press("Enter")
    hands.until("its running again", f"(label) => !({badge})(label)", "Suspended")


def delete(hands: Hands) -> None:
    """Deletes it, with its name typed."""
    walk, page = hands.walk, hands.page
    opener = "[aria-describedby=remove-hint]"
    hands.reach(opener)
    hands.press("Enter")
    inside = "() => document.querySelector('dialog[open]')?.contains(document.activeElement)"
    hands.until("the dialog", inside)
    hands.press("Escape")
    hands.until("the focus where it was", f"() => document.activeElement.matches('{opener}')")
    hands.press("Enter")
    hands.until("the dialog", inside)
    hands.reach("dialog input[type=radio]:checked")
    if walk.data == "delete":
        hands.press("ArrowDown")
    hands.reach("dialog button[type=submit]")
    hands.press("Enter")
    hands.until(
        "the refusal to delete without the name",
        "() => document.activeElement.getAttribute('aria-invalid') === 'true'",
    )
    page.keyboard.type(walk.name)
    hands.press("Enter")
    hands.arrive("Workspaces")
    hands.hear("is being deleted")
    hands.until(
        "its end in the list",
        """(name) => { const row = [...document.querySelectorAll(".row")]
            .find((it) => it.querySelector("h2").textContent === name);
            return !row || row.querySelector(".badge").textContent === "Being deleted"; }""",
        walk.name,
    )


def look(walk: Walk, page: Page, view: str, theme: str, width: int) -> None:
    """One view: a picture, and what nobody should have to suffer."""
    page.wait_for_timeout(400)
    page.screenshot(path=walk.pictures / f"{view}-{theme}-{width}.png", full_page=True)
    for said in page.evaluate(LOOKS):
        walk.wrong(f"{view} in {theme} at {width}: {said}")
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    for node in tree["nodes"]:
        role = (node.get("role") or {}).get("value")
        named = ((node.get("name") or {}).get("value") or "").strip()
        controls = ("button", "link", "textbox", "searchbox", "radio", "checkbox", "dialog")
        if role in controls and not named and not node.get("ignored"):
            walk.wrong(f"{view}: a {role} without a name")


def look_at_all(browser: Browser, walk: Walk) -> None:
    """Each view in each theme and width, by somebody with a mouse."""
    for theme, width in SIZES:
        with page_of(browser, walk, theme, width) as page:
            page.goto(walk.url)
            page.wait_for_selector("#token")
            look(walk, page, "sign-in", theme, width)
            page.fill("#token", walk.token)
            page.click("form button[type=submit]")
            page.wait_for_selector(".row")
            look(walk, page, "list", theme, width)
            page.click(f"h2 a >> text='{walk.name}'")
            page.wait_for_selector(".facts dt")
            look(walk, page, "detail", theme, width)
            page.click("[aria-describedby=remove-hint]")
            page.click("dialog button[type=submit]")
            look(walk, page, "delete", theme, width)
            page.keyboard.press("Escape")
            page.click(".back a")
            page.click("a[href='#/new']")
            page.wait_for_selector(".options li")
            page.fill("form input[type=text]", "No Name")
            page.fill("input[type=search]", walk.model)
            page.wait_for_function(LISTED, arg=walk.model)
            page.locator(".options input").first.check()
            page.fill("input[type=email]", "nobody")
            page.locator("input[type=password]").focus()
            page.wait_for_selector(".error p")
            look(walk, page, "new", theme, width)


def is_quiet(hands: Hands) -> None:
    """A list that has not changed is asked for by its tag, and the API answers that it is so."""
    walk = hands.walk
    for _ in range(int(walk.patience)):
        if ("GET /v1/workspaces", 304) in walk.statuses:
            return
        hands.page.wait_for_timeout(1000)
    walk.wrong("the list is never asked for by its tag")


def keeps_nothing(walk: Walk, page: Page) -> None:
    """Nothing of the token is left in the browser."""
    kept = page.evaluate(
        "() => [localStorage.length, sessionStorage.length, document.cookie.length]"
    )
    if any(kept) or walk.token in page.url:
        walk.wrong(f"the browser keeps something: {kept}")


def walk(
    browser: Path,
    url: str,
    token: str,
    becomes_ready: Callable[[str], object],
    pictures: Path,
    *,
    name: str = "by-keyboard",
    model: str = "llama3.2:1b-instruct-q4_K_M",
    data: str = "delete",
    patience: float = PATIENCE,
) -> list[str]:
    """What is wrong with the page at `url`; nothing where all is well.

    `browser` is the folder of `harness.browser`. The token's bearer may do everything, also
    `deletedata` where `data` is `delete`. `becomes_ready` is called with the name of the workspace
    once it is there, and has it told as ready.
    """
    pictures.mkdir(parents=True, exist_ok=True)
    own = Walk(url.rstrip("/") + "/", token, pictures, name, model, data, patience)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=str(browser / "chromium"), args=list(FLAGS), headless=True
        )
        try:
            with page_of(chromium, own, "light", 1200) as page:
                hands = Hands(own, page)
                page.goto(own.url)
                hands.sign_in()
                create(hands)
                said = "() => document.querySelector('main .badge')?.textContent"
                hands.until("how it is", said)
                becomes_ready(name)
                hands.hear(f"{name}: Ready")
                look_at_all(chromium, own)
                rest(hands)
                delete(hands)
                is_quiet(hands)
                keeps_nothing(own, page)
                hands.reach("#sign-out", back=True)
                hands.press("Enter")
                hands.until("the end", "() => document.activeElement?.id === 'token'")
        except (Stuck, Error) as error:
            own.wrong(str(error).splitlines()[0])
        finally:
            chromium.close()
    broken = sorted({f"{what}: {status}" for what, status in own.statuses if status >= 500})
    return [*own.found, *(f"the API fails: {one}" for one in broken)]
