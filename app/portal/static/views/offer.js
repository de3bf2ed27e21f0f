/** Behind a mail's link to an offer: a freed time, and a yes or a no. Nothing is sent without a press. */

import { afterText, costsAtOnce } from "../after.js";
import { Intention } from "../api.js";
import { now } from "../clock.js";
import { button, facts, h } from "../dom.js";
import { day, dayAndTime, money, onOwnClock, span, zoneNames } from "../format.js";
import { choiceName, heading, refreshAfter, runClocks, stateNow } from "../parts.js";
import { lead } from "../zones.js";
import { note, showProblem } from "../problems.js";
import { showBusy } from "../send.js";
import { t } from "../strings.js";
import { start } from "./start.js";

/** The answers to a press that comes too late. What has become of the offer says it better. */
const OVER = new Set(["offer-expired", "offer-gone"]);

export function offer(app) {
  if (app.offer === null) return start(app, { view: "start", why: "forgotten" });
  const { shown } = app.offer;
  lead(shown.format === "in_person" ? (shown.location?.time_zone ?? null) : null);
  const state = stateNow(shown, "open", "expired");
  const isOpen = state === "open";
  const title = t.offer.titles[state] ?? t.offer.titles.expired;
  const node = h("div", { class: "card" }, heading(title), isOpen ? null : ended({ ...shown, state }), time(shown, isOpen), what(shown, isOpen), isOpen ? asked(app) : null);
  const mounted = () => {
    runClocks(app, node);
    if (isOpen) refreshAfter(app, shown.answer_by);
  };
  return { title, node, mounted };
}

/** What a yes does, until when, and the two buttons. */
function asked(app) {
  const { shown } = app.offer;
  const message = h("div", {});
  const intentions = { accept: new Intention(), decline: new Intention() };
  let isSending = false;
  const send = async (answer, pressed) => {
    if (isSending) return;
    isSending = true;
    message.replaceChildren();
    showBusy(app, pressed, true);
    try {
      await app.answerOffer(answer, intentions[answer].keyFor({}));
    } catch (error) {
      note(error);
      if (OVER.has(error.code)) {
        await app.openOffer(app.offer.token);
        return;
      }
      isSending = false;
      showBusy(app, pressed, false);
      const problem = showProblem(error, { retry: () => send(answer, pressed) });
      message.replaceChildren(problem);
      problem.focus();
    }
  };
  const isMove = shown.session_id !== null;
  const left = Date.parse(shown.answer_by) - now();
  const after = afterText(shown.cancel_after, shown.start);
  return [
    h("p", {}, isMove ? t.offer.move : t.offer.book, " ", cost(shown)),
    after === null ? null : h("p", { class: costsAtOnce(shown.cancel_after) ? null : "cost", id: "after" }, after),
    h(
      "p",
      { class: "cost" },
      `${(shown.held ? t.offer.held : t.offer.notHeld)(onOwnClock(shown.answer_by, dayAndTime))} `,
      left <= 3_600_000 ? h("span", { class: "countdown", role: "timer", "data-until": shown.answer_by, "data-words": "left" }) : null,
    ),
    message,
    h(
      "div",
      { class: "buttons" },
      button(isMove ? t.offer.accept : t.offer.acceptNew, (event) => send("accept", event.currentTarget), { class: "primary", id: "accept" }),
      button(isMove ? t.offer.decline : t.offer.declineNew, (event) => send("decline", event.currentTarget), { class: "secondary", id: "decline" }),
    ),
  ];
}

const ended = ({ state, session_id: id }) => h("p", {}, t.offer.ended[state]?.(id !== null) ?? t.offer.ended.expired(id !== null));

function cost({ session_id: id, price, package: paid }) {
  if (id !== null) return t.offer.free;
  if (paid) return t.offer.credit(paid.name);
  return price && price.amount_minor > 0 ? t.offer.price(money(price)) : "";
}

/** The time first: it is what a person decides about. */
function time({ start: from, end, state, session_id: id }, isOpen) {
  const isTheirs = isOpen || state === "accepted";
  const label = id === null ? t.offer.when : t.offer.newTime;
  return h(
    "div",
    { class: isTheirs ? null : "old" },
    h("p", { class: "quiet small" }, isTheirs ? label : t.offer.offered),
    h(
      "div",
      { class: "when" },
      h("p", { class: "day" }, day(from)),
      h("p", { class: "time" }, span(from, end), " ", h("span", { class: "quiet zone" }, zoneNames([from, end]))),
    ),
  );
}

function what({ old_start: old, service, practitioner, format: kind, location }, isOpen) {
  return facts(
    isOpen && old ? [t.offer.oldTime, dayAndTime(old)] : null,
    [t.offer.service, `${service.name} ${t.session.with(practitioner.name)}`],
    [t.session.how, choiceName({ kind, location })],
    location ? [t.session.where, h("span", { class: "written" }, location.address)] : null,
  );
}
