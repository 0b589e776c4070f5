// The form that creates a workspace: what would be wrong with it is told as one types.

import { ask, Problem } from "./api.js";
import { announce, box, calm, el, fill, rich, trouble } from "./dom.js";
import { field, group, shared } from "./fields.js";
import { chooser } from "./models.js";
import { count, finding as finds, mib, problem as words } from "./words.js";

const PAUSE = 350;
// Stands for a password while one types: the password itself is sent once, with the workspace.
const STANDS_FOR_IT = "stands-for-a-password";
const NONE = { name: "", environment: "prod", models: [], email: "", waits: false };

// What was written, should the API forget who asks meanwhile. It never has the password.
let draft = { ...NONE };

/** Forgets what was written. */
export function forget() {
  draft = { ...NONE };
}

/** Shows the form. */
export function create(main) {
  const form = controls();
  const { fields, models } = form;
  const all = Object.values(fields);
  let busy = false;
  let left = false;
  let rest = [];
  let asked = 0;
  let pressed = false;

  const validate = calm(PAUSE, async () => {
    asked += 1;
    const mine = asked;
    const validated = await tried(() => ask("validate", { body: body(form, false) }));
    // What was asked later is answered later, or has been already.
    if (left || mine !== asked || !validated) return;
    found([...validated.value.findings, ...own(form)]);
  });
  const room = calm(PAUSE, async () => {
    const read = await tried(() => ask("room", { query: { models: models.names().join(",") } }));
    if (left || !read) return;
    form.room.show(read.value);
    models.has(read.value.memory.capacity - read.value.memory.requested);
  });
  /** A call whose answer only helps: what is refused is told when the form is sent. */
  async function tried(act) {
    try {
      return await act();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!left && problem.status !== 401) form.doubts(problem);
      return null;
    }
  }
  function found(findings) {
    const isRoom = (it) => form.waits.checked && it.code.startsWith("node-");
    rest = shared(findings.filter((it) => !isRoom(it)), all);
    reveal();
  }
  /** Shows what was found: not while a mouse is pressed, whose click would miss what moves. */
  function reveal() {
    if (pressed || left) return;
    all.forEach((it) => it.show());
    form.rest(all.some((it) => it.touched) ? rest : []);
  }
  function changed() {
    draft = { name: form.name.value, environment: form.environment(), models: models.names(),
      email: form.email.value, waits: form.waits.checked };
    validate();
  }
  function chosen() {
    fields.models.touched = true;
    changed();
    room();
  }
  form.node.addEventListener("input", (event) => {
    if (event.target !== models.control && event.target.type !== "checkbox") changed();
  });
  const later = calm(50, reveal);
  form.node.addEventListener("focusout", later);
  form.node.addEventListener("pointerdown", () => { pressed = true; });
  const released = () => {
    pressed = false;
    later();
  };
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, released);
  form.waits.addEventListener("change", changed);
  form.onChoice = chosen;
  form.node.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    if (own(form).length > 0) {
      refused(new Problem(0, { title: "Something is missing", findings: own(form) }));
      return;
    }
    busy = true;
    form.sends(true);
    try {
      const query = { admission: form.waits.checked ? "wait" : "" };
      const made = await ask("create", { body: body(form, true), query });
      form.password.value = "";
      forget();
      const { name } = made.value.metadata;
      announce(`${name} is created.`);
      location.hash = `#/workspaces/${encodeURIComponent(name)}`;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!left) refused(problem);
    } finally {
      busy = false;
      if (!left) form.sends(false);
    }
  });

  function refused(problem) {
    const none = shared(problem.findings, all);
    rest = [];
    for (const one of all) {
      one.touched = true;
      one.show();
    }
    form.rest([]);
    form.refuses(problem, none, all.filter((it) => it.findings.length > 0));
  }

  fill(main,
    el("p", { class: "back" }, el("a", { href: "#/" }, "All workspaces")),
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "New workspace")),
    form.node);
  room();
  if (draft.name) validate();
  ask("models").then(({ value }) => {
    if (!left) models.knows(value.items);
  }, (problem) => models.fails(`${words(problem).title} ${words(problem).detail}`));
  return {
    title: "New workspace",
    stop() {
      left = true;
      for (const end of ["pointerup", "pointercancel"]) document.removeEventListener(end, released);
      validate.stop();
      room.stop();
      form.password.value = "";
    },
  };
}

/** What the API cannot say, for it is not shown the password. */
function own(form) {
  const isWanted = form.email.value.trim() && !form.password.value;
  return isWanted ? [{ code: "password-missing", severity: "error",
    pointer: "/spec/administrator/password", message: "the administrator needs a password" }] : [];
}

/** The workspace as it is written; without its password where it is only looked at. */
function body(form, isMeant) {
  const name = form.name.value.trim();
  const spec = { workspaceName: name, workspaceENV: form.environment(),
    models: form.models.names() };
  const email = form.email.value.trim();
  const password = form.password.value;
  if (email || password) {
    spec.administrator = { email };
    spec.administrator.password = isMeant ? password : STANDS_FOR_IT;
  }
  return { apiVersion: "apps.aichatworkspaces.io/v1alpha1", kind: "AIChatWorkspace",
    metadata: { name }, spec };
}

function controls() {
  const input = (attributes, value = "") => {
    const made = el("input", { spellcheck: "false", autocapitalize: "none", ...attributes });
    made.value = value;
    return made;
  };
  const made = { onChoice() {} };
  made.name = input({ type: "text", autocomplete: "off", maxlength: "45" }, draft.name);
  made.email = input({ type: "email", autocomplete: "off" }, draft.email);
  made.password = input({ type: "password", autocomplete: "new-password" });
  made.models = chooser(draft.models, () => made.onChoice());
  made.waits = el("input", { type: "checkbox", id: "waits", checked: draft.waits });
  const kind = kinds(draft.environment);
  made.environment = kind.value;
  const email = field({ label: "E-mail", control: made.email,
    hint: "What they sign in with. A workspace for a team has an administrator.",
    pointers: ["/spec/administrator", "/spec/administrator/email"] });
  const password = field({ label: "Password", control: made.password,
    hint: "It is sent once, sealed before anything is stored, and shown nowhere again.",
    pointers: ["/spec/administrator/password", "/spec/administrator/sealed"] });
  made.fields = {
    name: field({ label: "Name", control: made.name,
      hint: "Part of its address: letters, digits and dashes, a letter first. It stays for good.",
      pointers: ["/metadata/name", "/spec/workspaceName"] }),
    kind: group({ legend: "For whom", content: kind.content, control: kind.control,
      pointers: ["/spec/workspaceENV"] }),
    models: group({ legend: "Models", content: made.models.content, control: made.models.control,
      pointers: ["/spec/models"] }),
    email,
    password,
  };
  made.room = roomLeft(made.waits);
  const summary = el("div");
  const notes = el("div", { "aria-live": "polite" });
  const doubts = el("div", { class: "doubts" });
  const send = el("button", { class: "primary", type: "submit" }, "Create workspace");
  made.node = el("form", { class: "create", novalidate: true },
    summary,
    el("div", { class: "card" }, made.fields.name.node, made.fields.kind.node),
    el("div", { class: "card" }, made.fields.models.node, made.room.node),
    el("div", { class: "card" },
      el("fieldset", {},
        el("legend", {}, "First administrator"),
        el("p", { class: "hint" }, "Who signs in to the workspace first, and lets others in."),
        el("div", { class: "pair" }, email.node, password.node))),
    notes, doubts,
    el("div", { class: "actions" }, send, el("a", { class: "button", href: "#/" }, "Cancel")));
  made.sends = (is) => {
    send.setAttribute("aria-disabled", String(is));
    send.textContent = is ? "Creating…" : "Create workspace";
  };
  made.rest = (findings) => {
    trouble(doubts, null);
    told(notes, findings);
  };
  made.doubts = (problem) => trouble(doubts, words(problem));
  made.refuses = (problem, findings, wrong) => {
    trouble(doubts, null);
    const link = (one) => el("li", {}, el("button", { type: "button", class: "link",
      onclick: () => one.control.focus() }, one.label), ": ", ...rich(finds(one.findings[0])));
    const shown = box(words(problem),
      el("ul", {}, ...wrong.map(link),
        ...findings.map((it) => el("li", {}, ...rich(finds(it))))));
    fill(summary, shown);
    shown.focus();
  };
  return made;
}

/** What was found and belongs to no field. */
function told(node, findings) {
  const texts = [...new Set(findings.map(finds))];
  if (node.dataset.key === texts.join("\n")) return;
  node.dataset.key = texts.join("\n");
  fill(node, texts.length > 0 && el("div", { class: "box noted" },
    el("p", { class: "box-title" }, "Before you create it"),
    el("ul", {}, ...texts.map((it) => el("li", {}, ...rich(it))))));
}

function kinds(value) {
  const radio = (own, title, hint) => {
    const control = el("input", { type: "radio", name: "kind", id: `kind-${own}`, value: own,
      checked: own === value, "aria-describedby": `kind-${own}-hint` });
    return { control, node: el("div", { class: "choice" }, control,
      el("div", {}, el("label", { for: control.id }, title),
        el("p", { id: `kind-${own}-hint`, class: "hint" }, hint))) };
  };
  const prod = radio("prod", "A team", "At an address of the platform, with a certificate.");
  const dev = radio("dev", "A developer, to try things out",
    "At an address that leads to one’s own computer, in plain HTTP.");
  return {
    content: [prod.node, dev.node],
    control: prod.control,
    value: () => (dev.control.checked ? "dev" : "prod"),
  };
}

/** The room that is left, and whether this workspace has some. */
function roomLeft(waits) {
  const text = el("p", {}, "Looking how much room is left…");
  const bar = el("progress", { "aria-label": "Memory that is taken", max: "1" });
  const wait = el("div", { class: "choice", hidden: true }, waits,
    el("div", {}, el("label", { for: "waits" }, "Have it wait until there is room")));
  return {
    node: el("div", { class: "room", "aria-live": "polite" }, bar, text, wait),
    show({ memory, next }) {
      const free = Math.max(0, memory.capacity - memory.requested);
      bar.max = memory.capacity;
      bar.value = memory.requested;
      const takes = `It would take ${mib(next.memory)} of memory; ${mib(free)} are free.`;
      const fits = next.fit > 0
        ? `There is room for ${count(next.fit, "such workspace")}.`
        : "There is no room for it now.";
      fill(text, `${takes} `, el("strong", {}, fits));
      wait.hidden = next.fit > 0 && !waits.checked;
    },
  };
}
