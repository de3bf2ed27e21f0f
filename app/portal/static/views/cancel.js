/** Cancel: the policy, what it costs, why, and the two ways out, equally easy to hit. */

import { commandForm } from "../command.js";
import { h } from "../dom.js";
import { heading, isCurrent, leadFor, policyText, when } from "../parts.js";
import { t } from "../strings.js";
import { details } from "./details.js";

export async function cancel(app, entry) {
  const known = await app.visit.load(entry.id);
  const { session } = known;
  if (!isCurrent(entry, session) || !session.actions.cancel.allowed) return details(app, entry);
  leadFor(app, session);
  const labels = { submit: t.cancel.confirm, submitFee: t.cancel.confirmFee, several: t.cancel.several };
  const { form, mounted } = commandForm(app, known, { action: "cancel", command: "cancel", labels, policy: policyText(session) });
  const node = h(
    "div",
    { class: "card" },
    heading(t.cancel.title),
    h("p", { class: "quiet" }, `${session.service.name} ${t.session.with(session.practitioner.name)}`),
    when(session),
    form,
  );
  return { title: t.cancel.title, node, mounted };
}
