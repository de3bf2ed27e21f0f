/** A session that was cancelled or missed, and can be booked again. */

import { h, linkTo } from "./dom.js";
import { carriedCost, possibleUntil } from "./parts.js";
import { t } from "./strings.js";

/** The way to another time; null where there is none. */
export function rebookPart(app, { id, version, status, actions, move_request: request }) {
  if (status === "booked" || request || !actions.reschedule.allowed) return null;
  const go = linkTo(app, { view: "reschedule", id, version }, t.rebook.go, { class: "button primary", id: "go-reschedule" });
  return h(
    "section",
    { class: "card", "aria-labelledby": "rebook" },
    h("h2", { id: "rebook" }, t.rebook.title),
    h("div", { class: "action" }, go, rebookLine(actions.reschedule)),
  );
}

/** Until when it is possible, and what comes with it. */
export function rebookLine({ carries, credit, closes_at: until }) {
  const sentences = [possibleUntil(until), t.cost.credit[credit], carries && carriedCost(carries, t.cost)];
  return h("p", { class: "cost" }, sentences.filter(Boolean).join(" "));
}
