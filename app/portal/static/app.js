/**
 * What the page knows, and which view it shows.
 *
 * A view is a function `(app, entry) => ({ title, node, mounted? })`, which may wait for the API.
 * An entry is what the browser's history keeps of a view: names and ids, never a token and never a
 * command. So "back" goes one step back in the page and can repeat nothing.
 */

import { Api, NetworkLost, Problem } from "./api.js";
import { button, h } from "./dom.js";
import { showProblem } from "./problems.js";
import { t } from "./strings.js";

const STALE = 60_000;
const LONGEST_TIMER = 2 ** 31 - 1;

/** Parts of the page that a signed-in client can go to. Past sessions and packages come here. */
const SECTIONS = [{ entry: { view: "sessions", when: "upcoming" }, label: t.sections.upcoming }];

export class App {
  api = new Api();
  /** What was last chosen for each session, so that "back" finds it again. */
  drafts = new Map();
  /** The answer to the last command, for the view that tells of it. */
  outcome = null;
  /** What went wrong on the way to the next view, which shows it. */
  flash = null;
  #sessions = new Map();
  #linked = null;
  #timers = new Set();
  #turn = 0;
  #views;
  #main = document.getElementById("main");
  #status = document.getElementById("status");

  constructor(views) {
    this.#views = views;
  }

  /* --- who is here ------------------------------------------------------------------------- */

  /** Open an email's link: its session, and nothing else. */
  async openLink(token) {
    this.#forget();
    this.#busy();
    try {
      const opened = await this.api.openLink(token);
      this.keep(opened);
      this.#linked = opened.session.id;
      this.go(this.home(), { replace: true });
      this.#introduce().catch(() => {}); // The name at the top is not worth an error.
    } catch (error) {
      this.#stop(error, () => this.openLink(token));
    }
  }

  /** Sign in with an access token. A later way to sign in ends here, too. */
  async signIn(token) {
    this.#forget();
    this.api.signIn(token);
    try {
      await this.#introduce();
    } catch (error) {
      this.#forget();
      throw error;
    }
    this.go(this.home());
  }

  /** Show how to come back after the time is up, and drop what was on the page. */
  expired() {
    this.#forget();
    this.go({ view: "start", why: "expired" }, { replace: true });
  }

  get isLink() {
    return this.#linked !== null;
  }

  /** Where a person starts: the session of the link, or the list. */
  home() {
    return this.isLink ? { view: "details", id: this.#linked } : SECTIONS[0].entry;
  }

  async #introduce() {
    const me = await this.api.me();
    document.getElementById("practice").textContent = me.practice.name;
    this.#linked = me.session_id;
    const nav = document.getElementById("sections");
    nav.replaceChildren(...SECTIONS.map(({ entry, label }) => button(label, () => this.go(entry), { class: "plain" })));
    nav.hidden = this.isLink;
  }

  #forget() {
    this.api.signOut();
    this.#sessions.clear();
    this.drafts.clear();
    this.outcome = null;
    this.flash = null;
    this.#linked = null;
    document.getElementById("practice").textContent = t.appName;
    document.getElementById("sections").hidden = true;
  }

  /* --- sessions ---------------------------------------------------------------------------- */

  /** Give a session's details with its etag, not older than a minute, or fresh ones. */
  async load(id, { fresh = false } = {}) {
    const known = this.#sessions.get(id);
    if (known && !fresh && Date.now() - known.at < STALE) return known;
    return this.keep(await this.api.session(id));
  }

  /** Remember details that an answer brought. */
  keep({ session, etag }) {
    const known = { session, etag, at: Date.now() };
    this.#sessions.set(session.id, known);
    return known;
  }

  /* --- views ------------------------------------------------------------------------------- */

  /** Go to a view. Going where one is already does nothing: so a double click goes once. */
  go(entry, { replace = false } = {}) {
    const same = JSON.stringify(entry) === JSON.stringify(history.state);
    if (replace || same) history.replaceState(entry, "");
    else history.pushState(entry, "");
    return this.show(entry);
  }

  /** Show a view. Without `focus` the person stays where he is. */
  async show(entry, { focus = true } = {}) {
    const turn = ++this.#turn;
    const waiting = setTimeout(() => turn === this.#turn && this.#busy(), 250);
    let view;
    try {
      view = await this.#build(entry);
    } catch (error) {
      view = this.#failed(error, entry);
    } finally {
      clearTimeout(waiting);
    }
    if (turn !== this.#turn || view === null) return;
    for (const stop of this.#timers) stop();
    this.#timers.clear();
    this.#place(view, focus);
    view.mounted?.();
  }

  /** Show the present view again. */
  refresh(options = { focus: false }) {
    return this.show(history.state, options);
  }

  back() {
    history.back();
  }

  /** The page is in front of a person again: what it shows may be old. */
  returned() {
    if (history.state?.view === "details") this.refresh();
  }

  #build(entry) {
    const needsSignIn = entry.view !== "start";
    if (needsSignIn && !this.api.signedIn) return this.#views.start(this, { view: "start", why: "forgotten" });
    return (this.#views[entry.view] ?? this.#views.start)(this, entry);
  }

  #place({ title, node }, focus) {
    const focused = focus ? null : document.activeElement?.id;
    document.title = title;
    this.#main.replaceChildren(node);
    this.#main.removeAttribute("aria-busy");
    this.announce("");
    if (focus) {
      scrollTo(0, 0);
      (node.querySelector("[data-focus]") ?? node.querySelector("h1"))?.focus({ preventScroll: true });
    } else if (focused) {
      document.getElementById(focused)?.focus({ preventScroll: true });
    }
  }

  #busy() {
    this.#main.setAttribute("aria-busy", "true");
    this.#main.replaceChildren(h("p", { class: "loading" }, t.loading));
  }

  /* --- when something fails ---------------------------------------------------------------- */

  /** What each answer to a problem does; a view may know better. */
  ways(id, more = {}) {
    return {
      retry: () => this.refresh({ focus: true }),
      home: () => this.go(this.home()),
      start: () => this.expired(),
      reload: () => location.reload(),
      session: () => this.lookAgain(id),
      ...more,
    };
  }

  /** Read a session anew and show its details, with what has happened on top. */
  async lookAgain(id, problem = null) {
    try {
      await this.load(id, { fresh: true });
    } catch {
      // The view meets the same error and shows it.
    }
    this.flash = problem;
    this.go({ view: "details", id }, { replace: true });
  }

  #failed(error, entry) {
    note(error);
    if (error.code === "unauthorized") {
      this.expired();
      return null;
    }
    const title = h("h1", { tabindex: "-1" }, t.problem.title);
    return { title: t.problem.title, node: h("div", { class: "card" }, title, showProblem(error, this.ways(entry.id))) };
  }

  #stop(error, retry) {
    note(error);
    this.flash = { error, retry };
    this.go({ view: "start" }, { replace: true });
  }

  /* --- helpers ----------------------------------------------------------------------------- */

  /** Tell a screen reader. */
  announce(text) {
    this.#status.textContent = text;
  }

  /** Do something after a while, unless the view is gone by then. */
  after(milliseconds, action) {
    const timer = setTimeout(action, Math.min(Math.max(milliseconds, 0), LONGEST_TIMER));
    this.#timers.add(() => clearTimeout(timer));
  }

  every(milliseconds, action) {
    const timer = setInterval(action, milliseconds);
    this.#timers.add(() => clearInterval(timer));
  }
}

/** Defects of the page itself belong on the console; what the API says is shown to the person. */
export function note(error) {
  if (!(error instanceof Problem) && !(error instanceof NetworkLost)) console.error(error);
}
