/** What clocks show in a time zone. */

/** The person's zone. */
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

let led = ZONE;

/** The zone in which the present view shows times: the person's, or the place's of a session in person. */
export const leading = () => led;

/** Let another zone lead from now on; null: the person's. */
export function lead(zone) {
  led = zone ?? ZONE;
}

const HOURS = 3_600_000;
const clocks = new Map();

function clock(zone) {
  if (!clocks.has(zone)) {
    const numbers = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
    clocks.set(zone, new Intl.DateTimeFormat("en-US", { timeZone: zone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23", ...numbers }));
  }
  return clocks.get(zone);
}

/** By how many milliseconds clocks are ahead of UTC. */
export function offset(instant, zone) {
  const at = Math.floor(new Date(instant).getTime() / 1000) * 1000;
  const shown = Object.fromEntries(clock(zone).formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second) - at;
}

/** The instant at which clocks in a zone show a date and a time ("2026-12-03", "23:59"). */
export function instantOf(date, time, zone) {
  const shown = Date.parse(`${date}T${time}:00Z`);
  const near = shown - offset(shown, zone);
  return new Date(shown - offset(near, zone));
}

/** Whether clocks show the time of this instant twice, because they go back. */
export function occursTwice(instant, zone) {
  const at = new Date(instant).getTime();
  const [before, own, after] = [at - 3 * HOURS, at, at + 3 * HOURS].map((one) => offset(one, zone));
  const back = before - after;
  if (back <= 0) return false;
  return own === before ? offset(at + back, zone) === after : offset(at - back, zone) === before;
}

/** Whether clocks in two zones show another time at one of these instants. */
export function differs(instants, zone, other = leading()) {
  return instants.some((instant) => offset(instant, zone) !== offset(instant, other));
}
