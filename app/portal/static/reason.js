/** Why a person changes a session: the fields, and what is sent. */

import { h, nextId } from "./dom.js";
import { radios } from "./parts.js";
import { t } from "./strings.js";

/** The choice of those who rather say nothing. It is sent as `other`, with these words. */
const UNSAID = "unsaid";
const codeOf = (choice) => (choice === UNSAID ? "other" : choice);

/** What the API takes for a note has at least one such character. */
export const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** What a reason of the practice's list changes about a decision: "usual", "none" or "ask". */
export function effectOf({ reasons }, code) {
  return reasons?.find((one) => one.code === code)?.effect ?? "usual";
}

/** The decision for a reason. Only one that is free changes what it costs. */
export function withReason(decision, code) {
  if (effectOf(decision, code) !== "none") return decision;
  const { fee, credit, carries } = decision.reasons.find((one) => one.code === code);
  return { ...decision, fee, credit, carries, free_because: "reason", forgiven_if_refilled: false, free_targets: null, allowance: null };
}

/**
 * Why: a choice, and words where a choice says too little. The words go to the practitioner only.
 * What is given for a session is kept in `given` until it is sent, so that it need not be given twice.
 * The choices are those of the practice's list, if `reasons` is one. `onChoice` is told of each. Where
 * it `isOptional`, "Prefer not to say" is chosen until a person says more.
 */
export function reasonFields(given, id, reasons, onChoice, { isOptional = false } = {}) {
  const own = reasons ? reasons.map(({ code, label }) => [code, label]) : Object.entries(t.reason.codes);
  const codes = [...own, [UNSAID, t.reason.unsaid]];
  const texts = new Map(codes);
  const hints = new Map(codes.map(([code]) => [code, h("span", { class: "quiet small", "data-effect": code })]));
  const before = given.get(id) ?? { code: isOptional ? UNSAID : null, written: "" };
  const noteId = nextId("note");
  const errorId = nextId("error");
  const optional = h("span", { class: "quiet" }, ` (${t.reason.optional})`);
  const error = h("p", { class: "field-error", id: errorId, hidden: true });
  const words = h("textarea", { id: noteId, rows: "2", maxlength: "500" }, before.written);
  const chosen = () => choices.querySelector("input:checked")?.value ?? null;
  const choice = () => codeOf(chosen());
  const note = h("div", {}, h("label", { for: noteId }, t.reason.note, optional), words);
  const hide = (code) => {
    note.hidden = code === null || code === UNSAID;
    optional.hidden = code === "other";
  };
  const choices = radios(t.reason.title, "reason", codes.map(([code, text]) => [code, [text, hints.get(code)]]), {
    hint: t.reason.hint,
    chosen: before.code,
    onchange: () => {
      complain(null);
      hide(chosen());
      onChoice();
    },
  });
  const keep = () => given.set(id, { code: chosen(), written: words.value });
  const complain = (text, field = null) => {
    error.textContent = text ?? "";
    error.hidden = text === null;
    for (const control of [words, ...choices.querySelectorAll("input")]) {
      control.removeAttribute("aria-invalid");
      control.removeAttribute("aria-describedby");
    }
    if (field === null) return;
    if (field === words) words.before(error);
    else choices.querySelector("legend").after(error);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", errorId);
    field.focus({ preventScroll: true });
    error.scrollIntoView({ block: "center" });
  };
  hide(before.code);
  return {
    node: h("div", { class: "reason", oninput: keep }, choices, note),
    /** Give the reason: the person's own words, or else the chosen reason. Null: none yet. */
    read() {
      const code = chosen();
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
      if (code === UNSAID) return { code: "other", note: t.reason.unsaid };
      return { code, note: written || texts.get(code) };
    },
    choice,
    /** Say beside each reason what it changes now. */
    tell(decision) {
      for (const [code, hint] of hints) {
        const text = t.reason.effects[effectOf(decision, codeOf(code))];
        hint.textContent = text ? ` (${text})` : "";
      }
    },
    /** Show what the API found wrong with it. */
    mark(errors) {
      const own = errors.find((one) => one.pointer?.startsWith("/reason"));
      if (own) complain(own.detail, own.pointer.endsWith("note") ? words : choices.querySelector("input"));
    },
  };
}

/** No fields: the practice asked, so that is the reason. */
export function reasonOfRequest() {
  return { choice: () => null, read: () => ({ code: "other", note: t.request.reason }), mark: () => {} };
}
