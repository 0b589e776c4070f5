// The start of the page: who is signed in, and which view the address names.

import { end } from "./page/api.js";
import { create, forget } from "./page/create.js";
import { detail } from "./page/detail.js";
import { announce } from "./page/dom.js";
import { list } from "./page/list.js";
import { signin } from "./page/signin.js";

const VIEWS = [
  [/^#\/new$/, create],
  [/^#\/workspaces\/([^/]+)$/, detail],
  [/^/, list],
];
const main = document.getElementById("main");
const session = document.getElementById("session");

let view = { stop() {} };
let signedIn = false;
let told = null;

function show() {
  view.stop();
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  session.hidden = !signedIn;
  if (signedIn) {
    const [pattern, made] = VIEWS.find(([it]) => it.test(location.hash));
    const [, name = ""] = pattern.exec(location.hash);
    view = made(main, decoded(name));
    main.querySelector("h1")?.focus();
  } else {
    view = signin(main, { entered, over, told });
  }
  document.title = view.title === "Workspaces" ? "Workspaces" : `${view.title} · Workspaces`;
  scrollTo(0, 0);
}

function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function entered() {
  signedIn = true;
  told = null;
  announce("Signed in.");
  show();
}

/** The API no longer knows who asks. What was written of a new workspace stays. */
function over(problem) {
  leave(problem);
}

function leave(problem) {
  end();
  signedIn = false;
  told = problem;
  show();
}

function signOut() {
  forget();
  leave(null);
  announce("Signed out.");
}

document.getElementById("sign-out").addEventListener("click", signOut);
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => { if (signedIn) show(); });
// Whoever comes back to a page that the browser has kept signs in again.
addEventListener("pagehide", () => { if (signedIn) signOut(); });
show();
