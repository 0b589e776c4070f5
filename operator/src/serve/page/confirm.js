// The dialog that deletes a workspace: what becomes of its data, and its name typed.

import { ask, Problem } from "./api.js";
import { el, fill, id, rich, trouble } from "./dom.js";
import { problem as words } from "./words.js";

/** Asks, and deletes. `done` is called once the deletion has begun. */
export function confirmDeletion(name, done) {
  const typed = el("input", {
    id: id("typed"), type: "text", autocomplete: "off", autocapitalize: "none",
    spellcheck: "false", "aria-describedby": "typed-error",
  });
  const error = el("p", { id: "typed-error", class: "error" });
  const failure = el("div");
  const group = id("data");
  const choice = (value, title, hint, checked) => {
    const own = id("choice");
    const hinted = id("choice-hint");
    return el("div", { class: "choice" },
      el("input", { id: own, type: "radio", name: group, value, checked,
        "aria-describedby": hinted }),
      el("div", {}, el("label", { for: own }, title),
        el("p", { id: hinted, class: "hint" }, hint)));
  };
  const remove = el("button", { class: "danger", type: "submit" }, "Delete workspace");
  let busy = false;
  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    const isNamed = typed.value.trim() === name;
    fill(error, ...(isNamed ? [] : rich(`Type \`${name}\` to say that you mean it.`)));
    typed.setAttribute("aria-invalid", String(!isNamed));
    if (!isNamed) {
      typed.focus();
      return;
    }
    const data = dialog.querySelector("input[type=radio]:checked").value;
    busy = true;
    remove.setAttribute("aria-disabled", "true");
    trouble(failure, null);
    try {
      await ask("remove", { name, query: { data, confirm: name } });
      dialog.close();
      done(data);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble(failure, words(problem));
    } finally {
      busy = false;
      remove.removeAttribute("aria-disabled");
    }
  }
  const dialog = el("dialog", { "aria-labelledby": "confirm-title", onclose: closed },
    el("form", { onsubmit: submit, novalidate: true },
      el("h2", { id: "confirm-title" }, `Delete ${name}?`),
      failure,
      el("fieldset", {},
        el("legend", {}, "What becomes of its data?"),
        choice("retain", "Keep it",
          "Chats, files and models stay on the platform, and another workspace can take them " +
          "over.", true),
        choice("delete", "Delete it", "Nobody can bring it back.", false)),
      el("div", { class: "field" },
        el("label", { for: typed.id }, "Type the name of the workspace: ", el("code", {}, name)),
        typed, error),
      el("div", { class: "actions" },
        remove,
        el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"))));
  // The browser gives the focus back to what opened it.
  function closed() {
    dialog.remove();
  }
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
