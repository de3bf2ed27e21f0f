/** The sessions of a client who is signed in: those to come, or all others. */

import { h, linkTo } from "../dom.js";
import { day, span, zoneNames } from "../format.js";
import { cardTitle, pages } from "../pages.js";
import { belonging, formatName, placeZone, tile } from "../parts.js";
import { t } from "../strings.js";
import { differs, ZONE } from "../zones.js";

export function sessions(app, { when }) {
  const isPast = when === "past";
  return pages(app, {
    title: isPast ? t.list.titlePast : t.list.title,
    empty: isPast ? t.list.emptyPast : t.list.empty,
    read: (cursor) => app.visit.api.sessions(when, cursor),
    row: (session) => row(app, session, isPast ? t.list.look : t.list.open),
  });
}

function row(app, session, label) {
  const { starts_at: start, ends_at: end, practitioner, service, status, format } = session;
  // In person the clock of the place counts, else the person's own.
  const zone = format.kind === "in_person" ? placeZone(session) : ZONE;
  const named = differs([start, end], zone) || differs([start, end], practitioner.time_zone) ? ` (${zoneNames([start, end], zone)})` : "";
  return [
    tile(session),
    cardTitle(`${day(start, zone)}, ${span(start, end, zone)}${named}`),
    h("p", {}, `${service.name} ${t.session.with(practitioner.name)}, ${formatName(session.format.kind)}`),
    belonging(session).filter(Boolean).map(([, ...texts]) => h("p", { class: "quiet" }, texts)),
    status === "booked" ? null : h("p", {}, h("span", { class: "state", "data-status": status }, t.list.status[status] ?? status)),
    linkTo(app, { view: "details", id: session.id }, label, { class: "button secondary", "aria-label": t.list.opens(label, service.name, day(start, zone)) }),
  ];
}
