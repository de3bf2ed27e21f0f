/** Take back one's last change of a session, for some minutes after it. */

import { Intention } from "./api.js";
import { now } from "./clock.js";
import { button, h } from "./dom.js";
import { onOwnClock, timeInWords } from "./format.js";
import { sender } from "./send.js";
import { t } from "./strings.js";

/** The button with its last minute; null where there is nothing to take back. Of a series one session goes back alone. */
export function undoPart(app, { session, etag }) {
  const { undo } = session.actions;
  if (!undo.allowed) return null;
  const { visit } = app;
  const isAlone = Boolean(session.series);
  const intention = new Intention();
  const place = h("div", {});
  const work = async () => {
    visit.keep(await visit.api.command("undo", session.id, { etag, key: intention.keyFor({}) }));
    visit.outcome = null;
    visit.told = isAlone ? t.undo.doneAlone : t.undo.done;
    app.go({ view: "details", id: session.id, by: visit.by }, { replace: true });
  };
  const send = sender(app, session.id, place, work, { times: () => app.lookAgain(session.id, null, visit) });
  const node = h(
    "div",
    { class: "undo" },
    button(t.undo.submit, send, { class: "secondary", id: "undo" }),
    h("p", { class: "quiet small" }, t.undo.until(onOwnClock(undo.until, timeInWords)), isAlone ? ` ${t.undo.alone}` : null),
    place,
  );
  app.after(Date.parse(undo.until) - now() + 1000, () => node.remove());
  return node;
}
