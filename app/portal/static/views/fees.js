/** What the client owes or owed: how much, what for, since when, and how it stands. */

import { now } from "../clock.js";
import { h, linkTo } from "../dom.js";
import { day, dayAndTime, money } from "../format.js";
import { cardTitle, pages } from "../pages.js";
import { t } from "../strings.js";
import { askPart, waiverState } from "../waiver.js";

export function fees(app) {
  return pages(app, {
    title: t.fees.title,
    intro: t.fees.intro,
    empty: t.fees.empty,
    read: (cursor) => app.visit.api.fees(cursor),
    row: (fee) => row(app, fee),
  });
}

function row(app, fee) {
  const { amount, status, cause, recorded_at: recorded, collect_after: after, closed_at: closed, session } = fee;
  const { service, practitioner, starts_at: start } = session;
  const state = t.fees.status[status] ?? status;
  return [
    cardTitle(money(amount)),
    h("p", {}, h("span", { class: "state", "data-status": status }, state), closed ? ` ${t.fees.closed(day(closed))}` : null),
    h("p", {}, t.fees.for(t.fees.cause[cause] ?? t.fees.cause.other, `${service.name} ${t.session.with(practitioner.name)}, ${dayAndTime(start)}`)),
    h("p", { class: "quiet" }, t.fees.recorded(dayAndTime(recorded))),
    status === "due" && after && Date.parse(after) > now() ? h("p", { class: "quiet" }, t.fees.collected(dayAndTime(after))) : null,
    waiverState(fee),
    askPart(app, fee, () => app.refresh({ focus: true })),
    linkTo(app, { view: "details", id: session.id }, t.list.look, { class: "button secondary", "aria-label": t.list.opens(t.list.look, service.name, day(start)) }),
  ];
}
