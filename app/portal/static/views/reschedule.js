/** Choose a new time: the likeliest first, then days with their times. */

import { Chooser } from "../chooser.js";
import { h, linkTo } from "../dom.js";
import { short } from "../format.js";
import { choiceName, costLine, heading, isCurrent, leadFor, runClocks } from "../parts.js";
import { rebookLine } from "../rebook.js";
import { t } from "../strings.js";
import { details } from "./details.js";

export async function reschedule(app, entry) {
  const { session } = await app.visit.load(entry.id);
  const decision = session.actions.reschedule;
  if (!isCurrent(entry, session) || !decision.allowed) return details(app, entry);
  leadFor(app, session);
  const isEnded = session.status !== "booked" && !session.move_request;
  const chooser = new Chooser(app, session);
  const back = session.status === "booked" ? t.cancel.keep : t.session.back;
  const node = h(
    "div",
    { class: "card choose" },
    h(
      "div",
      { class: "intro" },
      heading(t.reschedule.title),
      h("p", {}, h("span", { class: "quiet" }, t.labelled(isEnded ? t.rebook.before : t.reschedule.now, "")), `${short(session.starts_at)}, ${choiceName(session.format)}`),
      isEnded ? rebookLine(decision) : costLine(decision, session.starts_at),
      session.group ? h("p", {}, t.group.others) : null,
    ),
    chooser.node,
    h("div", { class: "buttons" }, linkTo(app, { view: "details", id: session.id }, back, { class: "button secondary", id: "keep" })),
  );
  const mounted = () => {
    runClocks(app, node);
    chooser.open();
  };
  return { title: t.reschedule.title, node, mounted };
}
