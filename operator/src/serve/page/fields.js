// Fields of a form: a label, a hint, and what is wrong with it beside it.

import { el, fill, id, rich } from "./dom.js";
import { finding as words } from "./words.js";

/** A field with one control. `pointers` are the places of a workspace that it writes. */
export function field({ label, hint, control, pointers }) {
  const hinted = id("hint");
  const wrong = id("error");
  const error = el("div", { id: wrong, class: "error", "aria-live": "polite" });
  control.id ||= id("field");
  control.setAttribute("aria-describedby", hint ? `${hinted} ${wrong}` : wrong);
  const node = el("div", { class: "field" },
    el("label", { for: control.id }, label),
    hint && el("p", { id: hinted, class: "hint" }, hint),
    control, error);
  return kept({ node, control, error, pointers, label, marked: [control] });
}

/** A group of controls, which are wrong together. */
export function group({ legend, hint, content, control, pointers }) {
  const hinted = id("hint");
  const wrong = id("error");
  const error = el("div", { id: wrong, class: "error", "aria-live": "polite" });
  const node = el("fieldset", { "aria-describedby": hint ? `${hinted} ${wrong}` : wrong },
    el("legend", {}, legend),
    hint && el("p", { id: hinted, class: "hint" }, hint),
    error, ...content);
  return kept({ node, control, error, pointers, label: legend, marked: [] });
}

function kept({ node, control, error, pointers, label, marked }) {
  const made = { node, control, pointers, label, touched: false, findings: [], show };
  node.addEventListener("focusout", () => { made.touched = true; });

  /** Shows what was found here, once somebody has been here. */
  function show() {
    const shown = made.touched ? made.findings : [];
    const texts = [...new Set(shown.map(words))];
    const key = texts.join("\n");
    if (error.dataset.key !== key) {
      error.dataset.key = key;
      fill(error, ...texts.map((it) => el("p", {}, ...rich(it))));
    }
    const isWrong = shown.some((it) => it.severity === "error");
    error.classList.toggle("only-noted", texts.length > 0 && !isWrong);
    for (const it of marked) {
      if (isWrong) it.setAttribute("aria-invalid", "true");
      else it.removeAttribute("aria-invalid");
    }
  }
  return made;
}

// Where something is to be said that is found elsewhere.
const ELSEWHERE = { "workspace-without-administrator": "/spec/administrator/email" };

/** Gives each finding to the field whose place is the nearest above it; the rest is for nobody. Of
 *  a field's places, the last one that has findings is told of. */
export function shared(findings, fields) {
  const rest = [];
  const place = (one) => one.pointers.map((pointer) => ({ one, pointer, its: [] }));
  const places = fields.flatMap(place);
  for (const finding of findings) {
    const at = ELSEWHERE[finding.code] ?? finding.pointer ?? "";
    const above = places.filter(({ pointer }) => at === pointer || at.startsWith(`${pointer}/`));
    const [nearest] = above.sort((a, b) => b.pointer.length - a.pointer.length);
    (nearest?.its ?? rest).push(finding);
  }
  for (const one of fields) {
    const last = places.findLast((it) => it.one === one && it.its.length > 0);
    one.findings = last?.its ?? [];
  }
  return rest;
}
