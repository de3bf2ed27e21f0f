/** Put a session into a calendar: links that fill in a form there, and the file for all others. */

import { h } from "./dom.js";
import { formatName } from "./parts.js";
import { t } from "./strings.js";

const compact = (instant) => new Date(instant).toISOString().replace(/[-:]|\.\d+/g, "");

/** What a calendar is told of a session: nothing about money, and no token. */
function entryOf({ service, practitioner, format, starts_at: start, ends_at: end }, practice) {
  const { location, join_url: url, instructions, kind } = format;
  const place = location ? `${location.name}, ${location.address.replace(/\s*\n\s*/g, ", ")}` : (url ?? formatName(kind));
  const title = practice ? `${service.name}, ${practice.name}` : service.name;
  const text = [t.session.with(practitioner.name), instructions, url].filter(Boolean).join("\n");
  return { title, text, place, start, end };
}

/** Links to the calendars that have a page for it. Nothing is sent there until a person presses one. */
export function calendarLinks(session, practice) {
  const { title, text, place, start, end } = entryOf(session, practice);
  const google = new URLSearchParams({ action: "TEMPLATE", text: title, dates: `${compact(start)}/${compact(end)}`, details: text, location: place });
  const outlook = new URLSearchParams({ path: "/calendar/action/compose", rru: "addevent", subject: title, startdt: new Date(start).toISOString(), enddt: new Date(end).toISOString(), body: text, location: place });
  const to = (address, label, id) => h("a", { href: address, class: "button secondary", rel: "noopener noreferrer", target: "_blank", id }, label);
  return [
    to(`https://calendar.google.com/calendar/render?${google}`, t.done.google, "google"),
    to(`https://outlook.live.com/calendar/0/deeplink/compose?${outlook}`, t.done.outlook, "outlook"),
  ];
}
