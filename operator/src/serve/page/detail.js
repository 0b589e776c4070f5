// One workspace: where it is, how it is and why, what it takes, and what can be done with it.

import { ask, Problem } from "./api.js";
import { confirmDeletion } from "./confirm.js";
import { announce, el, fill, outside, rich, say, trouble } from "./dom.js";
import { poll } from "./poll.js";
import {
  amount, badge, condition, finding, number, problem as words, state, time,
} from "./words.js";

const EVERY = 3_000;

/** Shows a workspace. */
export function detail(main, name) {
  const parts = frame(main, name);
  const seen = { tag: null, label: null, suspended: false, busy: false, text: "" };
  const looking = poll(EVERY, look, (problem) => {
    if (problem.status === 404) gone();
    else trouble(parts.trouble, words(problem));
  });
  parts.rest.addEventListener("click", rest);
  parts.remove.addEventListener("click", () => {
    if (isOff(parts.remove)) return;
    confirmDeletion(name, (data) => {
      announce(`${name} is being deleted. Its data is ${data === "delete" ? "too" : "kept"}.`);
      looking.stop();
      location.hash = "#/";
    });
  });

  async function look() {
    const read = await ask("read", { name, tag: seen.tag });
    trouble(parts.trouble, null);
    if (read) show(read);
  }

  function show({ value, tag }) {
    seen.tag = tag;
    const now = state(value);
    parts.body.hidden = false;
    parts.mark.show(now);
    if (seen.text !== now.text) fill(parts.why, ...rich(now.text));
    say(parts.reason, now.reason && now.kind !== "ready" ? now.reason : "");
    address(parts.address, value.status.urls || []);
    if (seen.label && seen.label !== now.label) announce(`${name}: ${now.label}. ${now.text}`);
    const told = value.status.conditions || [];
    fill(parts.conditions, ...told.map(line));
    parts.unknown.hidden = told.length > 0;
    fill(parts.facts, ...facts(value));
    seen.suspended = Boolean(value.spec.suspend);
    say(parts.rest, seen.suspended ? "Resume" : "Suspend");
    say(parts.restHint, seen.suspended
      ? "Has it run again, if there is room for it."
      : "Frees its memory until it is resumed. Its data stays.");
    const { inGit, file, deleting } = value.status;
    parts.inGit.hidden = !inGit;
    const where = file ? `the file \`${file}\`` : "Git";
    if (inGit) fill(parts.inGit, ...rich(`It is kept in ${where}, and is changed there.`));
    off(parts.rest, inGit || deleting);
    off(parts.remove, inGit || deleting);
    Object.assign(seen, { label: now.label, text: now.text });
  }

  async function rest() {
    if (seen.busy || isOff(parts.rest)) return;
    const wasSuspended = seen.suspended;
    seen.busy = true;
    off(parts.rest, true);
    trouble(parts.refusal, null);
    try {
      show(await ask(wasSuspended ? "resume" : "suspend", { name }));
      announce(wasSuspended ? `${name} runs again.` : `${name} is suspended.`);
    } catch (problem) {
      off(parts.rest, false);
      if (!(problem instanceof Problem)) throw problem;
      const found = problem.findings.map((it) => el("li", {}, ...rich(finding(it))));
      trouble(parts.refusal, words(problem), found.length > 0 && el("ul", {}, ...found));
    } finally {
      seen.busy = false;
    }
  }

  function gone() {
    looking.stop();
    parts.body.hidden = true;
    fill(parts.trouble, el("div", { class: "card empty" },
      el("p", { class: "empty-title" }, `There is no workspace ${name}`),
      el("p", { class: "muted" }, "It is deleted, or was never there."),
      el("a", { class: "button", href: "#/" }, "All workspaces")));
    announce(`There is no workspace ${name}.`);
  }

  return { title: name, stop: () => looking.stop() };
}

function isOff(button) {
  return button.getAttribute("aria-disabled") === "true";
}

/** Stays where the focus is, and does nothing. */
function off(button, is) {
  button.setAttribute("aria-disabled", String(Boolean(is)));
}

function frame(main, name) {
  const mark = badge();
  const part = (made, attributes) => el(made, attributes);
  const failure = part("div");
  const refusal = part("div");
  const why = part("p", { class: "why" });
  const reason = part("code", { class: "reason" });
  const where = part("div", { class: "where" });
  const conditions = part("ul", { class: "conditions" });
  const unknown = el("p", { class: "muted" }, "Nobody has looked at it yet.");
  const list = part("dl", { class: "facts" });
  const inGit = part("p", { class: "note", hidden: true });
  const rest = el("button", { type: "button", "aria-describedby": "rest-hint" }, "Suspend");
  const restHint = part("p", { id: "rest-hint", class: "hint" });
  const remove = el("button", { type: "button", class: "danger-quiet",
    "aria-describedby": "remove-hint" }, "Delete…");
  const body = el("div", { hidden: true },
    el("section", { class: "card now", "aria-label": "How it is" },
      where, why, reason),
    el("div", { class: "columns" },
      el("section", { class: "card", "aria-labelledby": "state-title" },
        el("h2", { id: "state-title" }, "State"), conditions, unknown),
      el("section", { class: "card", "aria-labelledby": "facts-title" },
        el("h2", { id: "facts-title" }, "Details"), list)),
    el("section", { class: "card", "aria-labelledby": "act-title" },
      el("h2", { id: "act-title" }, "Actions"), inGit, refusal,
      el("div", { class: "act" }, restHint, rest),
      el("div", { class: "act" },
        el("p", { id: "remove-hint", class: "hint" },
          "Ends it. You choose what becomes of its data."),
        remove)));
  fill(main,
    el("p", { class: "back" }, el("a", { href: "#/" }, "All workspaces")),
    el("div", { class: "head" },
      el("div", { class: "title" }, el("h1", { tabindex: "-1" }, name), mark.node)),
    failure, body);
  return { trouble: failure, refusal, body, mark, why, reason, address: where, conditions, unknown,
    facts: list, inGit, rest, restHint, remove };
}

/** Where it answers. */
function address(node, urls) {
  if (node.dataset.urls === urls.join(" ") && node.childElementCount > 0) return;
  node.dataset.urls = urls.join(" ");
  const links = urls.map((it) => el("p", { class: "url" }, outside(it)));
  fill(node, ...links, urls.length === 0 && el("p", { class: "muted" }, "It has no address yet."));
}

function line(of) {
  const { says, isWell, why, reason } = condition(of);
  return el("li", { class: isWell ? "well" : "not-well" },
    el("p", { class: "condition" }, says),
    el("p", { class: "hint" }, ...rich(why), " ", el("code", {}, reason)));
}

function facts({ spec, status }) {
  const budget = status.budget || {};
  const known = new Map((status.models || []).map((it) => [it.name, it.isReady]));
  const model = (name) => {
    const isThere = known.get(name) ?? known.get(`${name}:latest`);
    const said = isThere ? "ready" : "not there yet";
    return el("li", {}, el("code", {}, name), " ", el("span", { class: "muted" }, said));
  };
  const models = spec.models || [];
  const who = spec.administrator?.email;
  const rows = [
    ["Memory", budget.memory && amount(budget.memory)],
    ["Memory limit", budget.memoryLimit && amount(budget.memoryLimit)],
    ["CPU", budget.cpu],
    ["Storage", budget.storage && amount(budget.storage)],
    ["Pods", budget.pods && number(budget.pods)],
    ["Models", models.length > 0 && el("ul", { class: "plain" }, ...models.map(model))],
    ["Environment", spec.workspaceENV || "prod"],
    ["Administrator", who],
    ["Last change by", status.requestedBy],
    ["Created", status.createdAt && time(status.createdAt)],
  ];
  return rows.filter(([, value]) => value).flatMap(([term, value]) => [
    el("dt", {}, term), el("dd", {}, value),
  ]);
}
