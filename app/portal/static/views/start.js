/** Before anybody is known: how to open the link, and a field for a link or an access token. */

import { note } from "../app.js";
import { button, h } from "../dom.js";
import { heading } from "../parts.js";
import { showProblem } from "../problems.js";
import { t } from "../strings.js";

export function start(app, entry) {
  const stopped = app.flash;
  app.flash = null;
  const message = h("div", {});
  const input = h("input", {
    id: "token",
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "none",
    "aria-describedby": "token-hint",
  });
  const show = (node) => {
    message.replaceChildren(node);
    node.focus();
  };
  const submit = async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    input.value = "";
    if (!text) {
      input.setAttribute("aria-invalid", "true");
      show(h("p", { class: "message problem", role: "alert", tabindex: "-1" }, t.start.missing));
      return;
    }
    const fragment = text.split("#")[1];
    try {
      await (fragment ? app.openLink(fragment) : app.signIn(text));
    } catch (error) {
      note(error);
      show(showProblem(error, {}));
    }
  };
  const ways = { retry: stopped?.retry, reload: () => location.reload() };
  const node = h(
    "div",
    { class: "card" },
    heading(t.start.title),
    stopped ? showProblem(stopped.error, ways) : null,
    entry.why ? h("p", { class: "message" }, t.start[entry.why] ?? "") : null,
    entry.why ? null : h("p", {}, t.start.how),
    message,
    h(
      "form",
      { onsubmit: submit, novalidate: true },
      h("label", { for: "token" }, t.start.label),
      h("p", { class: "quiet small", id: "token-hint" }, t.start.hint),
      input,
      button(t.start.submit, null, { type: "submit", class: "secondary" }),
    ),
  );
  return { title: t.start.title, node };
}
