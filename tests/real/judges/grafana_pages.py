"""Chromium before the pages of a Grafana: it waits until they are whole, and photographs them."""

from __future__ import annotations

import json
import time
import urllib.parse
from collections import Counter
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, Route, sync_playwright
from playwright.sync_api import TimeoutError as Late

from .grafana_api import Grafana, Refused, Seen, shown

FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
# Seconds that a page may take, and after which nothing is expected to come to it any more.
PATIENCE, QUIET = 60.0, 2.5
# A picture's width, and what a step of a dashboard's grid is high; panels below the lower edge are
# not drawn.
WIDTH, STEP, HEAD = 1600, 38, 160
# What Grafana's own tests find on its pages, by the marks that its versions keep.
LOOK = """() => {
    const head = "data-testid Panel header ", panel = `[data-testid^="${head}"]`;
    const all = (mark) => [...document.querySelectorAll(`[data-testid="data-testid ${mark}"]`)]
        .filter((one) => one.getClientRects().length);
    const title = (one) => (one.closest(panel)?.dataset.testid ?? "").slice(head.length);
    const said = (mark) => all(mark).map((one) =>
        [title(one), (one.innerText || one.getAttribute("aria-label") || "").trim()]);
    const content = all("panel content");
    const waits = (one) => one.innerText.trim().startsWith("Loading plugin panel");
    return {
        panels: content.filter((one) => one.childElementCount).map(title),
        loading: content.filter(waits).length
            + document.querySelectorAll('[aria-label="Panel loading bar"]').length,
        failed: said("Panel status error"),
        alerts: said("Alert error"),
        data: said("Panel data error message"),
    };
}"""


class Pages:
    """A browser whose requests have the token, to the one server and to no other;
    `with Pages(chromium, grafana) as pages:`."""

    def __init__(self, chromium: str, grafana: Grafana, patience: float = PATIENCE):
        self.chromium, self.grafana, self.patience = chromium, grafana, patience

    def __enter__(self) -> Pages:
        self.driver = sync_playwright().start()
        try:
            self.browser = self.driver.chromium.launch(
                executable_path=self.chromium, args=list(FLAGS), headless=True
            )
        except BaseException:
            self.driver.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.browser.close()
        finally:
            self.driver.stop()

    def _pass(self, route: Route) -> None:
        """A request of a page. Redirects are handed to the page, which asks anew: so the token
        leaves for nobody else."""
        own, other = (urllib.parse.urlsplit(it) for it in (self.grafana.url, route.request.url))
        try:
            if (own.scheme, own.netloc) != (other.scheme, other.netloc):
                route.abort()
                return
            answer = route.fetch(
                headers={**route.request.headers, **self.grafana.headers},
                max_redirects=0,
                timeout=self.patience * 1000,
            )
            route.fulfill(response=answer)
        except Error:
            # The page is gone, or the server does not answer: who waits for it says so.
            return

    def look(self, url: str, dashboard: dict[str, Any], picture: Path) -> list[str]:
        """What is wrong with the page of a dashboard, which is photographed."""
        rows = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in dashboard["panels"])
        context = self.browser.new_context(
            viewport={"width": WIDTH, "height": HEAD + STEP * rows}, color_scheme="light"
        )
        try:
            context.route("**/*", self._pass)
            page = context.new_page()
            return self._shown(page, url, dashboard, picture)
        finally:
            context.close()

    def _shown(self, page: Page, url: str, dashboard: dict[str, Any], picture: Path) -> list[str]:
        try:
            page.goto(
                f"{url}?kiosk&theme=light&from=now-1h&to=now",
                wait_until="domcontentloaded",
                timeout=self.patience * 1000,
            )
        except Late:
            return [f"its page does not come in {self.patience:.0f} s"]
        except Error as error:
            return [f"its page does not come: {error.message.splitlines()[0]}"]
        wanted = shown(dashboard)
        seen = self._settled(page, wanted)
        page.screenshot(path=picture)
        return list(seen.troubles(wanted, self.patience))

    def _settled(self, page: Page, wanted: Counter[str]) -> Seen:
        """What is on a page once it has all panels and none loads, or when that takes too long."""
        began = quiet = time.monotonic()
        while True:
            try:
                seen = Seen(**page.evaluate(LOOK))
            except Error:
                # It becomes another page.
                seen = Seen()
            now = time.monotonic()
            if seen.lacks(wanted) or seen.loading:
                quiet = now
            if now - quiet >= QUIET or now - began > self.patience:
                return seen
            page.wait_for_timeout(250)


def found(grafana: Grafana, pages: Pages, text: str, picture: Path) -> list[str]:
    """What is wrong with a dashboard there."""
    dashboard = json.loads(text)
    try:
        page = grafana.load(dashboard)
    except Refused as refusal:
        return [f"is not taken: {refusal}"]
    return [*grafana.answers(dashboard), *pages.look(page, dashboard, picture)]
