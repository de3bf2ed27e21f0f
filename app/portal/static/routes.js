/**
 * The address of each view, behind the `#`: it never reaches a server or a log. An address holds names,
 * ids and times, never a token. Addresses begin with `/`, which no token does.
 */

const LISTS = { upcoming: { view: "sessions", when: "upcoming" }, past: { view: "sessions", when: "past" }, packages: { view: "packages" }, fees: { view: "fees" }, "sign-out": { view: "everywhere" } };
const STEPS = new Set(["reschedule", "confirm", "cancel", "absence", "done"]);
const NAMED = ["kind", "location", "start", "end", "group", "left", "free"];

/** Whether a fragment is the address of a view. */
export const isAddress = (fragment) => fragment.startsWith("/");

/** The address of an entry of the browser's history. */
export function addressOf(entry) {
  const { view, id, when } = entry;
  const list = Object.keys(LISTS).find((name) => LISTS[name].view === view && LISTS[name].when === when);
  if (list) return `#/${list}`;
  if (!id) return location.pathname + location.search;
  const path = `#/sessions/${encodeURIComponent(id)}`;
  if (!STEPS.has(view)) return path;
  const named = NAMED.filter((name) => entry[name] !== undefined && entry[name] !== null).map((name) => [name, String(entry[name])]);
  return `${path}/${view}${named.length > 0 ? `?${new URLSearchParams(named)}` : ""}`;
}

/** The entry of an address, or null where it is none of ours. */
export function entryOf(fragment) {
  const [path, query = ""] = fragment.split("?");
  const [, first, id, step] = path.split("/");
  if (first in LISTS) return { ...LISTS[first] };
  if (first !== "sessions" || !id) return null;
  const entry = { view: STEPS.has(step) ? step : "details", id: decodeURIComponent(id) };
  for (const [name, value] of new URLSearchParams(query)) if (NAMED.includes(name)) entry[name] = value;
  if ("left" in entry) entry.left = Number(entry.left);
  if ("free" in entry) entry.free = entry.free === "true";
  if (entry.view === "confirm") entry.location ??= null;
  return entry.view === "confirm" && !(entry.start && entry.kind) ? { view: "reschedule", id: entry.id } : entry;
}
