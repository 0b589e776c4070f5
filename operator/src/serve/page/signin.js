// The form to sign in with a token, which is asked of the API before anything else is shown.

import { ask, begin, end, Problem } from "./api.js";
import { announce, el, fill, rich } from "./dom.js";
import { problem as words } from "./words.js";

// Of no matter here: who is signed in may still not list.
const LET_IN = [403, 404, 410];

/** Shows the form. `entered` is called once the API knows who asks, `over` when it no longer
 *  does. */
export function signin(main, { entered, over, told }) {
  const input = el("input", {
    id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true,
    autocapitalize: "none", "aria-describedby": "token-hint token-error",
  });
  const error = el("div", { id: "token-error", class: "error" });
  const button = el("button", { class: "primary", type: "submit" }, "Sign in");
  let busy = false;
  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    const token = input.value.trim();
    if (!/^[\x21-\x7e]+$/.test(token)) {
      refuse("A token is one line of letters, digits and signs, without spaces.");
      return;
    }
    busy = true;
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Signing in…";
    try {
      await known(token);
      input.value = "";
      begin(token, over);
      entered();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      const said = words(problem);
      refuse(`${said.title} ${said.detail}`);
    } finally {
      busy = false;
      button.removeAttribute("aria-disabled");
      button.textContent = "Sign in";
    }
  }
  function refuse(text) {
    fill(error, ...rich(text));
    input.setAttribute("aria-invalid", "true");
    input.focus();
    announce(text);
  }
  const heading = el("h1", { tabindex: "-1" }, "Sign in");
  const said = told && words(told);
  fill(
    main,
    el("div", { class: "card narrow" },
      heading,
      el("p", { class: "lead" }, "Create an AI chat workspace, and see how it is."),
      said && el("p", { class: "note" }, ...rich(`${said.title} ${said.detail}`)),
      el("form", { onsubmit: submit, novalidate: true },
        el("div", { class: "field" },
          el("label", { for: "token" }, "Token"),
          el("p", { id: "token-hint", class: "hint" },
            "Whoever runs the platform gave it to you. It stays in this page’s memory, and is " +
            "gone once you reload or close it."),
          input,
          error),
        button)),
  );
  (told ? heading : input).focus();
  return { title: "Sign in", stop() {} };
}

/** Asks the API who bears a token. */
async function known(token) {
  begin(token, () => {});
  try {
    await ask("list", { query: { limit: "1" } });
  } catch (problem) {
    if (!LET_IN.includes(problem.status)) {
      end();
      throw problem;
    }
  }
}
