// Makes what is on the page: every text is put as a text, and never as markup.

let last = 0;

/** An id that no other element has. */
export function id(of) {
  last += 1;
  return `${of}-${last}`;
}

/** An element with attributes, listeners (`onclick`) and children; `null` and `false` are none. */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(key, value);
    }
  }
  made.append(...present(children));
  return made;
}

/** Puts these children in the place of those that there are. */
export function fill(node, ...children) {
  node.replaceChildren(...present(children));
  return node;
}

function present(children) {
  return children.flat().filter((it) => it !== null && it !== undefined && it !== false);
}

/** Sets a text only where it differs, so that what has the focus or is read aloud stays. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Tells something to who hears the page, without moving the focus. */
export function announce(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  // An equal text is told again when it comes in a moment of its own.
  setTimeout(() => { live.textContent = text; }, 50);
}

/** Words that only who hears the page needs. */
export function unseen(text) {
  return el("span", { class: "unseen" }, text);
}

/** A link to an address that others have told: only to the web, and without a word of us. */
export function outside(url) {
  if (!/^https?:\/\//i.test(url)) return el("span", {}, url);
  const own = { href: url, target: "_blank", rel: "noopener noreferrer" };
  return el("a", own, url.replace(/^https?:\/\//i, "").replace(/\/$/, ""),
    unseen(" (opens in a new tab)"));
}

/** Calls a function once nothing has asked for it for a while. */
export function calm(milliseconds, act) {
  let timer;
  const later = (...said) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...said), milliseconds);
  };
  later.stop = () => clearTimeout(timer);
  return later;
}

/** Makes the children of a list be these, in this order, and moves none that is in its place. */
export function arrange(list, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...list.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, at) => {
    if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
  });
}

/** A text of the API, in which names stand between backticks. */
export function rich(text) {
  return text.split("`").map((part, at) => (at % 2 ? el("code", {}, part) : part));
}

/** A problem in its words, as a box that can be given the focus. */
export function box({ title, detail }, ...more) {
  return el("div", { class: "box wrong", role: "group", tabindex: "-1", "aria-label": title },
    el("p", { class: "box-title" }, title), el("p", {}, ...rich(detail)), ...more);
}

/** Shows a problem, and tells it aloud where it is another one than before; `null` is none. */
export function trouble(node, said, ...more) {
  const key = said ? `${said.title} ${said.detail}` : "";
  if ((node.dataset.key ?? "") === key) return;
  node.dataset.key = key;
  fill(node, said && box(said, ...more));
  if (said) announce(key);
}
