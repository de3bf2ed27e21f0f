/** A field for words of one's own, with what is wrong with them. */

import { h, nextId } from "./dom.js";
import { VISIBLE } from "./reason.js";

/** Build the field. `read` gives the words, or null; it says `missing` where they are needed and not there. */
export function wordsField(label, { id = nextId("words"), hint = null, missing = null } = {}) {
  const hintId = nextId("hint");
  const errorId = nextId("error");
  const error = h("p", { class: "field-error", id: errorId, hidden: true });
  const field = h("textarea", { id, rows: "3", maxlength: "500", "aria-describedby": hint ? hintId : null });
  const complain = (text) => {
    error.textContent = text ?? "";
    error.hidden = text === null;
    field.toggleAttribute("aria-invalid", false);
    const described = [hint ? hintId : null, text === null ? null : errorId].filter(Boolean).join(" ");
    if (described) field.setAttribute("aria-describedby", described);
    else field.removeAttribute("aria-describedby");
    if (text === null) return;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  };
  return {
    node: h("div", {}, h("label", { for: id }, label), hint ? h("p", { class: "quiet small", id: hintId }, hint) : null, error, field),
    complain,
    read() {
      const written = VISIBLE.test(field.value) ? field.value.trim() : null;
      complain(written === null ? missing : null);
      return written;
    },
  };
}
