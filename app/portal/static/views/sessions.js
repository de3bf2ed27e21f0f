/** The sessions of a client who is signed in, a page at a time. */

import { note } from "../app.js";
import { button, h } from "../dom.js";
import { day, differs, span, zoneName } from "../format.js";
import { formatName, heading } from "../parts.js";
import { showProblem } from "../problems.js";
import { t } from "../strings.js";

export async function sessions(app, entry) {
  const first = await app.api.sessions(entry.when);
  const list = h("ul", { class: "sessions" });
  const more = h("div", {});
  const add = ({ items, next_cursor: cursor }) => {
    list.append(...items.map((session) => row(app, session)));
    more.replaceChildren(...(cursor ? [button(t.list.more, () => load(cursor), { class: "secondary" })] : []));
  };
  const load = async (cursor) => {
    try {
      const page = await app.api.sessions(entry.when, cursor);
      const last = list.lastElementChild;
      add(page);
      last.nextElementSibling?.querySelector("button").focus();
    } catch (error) {
      note(error);
      const shown = showProblem(error, app.ways(null, { retry: () => load(cursor) }));
      more.replaceChildren(shown);
      shown.focus();
    }
  };
  add(first);
  const empty = first.items.length === 0 ? h("p", {}, t.list.empty) : null;
  return { title: t.list.title, node: h("div", {}, heading(t.list.title), empty, list, more) };
}

function row(app, session) {
  const { starts_at: start, ends_at: end, practitioner, service } = session;
  const zone = differs(start, practitioner.time_zone) ? ` (${zoneName(start)})` : "";
  const open = () => app.go({ view: "details", id: session.id });
  return h(
    "li",
    { class: "card" },
    h("h2", {}, `${day(start)}, ${span(start, end)}${zone}`),
    h("p", {}, `${service.name} ${t.session.with(practitioner.name)}, ${formatName(session.format.kind)}`),
    button(t.list.open, open, { class: "secondary", "aria-label": t.list.opens(t.list.open, service.name, day(start)) }),
  );
}
