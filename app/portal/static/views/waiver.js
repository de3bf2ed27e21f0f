/** Behind a practitioner's mail: what a client asks about a fee, and two buttons. Nothing is sent without a press. */

import { Intention } from "../api.js";
import { button, facts, h } from "../dom.js";
import { dayAndTime, money } from "../format.js";
import { heading, refreshAfter, stateNow } from "../parts.js";
import { note, showProblem } from "../problems.js";
import { showBusy } from "../send.js";
import { t } from "../strings.js";
import { wordsField } from "../words.js";
import { start } from "./start.js";

export function waiver(app) {
  if (app.waiver === null) return start(app, { view: "start", why: "forgotten" });
  const { shown } = app.waiver;
  const state = stateNow(shown, "asked", "lapsed");
  const isOpen = state === "asked";
  const title = t.waiver.titles[state] ?? t.waiver.titles.void;
  const node = h("div", { class: "card" }, heading(title), isOpen ? h("p", {}, t.waiver.asks(money(shown.amount))) : null, what({ ...shown, state, note: isOpen ? shown.note : null }), isOpen ? decide(app) : h("p", {}, t.waiver.ended[state] ?? t.waiver.ended.void));
  return { title, node, mounted: () => isOpen && refreshAfter(app, shown.answer_by) };
}

function what({ client, session, cause, note: words, answer_by: until, state, amount }) {
  const { service, practitioner, starts_at: start } = session;
  return facts(
    [t.waiver.who, client.name],
    words ? [t.waiver.says, h("span", { class: "written" }, words)] : null,
    [t.waiver.fee, `${money(amount)}, ${t.fees.cause[cause] ?? t.fees.cause.other}`],
    [t.waiver.session, `${service.name} ${t.session.with(practitioner.name)}, ${dayAndTime(start)}`],
    state === "asked" ? [t.waiver.answerBy, dayAndTime(until)] : null,
  );
}

/** The two answers, equally easy to hit, and words that go along. */
function decide(app) {
  const place = h("div", {});
  const words = wordsField(t.waiver.message, { hint: t.waiver.messageHint });
  const intentions = { grant: new Intention(), uphold: new Intention() };
  let isSending = false;
  const send = async (verb, pressed) => {
    if (isSending) return;
    isSending = true;
    place.replaceChildren();
    showBusy(app, pressed, true);
    const message = words.read();
    const body = message === null ? {} : { message };
    try {
      await app.answerWaiver(verb, body, intentions[verb].keyFor(body));
    } catch (error) {
      note(error);
      isSending = false;
      showBusy(app, pressed, false);
      const problem = showProblem(error, { retry: () => send(verb, pressed), session: () => app.openWaiver(app.waiver.token) });
      place.replaceChildren(problem);
      problem.focus();
    }
  };
  return [
    words.node,
    place,
    h(
      "div",
      { class: "buttons" },
      button(t.waiver.grant, (event) => send("grant", event.currentTarget), { class: "primary", id: "grant" }),
      button(t.waiver.uphold, (event) => send("uphold", event.currentTarget), { class: "secondary", id: "uphold" }),
    ),
    h("p", { class: "quiet small" }, t.waiver.noAnswer),
  ];
}
