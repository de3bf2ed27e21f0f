/** Say "I am coming", and see that it was said. */

import { Intention } from "./api.js";
import { now } from "./clock.js";
import { button, h } from "./dom.js";
import { onOwnClock } from "./format.js";
import { sender } from "./send.js";
import { t } from "./strings.js";

/** So long before free cancellation ends, or else before the start: earlier it would say little. */
const LAST_MONTH = 31 * 24 * 60 * 60 * 1000;

/** The instant from which the button is there. */
export function comingFrom({ actions, starts_at: start }) {
  return Date.parse(actions.cancel.free_until ?? start) - LAST_MONTH;
}

/** What the client has said, or the button to say it; null where there is neither. */
export function comingPart(app, { session, etag }) {
  const { id, confirmed_at: said, actions, status } = session;
  if (status === "booked" && said !== null) return h("p", { class: "message", id: "coming", tabindex: "-1" }, t.coming.said(onOwnClock(said)));
  if (!actions.confirm.allowed || now() < comingFrom(session)) return null;
  const { visit } = app;
  const intention = new Intention();
  const place = h("div", {});
  const send = sender(app, id, place, async () => {
    visit.keep(await visit.api.command("confirm", id, { etag, key: intention.keyFor({}) }));
    app.refresh();
  });
  const go = button(t.coming.submit, send, { class: "secondary", id: "coming" });
  return h("div", { class: "action" }, go, h("p", { class: "quiet small" }, t.coming.how), place);
}
