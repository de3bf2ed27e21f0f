/** A list of cards, a page at a time. */

import { button, h } from "./dom.js";
import { heading } from "./parts.js";
import { note, showProblem } from "./problems.js";
import { t } from "./strings.js";

/**
 * Build a view of a list. `read` asks for the page behind a cursor, `row` makes an element of an
 * item. Further pages are put below, and the focus goes to the first that is new.
 */
export async function pages(app, { title, intro = null, empty, read, row }) {
  const { visit } = app;
  const list = h("ul", { class: "cards" });
  const more = h("div", {});
  const add = ({ items, next_cursor: cursor }) => {
    list.append(...items.map((item) => h("li", { class: "card" }, row(item))));
    more.replaceChildren(...(cursor ? [button(t.list.more, (event) => load(cursor, event.target), { class: "secondary", id: "more" })] : []));
  };
  const load = async (cursor, pressed) => {
    if (pressed.getAttribute("aria-disabled")) return;
    pressed.setAttribute("aria-disabled", "true");
    pressed.textContent = t.loading;
    app.announce(t.loading);
    try {
      const page = await read(cursor);
      const last = list.lastElementChild;
      add(page);
      const first = last.nextElementSibling ?? last;
      (first.querySelector("a, button") ?? first.querySelector("h2")).focus();
    } catch (error) {
      note(error);
      if (error.code === "unauthorized") {
        app.expired(visit);
        return;
      }
      const shown = showProblem(error, app.ways(null, { retry: (event) => load(cursor, event.target) }));
      more.replaceChildren(shown);
      shown.focus();
    } finally {
      app.announce("");
    }
  };
  const first = await read(null);
  add(first);
  const isEmpty = first.items.length === 0;
  const node = h("div", {}, heading(title), intro && !isEmpty ? h("p", { class: "quiet" }, intro) : null, isEmpty ? h("p", { class: "card" }, empty) : list, more);
  return { title, node };
}

/** The title of a card; it can take the focus where the card has no button. */
export const cardTitle = (...text) => h("h2", { tabindex: "-1" }, text);
