/**
 * A human answer to every problem code: what the person can do next. The sentence itself is the
 * problem's `detail`. Codes may be added to the API, so an unknown one has an answer too.
 */

import { NetworkLost, Problem } from "./api.js";
import { contactLinks } from "./contact.js";
import { button, h } from "./dom.js";
import { t } from "./strings.js";

/** What comes next, by code. The names are those of `t.problem.actions`. */
export const ANSWERS = {
  "not-found": "home",
  unauthorized: "start",
  forbidden: "home",
  "validation-failed": "fields",
  "action-disabled": "session",
  "notice-too-short": "session",
  "session-started": "session",
  "session-not-booked": "session",
  "cancellation-open": "session",
  "absence-announced": "session",
  "reschedule-limit-reached": "session",
  "quote-required": "confirm",
  "quote-stale": "session",
  "quote-invalid": "session",
  "slot-unavailable": "times",
  "credit-unavailable": "session",
  "scope-refused": "leaveOut",
  "scope-conflicts": "dates",
  "offer-expired": "session",
  "offer-gone": "session",
  "waitlist-off": "session",
  "release-unavailable": "session",
  "undo-unavailable": "session",
  "fee-not-due": "session",
  "waiver-unavailable": "session",
  "group-full": "session",
  "group-cancelled": "session",
  "no-change": "times",
  "version-mismatch": "session",
  "idempotency-key-reused": "retry",
  "idempotency-key-in-use": "retry",
  "link-invalid": "start",
  "link-expired": "start",
  "rate-limited": "retry",
  "payload-too-large": "retry",
  "unsupported-media-type": "reload",
  "method-not-allowed": "reload",
  "service-unavailable": "retry",
  "internal-error": "retry",
};

/** Defects of the page itself belong on the console; what the API says is shown to the person. */
export function note(error) {
  if (!(error instanceof Problem) && !(error instanceof NetworkLost)) console.error(error);
}

/** Say what to do next about an error. */
export function answerTo(error) {
  if (!(error instanceof Problem)) return "retry";
  return ANSWERS[error.code] ?? "retry";
}

/**
 * Show an error with a way on. `ways` maps answers to functions; one without a way has no button.
 * `more` is said after the sentence.
 */
export function showProblem(error, ways, more = null) {
  const answer = answerTo(error);
  const body = error instanceof Problem ? error.body : {};
  const way = ways[answer];
  return h(
    "div",
    { class: "message problem", role: "alert", tabindex: "-1", "data-code": error.code ?? "network" },
    h("p", {}, sentence(error)),
    more ? h("p", {}, more) : null,
    error.retryAfter ? h("p", {}, t.problem.wait(error.retryAfter)) : null,
    fieldErrors(body),
    body.contact ? contactLinks(body.contact) : null,
    body.code === "internal-error" && body.request_id ? h("p", { class: "quiet small" }, t.problem.reference(body.request_id)) : null,
    way && t.problem.actions[answer] ? button(t.problem.actions[answer], way, { class: "secondary" }) : null,
  );
}

function sentence(error) {
  if (error instanceof NetworkLost) return t.problem.network;
  return error instanceof Problem && error.message ? error.message : t.problem.unknown;
}

function fieldErrors(body) {
  if (!Array.isArray(body.errors) || body.errors.length === 0) return null;
  return h("ul", {}, body.errors.map((field) => h("li", {}, `${field.pointer?.split("/").pop() ?? ""}: ${field.detail ?? ""}`)));
}
