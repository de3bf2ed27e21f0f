/** A button's work is sent once at a time; what goes wrong with it is shown below. */

import { note } from "./app.js";
import { showProblem } from "./problems.js";

/** Make the function for the button. `ways` are the ways on from a problem, beside trying again. */
export function sender(app, id, place, work, ways = {}) {
  let isSending = false;
  const send = async () => {
    if (isSending) return;
    isSending = true;
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
    }
  };
  return send;
}
