/** Choose a new time: how to meet, a month that shows which days have room, then the times. */

import { note } from "../app.js";
import { Calendar, firstOfMonth, lastOfMonth } from "../calendar.js";
import { now } from "../clock.js";
import { button, h } from "../dom.js";
import { dateInWords, hour, isoDate, monthInWords, short, time, zoneNames } from "../format.js";
import { choiceName, costLine, heading, inSentence, radios, runClocks } from "../parts.js";
import { contactLinks, showProblem } from "../problems.js";
import { rebookLine } from "../rebook.js";
import { confirmEntry, feeOf, seatsLeft } from "../slots.js";
import { t } from "../strings.js";
import { differs, ZONE } from "../zones.js";
import { details } from "./details.js";

export async function reschedule(app, entry) {
  const { session } = await app.visit.load(entry.id);
  const decision = session.actions.reschedule;
  if (session.version !== entry.version || !decision.allowed) return details(app, entry);
  const isEnded = session.status !== "booked" && !session.move_request;
  const chooser = new Chooser(app, session);
  const node = h(
    "div",
    { class: "card" },
    heading(t.reschedule.title),
    h("p", {}, h("span", { class: "quiet" }, `${isEnded ? t.rebook.before : t.reschedule.now}: `), `${short(session.starts_at)}, ${choiceName(session.format)}`),
    isEnded ? rebookLine(decision) : costLine(decision, session.starts_at),
    session.group ? h("p", {}, t.group.others) : null,
    chooser.node,
    h("div", { class: "buttons" }, button(session.status === "booked" ? t.cancel.keep : t.session.back, () => app.go({ view: "details", id: session.id }), { class: "secondary", id: "keep" })),
  );
  const mounted = () => {
    runClocks(app, node);
    chooser.open();
  };
  return { title: t.reschedule.title, node, mounted };
}

/** The choice of format, day and time. What was chosen is kept, so that "back" finds it again. */
class Chooser {
  #app;
  #visit;
  #session;
  #zone = ZONE;
  #months = new Map();
  #draft;
  #days = new Map();
  #calendar;
  #message = h("div", { class: "calendar-message" });
  #keep = h("div", {});
  #times = h("section", { class: "times", "aria-labelledby": "times-title" });

  constructor(app, session) {
    this.#app = app;
    this.#visit = app.visit;
    this.#session = session;
    const own = session.formats.findIndex((one) => one.kind === session.format.kind && one.location?.id === session.format.location?.id);
    const today = isoDate(now());
    const start = isoDate(session.starts_at) > today ? isoDate(session.starts_at) : today;
    this.#draft = app.visit.drafts.get(session.id) ?? { choice: Math.max(own, 0), month: firstOfMonth(start), date: null, wanted: start };
    app.visit.drafts.set(session.id, this.#draft);
    this.#calendar = new Calendar({
      today,
      onDay: (date) => this.#pick(date),
      onMonth: (month, options) => this.#show(month, options),
    });
    // While another format is not possible, or not free, a move keeps it.
    const { allowed, fee } = session.actions.change_format;
    const options = session.formats
      .map((one, index) => [String(index), choiceName(one)])
      .filter(([index]) => (allowed && !fee) || Number(index) === own);
    const formats = radios(t.reschedule.format, "format", options, {
      chosen: String(this.#draft.choice),
      onchange: (event) => {
        Object.assign(this.#draft, { choice: Number(event.target.value), date: null });
        this.#show(this.#draft.month);
      },
    });
    this.node = h("div", {}, options.length > 1 ? formats : null, this.#keep, this.#calendar.node, this.#message, this.#times);
  }

  open() {
    return this.#show(this.#draft.month, { first: true });
  }

  get #choice() {
    return this.#session.formats[this.#draft.choice];
  }

  /** Show a month: what is known of it at once, else when the answer is there. */
  async #show(month, { first = false, focus = null } = {}) {
    const draft = this.#draft;
    draft.month = month;
    const choice = draft.choice;
    this.#calendar.show(month, new Map(), { busy: true, focus });
    this.#message.replaceChildren(h("p", { class: "quiet" }, t.reschedule.loading));
    this.#times.replaceChildren();
    let found;
    try {
      found = await this.#month(month);
    } catch (error) {
      note(error);
      if (draft.month !== month || draft.choice !== choice) return;
      this.#failed(error, month);
      return;
    }
    if (draft.month !== month || draft.choice !== choice) return;
    const next = found.next_available;
    const days = this.#openDays(found);
    if (first && days.size === 0 && next) {
      Object.assign(draft, { wanted: next });
      this.#show(firstOfMonth(next));
      return;
    }
    this.#days = days;
    const dates = [...days.keys()];
    if (!days.has(draft.date)) draft.date = dates.find((date) => date >= draft.wanted) ?? dates[0] ?? null;
    this.#calendar.show(month, this.#counts(), { selected: draft.date, focus });
    this.#app.announce(t.reschedule.found(monthInWords(month), days.size));
    this.#message.replaceChildren(...(days.size === 0 ? this.#nothing(found) : []));
    this.#offerToKeepTheTime(found);
    this.#showTimes();
  }

  #failed(error, month) {
    if (error.code === "unauthorized") {
      this.#app.expired(this.#visit);
      return;
    }
    const shown = showProblem(error, this.#app.ways(this.#session.id, { retry: () => this.#show(month) }));
    this.#message.replaceChildren(shown);
    shown.focus();
  }

  /** Ask for a month once. Slots go fast, so what is known is forgotten with the view. */
  async #month(month) {
    const today = isoDate(now(), this.#zone);
    const kind = this.#choice.kind;
    const key = `${kind} ${month}`;
    if (!this.#months.has(key)) {
      const from = month > today ? month : today;
      const query = { from, to: lastOfMonth(month), format: kind, zone: this.#zone };
      this.#months.set(key, await this.#visit.api.availability(this.#session.id, query));
    }
    return this.#months.get(key);
  }

  /** Slots at the chosen place by date; the present time is a change of format, offered apart. */
  #openDays(found) {
    const place = this.#choice.location?.id ?? null;
    const fits = (slot) => (slot.location_id ?? null) === place && !this.#isPresent(slot);
    const entries = found.days.map((one) => [one.date, one.slots.filter(fits)]);
    return new Map(entries.filter(([, slots]) => slots.length > 0));
  }

  #isPresent(slot) {
    return this.#session.status === "booked" && Date.parse(slot.start) === Date.parse(this.#session.starts_at);
  }

  #counts() {
    return new Map([...this.#days].map(([date, slots]) => [date, slots.length]));
  }

  #pick(date) {
    Object.assign(this.#draft, { date, wanted: date });
    this.#calendar.show(this.#draft.month, this.#counts(), { selected: date, focus: date });
    this.#showTimes();
    this.#app.announce(`${dateInWords(date)}: ${t.reschedule.free(this.#days.get(date).length)}`);
  }

  /** Nothing in this month: why, whom to ask, and the next day that has room. */
  #nothing({ empty_reason: reason, next_available: next }) {
    const go = () => {
      Object.assign(this.#draft, { wanted: next, date: next });
      this.#show(firstOfMonth(next), { focus: next });
    };
    return [
      h("p", {}, reason?.message ?? t.reschedule.noneHere),
      next ? button(t.reschedule.nextFree(dateInWords(next)), go, { class: "secondary", id: "next-free" }) : null,
      !next && reason ? contactLinks(reason.contact) : null,
    ].filter(Boolean);
  }

  #offerToKeepTheTime(found) {
    const { id, version, starts_at: start, ends_at: end, actions } = this.#session;
    const { kind, location } = this.#choice;
    const place = location?.id ?? null;
    const isOpen = found.days.flatMap((one) => one.slots).some((slot) => this.#isPresent(slot) && (slot.location_id ?? null) === place);
    if (!isOpen || !actions.change_format.allowed) {
      this.#keep.replaceChildren();
      return;
    }
    const label = t.reschedule.keepTime(short(start), inSentence(this.#choice));
    const go = () => this.#app.go({ view: "confirm", id, version, kind, location: place, start, end });
    this.#keep.replaceChildren(button(label, go, { class: "secondary", id: "keep-time" }));
  }

  #showTimes() {
    const slots = this.#days.get(this.#draft.date);
    if (!slots) {
      this.#times.replaceChildren();
      return;
    }
    const parts = Map.groupBy ? Map.groupBy(slots, partOfDay) : groupBy(slots, partOfDay);
    const { practitioner } = this.#session;
    const starts = slots.map((slot) => slot.start);
    const zone = practitioner.time_zone;
    this.#times.replaceChildren(
      h("h2", { id: "times-title" }, t.reschedule.times(dateInWords(this.#draft.date))),
      h("p", { class: "quiet small" }, t.reschedule.inZone(zoneNames(starts)), differs(starts, zone) ? ` ${t.reschedule.theirZone(practitioner.name, zoneNames(starts, zone))}` : null),
      ...[...parts].map(([part, own]) => h("div", {}, h("h3", {}, t.reschedule.parts[part]), h("div", { class: "slots" }, own.map((slot) => this.#slot(slot))))),
    );
  }

  #slot(slot) {
    const entry = confirmEntry(this.#session, this.#choice.kind, slot);
    return button([time(slot.start), seatsLeft(slot), feeOf(slot)], () => this.#app.go(entry), { class: "slot", "data-start": slot.start });
  }
}

function partOfDay(slot) {
  const at = hour(slot.start);
  return at < 12 ? "morning" : at < 17 ? "afternoon" : "evening";
}

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
