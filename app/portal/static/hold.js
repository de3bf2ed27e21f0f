/** A time is reserved while a person looks at its confirmation, and free again when they go back. */

import { afterText, costsAtOnce } from "./after.js";
import { now } from "./clock.js";
import { h } from "./dom.js";
import { onOwnClock, timeInWords } from "./format.js";
import { t } from "./strings.js";

/** Reserve again so long before the end, in milliseconds. */
const EARLY = 30_000;

/**
 * Say until when the wish is reserved, and if cancelling costs something from the move on. A move needs no
 * reservation, so a failure says nothing.
 */
export function reservation(app, id, wish, quote) {
  const { visit } = app;
  const reserved = h("p", { class: "quiet small reserved", "aria-live": "polite" });
  const after = h("p", { class: "after", id: "after", "aria-live": "polite" });
  let isOver = false;

  // One after the other: a release that is under way must not end the next reservation.
  const inOrder = (call) => {
    visit.reserving = (visit.reserving ?? Promise.resolve()).then(call).catch(() => null);
    return visit.reserving;
  };
  const reserve = async (before = null) => {
    const held = await inOrder(() => (isOver ? null : visit.api.reserve(id, { ...wish, quote })));
    if (isOver) return;
    const until = held?.expires_at ?? null;
    reserved.textContent = until ? t.confirm.reserved(onOwnClock(until, timeInWords)) : "";
    if (!until) return;
    after.textContent = costsAtOnce(held.cancel_after) ? afterText(held.cancel_after, held.start) : "";
    const left = Date.parse(until) - now();
    if (until === before) app.after(left, () => { reserved.textContent = ""; });
    else app.after(left - EARLY, () => reserve(until));
  };
  const mounted = () => {
    reserve();
    app.onLeave(() => {
      isOver = true;
      // A move uses the reservation up, and the next time replaces it.
      if (!["confirm", "done"].includes(history.state?.view)) inOrder(() => visit.api.release(id));
    });
  };
  return { reserved, after, mounted };
}
