/** Times and money as the person reads them: in the browser's zone, in English as their region writes it. */

import { LANGUAGE, t } from "./strings.js";
import { occursTwice, offset, ZONE } from "./zones.js";

/** The page is in English, and dates and money are written as the person's region writes them in English. */
const VIEWER = readTag((navigator.languages ?? [])[0] ?? navigator.language);
export const LOCALE = localeFor(VIEWER);

/** Read a language tag; where the region is left out, it is the one where most readers of the language live. */
function readTag(tag) {
  try {
    const { language, region = "001" } = new Intl.Locale(tag).maximize();
    return { tag, language, region };
  } catch {
    return { tag: LANGUAGE, language: LANGUAGE, region: "001" };
  }
}

/**
 * English of a region. Browsers do not know it for all of them, and would take American English: then
 * it is Europe's where hours are counted to 24, else the world's. The mails do the same.
 */
function localeFor({ tag, language, region }) {
  const wanted = language === LANGUAGE ? tag : `${LANGUAGE}-${region}`;
  const known = new Intl.Locale(new Intl.DateTimeFormat(wanted).resolvedOptions().locale).maximize();
  if (known.region === region) return wanted;
  const habits = new Intl.Locale(`und-${region}`);
  const [cycle] = habits.getHourCycles?.() ?? habits.hourCycles ?? [];
  return `${LANGUAGE}-${cycle === "h23" || cycle === "h24" ? "150" : "001"}`;
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

/** "10:00 AM"; where clocks show that time twice, "1:30 AM EDT". */
export const time = (instant, zone = ZONE) => clear(write(instant, zone, TIME), instant, zone);

/** "Thursday, December 3, 10:00 AM", with the year where it is not this one. */
export const dayAndTime = (instant, zone = ZONE) => t.dayAndTime(day(instant, zone), time(instant, zone));

/** "Thu, Dec 3, 10:00 AM" */
export const short = (instant, zone = ZONE) => clear(write(instant, zone, { ...SHORT_DAY, ...TIME }), instant, zone);

/** Add the zone's short name to a time that clocks show twice, because they go back. */
const clear = (text, instant, zone) => (occursTwice(instant, zone) ? `${text} ${zoneName(instant, zone, "short")}` : text);

/** "10:00 AM to 10:50 AM" as in the mails; over midnight with the day, over a change of clocks with the zones. */
export function span(start, end, zone = ZONE) {
  const style = isoDate(start, zone) === isoDate(end, zone) ? TIME : { ...SHORT_DAY, ...TIME };
  if (offset(start, zone) === offset(end, zone)) return t.span(time(start, zone), clear(write(end, zone, style), end, zone));
  return t.span(`${write(start, zone, TIME)} ${zoneName(start, zone, "short")}`, `${write(end, zone, style)} ${zoneName(end, zone, "short")}`);
}

/** "Eastern Standard Time" */
export function zoneName(instant, zone = ZONE, style = "long") {
  const parts = formatter({ timeZone: zone, ...TIME, timeZoneName: style }).formatToParts(new Date(instant));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/** The zone's name at each of these instants, in order: one name, or several where clocks change in between. */
export function zoneNames(instants, zone = ZONE) {
  return t.zones([...new Set(instants.map((instant) => zoneName(instant, zone)))]);
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

/** A time of day without a date ("09:00") in words. */
export const clockTime = (text) => write(`2024-01-01T${text}:00Z`, "UTC", TIME);

/** "Mondays and Wednesdays"; with `disjunction`, "video or phone". */
export const list = (names, type = "conjunction") => new Intl.ListFormat(LOCALE, { type }).format(names);

/** "$45.00". The decimals come with the amount: browsers have other ones for some currencies. */
export function money({ amount_minor: minor, currency, decimals }) {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat(LOCALE, { style: "currency", currency, ...digits }).format(minor / 10 ** decimals);
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
