/**
 * The last step of every command: what it costs, why, and the button. It sends once however often
 * the button is pressed, and meets every refusal with a way on.
 */

import { Intention, NetworkLost, Problem } from "./api.js";
import { note } from "./app.js";
import { now } from "./clock.js";
import { button, h, nextId } from "./dom.js";
import { money } from "./format.js";
import { costBox, radios } from "./parts.js";
import { ANSWERS, answerTo, showProblem } from "./problems.js";
import { t } from "./strings.js";

/** What the API takes for a note has at least one such character. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * Build the form.
 *
 * `action` is whose decision and quote count, `command` the call, `wish` the part of its body that
 * the person chose before. `more` are further buttons. `onLost` shows what is open instead of a slot.
 */
export function commandForm(app, known, { action, command, wish = {}, labels, more = [], onLost = null }) {
  const { id } = known.session;
  const { visit } = app;
  const intention = new Intention();
  let etag = known.etag;
  let decision = known.session.actions[action];
  let isSending = false;

  const cost = h("div", { "aria-live": "polite" });
  const message = h("div", {});
  const reason = reasonFields(visit.reasons, id);
  const submit = button("", null, { type: "submit", class: "primary" });

  const showCost = () => {
    cost.replaceChildren(costBox(decision));
    submit.textContent = decision.fee && labels.submitFee ? labels.submitFee(money(decision.fee)) : labels.submit;
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
    if (isSending) return;
    const given = reason.read();
    if (given === null) return;
    setBusy(true);
    message.replaceChildren();
    const state = history.state;
    const body = { ...wish, reason: given, quote: decision.quote };
    try {
      const answer = await visit.api.command(command, id, { body, etag, key: intention.keyFor(body) });
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
    if (answer === "session") return app.lookAgain(id, error, visit);
    if (answer === "confirm" && error.body.decision) {
      decision = error.body.decision;
      showCost();
    }
    if (error.code === "idempotency-key-reused") intention.forget();
    if (answer === "fields") reason.mark(error.body.errors ?? []);
    show(showProblem(error, app.ways(id, { retry: send, times: onLost ? null : () => app.lookAgain(id, null, visit), home: () => app.lookAgain(id, null, visit) })));
    if (error instanceof Problem && ANSWERS[error.code] === "times") onLost?.(error, message);
    return undefined;
  };

  /** A quote ends: ask for the present decision, and say so only where it costs something else. */
  const renew = async () => {
    if (isSending) return;
    try {
      const fresh = await visit.load(id, { fresh: true });
      const next = fresh.session.actions[action];
      if (isSending) return;
      if (fresh.session.version !== known.session.version || !next.allowed) {
        await app.lookAgain(id, null, visit);
        return;
      }
      const costs = ({ fee, credit, carries }) => JSON.stringify([fee, credit, carries]);
      const changed = costs(next) !== costs(decision);
      decision = next;
      etag = fresh.etag;
      showCost();
      if (changed) show(h("p", { class: "message costs", role: "alert", tabindex: "-1" }, t.cost.changed));
      watch();
    } catch (error) {
      if (!(error instanceof NetworkLost)) note(error);
      app.after(5000, renew);
    }
  };
  const watch = () => {
    if (decision.quote_expires_at) app.after(Date.parse(decision.quote_expires_at) - now(), renew);
  };

  showCost();
  const form = h(
    "form",
    { onsubmit: (event) => { event.preventDefault(); send(); }, novalidate: true },
    cost,
    reason.node,
    message,
    h("div", { class: "buttons" }, submit, button(t.cancel.keep, () => app.go({ view: "details", id }), { class: "secondary", id: "keep" }), more),
  );
  return { form, mounted: watch };
}

/**
 * Why: a choice, and words where a choice says too little. The words go to the practitioner only.
 * What is given for a session is kept in `given` until it is sent, so that it need not be given twice.
 */
function reasonFields(given, id) {
  const before = given.get(id) ?? { code: null, written: "" };
  const noteId = nextId("note");
  const errorId = nextId("error");
  const optional = h("span", { class: "quiet", hidden: before.code === "other" }, ` (${t.reason.optional})`);
  const error = h("p", { class: "field-error", id: errorId, hidden: true });
  const words = h("textarea", { id: noteId, rows: "2", maxlength: "500" }, before.written);
  const choice = () => choices.querySelector("input:checked")?.value ?? null;
  const choices = radios(t.reason.title, "reason", Object.entries(t.reason.codes), {
    hint: t.reason.hint,
    chosen: before.code,
    onchange: () => {
      complain(null);
      optional.hidden = choice() === "other";
    },
  });
  const keep = () => given.set(id, { code: choice(), written: words.value });
  const complain = (text, field = null) => {
    error.textContent = text ?? "";
    error.hidden = text === null;
    for (const control of [words, ...choices.querySelectorAll("input")]) {
      control.removeAttribute("aria-invalid");
      control.removeAttribute("aria-describedby");
    }
    field?.setAttribute("aria-invalid", "true");
    field?.setAttribute("aria-describedby", errorId);
    field?.focus();
  };
  return {
    node: h("div", { class: "reason", oninput: keep }, choices, error, h("label", { for: noteId }, t.reason.note, optional), words),
    /** Give the reason: the person's own words, or else the chosen reason. Null: none yet. */
    read() {
      const code = choice();
      const written = VISIBLE.test(words.value) ? words.value.trim() : "";
      complain(null);
      if (code === null) {
        complain(t.reason.missing, choices.querySelector("input"));
        return null;
      }
      if (code === "other" && !written) {
        complain(t.reason.missingNote, words);
        return null;
      }
      return { code, note: written || t.reason.codes[code] };
    },
    /** Show what the API found wrong with it. */
    mark(errors) {
      const own = errors.find((one) => one.pointer?.startsWith("/reason"));
      if (own) complain(own.detail, own.pointer.endsWith("note") ? words : choices.querySelector("input"));
    },
  };
}
