/** What stands around every view: the practice, the sections, and the ways to sign out. */

import { button, h } from "./dom.js";
import { t } from "./strings.js";

export class Frame {
  #practice = document.getElementById("practice");
  #leave = document.getElementById("leave");
  #nav = document.getElementById("sections");
  #account = document.getElementById("account");
  #who = h("p", {});
  #buttons;

  /** `sections` are `{ entry, label }`; only a client who is signed in sees them. */
  constructor(sections, { go, leave, leaveEverywhere }) {
    this.#buttons = sections.map(({ entry, label }) => [entry, button(label, () => go(entry), { class: "section" })]);
    this.#nav.append(h("ul", {}, this.#buttons.map(([, one]) => h("li", {}, one))));
    this.#leave.append(button(t.account.leave, leave, { class: "plain", id: "sign-out" }));
    this.#account.append(this.#who, button(t.account.leaveEverywhere, leaveEverywhere, { class: "plain", id: "sign-out-everywhere" }));
  }

  /** Show it for a visit, with the section that its entry is of. */
  show(visit, entry) {
    const isClient = visit !== null && !visit.isLink;
    const { client, practice } = visit?.who ?? {};
    this.#practice.textContent = practice?.name ?? t.appName;
    this.#who.textContent = client ? t.account.who(client.name) : "";
    for (const part of [this.#leave, this.#nav, this.#account]) part.hidden = !isClient;
    for (const [section, one] of this.#buttons) {
      if (section.view === entry?.view && section.when === entry.when) one.setAttribute("aria-current", "page");
      else one.removeAttribute("aria-current");
    }
  }
}
