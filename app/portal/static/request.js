/** What the practice asks of a client: to move a session. The times that it proposes come first. */

import { Intention } from "./api.js";
import { now } from "./clock.js";
import { button, h, linkTo, written } from "./dom.js";
import { dayAndTime, onOwnClock } from "./format.js";
import { sender } from "./send.js";
import { confirmEntry, slotName } from "./slots.js";
import { t } from "./strings.js";

/** What is asked, why, and until when. */
export function requestText({ status, move_request: request }) {
  const isCancelled = status === "cancelled";
  return h(
    "div",
    { class: "message" },
    h("p", {}, h("strong", {}, isCancelled ? t.request.cancelled : t.request.asks)),
    request.note ? h("blockquote", {}, written(request.note)) : null,
    h("p", {}, t.request.answerBy(onOwnClock(request.answer_by, dayAndTime)), isCancelled ? null : ` ${t.request.keep}`),
  );
}

/** The ways to answer: a proposed time, another time, and last to cancel, or to leave it cancelled. All of them are free. */
export function requestWays(app, known) {
  const { session } = known;
  const { id, version, actions, format, move_request: request } = session;
  const mayMove = actions.reschedule.allowed;
  const proposals = mayMove ? request.proposals.filter((slot) => Date.parse(slot.start) > now()) : [];
  const choose = (slot) => linkTo(app, { ...confirmEntry(session, format.kind, slot), isProposed: true }, h("span", {}, slotName(slot)), { class: "button primary", "data-start": slot.start });
  const go = (name, label, style) => linkTo(app, { view: name, id, version }, label, { class: `button ${style}`, id: `go-${name}` });
  return h(
    "div",
    {},
    proposals.length > 0 ? h("h2", { id: "proposals" }, t.request.proposals) : null,
    proposals.length > 0 ? h("div", { class: "action-list", role: "group", "aria-labelledby": "proposals" }, proposals.map(choose)) : null,
    h(
      "div",
      { class: "action-list" },
      mayMove ? go("reschedule", proposals.length > 0 ? t.request.other : t.request.choose, proposals.length > 0 ? "secondary" : "primary") : null,
      actions.cancel.allowed && session.status === "booked" ? go("cancel", t.actions.cancel, "secondary") : null,
    ),
    session.status === "cancelled" ? noneNeeded(app, known) : null,
    h("p", { class: "quiet" }, t.request.free),
  );
}

/** The button of those who leave a session cancelled that the practice has cancelled. */
function noneNeeded(app, { session, etag }) {
  const { visit } = app;
  const intention = new Intention();
  const place = h("div", {});
  const body = {};
  const send = sender(app, session.id, place, async () => {
    visit.keep(await visit.api.command("cancel", session.id, { body, etag, key: intention.keyFor(body) }));
    app.refresh({ focus: true });
  });
  return h("div", { class: "action-list" }, button(t.request.none, send, { class: "secondary", id: "none-needed" }), place);
}
