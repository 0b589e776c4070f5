// Chooses models of the catalogue, each with the memory that it takes.

import { arrange, calm, el, fill, id, say } from "./dom.js";
import { count, mib, number } from "./words.js";

const MOST = 24;

function lower(model) {
  return model.name.toLowerCase();
}

/** What people choose models with. `changed` is called with each choice. */
export function chooser(chosen, changed) {
  let catalogue = [];
  let free = Infinity;
  const picked = new Set(chosen);
  const rows = new Map();
  const list = el("ul", { class: "options" });
  const told = el("p", { class: "hint", role: "status" });
  const hinted = id("models-hint");
  const search = el("input", { type: "search", id: id("models"), autocomplete: "off",
    spellcheck: "false", autocapitalize: "none", placeholder: "qwen3 4b",
    "aria-describedby": hinted });
  const chips = el("ul", { class: "chips", "aria-label": "Chosen models" });
  search.addEventListener("input", calm(120, show));
  // Enter would send the whole form.
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  const content = [
    chips,
    el("div", { class: "field" },
      el("label", { for: search.id }, "Search the catalogue"),
      el("p", { id: hinted, class: "hint" },
        "A name, a size or a quantisation. Without a word, one of each size that has room."),
      search),
    told, list,
  ];

  function row(model) {
    if (rows.has(model.name)) return rows.get(model.name);
    const own = id("model");
    const box = el("input", { type: "checkbox", id: own, onchange: () => toggle(model.name) });
    const size = el("span", { class: "size" });
    const node = el("li", {},
      el("label", { for: own, class: "option" }, box, el("span", { class: "name" }, model.name),
        model.embedding && el("span", { class: "tag" }, "embeddings"),
        model.tools && el("span", { class: "tag" }, "tools"), size));
    const made = { node, box, size };
    rows.set(model.name, made);
    return made;
  }

  function toggle(name) {
    if (!picked.delete(name)) picked.add(name);
    show();
    changed();
  }

  /** Without a word: one quantisation of each size, the smallest first. */
  function offered() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length > 0) {
      const found = catalogue.filter((it) => words.every((word) => lower(it).includes(word)));
      // Families that are called so come before those whose names have it somewhere.
      const rank = (it) => {
        if (lower(it).startsWith(`${words[0]}:`)) return 0;
        return lower(it).startsWith(words[0]) ? 1 : 2;
      };
      return found.sort((a, b) => rank(a) - rank(b));
    }
    const plain = catalogue.filter((it) => {
      const tag = it.name.split(":")[1] ?? "";
      return !it.embedding && /^\d+(\.\d+)?[bm]$/.test(tag) && it.memory <= free;
    });
    return plain.sort((a, b) => a.memory - b.memory);
  }

  function show() {
    const all = offered();
    const shown = all.slice(0, MOST);
    arrange(list, shown.map((model) => {
      const made = row(model);
      made.box.checked = picked.has(model.name);
      const isLarge = model.memory > free;
      say(made.size, isLarge ? `${mib(model.memory)}, more than is free` : mib(model.memory));
      made.node.classList.toggle("large", isLarge);
      return made.node;
    }));
    if (catalogue.length > 0) {
      say(told, all.length > shown.length
        ? `${shown.length} of ${number(all.length)} models: another word finds fewer.`
        : count(all.length, "model"));
    }
    arrange(chips, [...picked].map(chip));
    chips.hidden = picked.size === 0;
  }

  const known = new Map();
  function chip(name) {
    if (!known.has(name)) {
      const act = () => {
        toggle(name);
        search.focus();
      };
      const memory = el("span", { class: "size" });
      const button = el("button", { type: "button", onclick: act, "aria-label": `Remove ${name}` },
        el("span", { "aria-hidden": "true" }, "×"));
      known.set(name, { memory, node: el("li", { class: "chip" }, name, " ", memory, button) });
    }
    const made = known.get(name);
    const model = catalogue.find((it) => it.name === name);
    say(made.memory, model ? mib(model.memory) : "");
    return made.node;
  }

  show();
  return {
    content,
    control: search,
    names: () => [...picked],
    knows(items) {
      catalogue = items;
      show();
    },
    has(bytes) {
      free = bytes;
      show();
    },
    fails: (text) => fill(told, text),
  };
}
