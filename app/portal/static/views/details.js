/** Everything about one session: the card first, then what can be done with it now, cheapest first. */

import { now } from "../clock.js";
import { comingFrom, comingPart } from "../coming.js";
import { contactLinks } from "../contact.js";
import { button, facts, h, linkTo } from "../dom.js";
import { day, isoDate, money, onOwnClock } from "../format.js";
import { historyOf } from "../history.js";
import { belonging, choiceName, costLine, costNow, inSentence, leadFor, meeting, person, policyText, policyTimeline, possibleUntil, price, runClocks, saveFile, tile, when, zoneSwitch } from "../parts.js";
import { note, showProblem } from "../problems.js";
import { rebookPart } from "../rebook.js";
import { releasePart } from "../release.js";
import { requestText, requestWays } from "../request.js";
import { showBusy } from "../send.js";
import { t } from "../strings.js";
import { undoPart } from "../undo.js";
import { askPart, waiverState } from "../waiver.js";
import { wishPart } from "../wish.js";
import { leading } from "../zones.js";

export async function details(app, { id }) {
  const { visit } = app;
  const known = await visit.load(id);
  const { session } = known;
  leadFor(app, session);
  const flash = app.flash;
  app.flash = null;
  const { told } = visit;
  visit.told = null;
  const { practitioner, service, move_request: request } = session;
  const isOpen = session.status === "booked";
  const switches = h("div", { class: "action-list" });
  const isAhead = isOpen && Date.parse(session.ends_at) > now();
  const about = [meeting(session, isAhead), facts(...belonging(session), payment(session)), calendarButton(app, session)];
  const node = h(
    "div",
    { class: "details" },
    flash ? flagged(showProblem(flash, {})) : null,
    told ? flagged(h("p", { class: "message free", id: "told", tabindex: "-1" }, told)) : null,
    h(
      "section",
      { class: "card hero", "aria-labelledby": "what" },
      h("div", { class: "hero-top" }, tile(session), h("div", { class: session.status === "cancelled" ? "old" : null }, h("h1", { tabindex: "-1", id: "what" }, service.name), when(session, { zones: zoneSwitch(app, session) }))),
      isOpen || request ? null : h("p", { class: "message state-of" }, statusText(session)),
      isOpen && session.absence ? h("p", { class: "message" }, t.absence.noted(onOwnClock(session.absence.at))) : null,
      person(practitioner),
      request ? [requestText(session), requestWays(app, known)] : about,
      request ? null : comingPart(app, known),
      undoPart(app, known),
    ),
    request ? h("section", { class: "card", "aria-labelledby": "about-session" }, h("h2", { id: "about-session" }, t.session.about), about) : null,
    isOpen && !request ? changes(app, session, switches) : rebookPart(app, session),
    cost(app, session),
    isOpen && !request && mayWait(session) ? h("section", { class: "card", "aria-label": t.wish.title }, wishPart(app, session)) : null,
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

/** The instant after which nobody is asked for this session any more; the service has the same rule. */
const lastAsked = ({ starts_at: start }) => Date.parse(start) - 2 * 3_600_000;

/** Whether an earlier time can be waited for, and is of use. */
const mayWait = (session) => session.actions.wish.allowed && session.absence === null && now() <= lastAsked(session);

function calendarButton(app, session) {
  const label = session.status === "cancelled" ? t.done.calendarGone : t.session.calendar;
  return button(label, (event) => download(app, session, event.target), { class: "plain", id: "calendar" });
}

/** What the session has cost, how that stands, and the way to ask for a waiver. */
function cost(app, { id, fees }) {
  if (fees.length === 0) return null;
  const { visit } = app;
  const reload = () => visit.load(id, { fresh: true }).then(() => app.refresh({ focus: true }));
  const row = (fee) => h("li", {}, h("p", {}, h("strong", {}, money(fee.amount)), " ", h("span", { class: "state", "data-status": fee.status }, t.fees.status[fee.status] ?? fee.status)), waiverState(fee), askPart(app, fee, reload));
  return h("section", { class: "card", "aria-labelledby": "cost" }, h("h2", { id: "cost" }, t.fees.ofSession), h("ul", { class: "plain-list" }, fees.map(row)));
}

/** Back to the list that a client came from; a link alone has none. */
function wayToList(app) {
  const { list } = app;
  return list === null ? null : h("p", {}, linkTo(app, list, t.session.all[list.view], { class: "plain", id: "all" }));
}

function flagged(node) {
  node.dataset.focus = "";
  return node;
}

function statusText({ status, cancellation }) {
  const text = t.session.status[status] ?? status;
  if (!cancellation) return text;
  return [text, t.session.cancelledBy[cancellation.by]?.(onOwnClock(cancellation.at))].filter(Boolean).join(" ");
}

function payment({ price: full, package: paid }) {
  if (paid) return [t.session.paidBy, t.session.credits(paid.name, paid.credits_left)];
  return [t.session.price, money(full)];
}

/**
 * The ways out with what they cost now, the cheapest first, or why not and whom to ask. The two that
 * most people look for stay at hand at the bottom of a phone.
 */
function changes(app, session, switches) {
  const { id, version, actions, starts_at: startsAt } = session;
  const names = ["reschedule", "cancel"];
  const refused = names.filter((name) => !actions[name].allowed);
  const alike = refused.length === 2 && actions.cancel.refusal.message === actions.reschedule.refusal.message;
  const order = [...new Set([...session.ways_out.map((one) => one.way), ...names, "release", "absence"])];
  const open = order.filter((name) => names.includes(name) && actions[name].allowed);
  const cannotCome = () => (actions.absence.allowed ? absenceWay(app, session) : null);
  // Both at once, where the cheaper one of them stands.
  const bar = () => [
    open.length > 0 ? h("div", { class: "bar" }, open.map((name) => way(app, session, name))) : null,
    ...order.filter((name) => names.includes(name) && !(alike && name === "cancel")).map((name) => notes(name, actions[name], startsAt, alike)),
  ];
  const [cheaper, other] = order.filter((name) => names.includes(name));
  const rows = {
    [cheaper]: bar,
    [other]: () => null,
    release: () => releasePart(app, session),
    absence: cannotCome,
  };
  return h(
    "section",
    { class: "card changes", "aria-labelledby": "change" },
    h("h2", { id: "change" }, t.session.change),
    order.map((name) => rows[name]?.() ?? null),
    switches, // Last, because they come late: nothing may move away from under a finger.
  );
}

/** "I cannot come"; who has said so already can still give up the time. */
function absenceWay(app, { id, version, actions, absence: said, starts_at: startsAt }) {
  const entry = { view: "absence", id, version, ...(said && { free: true }) };
  const label = said ? t.absence.ways.free : t.actions.absence;
  const line = said ? costLine(actions.absence, startsAt) : h("p", { class: "cost" }, t.absence.how);
  return h("div", { class: "action" }, linkTo(app, entry, label, { class: "button secondary", id: "go-absence" }), line);
}

/** A way out, with its price on it. */
function way(app, { id, version, actions, starts_at: startsAt }, name) {
  const label = h("span", { class: "way-name", id: `way-${name}` }, t.actions[name]);
  const cost = price(actions[name], startsAt);
  cost.id = `price-${name}`;
  return linkTo(app, { view: name, id, version }, [label, " ", cost], {
    class: `button way ${name === "reschedule" ? "primary" : "secondary"}`,
    id: `go-${name}`,
    "aria-labelledby": label.id,
    "aria-describedby": cost.id,
  });
}

/** What a price on a button is too short for; or why the action is refused. */
function notes(name, decision, startsAt, alike) {
  if (!decision.allowed) return refusal(decision.refusal, alike ? null : t.doing[name]);
  const { text, isFree } = costNow(decision, startsAt);
  const isSaid = isFree && !decision.allowance && !t.cost.because[decision.free_because] && !decision.free_targets;
  return isSaid ? null : h("p", { class: "cost" }, h("strong", {}, t.labelled(t.actions[name], "")), text);
}

function refusal({ code, message, deadline, contact }, about) {
  return h(
    "div",
    { class: "message refusal", "data-code": code },
    about ? h("h3", {}, about) : null,
    h("p", {}, message, deadline ? ` ${possibleUntil(deadline)}` : null),
    contactLinks(contact),
  );
}

/** "Keep the time, switch to video": only for formats and places that are free at this very time. */
async function offerSwitches(app, session, place) {
  const { id, version, starts_at: start, ends_at: end, formats, format } = session;
  const date = isoDate(start);
  const others = formats.filter((choice) => !isSame(choice, format));
  const kinds = [...new Set(others.map((choice) => choice.kind))];
  const zone = leading();
  const found = await Promise.all(kinds.map((kind) => app.visit.api.availability(id, { from: date, to: date, format: kind, zone })));
  const slots = found.flatMap(({ format: kind, days }) => days.flatMap((one) => one.slots.map((slot) => ({ ...slot, kind }))));
  const isOpen = ({ kind, location }) =>
    slots.some((slot) => slot.kind === kind && slot.location_id === (location?.id ?? null) && Date.parse(slot.start) === Date.parse(start));
  const open = others.filter(isOpen);
  if (open.length === 0) return;
  const go = ({ kind, location }) => ({ view: "confirm", id, version, kind, start, end, location: location?.id ?? null });
  const offer = (choice, label, index) => linkTo(app, go(choice), label, { class: "button secondary", id: `switch-${index}` });
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
  const { actions, starts_at: start, ends_at: end, status, move_request: request } = session;
  if (status !== "booked" && !request && !actions.reschedule.allowed) return null;
  const instants = Object.values(actions).flatMap((one) => [one.free_until, one.closes_at, one.quote_expires_at]);
  if (request) instants.push(request.answer_by, ...request.proposals.map((slot) => slot.start));
  const begins = [...(actions.confirm.allowed ? [comingFrom(session)] : []), lastAsked(session)];
  const ahead = [...instants, start, ...(status === "booked" ? [end] : [])].filter(Boolean).map(Date.parse).concat(begins).filter((instant) => instant > now());
  return ahead.length > 0 ? Math.min(...ahead) : null;
}

/** Fetch the calendar file with the token, and hand it over. */
export async function download(app, session, pressed) {
  if (pressed.getAttribute("aria-disabled")) return;
  pressed.setAttribute("aria-disabled", "true");
  showBusy(app, pressed, true);
  try {
    saveFile(await app.visit.api.calendar(session.id), "session.ics");
    showBusy(app, pressed, false);
    app.announce(t.saved);
    pressed.parentElement.querySelector(".problem")?.remove();
  } catch (error) {
    note(error);
    showBusy(app, pressed, false);
    const shown = showProblem(error, app.ways(session.id, { retry: () => download(app, session, pressed) }));
    pressed.parentElement.querySelector(".problem")?.remove();
    pressed.after(shown);
    shown.focus();
  } finally {
    pressed.removeAttribute("aria-disabled");
  }
}
