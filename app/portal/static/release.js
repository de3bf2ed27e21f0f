/** Give up the time of a session only if somebody takes it, and keep it after all. */

import { Intention } from "./api.js";
import { button, h } from "./dom.js";
import { dayAndTime, onOwnClock } from "./format.js";
import { sender } from "./send.js";
import { t } from "./strings.js";

/** The button and what it means; null where the time cannot be released. */
export function releasePart(app, session) {
  const { id, release, actions } = session;
  const choice = actions.cancel.release;
  if (release === null && !choice?.available) return null;
  const { visit } = app;
  const name = release === null ? "post" : "delete";
  const intention = new Intention();
  const place = h("div", {});
  const send = sender(app, id, place, async () => {
    await visit.api.changeRelease(name, id, intention.keyFor({ name }));
    await visit.load(id, { fresh: true });
    app.refresh();
  });
  const label = release === null ? t.release.begin : t.release.stop;
  const text = release === null ? `${t.release.how} ${t.release.waiting(choice.waiting)}` : t.release.on(onOwnClock(release.until, dayAndTime));
  const go = button(label, send, { class: "secondary", id: "release" });
  return h("div", { class: "action" }, go, h("p", { class: "quiet small" }, text), place);
}
