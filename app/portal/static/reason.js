/** Why a person changes a session: the fields, and what is sent. */

import { h, nextId } from "./dom.js";
import { radios } from "./parts.js";
import { t } from "./strings.js";

/** What the API takes for a note has at least one such character. */
export const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * Why: a choice, and words where a choice says too little. The words go to the practitioner only.
 * What is given for a session is kept in `given` until it is sent, so that it need not be given twice.
 */
export function reasonFields(given, id) {
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

/** No fields: the practice asked, so that is the reason. */
export function reasonOfRequest() {
  return { node: null, read: () => ({ code: "other", note: t.request.reason }), mark: () => {} };
}
