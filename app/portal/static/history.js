/** What has happened to a session, oldest first and in plain words. It is asked for when opened; of a cancelled or missed session it is open. */

import { h } from "./dom.js";
import { dayAndTime, money, onOwnClock } from "./format.js";
import { formatName } from "./parts.js";
import { note, showProblem } from "./problems.js";
import { t } from "./strings.js";

export function historyOf(app, { id, status }) {
  const { visit } = app;
  const place = h("div", { "aria-live": "polite" });
  let isAsked = false;
  const load = async () => {
    isAsked = true;
    place.replaceChildren(h("p", { class: "quiet" }, t.loading));
    try {
      const changes = await visit.api.changes(id);
      place.replaceChildren(h("ol", { class: "history" }, changes.map((change) => h("li", {}, entry(change)))));
    } catch (error) {
      note(error);
      if (error.code === "unauthorized") {
        app.expired(visit);
        return;
      }
      const shown = showProblem(error, app.ways(id, { retry: load }));
      place.replaceChildren(shown);
      shown.focus();
    }
  };
  const ontoggle = (event) => event.target.open && !isAsked && load();
  // What a cancelled or missed session costs, and whether that still holds, is in its history alone.
  return h("details", { class: "card", open: ["cancelled", "noshow"].includes(status), ontoggle }, h("summary", { id: "history" }, t.history.title), place);
}

function entry({ kind, at, by, after, fee, credit, free_because: because, reason }) {
  const what = t.history.kinds[kind] ?? t.history.kinds.other;
  const more = [fee && t.history.fee(money(fee)), t.history.because[because], t.history.credit[credit], by === "client" && why(reason)].filter(Boolean);
  return [
    h("p", {}, h("strong", {}, what(dayAndTime(after.starts_at), formatName(after.format)))),
    h("p", { class: "quiet" }, [onOwnClock(at, dayAndTime), t.history.by[by]].filter(Boolean).join(", ")),
    more.map((text) => h("p", {}, text)),
  ];
}

/** What the client gave as the reason; who came by a link is told the choice, not the words. */
function why(reason) {
  const text = reason?.note ?? t.reason.codes[reason?.code];
  return text ? t.history.reason(text) : null;
}
