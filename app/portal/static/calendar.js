/**
 * A month as a grid (the ARIA date grid): one stop for Tab, arrows move by day and week, Home and
 * End within the week, Page Up and Page Down by month. Days with room are told by colour, weight
 * and dots, and by name to a screen reader.
 */

import { button, h } from "./dom.js";
import { dateInWords, firstDayOfWeek, monthInWords, weekdays } from "./format.js";
import { t } from "./strings.js";

const DAY = 86_400_000;

/* Dates without a time: text "2026-12-03", reckoned in UTC, where every day has 24 hours. */
const toNumber = (date) => Date.parse(`${date}T00:00:00Z`);
const toText = (number) => new Date(number).toISOString().slice(0, 10);
const addDays = (date, days) => toText(toNumber(date) + days * DAY);
const weekday = (date) => new Date(toNumber(date)).getUTCDay() || 7;

export const firstOfMonth = (date) => `${date.slice(0, 7)}-01`;
export const lastOfMonth = (date) => addDays(addMonths(firstOfMonth(date), 1), -1);

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

export class Calendar {
  #today;
  #onDay;
  #onMonth;
  #firstDay = firstDayOfWeek();
  #month = null;
  #focusable = null;
  #title = h("h2", { id: "month", "aria-live": "polite" });
  #previous = button("‹", () => this.#turn(-1), { class: "icon", "aria-label": t.reschedule.previousMonth, id: "previous-month" });
  #next = button("›", () => this.#turn(1), { class: "icon", "aria-label": t.reschedule.nextMonth, id: "next-month" });
  #body = h("tbody");
  #table;

  /** `onDay(date)` is a day with room that was chosen, `onMonth(first, { focus })` one to be shown. */
  constructor({ today, onDay, onMonth }) {
    this.#today = today;
    this.#onDay = onDay;
    this.#onMonth = onMonth;
    const head = h("tr", {}, weekdays(this.#firstDay).map((name) => h("th", { scope: "col", abbr: name.long }, name.short)));
    this.#table = h("table", { role: "grid", "aria-labelledby": "month", onkeydown: (event) => this.#key(event) }, h("thead", {}, head), this.#body);
    this.node = h("div", { class: "calendar" }, h("div", { class: "month" }, this.#previous, this.#title, this.#next), this.#table);
  }

  /** Show a month. `counts` has the number of free times by date; `focus` a date to go to. */
  show(month, counts, { selected = null, busy = false, focus = null } = {}) {
    this.#month = month;
    this.#title.textContent = monthInWords(month);
    this.#previous.setAttribute("aria-disabled", String(month <= firstOfMonth(this.#today)));
    this.#table.setAttribute("aria-busy", String(busy));
    const isHere = (date) => date?.startsWith(month.slice(0, 7));
    const today = isHere(this.#today) ? this.#today : month;
    this.#focusable = [focus, selected, today].find(isHere);
    const lead = (weekday(month) - this.#firstDay + 7) % 7;
    const start = addDays(month, -lead);
    const weeks = Math.ceil((lead + Number(lastOfMonth(month).slice(8))) / 7);
    this.#body.replaceChildren(
      ...Array.from({ length: weeks }, (_, week) =>
        h("tr", {}, Array.from({ length: 7 }, (_day, index) => {
          const date = addDays(start, week * 7 + index);
          return isHere(date) ? this.#cell(date, counts.get(date) ?? 0, date === selected, busy) : h("td", {});
        })),
      ),
    );
    if (focus) this.#focus();
  }

  #cell(date, count, isSelected, busy) {
    const told = busy ? null : count > 0 ? t.reschedule.free(count) : t.reschedule.notFree;
    const label = [dateInWords(date), date === this.#today ? t.reschedule.today : null, told].filter(Boolean).join(", ");
    const day = button(String(Number(date.slice(8))), () => count > 0 && this.#onDay(date), {
      class: count > 0 ? `day-button room room-${count > 6 ? 3 : count > 2 ? 2 : 1}` : "day-button",
      "aria-label": label,
      "aria-disabled": count > 0 ? null : "true",
      "aria-current": date === this.#today ? "date" : null,
      "data-date": date,
      tabindex: date === this.#focusable ? "0" : "-1",
    });
    return h("td", { role: "gridcell", "aria-selected": String(isSelected) }, day);
  }

  #turn(months) {
    const month = addMonths(this.#month, months);
    if (month >= firstOfMonth(this.#today)) this.#onMonth(month, {});
  }

  #focus() {
    this.#body.querySelector(`[data-date="${this.#focusable}"]`)?.focus();
  }

  #key(event) {
    const from = event.target.dataset?.date;
    if (!from || event.altKey || event.ctrlKey || event.metaKey) return;
    const place = (weekday(from) - this.#firstDay + 7) % 7;
    const moves = {
      ArrowLeft: () => addDays(from, -1),
      ArrowRight: () => addDays(from, 1),
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
    if (firstOfMonth(to) < firstOfMonth(this.#today)) return;
    if (firstOfMonth(to) !== this.#month) {
      this.#onMonth(firstOfMonth(to), { focus: to });
      return;
    }
    this.#body.querySelector(`[data-date="${this.#focusable}"]`).tabIndex = -1;
    this.#focusable = to;
    this.#body.querySelector(`[data-date="${to}"]`).tabIndex = 0;
    this.#focus();
  }
}
