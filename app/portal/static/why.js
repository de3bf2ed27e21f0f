/** Why the first view shows, and for which views nobody needs to be known. */

import { CLIENT } from "./visit.js";

/** Views for which nobody needs to be known. */
export const OPEN = new Set(["start", "signIn", "offer", "waiver"]);
/** Why the first view shows, where that is of interest to a client who is signed in, too. */
export const ABOUT_LINKS = new Set(["forgotten", "expired"]);

/** Why a person has to identify themselves again, by the entry that they asked for. */
export function whyForgotten(entry) {
  if (!entry || entry.view === "start") return null;
  if (entry.view === "signIn") return "unopened";
  return entry.by === CLIENT ? "away" : "forgotten";
}
