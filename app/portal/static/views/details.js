/** Everything about one session, and what can be done with it now. */

import { note } from "../app.js";
import { now } from "../clock.js";
import { comingFrom, comingPart } from "../coming.js";
import { button, facts, h } from "../dom.js";
import { day, isoDate, money, short } from "../format.js";
import { historyOf } from "../history.js";
import { belonging, choiceName, costLine, inSentence, joining, policyText, policyTimeline, runClocks, saveFile, when } from "../parts.js";
import { contactLinks, showProblem } from "../problems.js";
import { rebookPart } from "../rebook.js";
import { releasePart } from "../release.js";
import { requestText, requestWays } from "../request.js";
import { t } from "../strings.js";
import { undoPart } from "../undo.js";
import { askPart, waiverState } from "../waiver.js";
import { wishPart } from "../wish.js";
import { ZONE } from "../zones.js";

export async function details(app, { id }) {
  const { visit } = app;
  const known = await visit.load(id);
  const { session } = known;
  const flash = app.flash;
  app.flash = null;
  const { practitioner, service, move_request: request } = session;
  const isOpen = session.status === "booked";
  const isCancelled = session.status === "cancelled";
  const about = [
    facts(...belonging(session), ...joining(isCancelled ? { ...session.format, join_url: null } : session.format), payment(session)),
    button(isCancelled ? t.done.calendarGone : t.session.calendar, (event) => download(app, session, event.target), { class: "plain", id: "calendar" }),
  ];
  const switches = h("div", { class: "action-list" });
  const node = h(
    "div",
    {},
    flash ? flagged(showProblem(flash, {})) : null,
    h(
      "section",
      { class: "card", "aria-labelledby": "what" },
      h("h1", { tabindex: "-1", id: "what" }, service.name),
      h("p", { class: "quiet" }, t.session.with(practitioner.name)),
      isOpen || request ? null : h("p", { class: "message" }, statusText(session)),
      isOpen && session.absence ? h("p", { class: "message" }, t.absence.noted(short(session.absence.at))) : null,
      request ? requestText(session) : null,
      h("div", { class: isCancelled ? "old" : null }, when(session)),
      request ? requestWays(app, session) : about,
      request ? null : comingPart(app, known),
      undoPart(app, known),
    ),
    request ? h("section", { class: "card", "aria-labelledby": "about" }, h("h2", { id: "about" }, t.session.about), about) : null,
    isOpen && !request ? changes(app, session, switches) : rebookPart(app, session),
    cost(app, session),
    isOpen && !request ? h("section", { class: "card", "aria-label": t.wish.title }, wishPart(app, session)) : null,
    policy(session),
    historyOf(app, session),
    questions(practitioner),
    wayToList(app),
  );
  const mounted = () => {
    runClocks(app, node);
    const instant = nextTurn(session);
    if (instant !== null) app.after(instant - now() + 1000, () => visit.load(id, { fresh: true }).catch(note).then(() => app.refresh()));
    if (isOpen && !request && session.actions.change_format.allowed) offerSwitches(app, session, switches).catch(note);
  };
  return { title: `${service.name}, ${day(session.starts_at)}`, node, mounted };
}

/** What the session has cost, how that stands, and the way to ask for a waiver. */
function cost(app, { id, fees }) {
  if (fees.length === 0) return null;
  const { visit } = app;
  const reload = () => visit.load(id, { fresh: true }).then(() => app.refresh({ focus: true }));
  const row = (fee) => h("li", {}, h("p", {}, h("strong", {}, money(fee.amount)), " ", h("span", { class: "state", "data-status": fee.status }, t.fees.status[fee.status] ?? fee.status)), waiverState(fee), askPart(app, fee, reload));
  return h("section", { class: "card", "aria-labelledby": "cost" }, h("h2", { id: "cost" }, t.fees.ofSession), h("ul", { class: "plain" }, fees.map(row)));
}

/** Back to the list that a client came from; a link alone has none. */
function wayToList(app) {
  const { list } = app;
  return list === null ? null : button(t.session.all[list.view], () => app.go(list), { class: "plain", id: "all" });
}

function flagged(node) {
  node.dataset.focus = "";
  return node;
}

function statusText({ status, cancellation }) {
  const text = t.session.status[status] ?? status;
  if (!cancellation) return text;
  return `${text} ${t.session.cancelledBy[cancellation.by] ?? ""}: ${short(cancellation.at)}.`;
}

function payment({ price, package: paid }) {
  if (paid) return [t.session.paidBy, t.session.credits(paid.name, paid.credits_left)];
  return [t.session.price, money(price)];
}

/** The buttons with what they cost now, the cheapest way out first, or why not and whom to ask. */
function changes(app, session, switches) {
  const { id, version, actions, starts_at: startsAt } = session;
  const names = ["reschedule", "cancel"];
  const refused = names.filter((name) => !actions[name].allowed);
  const alike = refused.length === 2 && actions.cancel.refusal.message === actions.reschedule.refusal.message;
  const row = (name) => {
    const decision = actions[name];
    if (!decision.allowed) {
      return refusal(decision.refusal, alike ? null : t.doing[name]);
    }
    const style = name === "reschedule" ? "primary" : "secondary";
    const go = button(t.actions[name], () => app.go({ view: name, id, version }), { class: style, id: `go-${name}` });
    return h("div", { class: "action" }, go, costLine(decision, startsAt));
  };
  const cannotCome = () => app.go({ view: "absence", id, version });
  const rows = {
    reschedule: () => row("reschedule"),
    cancel: () => (alike ? null : row("cancel")),
    release: () => releasePart(app, session),
    absence: () =>
      actions.absence.allowed
        ? h("div", { class: "action" }, button(t.actions.absence, cannotCome, { class: "secondary", id: "go-absence" }), h("p", { class: "cost" }, t.absence.how))
        : null,
  };
  const order = new Set([...session.ways_out.map((one) => one.way), ...Object.keys(rows)]);
  return h(
    "section",
    { class: "card", "aria-labelledby": "change" },
    h("h2", { id: "change" }, t.session.change),
    [...order].map((way) => rows[way]?.() ?? null),
    switches, // Last, because they come late: nothing may move away from under a finger.
  );
}

function refusal({ code, message, deadline, contact }, about) {
  return h(
    "div",
    { class: "message refusal", "data-code": code },
    about ? h("h3", {}, about) : null,
    h("p", {}, message, deadline ? ` ${t.cost.possibleUntil(short(deadline))}` : null),
    contactLinks(contact),
  );
}

/** "Keep the time, switch to video": only for formats and places that are free at this very time. */
async function offerSwitches(app, session, place) {
  const { id, version, starts_at: start, ends_at: end, formats, format } = session;
  const date = isoDate(start);
  const others = formats.filter((choice) => !isSame(choice, format));
  const kinds = [...new Set(others.map((choice) => choice.kind))];
  const found = await Promise.all(kinds.map((kind) => app.visit.api.availability(id, { from: date, to: date, format: kind, zone: ZONE })));
  const slots = found.flatMap(({ format: kind, days }) => days.flatMap((one) => one.slots.map((slot) => ({ ...slot, kind }))));
  const isOpen = ({ kind, location }) =>
    slots.some((slot) => slot.kind === kind && slot.location_id === (location?.id ?? null) && Date.parse(slot.start) === Date.parse(start));
  const open = others.filter(isOpen);
  if (open.length === 0) return;
  const go = ({ kind, location }) => app.go({ view: "confirm", id, version, kind, start, end, location: location?.id ?? null });
  const offer = (choice, label, index) => button(label, () => go(choice), { class: "secondary", id: `switch-${index}` });
  const buttons =
    open.length === 1
      ? offer(open[0], t.switchTo(inSentence(open[0])), 0)
      : h(
          "div",
          { role: "group", "aria-labelledby": "switch" },
          h("p", { id: "switch" }, t.switch),
          h("div", { class: "options" }, open.map((choice, index) => offer(choice, choiceName(choice), index))),
        );
  place.replaceChildren(buttons, costLine(session.actions.change_format, start));
  runClocks(app, place);
}

function isSame({ kind, location }, format) {
  return kind === format.kind && (location?.id ?? null) === (format.location?.id ?? null);
}

function policy(session) {
  const text = policyText(session);
  return h("section", { class: "card", "aria-labelledby": "policy" }, h("h2", { id: "policy" }, t.session.policy), text, policyTimeline(session));
}

function questions({ contact }) {
  if (!contact.phone && !contact.email) return null;
  return h("section", { class: "card", "aria-labelledby": "questions" }, h("h2", { id: "questions" }, t.session.questions), h("p", {}, contact.name), contactLinks(contact));
}

/** The next instant at which what is shown here stops being true. */
function nextTurn(session) {
  const { actions, starts_at: start, status, move_request: request } = session;
  if (status !== "booked" && !request && !actions.reschedule.allowed) return null;
  const instants = Object.values(actions).flatMap((one) => [one.free_until, one.closes_at, one.quote_expires_at]);
  if (request) instants.push(request.answer_by, ...request.proposals.map((slot) => slot.start));
  const begins = actions.confirm.allowed ? [comingFrom(session)] : [];
  const ahead = [...instants, start].filter(Boolean).map(Date.parse).concat(begins).filter((instant) => instant > now());
  return ahead.length > 0 ? Math.min(...ahead) : null;
}

/** Fetch the calendar file with the token, and hand it over. */
export async function download(app, session, pressed) {
  if (pressed.getAttribute("aria-disabled")) return;
  pressed.setAttribute("aria-disabled", "true");
  try {
    saveFile(await app.visit.api.calendar(session.id), "session.ics");
    app.announce(t.saved);
    pressed.parentElement.querySelector(".problem")?.remove();
  } catch (error) {
    note(error);
    const shown = showProblem(error, app.ways(session.id, { retry: () => download(app, session, pressed) }));
    pressed.parentElement.querySelector(".problem")?.remove();
    pressed.after(shown);
    shown.focus();
  } finally {
    pressed.removeAttribute("aria-disabled");
  }
}
