// All workspaces, a page of them, as they are now.

import { ask } from "./api.js";
import { announce, arrange, el, fill, outside, rich, say, trouble } from "./dom.js";
import { poll } from "./poll.js";
import { amount, badge, count, number, problem as words, state } from "./words.js";

const EVERY = 4_000;
const LIMIT = "50";
// More changes than these at once are told by their number.
const FEW = 3;

/** Shows the list. */
export function list(main) {
  const seen = { tag: null, page: 0, first: true, states: new Map(), rows: new Map() };
  const parts = frame(main, (step) => turn(step));
  let looking = poll(EVERY, look, failed);

  /** The first page says whether anything has changed: those behind it are as old as it is. */
  async function look() {
    const first = await ask("list", { query: { limit: LIMIT }, tag: seen.tag });
    if (first) {
      let { value } = first;
      let at = 0;
      while (at < seen.page && value.continue) {
        ({ value } = await ask("list", { query: { limit: LIMIT, continue: value.continue } }));
        at += 1;
      }
      seen.page = at;
      seen.tag = first.tag;
      show(value);
    }
    trouble(parts.trouble, null);
  }

  function failed(problem) {
    // The pages have become too old: the next look begins again.
    if (problem.status === 410) seen.tag = null;
    trouble(parts.trouble, words(problem));
    if (seen.first) say(parts.count, "");
  }

  function show(page) {
    const states = new Map(page.items.map((it) => [it.metadata.name, state(it)]));
    if (!seen.first) tell(seen.states, states, seen.turned);
    const nodes = page.items.map((it) => {
      const { name } = it.metadata;
      if (!seen.rows.has(name)) seen.rows.set(name, row(name));
      const its = seen.rows.get(name);
      its.show(it, states.get(name));
      return its.node;
    });
    for (const name of seen.rows.keys()) if (!states.has(name)) seen.rows.delete(name);
    const held = parts.list.contains(document.activeElement);
    arrange(parts.list, nodes);
    // What had the focus is gone, and the next thing is the list's heading.
    if (held && !parts.list.contains(document.activeElement)) parts.heading.focus();
    const before = seen.page * Number(LIMIT);
    const more = page.remaining ?? 0;
    const all = before + page.items.length + more;
    const none = all === 0;
    say(parts.count, none ? "" : count(all, "workspace"));
    parts.empty.hidden = !none;
    parts.pages.hidden = seen.page === 0 && !page.continue;
    parts.previous.setAttribute("aria-disabled", String(seen.page === 0));
    parts.next.setAttribute("aria-disabled", String(!page.continue));
    const last = before + page.items.length;
    say(parts.place, `${before + 1} to ${last} of ${number(all)}`);
    if (seen.turned) announce(`Workspaces ${parts.place.textContent}.`);
    Object.assign(seen, { states, first: false, turned: false });
  }

  function turn(step) {
    Object.assign(seen, { page: Math.max(0, seen.page + step), tag: null, turned: true });
    looking.now();
  }

  return { title: "Workspaces", stop: () => looking.stop() };
}

function frame(main, turn) {
  const heading = el("h1", { tabindex: "-1" }, "Workspaces");
  const counted = el("p", { class: "muted" }, "Looking…");
  const failure = el("div");
  const rows = el("ul", { class: "rows", "aria-label": "Workspaces" });
  const empty = el("div", { class: "card empty", hidden: true },
    el("p", { class: "empty-title" }, "There is no workspace yet"),
    el("p", { class: "muted" }, "A workspace is a chat of your team’s own, with its own models."),
    el("a", { class: "button primary", href: "#/new" }, "Create the first one"));
  const button = (text, step) => {
    const act = (event) => {
      if (event.currentTarget.getAttribute("aria-disabled") !== "true") turn(step);
    };
    return el("button", { type: "button", onclick: act }, text);
  };
  const previous = button("Previous", -1);
  const next = button("Next", 1);
  const place = el("span", { class: "muted" });
  const pages = el("nav", { class: "pages", "aria-label": "Pages of the list", hidden: true },
    previous, place, next);
  fill(main,
    el("div", { class: "head" },
      el("div", {}, heading, counted),
      el("a", { class: "button primary", href: "#/new" }, "New workspace")),
    failure, rows, empty, pages);
  return { heading, count: counted, trouble: failure, list: rows, empty, pages, previous, next,
    place };
}

/** Tells what has changed. */
function tell(before, after, turned) {
  if (turned) return;
  const said = [];
  for (const [name, now] of after) {
    const was = before.get(name);
    if (!was) said.push(`${name} is new.`);
    else if (was.label !== now.label) said.push(`${name}: ${now.label}.`);
  }
  for (const name of before.keys()) if (!after.has(name)) said.push(`${name} is gone.`);
  if (said.length === 0) return;
  announce(said.length > FEW ? `${count(said.length, "workspace")} changed.` : said.join(" "));
}

/** One workspace in the list. */
function row(name) {
  const mark = badge();
  const why = el("p", { class: "why" });
  const address = el("p", { class: "address" });
  const memory = el("span");
  const shown = { url: "", why: "" };
  const node = el("li", { class: "card row" },
    el("div", { class: "row-name" },
      el("h2", {}, el("a", { href: `#/workspaces/${encodeURIComponent(name)}` }, name)),
      address),
    el("div", { class: "row-state" }, mark.node, why),
    el("p", { class: "row-memory muted" }, memory));
  return {
    node,
    show({ status }, now) {
      mark.show(now);
      if (shown.why !== now.text) fill(why, ...rich(now.text));
      const url = status.urls?.[0] ?? "";
      if (shown.url !== url) fill(address, url && outside(url));
      const takes = amount(status.budget?.memory);
      say(memory, takes && `${takes} of memory`);
      Object.assign(shown, { url, why: now.text });
    },
  };
}
