/**
 * The choice of format, day and time. A phone shows a rolling week, a wide window a month: both are
 * there, and the style sheet decides. What was chosen is kept, so that "back" finds it again.
 */

import { addDays, firstOfMonth, LAST_OF_WEEK, lastOfMonth, monthOf, weekOf } from "./calendar.js";
import { now } from "./clock.js";
import { contactLinks } from "./contact.js";
import { button, h, linkTo } from "./dom.js";
import { dateInWords, hour, isoDate, short, time, zoneNames } from "./format.js";
import { choiceName, inSentence, placeZone, radios } from "./parts.js";
import { note, showProblem } from "./problems.js";
import { confirmEntry, feeOf, mostAlike, seatsLeft } from "./slots.js";
import { t } from "./strings.js";
import { differs, leading } from "./zones.js";

export class Chooser {
  #app;
  #visit;
  #session;
  #zone = leading();
  #today;
  #draft;
  /** What is known, by kind of format: `{ days: Map(date, slots), asked: Set(date), end }`. */
  #known = new Map();
  #turn = 0;
  #month;
  #week;
  #message = h("div", { class: "calendar-message", tabindex: "-1" });
  #keep = h("div", { class: "keep-time" });
  #chips = h("div", { class: "chips", role: "group", "aria-label": t.reschedule.chips });
  #times = h("section", { class: "times", "aria-labelledby": "times-title" });

  constructor(app, session) {
    this.#app = app;
    this.#visit = app.visit;
    this.#session = session;
    const own = session.formats.findIndex((one) => one.kind === session.format.kind && one.location?.id === session.format.location?.id);
    this.#today = isoDate(now());
    const start = [isoDate(session.starts_at), this.#today].sort().at(-1);
    this.#draft = app.visit.drafts.get(session.id) ?? { choice: Math.max(own, 0), date: null, wanted: start, first: this.#weekAround(start), month: firstOfMonth(start), isNew: true };
    app.visit.drafts.set(session.id, this.#draft);
    const today = this.#today;
    const onDay = (date) => this.#pick(date);
    this.#month = monthOf({ today, onDay, onPage: (month, options) => this.#turnTo({ month, from: month, to: lastOfMonth(month), ...options }) });
    this.#week = weekOf({ today, onDay, onPage: (first, options) => this.#turnTo({ first, from: first, to: addDays(first, LAST_OF_WEEK), ...options }) });
    // While another format is not possible, or not free, a move keeps it.
    const { allowed, fee } = session.actions.change_format;
    const options = session.formats
      .map((one, index) => [String(index), choiceName(one)])
      .filter(([index]) => (allowed && !fee) || Number(index) === own);
    const formats = radios(t.reschedule.format, "format", options, {
      chosen: String(this.#draft.choice),
      style: "options compact",
      onchange: (event) => {
        Object.assign(this.#draft, { choice: Number(event.target.value), date: null });
        this.open();
      },
    });
    this.node = h(
      "div",
      { class: "chooser" },
      options.length > 1 ? formats : null,
      this.#keep,
      this.#chips,
      h("div", { class: "columns" }, h("div", { class: "days" }, this.#week.node, this.#month.node), h("div", { class: "of-day" }, this.#message, this.#times)),
    );
  }

  get #choice() {
    return this.#session.formats[this.#draft.choice];
  }

  get #found() {
    const { kind } = this.#choice;
    if (!this.#known.has(kind)) this.#known.set(kind, { days: new Map(), asked: new Set(), end: null });
    return this.#known.get(kind);
  }

  /** The days around a date, as far as they are not past: what is near is looked at first. */
  #weekAround(date) {
    return [addDays(date, -2), this.#today].sort().at(-1);
  }

  /** Show the week around what is wanted, then what is known of the rest. Slots go fast, so it is asked anew. */
  async open() {
    this.#known.delete(this.#choice.kind);
    const turn = ++this.#turn;
    const draft = this.#draft;
    this.#showDays();
    this.#chips.replaceChildren(ghost(), ghost());
    this.#keep.replaceChildren();
    this.#times.replaceChildren();
    this.#wait();
    try {
      const shown = await this.#ask(draft.first, addDays(draft.first, LAST_OF_WEEK));
      if (turn !== this.#turn) return;
      const next = this.#nextFree(draft.first) ?? shown.next_available;
      if (this.#count(draft.first, addDays(draft.first, LAST_OF_WEEK)) === 0 && next && draft.isNew) {
        Object.assign(draft, { first: next, month: firstOfMonth(next), wanted: next });
        await this.#ask(next, addDays(next, LAST_OF_WEEK));
      }
      draft.isNew = false;
      if (turn !== this.#turn) return;
      this.#settle({ from: draft.first, to: addDays(draft.first, LAST_OF_WEEK), answer: shown });
      // Then the first days: the soonest time may be among them.
      await this.#ask(this.#today, addDays(this.#today, LAST_OF_WEEK));
      if (turn !== this.#turn) return;
      this.#showChips();
      await this.#fill(turn);
    } catch (error) {
      this.#failed(error, turn, () => this.open());
    }
  }

  /** The rest of the month, which a wide window shows. */
  async #fill(turn) {
    const { month } = this.#draft;
    await this.#ask(month, lastOfMonth(month));
    if (turn === this.#turn) this.#showDays();
  }

  /** Turn to another month or week. */
  async #turnTo({ from, to, focus = null, ...page }) {
    const turn = ++this.#turn;
    Object.assign(this.#draft, page);
    if (page.month) this.#draft.first = [page.month, this.#today].sort().at(-1);
    if (page.first) this.#draft.month = firstOfMonth(focus ?? page.first);
    this.#showDays({ focus });
    this.#wait();
    this.#times.replaceChildren();
    try {
      const answer = await this.#ask(from, to);
      if (turn !== this.#turn) return;
      this.#settle({ from, to, focus, answer });
      await this.#fill(turn);
    } catch (error) {
      this.#failed(error, turn, () => this.#turnTo({ from, to, ...page }));
    }
  }

  /** Say that times are under way. Whoever pressed a button in the message stays there. */
  #wait() {
    const isHere = this.#message.contains(document.activeElement);
    this.#message.replaceChildren(h("p", { class: "quiet" }, t.reschedule.loading));
    if (isHere) this.#message.focus();
  }

  #failed(error, turn, retry) {
    note(error);
    if (turn !== this.#turn) return;
    if (error.code === "unauthorized") {
      this.#app.expired(this.#visit);
      return;
    }
    const shown = showProblem(error, this.#app.ways(this.#session.id, { retry }));
    this.#message.replaceChildren(shown);
    shown.focus();
  }

  /** Ask for the days that are not known yet, and keep them. */
  async #ask(from, to) {
    const found = this.#found;
    const { kind } = this.#choice;
    const wanted = datesOf([from, this.#today].sort().at(-1), to).filter((date) => !found.asked.has(date));
    if (wanted.length === 0) return { next_available: null, empty_reason: null };
    const answer = await this.#visit.api.availability(this.#session.id, { from: wanted[0], to: wanted.at(-1), format: kind, zone: this.#zone });
    for (const date of datesOf(wanted[0], wanted.at(-1))) found.asked.add(date);
    for (const { date, slots } of answer.days) found.days.set(date, slots);
    // Nothing here and nothing later: this is where the calendar ends.
    if (answer.days.length === 0 && !answer.next_available) found.end = [found.end ?? wanted[0], wanted[0]].sort()[0];
    return answer;
  }

  /** Slots at the chosen place by date; the present time is a change of format, offered apart. */
  #openDays() {
    const place = this.#choice.location?.id ?? null;
    const fits = (slot) => (slot.location_id ?? null) === place && !this.#isPresent(slot);
    const entries = [...this.#found.days].sort(([one], [other]) => (one < other ? -1 : 1)).map(([date, slots]) => [date, slots.filter(fits)]);
    return new Map(entries.filter(([, slots]) => slots.length > 0));
  }

  #isPresent(slot) {
    return this.#session.status === "booked" && Date.parse(slot.start) === Date.parse(this.#session.starts_at);
  }

  #count(from, to) {
    return [...this.#openDays().keys()].filter((date) => from <= date && date <= to).length;
  }

  #nextFree(after) {
    return [...this.#openDays().keys()].find((date) => date > after) ?? null;
  }

  /** Show what has been found from one day to another, and choose a day of it. */
  #settle({ from, to, focus = null, answer }) {
    const draft = this.#draft;
    const dates = [...this.#openDays().keys()].filter((date) => from <= date && date <= to);
    if (!dates.includes(draft.date)) draft.date = (focus && dates.includes(focus) ? focus : null) ?? dates.find((date) => date >= draft.wanted) ?? dates[0] ?? null;
    if (draft.date && (draft.date < draft.first || draft.date > addDays(draft.first, LAST_OF_WEEK))) draft.first = draft.date;
    if (draft.date) draft.month = firstOfMonth(draft.date);
    this.#showDays({ focus });
    this.#app.announce(t.reschedule.found(dates.length));
    this.#message.replaceChildren(...(dates.length === 0 ? this.#nothing(answer, to) : []));
    this.#offerToKeepTheTime();
    this.#showChips();
    this.#showTimes();
  }

  #showDays({ focus = null } = {}) {
    const { first, month, date } = this.#draft;
    const { asked, end } = this.#found;
    const counts = new Map([...this.#openDays()].map(([one, slots]) => [one, slots.length]));
    const isBusy = (one) => one >= this.#today && !asked.has(one);
    const options = { selected: date, isBusy, focus, last: end };
    this.#week.show(first, counts, options);
    this.#month.show(month, counts, options);
  }

  #pick(date) {
    Object.assign(this.#draft, { date, wanted: date, month: firstOfMonth(date) });
    if (date < this.#draft.first || date > addDays(this.#draft.first, LAST_OF_WEEK)) this.#draft.first = date;
    this.#message.replaceChildren();
    this.#showDays({ focus: date });
    this.#showTimes();
    this.#app.announce(`${dateInWords(date)}: ${t.reschedule.free(this.#openDays().get(date).length)}`);
  }

  /** Nothing in these days: why, whom to ask, and the next day that has room. */
  #nothing({ empty_reason: reason, next_available: soonest }, to) {
    const next = soonest ?? this.#nextFree(to);
    const go = () => {
      Object.assign(this.#draft, { wanted: next, date: next });
      this.#turnTo({ first: next, from: next, to: addDays(next, LAST_OF_WEEK), focus: next });
    };
    return [
      h("p", {}, next ? t.reschedule.noneHere : (reason?.message ?? t.reschedule.end)),
      next ? button(t.reschedule.nextFree(dateInWords(next)), go, { class: "secondary", id: "next-free" }) : null,
      !next && reason ? contactLinks(reason.contact) : null,
    ].filter(Boolean);
  }

  #offerToKeepTheTime() {
    const { id, version, starts_at: start, ends_at: end, actions } = this.#session;
    const { kind, location } = this.#choice;
    const place = location?.id ?? null;
    const isOpen = [...this.#found.days.values()].flat().some((slot) => this.#isPresent(slot) && (slot.location_id ?? null) === place);
    if (!isOpen || !actions.change_format.allowed) {
      this.#keep.replaceChildren();
      return;
    }
    const label = t.reschedule.keepTime(short(start), inSentence(this.#choice));
    this.#keep.replaceChildren(linkTo(this.#app, { view: "confirm", id, version, kind, location: place, start, end }, label, { class: "button secondary", id: "keep-time" }));
  }

  /** The soonest time, and the one that is most like the present one. */
  #showChips() {
    const slots = [...this.#openDays().values()].flat();
    const isKnown = this.#found.asked.has(this.#today);
    const soonest = isKnown ? (slots[0] ?? null) : null;
    const alike = mostAlike(slots, this.#session.starts_at, placeZone(this.#session));
    const chip = (slot, label, id) => {
      const name = [h("span", { class: "chip-label" }, label), " ", h("span", { class: "whole" }, short(slot.start)), feeOf(slot)];
      return linkTo(this.#app, confirmEntry(this.#session, this.#choice.kind, slot), name, { class: "chip", id });
    };
    this.#chips.replaceChildren(
      ...(soonest ? [chip(soonest, t.reschedule.soonest, "soonest")] : isKnown ? [] : [ghost()]),
      ...(alike && alike !== soonest ? [chip(alike, t.reschedule.alike, "alike")] : []),
    );
  }

  #showTimes() {
    const slots = this.#openDays().get(this.#draft.date);
    if (!slots) {
      this.#times.replaceChildren();
      return;
    }
    const parts = groupBy(slots, partOfDay);
    const { practitioner } = this.#session;
    const starts = slots.map((slot) => slot.start);
    const zone = practitioner.time_zone;
    this.#times.replaceChildren(
      h("h2", { id: "times-title" }, t.reschedule.times(dateInWords(this.#draft.date))),
      ...[...parts].map(([part, own]) => h("div", { class: "part" }, h("h3", {}, t.reschedule.parts[part]), h("div", { class: "slots" }, own.map((slot) => this.#slot(slot))))),
      h("p", { class: "quiet small" }, t.reschedule.inZone(zoneNames(starts)), differs(starts, zone) ? ` ${t.reschedule.theirZone(practitioner.name, zoneNames(starts, zone))}` : null),
    );
  }

  #slot(slot) {
    const entry = confirmEntry(this.#session, this.#choice.kind, slot);
    return linkTo(this.#app, entry, [time(slot.start), seatsLeft(slot), feeOf(slot)], { class: "slot", "data-start": slot.start });
  }
}

/** The place of a chip that is not known yet. */
const ghost = () => h("span", { class: "chip ghost", "aria-hidden": "true" });

function datesOf(from, to) {
  const dates = [];
  for (let date = from; date <= to; date = addDays(date, 1)) dates.push(date);
  return dates;
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
