/** Prepaid sessions: what is left of them, and how long they are good. */

import { now } from "../clock.js";
import { h } from "../dom.js";
import { dayAndTime } from "../format.js";
import { cardTitle, pages } from "../pages.js";
import { t } from "../strings.js";

export function packages(app) {
  return pages(app, {
    title: t.packages.title,
    empty: t.packages.empty,
    read: (cursor) => app.visit.api.packages(cursor),
    row,
  });
}

function row({ name, service, credits, credits_left: left, expires_at: end, usable_until: until }) {
  return [
    cardTitle(name),
    name === service.name ? null : h("p", { class: "quiet" }, t.packages.for(service.name)),
    h("p", {}, h("strong", {}, t.packages.left(left, credits))),
    h("p", {}, goodUntil(end)),
    until ? h("p", { class: "message" }, t.packages.usableUntil(dayAndTime(until))) : null,
  ];
}

function goodUntil(end) {
  if (!end) return t.packages.endless;
  return Date.parse(end) > now() ? t.packages.until(dayAndTime(end)) : t.packages.expired(dayAndTime(end));
}
