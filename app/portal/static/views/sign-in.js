/** Behind a mail's link to sign in: one button, because the link is good once and scanners open it. */

import { button, h } from "../dom.js";
import { heading } from "../parts.js";
import { answerTo, note, showProblem } from "../problems.js";
import { showBusy } from "../send.js";
import { t } from "../strings.js";
import { start } from "./start.js";

export function signIn(app) {
  const token = app.offered;
  if (token === null) return start(app, { view: "start", why: "unopened" });
  const present = app.visit?.who.client;
  const message = h("div", {});
  const submit = button(t.signIn.submit, () => send(), { class: "primary" });
  let isSending = false;
  const send = async () => {
    if (isSending) return;
    isSending = true;
    showBusy(app, submit, true);
    message.replaceChildren();
    try {
      await app.signIn(token);
    } catch (error) {
      isSending = false;
      showBusy(app, submit, false);
      if (["start", "fields"].includes(answerTo(error))) {
        app.stop(error); // The link is of no use any more: ask for another one.
        return;
      }
      note(error);
      const shown = showProblem(error, { retry: send });
      message.replaceChildren(shown);
      shown.focus();
    }
  };
  const node = h(
    "div",
    { class: "card" },
    heading(t.signIn.title),
    h("p", {}, t.signIn.how),
    present ? h("p", { class: "message" }, t.signIn.instead(present.name)) : null,
    message,
    h("div", { class: "buttons" }, submit),
  );
  return { title: t.signIn.title, node };
}
