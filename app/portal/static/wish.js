/** "Rather sooner?": wait for an earlier time of a session. Nothing is asked until a person opens it. */

import { Intention } from "./api.js";
import { note } from "./app.js";
import { button, h } from "./dom.js";
import { dayAndTime } from "./format.js";
import { showProblem } from "./problems.js";
import { t } from "./strings.js";

export function wishPart(app, { id }) {
  const place = h("div", { "aria-live": "polite" });
  const intentions = { put: new Intention(), delete: new Intention() };
  let isBusy = false;
  const run = async (work) => {
    if (isBusy) return;
    isBusy = true;
    try {
      place.replaceChildren(...shown((await work()) ?? null, change));
    } catch (error) {
      note(error);
      place.replaceChildren(showProblem(error, app.ways(id, { retry: () => run(work) })));
    } finally {
      isBusy = false;
    }
  };
  const api = () => app.visit.api;
  const change = (name) => run(async () => {
    await api().changeWish(name, id, intentions[name].keyFor({}));
    intentions[name].forget();
    return api().wish(id);
  });
  const load = (event) => {
    if (event.target.open && !place.hasChildNodes()) run(() => api().wish(id));
  };
  return h("details", { id: "wish", ontoggle: load }, h("summary", {}, t.wish.title), place);
}

/** How it stands, and the one thing to do about it. */
function shown(wish, change) {
  const isWaiting = wish !== null && ["waiting", "offered"].includes(wish.state);
  const stop = button(t.wish.stop, () => change("delete"), { class: "secondary", id: "wish-stop" });
  const begin = button(wish?.paused ? t.wish.resume : t.wish.begin, () => change("put"), { class: "secondary", id: "wish-begin" });
  if (!isWaiting) return [h("p", {}, t.wish.how), begin];
  if (wish.paused) return [h("p", {}, t.wish.paused), begin, stop];
  const text = wish.offer ? t.wish.offered(dayAndTime(wish.offer.start), dayAndTime(wish.offer.answer_by)) : t.wish.waiting;
  return [h("p", {}, text), stop];
}
