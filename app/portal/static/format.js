/** Times and money as the person reads them: in the zone that leads, as their region writes them. */

import { now } from "./clock.js";
import { language, t } from "./strings.js";
import { differs, leading, occursTwice, offset, ZONE } from "./zones.js";

const VIEWER = readTag((navigator.languages ?? [])[0] ?? navigator.language);
const locales = new Map();

/** Read a language tag; where the region is left out, it is the one where most readers of the language live. */
function readTag(tag) {
  try {
    const { language: spoken, region = "001" } = new Intl.Locale(tag).maximize();
    return { tag, language: spoken, region };
  } catch {
    return { tag: "en", language: "en", region: "001" };
  }
}

/** The person's own locale of the language in use, else that language as their region writes it. */
export function locale() {
  const spoken = language();
  if (!locales.has(spoken)) locales.set(spoken, localeFor(spoken, VIEWER));
  return locales.get(spoken);
}

/**
 * A language of a region. Browsers do not know it for all of them. English is then Europe's where hours
 * are counted to 24, else the world's, and never American. The mails do the same.
 */
function localeFor(spoken, { tag, language: own, region }) {
  const wanted = own === spoken ? tag : `${spoken}-${region}`;
  const known = new Intl.Locale(new Intl.DateTimeFormat(wanted).resolvedOptions().locale).maximize();
  if (known.region === region) return wanted;
  if (spoken !== "en") return spoken;
  const habits = new Intl.Locale(`und-${region}`);
  const [cycle] = habits.getHourCycles?.() ?? habits.hourCycles ?? [];
  return `en-${cycle === "h23" || cycle === "h24" ? "150" : "001"}`;
}

const made = new Map();

function formatter(options) {
  const key = `${locale()} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(locale(), options));
  return made.get(key);
}

/** The first of a month, before its name. Browsers do not know that French counts it: "1er décembre". */
const FIRST = /\b1(?= \p{L}{3})/u;

function write(instant, zone, options) {
  const written = formatter({ timeZone: zone, ...options }).format(new Date(instant));
  return locale().startsWith("fr") ? written.replace(FIRST, "1er") : written;
}

const DAY = { weekday: "long", day: "numeric", month: "long" };
const SHORT_DAY = { weekday: "short", day: "numeric", month: "short" };
const TIME = { hour: "numeric", minute: "2-digit" };

/** "Thursday, December 3", with the year where it is not this one. */
export function day(instant, zone = leading()) {
  const year = write(instant, zone, { year: "numeric" }) === write(Date.now(), zone, { year: "numeric" });
  return write(instant, zone, year ? DAY : { ...DAY, year: "numeric" });
}

/** "Tomorrow" for a day that is near; null for another. */
export function nearDay(instant, zone = leading()) {
  const days = Math.round((Date.parse(isoDate(instant, zone)) - Date.parse(isoDate(now(), zone))) / 86_400_000);
  if (days < -1 || days > 1) return null;
  const text = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(days, "day");
  return text.charAt(0).toLocaleUpperCase(locale()) + text.slice(1);
}

/** The parts of a date tile: "Dec", "3", "Thu". */
export function tileParts(instant, zone = leading()) {
  return { month: write(instant, zone, { month: "short" }), day: String(Number(isoDate(instant, zone).slice(8))), weekday: write(instant, zone, { weekday: "short" }) };
}

/** The day of a calendar date, and its short weekday. */
export const weekdayOf = (date) => write(`${date}T12:00:00Z`, "UTC", { weekday: "short" });
export const shortDate = (date) => write(`${date}T12:00:00Z`, "UTC", { day: "numeric", month: "short" });

/** "10:00 AM"; where clocks show that time twice, "1:30 AM EDT". */
export const time = (instant, zone = leading()) => clear(write(instant, zone, TIME), instant, zone);

/** The time as it stands in a sentence: "10:00 AM", "10:00 Uhr". The zone comes after that word. */
export const timeInWords = (instant, zone = leading()) => clear(t.atTime(write(instant, zone, TIME)), instant, zone);

/** "Thursday, December 3, 10:00 AM", with the year where it is not this one. */
export const dayAndTime = (instant, zone = leading()) => t.dayAndTime(day(instant, zone), timeInWords(instant, zone));

/** "Thu, Dec 3, 10:00 AM" */
export const short = (instant, zone = leading()) => clear(write(instant, zone, { ...SHORT_DAY, ...TIME }), instant, zone);

/**
 * An instant that is not a session's own time, such as a deadline: on the person's own clock, as in the
 * mails. Where another clock leads in the view, with the zone: "Wed, Dec 2, 7:00 AM PST".
 */
export function onOwnClock(instant, style = short) {
  const text = style(instant, ZONE);
  return differs([instant], ZONE) && !occursTwice(instant, ZONE) ? `${text} ${zoneName(instant, ZONE, "short")}` : text;
}

/** Add the zone's short name to a time that clocks show twice, because they go back. */
const clear = (text, instant, zone) => (occursTwice(instant, zone) ? `${text} ${zoneName(instant, zone, "short")}` : text);

/** "10:00 AM to 10:50 AM" as in the mails; over midnight with the day, over a change of clocks with the zones. */
export function span(start, end, zone = leading()) {
  const style = isoDate(start, zone) === isoDate(end, zone) ? TIME : { ...SHORT_DAY, ...TIME };
  const last = t.atTime(write(end, zone, style));
  if (offset(start, zone) !== offset(end, zone)) {
    return t.span(`${t.atTime(write(start, zone, TIME))} ${zoneName(start, zone, "short")}`, `${last} ${zoneName(end, zone, "short")}`);
  }
  return t.span(occursTwice(start, zone) ? timeInWords(start, zone) : time(start, zone), clear(last, end, zone));
}

/** "Eastern Standard Time" */
export function zoneName(instant, zone = leading(), style = "long") {
  const parts = formatter({ timeZone: zone, ...TIME, timeZoneName: style }).formatToParts(new Date(instant));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/** The zone's name at each of these instants, in order: one name, or several where clocks change in between. */
export function zoneNames(instants, zone = leading()) {
  return t.zones([...new Set(instants.map((instant) => zoneName(instant, zone)))]);
}

/** "2026-12-03" in a zone. */
export function isoDate(instant, zone = leading()) {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, calendar: "gregory", numberingSystem: "latn", year: "numeric", month: "2-digit", day: "2-digit" })
    .formatToParts(new Date(instant));
  const part = (type) => parts.find((found) => found.type === type).value;
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** The hour of the day, for "morning" and "afternoon". */
export function hour(instant, zone = leading()) {
  return Number(new Intl.DateTimeFormat("en-US", { timeZone: zone, hour: "numeric", hourCycle: "h23" }).format(new Date(instant)));
}

/** A calendar date without a zone ("2026-12-03") in words. */
export const dateInWords = (date) => write(`${date}T12:00:00Z`, "UTC", DAY);
export const monthInWords = (date) => write(`${date}T12:00:00Z`, "UTC", { month: "long", year: "numeric" });

/** A time of day without a date ("09:00") in words. */
export const clockTime = (text) => write(`2024-01-01T${text}:00Z`, "UTC", TIME);

/** "Mondays and Wednesdays"; with `disjunction`, "video or phone". */
export const list = (names, type = "conjunction") => new Intl.ListFormat(locale(), { type }).format(names);

/** "$45.00". The decimals come with the amount: browsers have other ones for some currencies. */
export function money({ amount_minor: minor, currency, decimals }) {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat(locale(), { style: "currency", currency, ...digits }).format(minor / 10 ** decimals);
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

/** The day that weeks begin with in the person's region: 1 is Monday, 7 is Sunday. */
export function firstDayOfWeek() {
  const habits = new Intl.Locale(`und-${VIEWER.region}`);
  return (habits.getWeekInfo?.() ?? habits.weekInfo)?.firstDay ?? 1;
}
