/**
 * Days as a grid (the ARIA date grid): a month, or a rolling week. One stop for Tab, arrows move by day
 * and week, Home and End within the week, Page Up and Page Down by month. Days with room are told by
 * colour and weight, and by name to a screen reader; where room is scarce, by how much is left.
 */

import { button, h } from "./dom.js";
import { dateInWords, firstDayOfWeek, monthInWords, shortDate, weekdayOf, weekdays } from "./format.js";
import { icon } from "./icons.js";
import { t } from "./strings.js";

const DAY = 86_400_000;
const SCARCE = 2;

/* Dates without a time: text "2026-12-03", reckoned in UTC, where every day has 24 hours. */
const toNumber = (date) => Date.parse(`${date}T00:00:00Z`);
const toText = (number) => new Date(number).toISOString().slice(0, 10);
export const addDays = (date, days) => toText(toNumber(date) + days * DAY);
const weekday = (date) => new Date(toNumber(date)).getUTCDay() || 7;

export const firstOfMonth = (date) => `${date.slice(0, 7)}-01`;
export const lastOfMonth = (date) => addDays(addMonths(firstOfMonth(date), 1), -1);
export const LAST_OF_WEEK = 6;

function addMonths(first, months) {
  const date = new Date(toNumber(first));
  date.setUTCMonth(date.getUTCMonth() + months);
  return toText(date.getTime());
}

/** The same day of another month, or its last. */
function sameDay(date, months) {
  const last = lastOfMonth(addMonths(firstOfMonth(date), months));
  const same = last.slice(0, 8) + date.slice(8);
  return same < last ? same : last;
}

/** What months and rolling weeks have in common. `Page` tells which days a page has. */
class Days {
  #today;
  #onDay;
  #onPage;
  #shape;
  #page = null;
  #last = null;
  #focusable = null;
  #title;
  #previous;
  #next;
  #head = h("tr");
  #body = h("tbody");
  #table;

  /** `onDay(date)` is a day with room that was chosen, `onPage(first, { focus })` a page to be shown. */
  constructor(shape, { today, onDay, onPage }) {
    this.#shape = shape;
    this.#today = today;
    this.#onDay = onDay;
    this.#onPage = onPage;
    const { name } = shape;
    this.#title = h("h2", { id: name, "aria-live": "polite" });
    this.#previous = button(icon("previous"), () => this.#turn(-1), { class: "icon", "aria-label": shape.previousLabel(), id: `previous-${name}` });
    this.#next = button(icon("next"), () => this.#turn(1), { class: "icon", "aria-label": shape.nextLabel(), id: `next-${name}` });
    this.#table = h("table", { role: "grid", "aria-labelledby": name, onkeydown: (event) => this.#key(event) }, h("thead", {}, this.#head), this.#body);
    this.node = h("div", { class: `calendar by-${name}` }, h("div", { class: "month" }, this.#previous, this.#title, this.#next), this.#table);
  }

  /**
   * Show a page. `counts` has the number of free times by date; `focus` is a date to go to, `last` the
   * last day that can have times, as far as that is known.
   */
  show(page, counts, { selected = null, isBusy = () => false, focus = null, last = null } = {}) {
    const { start, end, rows } = this.#shape.days(page, this.#today);
    this.#page = page;
    this.#last = last;
    this.#title.textContent = this.#shape.title(page);
    this.#previous.setAttribute("aria-disabled", String(start <= this.#today));
    this.#next.setAttribute("aria-disabled", String(last !== null && end >= last));
    const isHere = (date) => Boolean(date) && start <= date && date <= end;
    // The days are made anew: whoever was on one of them stays there.
    const here = this.#body.contains(document.activeElement) ? (document.activeElement.dataset.date ?? null) : null;
    const first = this.#today > start && this.#today <= end ? this.#today : start;
    this.#focusable = [focus, here, selected, first].find(isHere);
    this.#table.setAttribute("aria-busy", String(rows.flat().some((date) => isHere(date) && isBusy(date))));
    this.#head.replaceChildren(...this.#shape.heads(page));
    this.#body.replaceChildren(...rows.map((row) => h("tr", {}, row.map((date) => (isHere(date) ? this.#cell(date, counts.get(date) ?? 0, date === selected, isBusy(date)) : h("td", {}))))));
    if (focus || isHere(here)) this.#focus();
  }

  #cell(date, count, isSelected, isBusy) {
    const isScarce = count > 0 && count <= SCARCE;
    const told = isBusy || date < this.#today ? null : count > 0 ? t.reschedule.free(count) : t.reschedule.notFree;
    const label = [dateInWords(date), date === this.#today ? t.reschedule.today : null, told].filter(Boolean).join(", ");
    const day = button([h("span", { class: "number" }, String(Number(date.slice(8)))), isScarce ? h("span", { class: "few" }, t.reschedule.few(count)) : null], () => count > 0 && this.#onDay(date), {
      class: count > 0 ? "day-button room" : "day-button",
      "aria-label": label,
      "aria-disabled": count > 0 ? null : "true",
      "aria-current": date === this.#today ? "date" : null,
      "data-date": date,
      tabindex: date === this.#focusable ? "0" : "-1",
    });
    return h("td", { role: "gridcell", "aria-selected": String(isSelected) }, day);
  }

  #turn(pages) {
    const control = pages < 0 ? this.#previous : this.#next;
    if (control.getAttribute("aria-disabled") !== "true") this.#onPage(this.#shape.turn(this.#page, pages, this.#today), {});
  }

  #focus() {
    this.#body.querySelector(`[data-date="${this.#focusable}"]`)?.focus();
  }

  #key(event) {
    const from = event.target.closest?.("[data-date]")?.dataset.date;
    if (!from || event.altKey || event.ctrlKey || event.metaKey) return;
    const place = (weekday(from) - firstDayOfWeek() + 7) % 7;
    const forward = getComputedStyle(this.#table).direction === "rtl" ? -1 : 1;
    const moves = {
      ArrowLeft: () => addDays(from, -forward),
      ArrowRight: () => addDays(from, forward),
      ArrowUp: () => addDays(from, -7),
      ArrowDown: () => addDays(from, 7),
      Home: () => addDays(from, -place),
      End: () => addDays(from, 6 - place),
      PageUp: () => sameDay(from, -1),
      PageDown: () => sameDay(from, 1),
    };
    const to = moves[event.key]?.();
    if (!to) return;
    event.preventDefault();
    const { start, end } = this.#shape.days(this.#page, this.#today);
    if (to < this.#shape.earliest(this.#today) || (this.#last !== null && to > end && end >= this.#last)) return;
    if (to < start || to > end) {
      this.#onPage(this.#shape.pageOf(to), { focus: to });
      return;
    }
    this.#body.querySelector(`[data-date="${this.#focusable}"]`).tabIndex = -1;
    this.#focusable = to;
    this.#body.querySelector(`[data-date="${to}"]`).tabIndex = 0;
    this.#focus();
  }
}

/** A month without its past weeks; a page is its first day. */
const MONTH = {
  name: "month",
  previousLabel: () => t.reschedule.previousMonth,
  nextLabel: () => t.reschedule.nextMonth,
  title: monthInWords,
  heads: () => weekdays(firstDayOfWeek()).map((name) => h("th", { scope: "col", abbr: name.long }, name.short)),
  earliest: (today) => today,
  pageOf: firstOfMonth,
  turn: addMonths,
  days(month, today) {
    const end = lastOfMonth(month);
    const lead = (weekday(month) - firstDayOfWeek() + 7) % 7;
    const weeks = Math.ceil((lead + Number(end.slice(8))) / 7);
    const rows = Array.from({ length: weeks }, (_, week) => Array.from({ length: 7 }, (_day, index) => addDays(month, week * 7 + index - lead)));
    return { start: month, end, rows: rows.filter((row) => row[6] >= today) };
  },
};

/** Seven days from any day on; a page is the first of them. */
const WEEK = {
  name: "week",
  previousLabel: () => t.reschedule.previousWeek,
  nextLabel: () => t.reschedule.nextWeek,
  title: (first) => `${shortDate(first)} – ${shortDate(addDays(first, LAST_OF_WEEK))}`,
  heads: (first) => Array.from({ length: 7 }, (_, index) => h("th", { scope: "col" }, weekdayOf(addDays(first, index)))),
  earliest: (today) => today,
  pageOf: (date) => date,
  turn: (first, weeks, today) => [addDays(first, weeks * 7), today].sort().at(-1),
  days: (first) => ({ start: first, end: addDays(first, LAST_OF_WEEK), rows: [Array.from({ length: 7 }, (_, index) => addDays(first, index))] }),
};

export const monthOf = (options) => new Days(MONTH, options);
export const weekOf = (options) => new Days(WEEK, options);
