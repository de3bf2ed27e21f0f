/** Times and money as the person reads them: in the browser's zone and in his kind of English. */

import { LANGUAGE, t } from "./strings.js";

/** The person's zone. */
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/**
 * The page is in English, so dates are too (as in the mails): an English reader's own kind of it,
 * else English with the habits of his region, such as the 24-hour clock.
 */
export const LOCALE = chooseLocale(navigator.languages ?? [navigator.language]);

function chooseLocale(tags) {
  const own = tags.find((tag) => tag.split("-")[0] === LANGUAGE);
  if (own) return own;
  try {
    const { region } = new Intl.Locale(tags[0]).maximize();
    return Intl.getCanonicalLocales(`${LANGUAGE}-${region}`)[0];
  } catch {
    return LANGUAGE;
  }
}

const made = new Map();

function formatter(options) {
  const key = JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(LOCALE, options));
  return made.get(key);
}

const write = (instant, zone, options) => formatter({ timeZone: zone, ...options }).format(new Date(instant));

const DAY = { weekday: "long", day: "numeric", month: "long" };
const SHORT_DAY = { weekday: "short", day: "numeric", month: "short" };
const TIME = { hour: "numeric", minute: "2-digit" };

/** "Thursday, December 3", with the year where it is not this one. */
export function day(instant, zone = ZONE) {
  const year = write(instant, zone, { year: "numeric" }) === write(Date.now(), zone, { year: "numeric" });
  return write(instant, zone, year ? DAY : { ...DAY, year: "numeric" });
}

/** "10:00 AM" */
export const time = (instant, zone = ZONE) => write(instant, zone, TIME);

/** "Thursday, December 3, 10:00 AM", with the year where it is not this one. */
export const dayAndTime = (instant, zone = ZONE) => t.dayAndTime(day(instant, zone), time(instant, zone));

/** "Thu, Dec 3, 10:00 AM" */
export const short = (instant, zone = ZONE) => write(instant, zone, { ...SHORT_DAY, ...TIME });

/** "10:00 AM to 10:50 AM" as in the mails; over midnight with the day. */
export function span(start, end, zone = ZONE) {
  const until = isoDate(start, zone) === isoDate(end, zone) ? time(end, zone) : short(end, zone);
  return t.span(time(start, zone), until);
}

/** "Eastern Standard Time" */
export function zoneName(instant, zone = ZONE, style = "long") {
  const parts = formatter({ timeZone: zone, ...TIME, timeZoneName: style }).formatToParts(new Date(instant));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/** Whether clocks in two zones show another time at this instant. */
export function differs(instant, zone, other = ZONE) {
  const wall = { dateStyle: "short", timeStyle: "short" };
  return write(instant, zone, wall) !== write(instant, other, wall);
}

/** "2026-12-03" in a zone. */
export function isoDate(instant, zone = ZONE) {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, calendar: "gregory", numberingSystem: "latn", year: "numeric", month: "2-digit", day: "2-digit" })
    .formatToParts(new Date(instant));
  const part = (type) => parts.find((found) => found.type === type).value;
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** The hour of the day, for "morning" and "afternoon". */
export function hour(instant, zone = ZONE) {
  return Number(new Intl.DateTimeFormat("en-US", { timeZone: zone, hour: "numeric", hourCycle: "h23" }).format(new Date(instant)));
}

/** A calendar date without a zone ("2026-12-03") in words. */
export const dateInWords = (date) => write(`${date}T12:00:00Z`, "UTC", DAY);
export const monthInWords = (date) => write(`${date}T12:00:00Z`, "UTC", { month: "long", year: "numeric" });

/** "$45.00" */
export function money({ amount_minor: minor, currency }) {
  const format = new Intl.NumberFormat(LOCALE, { style: "currency", currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** "12:05" until something happens. */
export function countdown(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Names of the days, from the first day of a week on. */
export function weekdays(first) {
  return Array.from({ length: 7 }, (_, index) => {
    const date = new Date(Date.UTC(2024, 0, 1 + ((first - 1 + index) % 7)));
    return { short: write(date, "UTC", { weekday: "short" }), long: write(date, "UTC", { weekday: "long" }) };
  });
}

/** The day that weeks begin with here: 1 is Monday, 7 is Sunday. */
export function firstDayOfWeek() {
  const locale = new Intl.Locale(LOCALE);
  return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
}
