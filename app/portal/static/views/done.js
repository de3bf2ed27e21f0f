/** What was done, date by date where it was several, the calendars, and what can be done next. */

import { calendarLinks } from "../add-to.js";
import { contactLinks } from "../contact.js";
import { button, h, linkTo } from "../dom.js";
import { money, short } from "../format.js";
import { icon } from "../icons.js";
import { choiceName, heading, leadFor, tile, when } from "../parts.js";
import { rebookPart } from "../rebook.js";
import { t } from "../strings.js";
import { undoPart } from "../undo.js";
import { details, download } from "./details.js";

export function done(app, entry) {
  const { outcome, who } = app.visit;
  if (outcome?.session.id !== entry.id) return details(app, entry);
  const { session, fee, credit, sessions } = outcome;
  leadFor(app, session);
  const isCancelled = session.status === "cancelled";
  const announced = isAnnounced(outcome);
  const title = titleOf(outcome);
  const node = h(
    "div",
    {},
    h(
      "div",
      { class: "card" },
      h("div", { class: "success" }, icon("done"), heading(title)),
      h("p", { class: "quiet" }, `${session.service.name} ${t.session.with(session.practitioner.name)}`),
      sessions ? dates(sessions) : h("div", { class: isCancelled ? "hero-top old" : "hero-top" }, tile(session), h("div", {}, when(session), isCancelled ? null : h("p", {}, choiceName(session.format)))),
      announced ? h("p", {}, t.absence.keep) : null,
      fee ? h("div", { class: "message costs" }, h("p", {}, t.done.fee(money(fee))), mayFallAway(outcome) ? h("p", {}, t.done.refilled) : null) : null,
      fee && session.fees.some((one) => one.waiver?.state === "asked") ? h("p", {}, t.done.asked) : null,
      !sessions && credit && credit !== "kept" ? h("p", {}, t.cost.credit[credit] ?? "") : null,
      h("p", {}, sessions ? t.done.mailSeveral : t.done.mail),
      sessions ? null : undoPart(app, outcome),
      sessions || announced ? null : calendars(app, outcome, who.practice),
      h("div", { class: "buttons" }, linkTo(app, { view: "details", id: session.id }, t.session.back, { class: "button secondary", id: "back" })),
    ),
    isCancelled ? next(app, session) : null,
  );
  return { title, node };
}

/** The calendars of the person: for a session as it is now, or to take it out. */
function calendars(app, { session, before }, practice) {
  const isCancelled = session.status === "cancelled";
  const file = (label, style) => button(label, (event) => download(app, session, event.target), { class: style, id: "calendar" });
  if (isCancelled) return h("div", { class: "calendars" }, file(t.done.calendarGone, "secondary"), h("p", { class: "quiet small" }, t.done.replaced));
  return h(
    "div",
    { class: "calendars", role: "group", "aria-labelledby": "add-to" },
    h("p", { id: "add-to" }, t.done.addTo),
    h("div", { class: "options" }, calendarLinks(session, practice), file(t.done.apple, "secondary")),
    before.status === "booked" ? h("p", { class: "quiet small" }, t.done.replaced) : null,
  );
}

/** After a cancellation: another time where that is possible, else whom to ask for one. */
function next(app, session) {
  const again = rebookPart(app, session);
  if (again !== null) return again;
  const { contact } = session.practitioner;
  if (!contact.phone && !contact.email) return null;
  return h("section", { class: "card", "aria-labelledby": "ask" }, h("h2", { id: "ask" }, t.done.ask), h("p", {}, contact.name), contactLinks(contact));
}

/** Whether the fee is forgiven if others take the time: it was said with the decision. */
function mayFallAway({ session, before, sessions }) {
  return !sessions && session.status === "cancelled" && before.actions.cancel.forgiven_if_refilled === true;
}

function titleOf({ session, before, sessions }) {
  const isSeveral = sessions?.filter((one) => one.touched).length > 1;
  if (session.status === "cancelled") return isSeveral ? t.done.severalCancelled : t.done.cancelled;
  if (before.status !== "booked") return t.done.bookedAgain;
  if (isAnnounced({ session, before })) return t.absence.done;
  if (Date.parse(before.starts_at) === Date.parse(session.starts_at)) return t.done.changed;
  return isSeveral ? t.done.severalMoved : t.done.moved;
}

/** The client has only said that they cannot come: nothing has changed, not the calendar either. */
function isAnnounced({ session, before }) {
  return session.version === before.version && session.absence !== null;
}

/** Every date of the command: those that changed with what they cost, and those that stayed with why. */
function dates(sessions) {
  const changed = sessions.filter((one) => one.touched);
  const stayed = sessions.filter((one) => !one.touched);
  return h(
    "div",
    { class: "dates" },
    h("ol", {}, changed.map((one) => h("li", {}, h("p", {}, date(one)), costs(one)))),
    stayed.length > 0 ? [h("h2", {}, t.done.stayed), h("ul", {}, stayed.map((one) => h("li", {}, h("strong", {}, t.labelled(short(one.starts_at), "")), t.scope.why[one.why] ?? t.scope.why.other)))] : null,
  );
}

const date = ({ status, starts_at: start }) => (status === "cancelled" ? [h("span", { class: "old" }, short(start)), ` ${t.done.isCancelled}`] : h("strong", {}, short(start)));

function costs({ fee, credit }) {
  const texts = [fee && t.history.fee(money(fee)), t.scope.credit[credit]].filter(Boolean);
  return texts.length > 0 ? h("p", { class: "quiet small" }, texts.join(" ")) : null;
}
