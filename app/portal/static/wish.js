/** "Rather sooner?": wait for an earlier time of a session. Nothing is asked until a person opens it. */

import { Intention } from "./api.js";
import { button, h } from "./dom.js";
import { dayAndTime, onOwnClock } from "./format.js";
import { sender } from "./send.js";
import { t } from "./strings.js";
import { wishFields } from "./wish-fields.js";
import { wishWords } from "./wish-words.js";

export function wishPart(app, session) {
  const place = h("div", {});
  const { visit } = app;
  const show = async () => {
    const [wish, zone] = await Promise.all([visit.api.wish(session.id), zoneOf(visit)]);
    place.replaceChildren(...shown(app, session, wish, zone, changed));
  };
  /** Show how it stands after a change; the button that was pressed is gone, so the focus goes there. */
  const changed = async () => {
    await show();
    place.querySelector("p").focus();
  };
  const load = sender(app, session.id, place, show);
  const ontoggle = (event) => event.target.open && !place.hasChildNodes() && load();
  return h("details", { id: "wish", ontoggle }, h("summary", {}, t.wish.title), place);
}

/** The client's zone, in which days and times of day are meant. */
async function zoneOf(visit) {
  return (visit.who.client ?? (await visit.api.me()).client).time_zone;
}

/** How it stands, which times suit, and what to do about it. */
function shown(app, session, wish, zone, changed) {
  const isActive = wish !== null && ["waiting", "offered"].includes(wish.state);
  const isPaused = isActive && wish.paused;
  const words = isActive ? wishWords(session, wish, zone) : null;
  return [
    h("p", { tabindex: "-1" }, stateText(wish, isActive)),
    words ? h("p", {}, t.wish.suits(words)) : null,
    form(app, session, { wish: isActive ? wish : null, zone, isPaused }, changed),
    isActive ? stop(app, session, changed) : null,
  ].filter(Boolean);
}

function stateText(wish, isActive) {
  if (!isActive) return t.wish.how;
  if (wish.paused) return t.wish.paused;
  return wish.offer ? t.wish.offered(dayAndTime(wish.offer.start), onOwnClock(wish.offer.answer_by, dayAndTime)) : t.wish.waiting;
}

/** The fields are folded away: to wait for any earlier time is one press. */
function form(app, session, { wish, zone, isPaused }, changed) {
  const { id } = session;
  const { api } = app.visit;
  const intention = new Intention();
  const fields = wishFields(session, wish, zone);
  const message = h("div", {});
  const send = sender(app, id, message, async () => {
    fields.clear();
    const body = fields.read();
    try {
      await api.putWish(id, body, intention.keyFor(body));
    } catch (error) {
      if (error.code !== "validation-failed" || !fields.mark(error.body.errors ?? [])) throw error;
      return;
    }
    await changed();
  });
  const isWaiting = wish !== null && !isPaused;
  const label = isPaused ? t.wish.resume : isWaiting ? t.wish.fields.save : t.wish.begin;
  const submit = button(label, null, { type: "submit", class: "secondary", id: "wish-begin" });
  const title = wish === null ? t.wish.fields.title : t.wish.fields.change;
  const fold = h("details", { class: "fold" }, h("summary", { id: "wish-fields" }, title), fields.node, isWaiting ? [message, submit] : null);
  return h("form", { onsubmit: (event) => { event.preventDefault(); send(event); }, novalidate: true }, fold, isWaiting ? null : [message, submit]);
}

function stop(app, { id }, changed) {
  const intention = new Intention();
  const message = h("div", {});
  const send = sender(app, id, message, async () => {
    await app.visit.api.endWish(id, intention.keyFor({}));
    await changed();
  });
  return h("div", {}, message, button(t.wish.stop, send, { class: "plain", id: "wish-stop" }));
}
