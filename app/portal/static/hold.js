/** A time is reserved while a person looks at its confirmation, and free again when they go back. */

import { now } from "./clock.js";
import { h } from "./dom.js";
import { onOwnClock, time } from "./format.js";
import { t } from "./strings.js";

/** Reserve again so long before the end, in milliseconds. */
const EARLY = 30_000;

/** Say until when the wish is reserved. A move needs no reservation, so a failure says nothing. */
export function reservation(app, id, wish, quote) {
  const { visit } = app;
  const node = h("p", { class: "quiet small reserved", "aria-live": "polite" });
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
    node.textContent = until ? t.confirm.reserved(onOwnClock(until, time)) : "";
    if (!until) return;
    const left = Date.parse(until) - now();
    if (until === before) app.after(left, () => { node.textContent = ""; });
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
  return { node, mounted };
}
