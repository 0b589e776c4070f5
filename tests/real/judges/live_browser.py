"""Chromium before the platform: a person who signs in, picks a model, asks, uploads."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as Late

from harness.context import Context
from harness.node_inside import NODE
from harness.processes import Failed

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Every name leads to the node: what a page asks of another host is seen, not answered.
    f"--host-resolver-rules=MAP * {NODE}",
)
# Milliseconds that a page may take on a machine that is busy.
PATIENCE = 120_000
# Seconds without anything over the page after which nothing is expected to come any more.
QUIET = 2.5
COVERED = """Boolean(document.querySelector("[aria-modal=true]")
    || document.querySelector("#chat-input")?.closest("[inert]"))"""


class Person:
    """A browser of its own, with its own cookies; `with Person(ctx, host) as person:`."""

    def __init__(self, ctx: Context, host: str, theme: str = "light"):
        self.ctx, self.host, self.theme = ctx, host, theme
        self.hosts: set[str] = set()
        self.errors: list[str] = []
        # The models that it was offered last.
        self.offered: list[str] = ["qwen2.5:0.5b"]

    def __enter__(self) -> Person:
        self.driver = sync_playwright().start()
        try:
            self.browser = self.driver.chromium.launch(
                executable_path=f"{self.ctx.manifest['browser']}/chromium",
                args=list(FLAGS),
                headless=True,
            )
            self.context = self.browser.new_context(
                ignore_https_errors=True,
                viewport={"width": 1200, "height": 800},
                color_scheme=self.theme,
            )
            self.context.add_init_script(
                f"localStorage.theme = {self.theme!r}; localStorage.locale = 'en-US'"
            )
            self.page: Page = self.context.new_page()
        except BaseException:
            # Its browser ends with it.
            self.driver.stop()
            raise
        self.page.set_default_timeout(PATIENCE)
        self.page.on(
            "request",
            lambda one: (
                self.hosts.add(re.sub(r"^\w+://([^/:]*).*", r"\1", one.url))
                if "://" in one.url
                else None
            ),
        )
        self.page.on("pageerror", lambda one: self.errors.append(str(one)[:200]))
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.browser.close()
        finally:
            self.driver.stop()

    def shot(self, folder: Path, name: str) -> None:
        """A picture of what is on the screen."""
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}-{self.theme}.png")

    def sign_in(self, email: str, password: str) -> None:
        """The form, and then the chat."""
        self.page.goto(f"https://{self.host}/")
        self.page.fill("input[type=email]", email)
        self.page.fill("input[type=password]", password)
        self.page.keyboard.press("Enter")
        self.arrive()

    def arrive(self) -> None:
        """Until the chat is there, without what it has to tell of its version: that comes over the
        page a while after it, and nothing below it can be clicked."""
        self.page.wait_for_selector("#chat-input")
        began = quiet = time.monotonic()
        while time.monotonic() - quiet < QUIET:
            self.page.wait_for_timeout(250)
            if self.page.evaluate(COVERED):
                self.page.keyboard.press("Escape")
                quiet = time.monotonic()
            if quiet - began > PATIENCE / 1000:
                raise Failed(f"{self.host}: what lies over the page does not go away")

    def begin(self) -> None:
        """A new chat, on a page that is loaded anew."""
        self.page.goto(f"https://{self.host}/")
        self.arrive()

    def sign_out(self) -> None:
        """By the person's own menu, until the form is there again."""
        self.page.click("button[aria-label='User menu']")
        self.page.get_by_text("Sign Out", exact=True).click()
        self.page.wait_for_selector("input[type=email]")

    def choose(self, model: str) -> None:
        """Picks a model from the list, as it is named there."""
        self.page.locator("[id^=model-selector-0], button[aria-label*='odel']").first.click()
        self.page.locator(
            f"[role=option]:has-text('{model}'), [data-value='{model}'], button:has-text('{model}')"
        ).last.click()
        self.page.wait_for_timeout(500)

    def say(self, text: str) -> None:
        """Types and sends."""
        self.page.click("#chat-input")
        self.page.keyboard.type(text)
        self.page.wait_for_timeout(300)
        self.page.keyboard.press("Enter")

    def ask(self, text: str, seconds: float = 300) -> dict:
        """Sends a question; the answer as the server keeps it, and as the page shows it."""
        before = len(self.messages())
        began = time.monotonic()
        self.say(text)
        while time.monotonic() - began < seconds:
            self.page.wait_for_timeout(500)
            messages = self.messages()
            last = messages[-1] if len(messages) > before else {}
            if last.get("error"):
                raise Failed(f"{self.host} answered with an error: {last['error']}")
            if last.get("role") == "assistant" and last.get("done"):
                self.page.wait_for_timeout(1500)
                return {
                    "text": said(last),
                    "usage": last.get("usage") or {},
                    "seconds": time.monotonic() - began,
                    "shown": self.shown(),
                }
        raise Failed(
            f"{self.host} did not answer {text!r} in {seconds:.0f} s; "
            f"the page says: {self.shown()[-300:]}"
        )

    def messages(self) -> list[dict]:
        """The messages of the open chat, as the server keeps them."""
        found = re.search(r"/c/([0-9a-f-]{36})", self.page.url)
        if not found:
            return []
        chat = self.fetch(f"/api/v1/chats/{found[1]}")
        messages = ((chat.get("chat") or {}).get("history") or {}).get("messages") or {}
        return sorted(
            messages.values(),
            key=lambda one: (one.get("timestamp") or 0, one.get("role") == "assistant"),
        )

    def fetch(self, path: str, body: dict | None = None) -> Any:
        """A request of the page itself, as whoever is signed in."""
        return self.page.evaluate(
            """async ([path, body]) => {
                const more = body ? {method: "POST", body: JSON.stringify(body)} : {};
                const answer = await fetch(path, {...more, headers: {
                    "Content-Type": "application/json",
                    Authorization: "Bearer " + localStorage.token}});
                try { return await answer.json(); } catch { return {status: answer.status}; }
            }""",
            [path, body],
        )

    def status(self, path: str, token: str) -> int:
        """What a request with a token is answered, whoever is signed in here."""
        return self.page.evaluate(
            """async ([path, token]) => (await fetch(path, {credentials: "omit",
                cache: "no-store", headers: {Authorization: "Bearer " + token}})).status""",
            [path, token],
        )

    def upload(self, name: str, text: str) -> None:
        """Adds a file to the next question, and waits until the server has read it."""
        self.page.locator("input[type=file]").first.set_input_files(
            [{"name": name, "mimeType": "text/plain", "buffer": text.encode()}]
        )
        try:
            self.page.wait_for_selector(f"text={name}")
        except Late:
            raise Failed(f"the page does not show {name} after its upload") from None
        said = ""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE / 1000:
            said = self.state_of(name)
            if said == "failed":
                raise Failed(f"the server could not read {name}")
            if said == "completed":
                return
            self.page.wait_for_timeout(300)
        raise Failed(f"the server has not read {name} after its upload: {said or 'not there'}")

    def state_of(self, name: str) -> str:
        """What the server says of a file of this person's; nothing where it has none."""
        for one in self.files():
            if one.get("filename") == name:
                said = self.fetch(f"/api/v1/files/{one['id']}/process/status")
                return str(said.get("status", "")) if isinstance(said, dict) else ""
        return ""

    def files(self) -> list[dict]:
        """The list of this person's files."""
        found = self.fetch("/api/v1/files/")
        found = found.get("items", []) if isinstance(found, dict) else found
        return found if isinstance(found, list) else []

    def shown(self) -> str:
        """The text of the conversation."""
        return self.page.evaluate(
            "(document.querySelector('#messages-container') || document.body).innerText"
        )

    def chats(self) -> list[dict]:
        """The list of this person's chats."""
        found = self.fetch("/api/v1/chats/?page=1")
        return found if isinstance(found, list) else []

    def open(self, chat: str) -> str:
        """Opens a chat by its number; what the page shows."""
        self.page.goto(f"https://{self.host}/c/{chat}")
        try:
            self.page.wait_for_selector("#messages-container", timeout=PATIENCE / 2)
        except Late:
            raise Failed(f"{self.host} has no chat {chat}") from None
        self.arrive()
        return self.shown()


def said(message: dict) -> str:
    """The text of an answer, wherever this version keeps it."""
    parts = [
        part.get("text", "")
        for item in message.get("output") or []
        if item.get("type") == "message"
        for part in item.get("content") or []
    ]
    return (message.get("content") or "").strip() or "".join(parts).strip()


def letters_of(text: str) -> str:
    """A text without what a page shows in another way: spaces, marks, numbers of lists."""
    return "".join(one for one in text if one.isalpha())


def sensible(text: str, wanted: tuple[str, ...]) -> list[str]:
    """What is wrong with an answer: it has to be words, and some of them what was asked for."""
    words = re.findall(r"[A-Za-z]{2,}", text)
    letters = sum(one.isalpha() or one.isspace() for one in text)
    found = []
    if len(words) < 3 or letters < 0.7 * len(text):
        found.append(f"no words: {text[:120]!r}")
    if wanted and not any(one in text.lower() for one in wanted):
        found.append(f"nothing of {', '.join(wanted)} in {text[:160]!r}")
    return found
