/**
 * The last step of every command: what it costs, why, and the button. It sends once however often
 * the button is pressed, and meets every refusal with a way on.
 */

import { payInstead, paying } from "./allowance.js";
import { Intention, NetworkLost, Problem } from "./api.js";
import { now } from "./clock.js";
import { button, h, linkTo } from "./dom.js";
import { money } from "./format.js";
import { costBox, forTarget } from "./parts.js";
import { ANSWERS, answerTo, note, showProblem } from "./problems.js";
import { effectOf, reasonFields, reasonOfRequest, withReason } from "./reason.js";
import { hasFollowing, ScopePart } from "./scope.js";
import { t } from "./strings.js";
import { askWithCommand } from "./waiver.js";

/**
 * Build the form.
 *
 * `action` is whose decision and quote count, `command` the call, `wish` the part of its body that
 * the person chose before. `more` are further buttons. `onLost` shows what is open instead of a slot,
 * and `onStart` goes on with another start. `isFollowing`: the following sessions were chosen before.
 * `hasCost`: what the decision says is charged, so it is shown. `policy` stands below the cost. `onChoice`
 * is told whether the person's choices leave the decision as it is.
 */
export function commandForm(app, known, { action, command, wish = {}, labels, more = [], onLost = null, onStart = null, isFollowing = false, hasCost = true, policy = null, onChoice = null }) {
  const { id } = known.session;
  const { visit } = app;
  const intention = new Intention();
  let etag = known.etag;
  let decision = known.session.actions[action];
  let isSending = false;
  /** The quote has ended, and what it costs now is not known yet: nothing is shown, and nothing sent. */
  let isStale = false;

  const cost = h("div", { "aria-live": "polite" });
  const message = h("div", {});
  const unasked = reasonOfRequest();
  const fields = reasonFields(visit.reasons, id, decision.reasons, () => showCost(), { isOptional: command === "reschedule" });
  /** Nothing is asked where the practice asked for all of the change. */
  const isAnswer = () => (several()?.preview ? several().isAnswer : decision.free_because === "move_request");
  const reason = () => (isAnswer() ? unasked : fields);
  const question = askWithCommand();
  const instead = payInstead(() => showCost());
  const submit = button("", null, { type: "submit", class: "primary" });

  const showCost = () => {
    submit.setAttribute("aria-disabled", String(isStale || isSending));
    if (isStale && hasCost) {
      cost.replaceChildren(h("p", { class: "message", id: "checking" }, t.cost.checking));
      submit.textContent = labels.submit;
      return;
    }
    const preview = several()?.preview;
    fields.node.hidden = isAnswer();
    const code = reason().choice();
    several()?.giveReason(code);
    const found = withReason(forTarget(decision, wish.start), code);
    instead.offer(several() || !hasCost ? null : found);
    const shown = instead.isChosen ? paying(found) : found;
    onChoice?.(!instead.isChosen && effectOf(decision, code) !== "none");
    cost.replaceChildren(several() ? preview ? several().costBox(code) ?? "" : "" : hasCost ? costBox(shown) : "");
    const fee = several() ? preview && several().sums(code).fee : hasCost && shown.fee;
    const price = fee && money(fee);
    const effects = preview ? { reasons: several().reasons } : shown;
    if (hasCost) fields.tell(effects);
    question.offer(Boolean(fee) && effectOf(effects, code) !== "ask");
    if (preview) submit.textContent = labels.several(preview.sessions.length, price);
    else submit.textContent = price && labels.submitFee ? labels.submitFee(price) : labels.submit;
  };
  const show = (node) => {
    message.replaceChildren(node);
    node.focus();
  };
  const setBusy = (busy) => {
    isSending = busy;
    submit.toggleAttribute("data-busy", busy);
    submit.setAttribute("aria-disabled", String(busy));
    app.announce(busy ? t.working : "");
  };

  const send = async () => {
    if (isSending || (isStale && hasCost)) return;
    if (several() && !several().isComplete()) return;
    const given = reason().read();
    if (given === null) return;
    const asked = question.read();
    if (asked === false) return;
    setBusy(true);
    message.replaceChildren();
    const state = history.state;
    const body = { ...wish, reason: given, ...(several()?.body ?? { quote: decision.quote }), ...(asked && { ask_waiver: asked }), ...(instead.isChosen && { use_allowance: false }) };
    try {
      const answer = await visit.api.command(command, id, { body, etag, key: intention.keyFor(body) });
      visit.forget((answer.sessions ?? []).map((one) => one.session_id));
      visit.keep(answer);
      visit.outcome = { ...answer, before: known.session, command };
      visit.drafts.delete(id);
      visit.reasons.delete(id);
      // If the person went back meanwhile, the change is made all the same, and they are told.
      const stayed = JSON.stringify(history.state) === JSON.stringify(state);
      app.go({ view: "done", id, version: answer.session.version, by: visit.by }, { replace: stayed });
    } catch (error) {
      note(error);
      setBusy(false);
      await refused(error);
    }
  };

  const refused = async (error) => {
    const answer = answerTo(error);
    if (answer === "start") return app.expired(visit);
    if (several() && (await severalRefused(error, answer))) return undefined;
    if (answer === "session") return app.lookAgain(id, error, visit);
    if (answer === "confirm" && error.body.decision) {
      decision = error.body.decision;
      showCost();
    }
    if (error.code === "idempotency-key-reused") intention.forget();
    if (answer === "fields") reason().mark(error.body.errors ?? []);
    show(showProblem(error, app.ways(id, { retry: send, times: onLost ? null : () => app.lookAgain(id, null, visit), home: () => app.lookAgain(id, null, visit) })));
    if (error instanceof Problem && ANSWERS[error.code] === "times" && onLost) {
      onLost(error, message);
      submit.hidden = true; // The time is gone: there is nothing left to confirm.
    }
    return undefined;
  };

  /** What concerns the dates of several sessions is shown beside them. Tell whether it does. */
  const severalRefused = async (error, answer) => {
    const { session_id: refused, deadline } = error.body ?? {};
    if (["quote-required", "quote-stale"].includes(error.code)) {
      several().take(error.body.preview);
      show(showProblem(error, {}));
    } else if (answer === "dates") {
      several().meet(error.body.conflicts ?? []);
      show(showProblem(error, {}));
    } else if (answer === "leaveOut") {
      const leaveOut = several().mayLeaveOut(refused) ? () => several().leaveOut(refused) : null;
      show(showProblem(error, { leaveOut }, several().describe(refused, deadline)));
    } else {
      return false;
    }
    return true;
  };

  /** The quote of several sessions ends: ask what they cost now, and say so where it is something else. */
  const renewSeveral = async () => {
    const costs = (preview) => JSON.stringify(preview?.sessions.map(({ session_id: one, decision: { fee, credit, carries, allowance } }) => [one, fee, credit, carries, allowance?.would_use]));
    const before = costs(several().preview);
    await several().load();
    const preview = several()?.preview;
    if (preview && costs(preview) !== before) show(h("p", { class: "message costs", role: "alert", tabindex: "-1" }, t.cost.changed));
  };

  /** A quote ends: ask for the present decision, and say so only where it costs something else. */
  const renew = async () => {
    if (isSending) return;
    if (several()) {
      await renewSeveral();
      return;
    }
    try {
      const fresh = await visit.load(id, { fresh: true });
      const next = fresh.session.actions[action];
      if (isSending) return;
      if (fresh.session.version !== known.session.version || !next.allowed) {
        await app.lookAgain(id, null, visit);
        return;
      }
      const costs = ({ fee, credit, carries, allowance }) => JSON.stringify([fee, credit, carries, allowance?.would_use]);
      const changed = costs(next) !== costs(decision);
      decision = next;
      etag = fresh.etag;
      isStale = false;
      showCost();
      if (changed) show(h("p", { class: "message costs", role: "alert", tabindex: "-1" }, t.cost.changed));
      watch();
    } catch (error) {
      if (error.code === "unauthorized") {
        app.expired(visit);
        return;
      }
      if (!(error instanceof NetworkLost)) note(error);
      isStale = true;
      showCost();
      app.after(5000, renew);
    }
  };
  const watch = () => {
    const { quote_expires_at: until } = several() ? several().preview ?? {} : decision;
    if (until) app.after(Date.parse(until) - now(), renew);
  };
  const onChange = () => {
    message.replaceChildren();
    showCost();
    watch();
  };
  const mayFollow = ["cancel", "reschedule"].includes(action) && known.session.status === "booked";
  const part = mayFollow && hasFollowing(known.session)
    ? new ScopePart(app, known.session, { action, wish, isFollowing, onChange, onStart })
    : null;
  /** The dates that change, where the following sessions change too. */
  const several = () => (part?.isFollowing ? part : null);

  showCost();
  const back = known.session.status === "booked" ? t.cancel.keep : t.session.back;
  const form = h(
    "form",
    { class: "command", onsubmit: (event) => { event.preventDefault(); send(); }, novalidate: true },
    part?.node,
    cost,
    instead.node,
    policy,
    fields.node,
    question.node,
    message,
    h("div", { class: "buttons" }, submit, linkTo(app, { view: "details", id }, back, { class: "button secondary", id: "keep" })),
    more,
  );
  const mounted = () => {
    watch();
    if (several()) several().load();
  };
  return { form, mounted };
}
