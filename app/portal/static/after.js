/** What cancelling costs once a person has another time: shown before they say yes to it. */

import { now } from "./clock.js";
import { dayAndTime, money, onOwnClock } from "./format.js";
import { t } from "./strings.js";

/** The sentence for an answer's `cancel_after`; null: nothing is to be said. */
export function afterText(after, start) {
  if (after === null) return null;
  if (!after.allowed) return t.after.closed;
  if (after.uses_allowance) return t.after.uses;
  if (after.fee) return t.after.fee(money(after.fee));
  if (after.credit === "forfeited") return t.after.forfeited;
  const until = after.free_until === null ? null : Date.parse(after.free_until);
  if (until === null || until < now()) return null;
  return until === Date.parse(start) ? t.after.freeUntilStart : t.after.freeUntil(onOwnClock(after.free_until, dayAndTime));
}

/** Whether cancelling the time costs something, or is not possible, from its beginning. */
export const costsAtOnce = ({ allowed, uses_allowance: uses, fee, credit }) => !allowed || uses || fee !== null || credit === "forfeited";
