/** The old and the new, what it costs, why, and one button. For a move and for a change of format. */

import { commandForm } from "../command.js";
import { button, h, linkTo } from "../dom.js";
import { day, span } from "../format.js";
import { reservation } from "../hold.js";
import { icon } from "../icons.js";
import { choiceName, heading, isCurrent, leadFor, policyText, when } from "../parts.js";
import { confirmEntry, seatsLeft, slotName } from "../slots.js";
import { t } from "../strings.js";
import { details } from "./details.js";

export async function confirm(app, entry) {
  const known = await app.visit.load(entry.id);
  const { session } = known;
  // An ended session is booked again, also at the time that it had.
  const sameTime = session.status === "booked" && Date.parse(entry.start) === Date.parse(session.starts_at);
  const action = sameTime ? "change_format" : "reschedule";
  if (!isCurrent(entry, session) || !session.actions[action].allowed) return details(app, entry);
  leadFor(app, session);
  const wish = wishOf(entry);
  const goTo = (slot, more = {}) => app.go({ ...confirmEntry(session, entry.kind, slot), ...more }, { replace: true });
  const title = sameTime ? t.confirm.titleFormat : t.confirm.title;
  const choice = session.formats.find((one) => one.kind === entry.kind && (one.location?.id ?? null) === entry.location);
  const name = choiceName(choice ?? { kind: entry.kind, location: null });
  const times = { view: "reschedule", id: entry.id, version: entry.version };
  const other = sameTime ? [] : [linkTo(app, times, t.confirm.other, { class: "plain", id: "other" })];
  const held = reservation(app, entry.id, wish, session.actions[action].quote);
  const { form, mounted: formMounted } = commandForm(app, known, {
    action,
    command: "reschedule",
    wish,
    labels: { submit: t.confirm.submit, submitFee: t.confirm.submitFee, several: t.confirm.several },
    more: other,
    onLost: (problem, place) => {
      for (const one of other) one.remove(); // It stands below the alternatives, too.
      place.append(alternatives(app, entry, problem.body.alternatives ?? [], goTo));
    },
    onStart: (slot) => goTo(slot, { following: true }),
    isFollowing: entry.following,
    policy: [sameTime ? null : held.after, policyText(session)],
    // The reservation knows what cancelling costs only after a move as the decision says.
    onChoice: (isUsual) => { held.after.hidden = !isUsual; },
  });
  const node = h(
    "div",
    { class: "card" },
    heading(title),
    h("p", { class: "quiet" }, `${session.service.name} ${t.session.with(session.practitioner.name)}`),
    h(
      "div",
      { class: "swap" },
      h("div", { class: "before" }, h("p", { class: "quiet small" }, t.confirm.from), ...before(session)),
      h("div", { class: "arrow", "aria-hidden": "true" }, icon("to")),
      h(
        "div",
        { class: "new" },
        h("p", { class: "quiet small" }, t.confirm.to),
        when({ ...session, starts_at: entry.start, ends_at: entry.end }, { before: session }),
        h("p", {}, h("span", { class: name === choiceName(session.format) ? null : "changed" }, name), seatsLeft({ seats_left: entry.left })),
        held.reserved,
      ),
    ),
    form,
  );
  const mounted = () => {
    formMounted();
    held.mounted();
  };
  return { title, node, mounted };
}

/** How it is until then. */
function before({ starts_at: start, ends_at: end, format }) {
  return [h("p", {}, day(start)), h("p", {}, span(start, end)), h("p", {}, choiceName(format))];
}

/** What is asked for: a time and a format, or for a seat another group. */
function wishOf({ start, kind, location, group }) {
  if (group) return { group_id: group, start };
  return { start, format: kind, ...(location ? { location_id: location } : {}) };
}

/** The three nearest slots still open, one press away. */
function alternatives(app, entry, slots, choose) {
  const another = () => app.go({ view: "reschedule", id: entry.id, version: entry.version }, { replace: true });
  return h(
    "div",
    { class: "alternatives" },
    slots.length > 0 ? h("p", {}, t.confirm.alternatives) : null,
    slots.map((slot) => button(slotName(slot), () => choose(slot), { class: "secondary" })),
    button(t.confirm.other, another, { class: "plain" }),
  );
}
