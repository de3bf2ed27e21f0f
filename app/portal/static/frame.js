/** What stands around every view: the practice, the languages, the sections, and the ways to sign out. */

import { button, h, link, linkTo } from "./dom.js";
import { dress } from "./look.js";
import { language, NAMES, t } from "./strings.js";

export class Frame {
  #practice = document.getElementById("practice");
  #logo = document.getElementById("logo");
  #leave = document.getElementById("leave");
  #languages = document.getElementById("languages");
  #nav = document.getElementById("sections");
  #account = document.getElementById("account");
  #welcome = document.getElementById("welcome");
  #about = document.getElementById("about");
  #choice = null;
  /** What is wrong with the choice of the language, `{ words, entry }`: the element, and the view that showed then. */
  #complaint = null;
  #app;
  #sections;

  /** `sections` gives `{ entry, label }`; only a client who is signed in sees them. */
  constructor(app, sections) {
    this.#app = app;
    this.#sections = sections;
  }

  /** Show it for a visit, with the section that its entry is of; or for the practice of another link. */
  show(visit, entry, other = null) {
    const isClient = visit !== null && !visit.isLink;
    const client = visit?.who.client ?? null;
    const practice = other ?? visit?.who.practice ?? null;
    const focused = document.activeElement.id;
    const isHome = entry?.view === visit?.home.view && entry?.when === visit?.home.when;
    document.getElementById("skip").textContent = t.skip;
    this.#practice.textContent = practice?.name ?? t.appName;
    this.#showLogo(practice?.look?.logo_url ?? null);
    dress(practice?.look?.accent ?? null);
    this.#showLanguages(entry);
    this.#nav.setAttribute("aria-label", t.sectionsLabel);
    this.#nav.replaceChildren(isClient ? h("ul", {}, this.#sections().map((section) => h("li", {}, this.#section(section, entry)))) : "");
    this.#leave.replaceChildren(isClient ? button(t.account.leave, () => this.#app.signOut(), { class: "plain", id: "sign-out" }) : "");
    this.#account.replaceChildren(
      ...(isClient && client
        ? [h("p", {}, t.account.who(client.name)), linkTo(this.#app, { view: "everywhere", by: visit.by }, t.account.leaveEverywhere, { class: "plain", id: "sign-out-everywhere" })]
        : []),
    );
    for (const part of [this.#leave, this.#nav, this.#account]) part.hidden = !isClient;
    this.#welcome.textContent = practice?.look?.welcome ?? "";
    this.#welcome.hidden = !isHome || !practice?.look?.welcome;
    this.#about.replaceChildren(...aboutPractice(practice));
    // What had the focus has been made anew.
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  /** Say beside the choice of the language what is wrong with it, until one is chosen or another view than `entry` shows. */
  complain(text, entry) {
    this.#withdrawComplaint();
    this.#complaint = { words: h("p", { class: "field-error small short", role: "alert" }, text), entry: JSON.stringify(entry) };
    this.#languages.append(this.#complaint.words);
  }

  #withdrawComplaint() {
    this.#complaint?.words.remove();
    this.#complaint = null;
  }

  #showLogo(address) {
    this.#logo.hidden = !address?.startsWith("/");
    if (!this.#logo.hidden && this.#logo.getAttribute("src") !== address) this.#logo.src = address;
  }

  #section({ entry: section, label }, entry) {
    const isHere = section.view === entry?.view && section.when === entry.when;
    return linkTo(this.#app, section, label, { class: "section", "aria-current": isHere ? "page" : null });
  }

  #showLanguages(entry) {
    const chosen = language();
    const options = Object.entries(NAMES).map(([code, name]) => h("option", { value: code, lang: code, selected: code === chosen }, name));
    const choose = (event) => {
      this.#withdrawComplaint();
      this.#app.speak(event.target.value);
    };
    const before = this.#choice;
    this.#choice = h("select", { id: "language", "aria-label": t.language, onchange: choose }, options);
    // A complaint beside it stays as it is: one that is shown anew would be read out again.
    if (before) before.replaceWith(this.#choice);
    else this.#languages.append(this.#choice);
    if (this.#complaint && this.#complaint.entry !== JSON.stringify(entry)) this.#withdrawComplaint();
  }
}

/** Where the practice is found, as far as it says so. */
function aboutPractice(practice) {
  if (!practice) return [];
  const { name, address, website, look } = practice;
  const parts = [
    look?.footer ? h("p", { class: "written" }, look.footer) : null,
    address || website ? h("p", {}, h("strong", {}, name), address ? h("span", { class: "written" }, `, ${address}`) : null) : null,
    website ? h("p", {}, link(website, website.replace(/^https?:\/\//i, "").replace(/\/$/, ""))) : null,
  ];
  return parts.filter(Boolean);
}
