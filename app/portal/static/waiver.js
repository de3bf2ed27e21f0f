/** Ask the practice to waive a fee: with the change that costs it, or in the days after it. */

import { Intention } from "./api.js";
import { now } from "./clock.js";
import { button, h } from "./dom.js";
import { dayAndTime, money, onOwnClock } from "./format.js";
import { sender } from "./send.js";
import { t } from "./strings.js";
import { wordsField } from "./words.js";

/** A question holds a fee up only if nothing could be collected before it. */
function wordsFor(waits) {
  const hint = waits ? `${t.waiver.hint} ${t.waiver.waits}` : t.waiver.hint;
  return wordsField(t.waiver.words, { hint, missing: t.waiver.missing });
}

/** The part of a command's form. `read` gives what is sent; `false`: the words are missing. */
export function askWithCommand() {
  const words = wordsFor(true);
  const box = h("input", { type: "checkbox", id: "ask-waiver", onchange: () => show() });
  const more = h("div", { hidden: true }, words.node);
  const show = () => {
    more.hidden = !box.checked;
    words.complain(null);
  };
  const node = h("div", { class: "reason" }, h("label", { class: "option", for: "ask-waiver" }, box, h("span", {}, t.waiver.ask)), more);
  return {
    node,
    /** Show it only where there is a fee to ask about. */
    offer(hasFee) {
      node.hidden = !hasFee;
    },
    read() {
      if (node.hidden || !box.checked) return null;
      const note = words.read();
      return note === null ? false : { note };
    },
  };
}

/** How the question about a fee stands; null where nobody asks. */
export function waiverState({ waiver }) {
  if (waiver === null) return null;
  const text = t.waiver.states[waiver.state];
  return text ? h("p", { class: "waiver", "data-waiver": waiver.state }, text(onOwnClock(waiver.answer_by, dayAndTime))) : null;
}

/** Ask about a fee that is due already. `reload` shows it as it is then. */
export function askPart(app, fee, reload) {
  if (fee.ask_waiver_until === null) return null;
  const { visit } = app;
  const intention = new Intention();
  const place = h("div", {});
  const words = wordsFor(fee.collect_after !== null && Date.parse(fee.collect_after) > now());
  const send = sender(app, fee.session?.id ?? null, place, async () => {
    const note = words.read();
    if (note === null) return;
    const body = { note };
    await visit.api.askWaiver(fee.id, body, intention.keyFor(body));
    await reload();
  }, { session: reload });
  return h(
    "details",
    { class: "ask-waiver" },
    h("summary", {}, t.waiver.ask),
    h("p", { class: "quiet small" }, t.waiver.until(onOwnClock(fee.ask_waiver_until, dayAndTime))),
    words.node,
    button(t.waiver.send, send, { class: "secondary", "aria-label": t.waiver.sendFor(money(fee.amount)) }),
    place,
  );
}
