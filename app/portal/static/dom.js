/** Builds the page. Text only ever becomes a text node, so nothing that a person typed is markup. */

import { addressOf } from "./routes.js";

/** Make an element: `h("button", { type: "button", onclick: go }, "Go")`. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A link to another view of this page. A click that asks for another tab or window gets one. */
export function linkTo(app, wanted, label, attributes = {}) {
  const entry = app.entryTo(wanted);
  const onclick = (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    app.go(entry);
  };
  return h("a", { href: addressOf(entry), onclick, ...attributes }, label);
}

/** Text as it was written, with its lines, and with the web addresses in it as links. */
export function written(text, attributes = {}) {
  const parts = text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'’»])/i);
  return h("span", { class: "written", ...attributes }, parts.map((part, index) => (index % 2 === 1 ? link(part, part) : part)));
}

/** A button that does something on this page. */
export function button(label, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, label);
}

/** A link to another place, or just its text where the address is none that a page should open. */
export function link(address, label) {
  const safe = /^(https?:|mailto:|tel:)/i.test(address);
  return safe ? h("a", { href: address, rel: "noopener noreferrer" }, label) : label;
}

/** The link to write to an address. The browser spells the domain in ASCII; other programs may know an older way only. */
export function mailto(address) {
  const at = address.lastIndexOf("@");
  try {
    return `mailto:${encodeURIComponent(address.slice(0, at))}@${new URL(`https://${address.slice(at + 1)}`).hostname}`;
  } catch {
    return `mailto:${address}`;
  }
}

/** Labels and what they stand for; entries without a value are left out. */
export function facts(...entries) {
  const shown = entries.filter((entry) => entry?.[1]);
  return h("dl", { class: "facts" }, shown.map(([label, ...values]) => h("div", {}, h("dt", {}, label), h("dd", {}, values))));
}

let last = 0;

/** An id for elements that point at each other. */
export function nextId(stem) {
  last += 1;
  return `${stem}-${last}`;
}
