/** "I cannot come", once it is too late to cancel: only say so, or also give up the time. */

import { commandForm } from "../command.js";
import { h, linkTo } from "../dom.js";
import { costLine, heading, isCurrent, leadFor, policyText, when } from "../parts.js";
import { t } from "../strings.js";
import { details } from "./details.js";

export async function absence(app, entry) {
  const known = await app.visit.load(entry.id);
  const { session } = known;
  if (!isCurrent(entry, session) || !session.actions.absence.allowed) return details(app, entry);
  leadFor(app, session);
  const freesTime = entry.free === true;
  const form = entry.free === undefined ? null : formOf(app, known, freesTime);
  const node = h(
    "div",
    { class: "card" },
    heading(t.absence.title),
    h("p", { class: "quiet" }, `${session.service.name} ${t.session.with(session.practitioner.name)}`),
    when(session),
    policyText(session),
    form === null ? choices(app, session) : h("p", {}, freesTime ? t.absence.free : t.absence.keep),
    form?.form,
  );
  return { title: t.absence.title, node, mounted: () => form?.mounted() };
}

/** The two ways, with what the second one costs. Who has said it already can only give up the time. */
function choices(app, session) {
  const { id, version, actions, absence: said } = session;
  const way = (name, free, line) => h("div", { class: "action" }, linkTo(app, { view: "absence", id, version, free }, t.absence.ways[name], { class: "button secondary", id: `absence-${name}` }), line);
  return h(
    "div",
    {},
    said ? null : way("keep", false, h("p", { class: "cost" }, t.absence.keep)),
    way("free", true, costLine(actions.absence, session.starts_at)),
    h("div", { class: "buttons" }, linkTo(app, { view: "details", id }, t.session.back, { class: "button secondary", id: "keep" })),
  );
}

function formOf(app, known, freesTime) {
  const labels = freesTime ? { submit: t.absence.ways.free, submitFee: t.absence.freeFor } : { submit: t.absence.ways.keep };
  return commandForm(app, known, { action: "absence", command: "absence", wish: { free_time: freesTime }, labels, hasCost: freesTime });
}
