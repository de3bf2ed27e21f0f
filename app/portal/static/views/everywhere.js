/** Sign out everywhere: what that means, and the two ways out. */

import { button, h, linkTo } from "../dom.js";
import { heading } from "../parts.js";
import { note, showProblem } from "../problems.js";
import { showBusy } from "../send.js";
import { t } from "../strings.js";

export function everywhere(app) {
  const { visit } = app;
  const message = h("div", {});
  const leave = button(t.everywhere.submit, () => send(), { class: "primary" });
  let isSending = false;
  const send = async () => {
    if (isSending) return;
    isSending = true;
    showBusy(app, leave, true);
    message.replaceChildren();
    try {
      await app.signOutEverywhere();
    } catch (error) {
      note(error);
      isSending = false;
      showBusy(app, leave, false);
      if (error.code === "unauthorized") {
        app.expired(visit);
        return;
      }
      const shown = showProblem(error, app.ways(null, { retry: send }));
      message.replaceChildren(shown);
      shown.focus();
    }
  };
  const node = h(
    "div",
    { class: "card" },
    heading(t.everywhere.title),
    h("p", {}, t.everywhere.what),
    h("p", {}, t.everywhere.links),
    message,
    h("div", { class: "buttons" }, leave, linkTo(app, visit.home, t.everywhere.keep, { class: "button secondary", id: "keep" })),
  );
  return { title: t.everywhere.title, node };
}
