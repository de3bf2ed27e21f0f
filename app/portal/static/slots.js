/** Times to choose from: a time for a single session, another group for a seat. */

import { h } from "./dom.js";
import { day, isoDate, money, span } from "./format.js";
import { t } from "./strings.js";
import { offset } from "./zones.js";

/** The entry of the view that confirms a slot. `kind` is the format. */
export function confirmEntry({ id, version }, kind, slot) {
  const { start, end, location_id: location, group_id: group = null, seats_left: left = null } = slot;
  return { view: "confirm", id, version, kind, location, start, end, ...(group ? { group, left } : {}) };
}

/** A slot on a button, with its day. */
export function slotName(slot) {
  return [`${day(slot.start)}, `, h("span", { class: "whole" }, span(slot.start, slot.end)), seatsLeft(slot), feeOf(slot)];
}

/** The fee of moving to a slot; null where it has none, or the fee does not depend on the slot. */
export function feeOf({ fee = null }) {
  return fee === null ? null : h("span", { class: "seats" }, ` ${t.cost.ofSlot(money(fee))}`);
}

/** How many places of a group are left; null where the slot is not a group. */
export function seatsLeft({ seats_left: left = null }) {
  return left === null ? null : h("span", { class: "seats" }, ` ${t.group.left(left)}`);
}

const DAY = 86_400_000;
const MINUTE = 60_000;

/** The slot that is most like a session: the same weekday and time of day count for much, then nearness. */
export function mostAlike(slots, start, zone) {
  const at = Date.parse(start);
  const local = (instant) => Date.parse(instant) + offset(instant, zone);
  const minutes = (instant) => (local(instant) % DAY) / MINUTE;
  const weekday = (instant) => new Date(local(instant)).getUTCDay();
  const strangeness = (slot) => {
    const apart = Math.abs(minutes(slot.start) - minutes(start));
    const days = Math.abs(Date.parse(isoDate(slot.start, zone)) - Date.parse(isoDate(at, zone))) / DAY;
    return apart + (weekday(slot.start) === weekday(start) ? 0 : 60) + days * 6;
  };
  return slots.reduce((best, slot) => (best === null || strangeness(slot) < strangeness(best) ? slot : best), null);
}
