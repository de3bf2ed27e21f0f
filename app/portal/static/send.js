/** A button's work is sent once at a time; what goes wrong with it is shown below. */

import { note, showProblem } from "./problems.js";
import { t } from "./strings.js";

/** Show on a button, and tell a screen reader, that its work is under way; or that it is over. */
export function showBusy(app, pressed, isBusy) {
  pressed?.toggleAttribute("data-busy", isBusy);
  app.announce(isBusy ? t.working : "");
}

/**
 * Make the function for the button, which takes the event of the press. `ways` are the ways on from a
 * problem, beside trying again.
 */
export function sender(app, id, place, work, ways = {}) {
  let isSending = false;
  let pressed = null;
  const send = async (event = {}) => {
    if (isSending) return;
    isSending = true;
    const control = event.submitter ?? event.currentTarget;
    if (!place.contains(control ?? null)) pressed = control; // Else it is "Try again", which goes now.
    showBusy(app, pressed, true);
    place.replaceChildren();
    try {
      await work();
    } catch (error) {
      note(error);
      const shown = showProblem(error, app.ways(id, { retry: send, ...ways }));
      place.replaceChildren(shown);
      shown.focus();
    } finally {
      isSending = false;
      showBusy(app, pressed, false);
    }
  };
  return send;
}
