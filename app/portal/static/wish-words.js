/** Which times suit a wish, in words: "Mondays and Wednesdays, 9:00 AM to 12:00 PM". */

import { clockTime, day, dayAndTime, firstDayOfWeek, isoDate, list, weekdays, zoneName } from "./format.js";
import { t } from "./strings.js";
import { differs, instantOf } from "./zones.js";

/** The last minute of a day: who names a day at the latest means all of it. */
export const DAY_ENDS = "23:59";

/** The days of a week as `[ISO number, name]`, from the day on which weeks begin here. */
export function week() {
  const first = firstDayOfWeek();
  return weekdays(first).map((name, index) => [((first - 1 + index) % 7) + 1, name]);
}

/** The name of the client's zone where the clocks here show another time; else null. */
export function otherZone({ starts_at: start }, zone) {
  return differs([Date.now(), start], zone) ? zoneName(start, zone) : null;
}

/** What a wish names, or null where any earlier time suits. `zone` is the client's. */
export function wishWords(session, { weekdays: days, from_time: from, to_time: to, formats, until, notice_hours: hours }, zone) {
  const words = t.wish.words;
  const parts = [
    days.length > 0 && list(week().filter(([number]) => days.includes(number)).map(([, name]) => words.weekday(name.long))),
    (from || to) && timesOfDay(from, to, otherZone(session, zone)),
    formats.length > 0 && list(formats.map((kind) => t.formatInSentence[kind] ?? kind), "disjunction"),
    until && words.until(latest(until, session, zone)),
    hours > 0 && words.notice(hours),
  ].filter(Boolean);
  return parts.length > 0 ? words.join(parts) : null;
}

function timesOfDay(from, to, zone) {
  const { words } = t.wish;
  const text = from && to ? t.span(clockTime(from), t.atTime(clockTime(to))) : from ? words.from(t.atTime(clockTime(from))) : words.to(t.atTime(clockTime(to)));
  return zone ? words.inZone(text, zone) : text;
}

/** A whole day, or the instant where it is not the end of one. */
function latest(until, { starts_at: start }, zone) {
  const at = Date.parse(until);
  const isWholeDay = at === instantOf(isoDate(until, zone), DAY_ENDS, zone).getTime() || at === Date.parse(start);
  return isWholeDay ? day(until, zone) : dayAndTime(until, zone);
}
