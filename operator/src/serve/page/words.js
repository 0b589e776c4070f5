// What the API tells, in words for people who have no business with Kubernetes.

import { el } from "./dom.js";

const CONDITIONS = {
  Accepted: { True: "It is accepted", False: "It is not accepted" },
  Admitted: { True: "It has room", False: "It has no room" },
  Progressing: { True: "It is being changed", False: "Nothing is being changed" },
  Ready: { True: "It is ready", False: "It is not ready yet" },
  Degraded: { True: "Something is wrong", False: "Nothing is wrong" },
};
const MIB = 1024 * 1024;
const UNITS = { "": 1, Ki: 1024, Mi: MIB, Gi: 1024 * MIB, Ti: 1024 * 1024 * MIB };

const numbers = new Intl.NumberFormat("en");
const times = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** A number with its thousands apart. */
export function number(of) {
  return numbers.format(of);
}

/** Bytes as people count memory. */
export function mib(bytes) {
  return `${number(Math.ceil(bytes / MIB))} MiB`;
}

/** An amount of Kubernetes, as people count memory; as it is where it is none. */
export function amount(text) {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([KMGT]i)?$/.exec(text || "") || [];
  if (unit === "Gi" || unit === "Ti") return `${number(Number(digits))} ${unit}B`;
  return digits ? mib(Number(digits) * UNITS[unit || ""]) : text || "";
}

/** A time, for people. */
export function time(text) {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : times.format(at);
}

/** So many of something. */
export function count(of, one, many = `${one}s`) {
  return `${number(of)} ${of === 1 ? one : many}`;
}

/** A text as a sentence. */
export function sentence(text) {
  const trimmed = (text || "").trim();
  if (!trimmed) return "";
  // A name in backticks stays as it is written.
  const begun = trimmed[0].toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** The condition that says why a workspace does not answer. */
function missing(conditions) {
  const of = (type) => conditions.find((it) => it.type === type);
  const first = ["Ready", "Accepted", "Admitted"].map(of).find((it) => it && it.status !== "True");
  return first ?? null;
}

/** How a workspace is: its kind, in a word, and why. */
export function state(workspace) {
  const { status, spec } = workspace;
  const conditions = status.conditions || [];
  const why = missing(conditions);
  const told = { reason: why?.reason ?? "", text: sentence(why?.message) };
  const wrong = conditions.find((it) => it.type === "Degraded" && it.status === "True");
  if (status.deleting) return { kind: "leaving", label: "Being deleted", ...told };
  const late = (status.observedGeneration ?? -1) < status.generation;
  if (spec.suspend) {
    const text = late ? "It is being suspended." : "It takes no room. Its data stays.";
    return { kind: "paused", label: "Suspended", reason: "", text };
  }
  if (status.ready) {
    const text = wrong ? sentence(wrong.message) : "";
    return { kind: "ready", label: "Ready", reason: wrong?.reason ?? "", text };
  }
  if (late) {
    const text = conditions.length === 0
      ? "Nobody has looked at it yet."
      : "Nobody has looked at its last change yet.";
    return { kind: "waiting", label: "Waiting", reason: "", text };
  }
  const is = (type) => conditions.some((it) => it.type === type && it.status === "False");
  if (is("Accepted")) return { kind: "wrong", label: "Not accepted", ...told };
  if (is("Admitted")) return { kind: "waiting", label: "Waits for room", ...told };
  if (wrong) {
    return { kind: "wrong", label: "In trouble", reason: wrong.reason,
      text: sentence(wrong.message) };
  }
  return { kind: "waiting", label: "Starting", ...told };
}

/** A condition in words: what it says, and whether that is well. */
export function condition(of) {
  const known = CONDITIONS[of.type]?.[of.status];
  const says = known ?? `${of.type}: ${of.status === "Unknown" ? "nobody can say" : of.status}`;
  const quiet = ["Progressing", "Degraded"].includes(of.type);
  const isWell = of.type === "Progressing" ? true : (of.status === "False") === quiet;
  return { says, isWell, why: sentence(of.message), reason: of.reason };
}

/** A problem of the API, in its own words. */
export function problem(of) {
  const again = of.retryAfter
    ? ` Try again in ${count(of.retryAfter, "second")}.`
    : "";
  return { title: sentence(of.title), detail: `${sentence(of.detail)}${again}` };
}

/** What a finding says, with what helps: but for what only those who run the platform can do. */
export function finding(of) {
  const isOurs = of.code.startsWith("node-") || (of.help || []).some((it) => /espalier /.test(it));
  const help = isOurs ? "" : (of.help || []).map(sentence).join(" ");
  // The name of the field stands above it.
  const message = sentence(of.message.replace(/^`\w+`: /, ""));
  return `${message}${help ? ` ${help}` : ""}`;
}

/** The mark of how a workspace is. */
export function badge() {
  const node = el("span", { class: "badge" });
  return {
    node,
    show({ kind, label }) {
      if (node.dataset.kind !== kind) node.dataset.kind = kind;
      if (node.textContent !== label) node.textContent = label;
    },
  };
}
