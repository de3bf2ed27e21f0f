/** What was done, the new calendar file, the way back. */

import { button, h } from "../dom.js";
import { money } from "../format.js";
import { choiceName, heading, when } from "../parts.js";
import { t } from "../strings.js";
import { details, download } from "./details.js";

export function done(app, entry) {
  const { outcome } = app.visit;
  if (outcome?.session.id !== entry.id) return details(app, entry);
  const { session, before, fee, credit } = outcome;
  const isCancelled = session.status === "cancelled";
  const moved = Date.parse(before.starts_at) !== Date.parse(session.starts_at);
  const title = isCancelled ? t.done.cancelled : moved ? t.done.moved : t.done.changed;
  const label = isCancelled ? t.done.calendarGone : t.done.calendar;
  const node = h(
    "div",
    { class: "card" },
    heading(title),
    h("p", { class: "quiet" }, `${session.service.name} ${t.session.with(session.practitioner.name)}`),
    h("div", { class: isCancelled ? "old" : "" }, when(session)),
    isCancelled ? null : h("p", {}, choiceName(session.format)),
    fee ? h("p", { class: "message costs" }, t.done.fee(money(fee))) : null,
    credit && credit !== "kept" ? h("p", {}, t.cost.credit[credit] ?? "") : null,
    h("p", {}, t.done.mail),
    h(
      "div",
      { class: "buttons" },
      button(label, (event) => download(app, session, event.target), { class: "primary", id: "calendar" }),
      button(t.session.back, () => app.go({ view: "details", id: session.id }), { class: "secondary", id: "back" }),
    ),
    h("p", { class: "quiet small" }, t.done.replaced),
  );
  return { title, node };
}
