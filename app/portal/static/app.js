/**
 * Who is here, and which view the page shows.
 *
 * A view is a function `(app, entry) => ({ title, node, mounted? })`, which may wait for the API.
 * An entry is what the browser's history keeps of a view: names and ids, never a token and never a
 * command. So "back" goes one step back in the page and can repeat nothing. `by` in it is the visit
 * that it belongs to: what a link opened is never asked for with a sign-in, nor the other way round.
 */

import { Api, NetworkLost } from "./api.js";
import { measureBar } from "./bar.js";
import { now } from "./clock.js";
import { h } from "./dom.js";
import { Frame } from "./frame.js";
import { keep } from "./keep.js";
import { remember, rememberLanguage, rememberLink } from "./memory.js";
import { viewPlaced } from "./press.js";
import { note, showProblem } from "./problems.js";
import { addressOf } from "./routes.js";
import { known, language, speak, t } from "./strings.js";
import { CLIENT, SECTIONS, Visit } from "./visit.js";
import { Visits } from "./visits.js";
import { ABOUT_LINKS, OPEN, whyForgotten } from "./why.js";
import { lead } from "./zones.js";

const LONGEST_TIMER = 2 ** 31 - 1;

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export class App {
  /** Whose view shows. Null: nobody is known. */
  visit = null;
  /** What went wrong on the way to the next view, which shows it. */
  flash = null;
  /** The token of a sign-in link that waits for a click. */
  offered = null;
  /** The token of an offer's link, and the offer as it was last shown. */
  offer = null;
  /** The token of a link to answer a question about a fee, and the question as it was last shown. */
  waiver = null;
  #timers = new Set();
  #turn = 0;
  #stopKeeping = null;
  #views;
  #main = document.getElementById("main");
  #status = document.getElementById("status");
  #frame;
  #visits;

  /** Whether the language is one that the person's own wishes name; else the client's record may. */
  #isOwnLanguage;

  constructor(views, { isOwnLanguage }) {
    this.#views = views;
    this.#isOwnLanguage = isOwnLanguage;
    this.#frame = new Frame(this, () => SECTIONS.map(({ name, entry }) => ({ entry, label: t.sections[name] })));
    this.#visits = new Visits((visit) => this.#met(visit));
  }

  /* --- languages --------------------------------------------------------------------------- */

  /** Use a language that the person chose, here and after a reload. */
  async speak(wanted) {
    this.#isOwnLanguage = true;
    rememberLanguage(wanted);
    await this.#speak(wanted);
    document.getElementById("language")?.focus();
  }

  async #speak(wanted) {
    if (wanted === language()) return;
    try {
      await speak(wanted);
    } catch (error) {
      note(error);
      this.#frame.show(this.visit, history.state);
      this.#frame.complain(t.problem.language, history.state);
      return;
    }
    // What the API said is in the language before: ask again where a view shows it.
    this.visit?.forgetAll();
    if (history.state) await this.refresh();
  }

  /** Somebody has a name now: show it, and use the language of their record where nothing else tells. */
  #met(visit) {
    if (visit === this.visit) this.#frame.show(visit, history.state);
    const theirs = known([visit.who.client?.locale ?? ""]);
    if (!this.#isOwnLanguage && theirs) this.#speak(theirs);
  }

  /* --- who is here ------------------------------------------------------------------------- */

  /**
   * Open an email's link: its session, and nothing else. `to` is what the person wants at once, where
   * it is possible.
   */
  async openLink(token, to = null) {
    this.#busy();
    try {
      const visit = new Visit(null);
      const opened = await visit.api.openLink(token);
      const { session, access, seconds } = opened;
      visit.by = session.id;
      visit.until = seconds ? now() + seconds * 1000 : null;
      visit.keep(opened);
      if (opened.practice) visit.who = { client: null, practice: opened.practice };
      rememberLink(visit.by, access, visit.until);
      this.#admit(visit, to && session.actions[to].allowed && (session.status === "booked" || to === "reschedule") ? to : null);
      visit.api.me().then((me) => this.#visits.introduce(visit, me)).catch(() => {}); // The name at the top is not worth an error.
    } catch (error) {
      this.stop(error, () => this.openLink(token, to));
    }
  }

  /** Open the link of an offer. Its token can do nothing but answer that offer. */
  async openOffer(token) {
    this.#busy();
    try {
      this.offer = { token, shown: await new Api().openOffer(token) };
      this.go({ view: "offer" }, { replace: true });
    } catch (error) {
      this.stop(error, () => this.openOffer(token));
    }
  }

  /** Answer the offer with `accept` or `decline`, and show what has become of it. */
  async answerOffer(answer, key) {
    const { token, shown } = this.offer;
    // An answer does not name the practice again.
    this.offer = { token, shown: { ...shown, ...(await new Api().answerOffer(token, shown.id, answer, key)) } };
    this.refresh({ focus: true });
  }

  /** Open the link of a question about a fee. Its token can do nothing but answer that question. */
  async openWaiver(token) {
    this.#busy();
    try {
      this.waiver = { token, shown: await new Api().openWaiver(token) };
      this.go({ view: "waiver" }, { replace: true });
    } catch (error) {
      this.stop(error, () => this.openWaiver(token));
    }
  }

  /** Answer the question with `grant` or `uphold`, and show what has become of it. */
  async answerWaiver(verb, body, key) {
    const { token, shown } = this.waiver;
    this.waiver = { token, shown: { ...shown, ...(await new Api().answerWaiver(token, shown.fee_id, verb, body, key)) } };
    this.refresh({ focus: true });
  }

  /** Hold the token of a sign-in link until the person confirms the sign-in. */
  offerSignIn(token) {
    this.offered = token;
    this.go({ view: "signIn" }, { replace: true });
  }

  /** Sign in with the token of a sign-in link. It is good once. */
  async signIn(token) {
    const visit = this.#visits.newClient();
    await visit.api.signIn(token);
    this.offered = null;
    this.#admit(visit);
  }

  /** Use an access token that a person has. Nothing follows it when its time is up. */
  async enter(access) {
    const visit = new Visit(CLIENT);
    visit.api.hold({ access });
    const me = await visit.api.me();
    visit.by = me.session_id ?? CLIENT;
    this.#visits.introduce(visit, me);
    if (!visit.isLink) remember(null);
    this.#admit(visit);
  }

  /** Ask for a mail with a link to sign in. */
  askForLink(email) {
    return new Api().askForLink(email);
  }

  /** Go on where the page was before it was loaded again, or at an address, or begin. */
  resume(addressed = null) {
    const entry = history.state ?? addressed;
    const { client } = this.#visits;
    const visit = this.#visits.get(entry?.by ?? entry?.id ?? CLIENT) ?? (history.state ? null : client);
    if (visit) this.go({ ...entry, by: visit.by }, { replace: true });
    else if (client) this.go(client.home, { replace: true });
    else this.go(entry?.view === "start" ? entry : { view: "start", why: whyForgotten(entry) }, { replace: true });
  }

  /** Go to the view of an address that was typed, or opened from elsewhere. */
  goTo(entry) {
    const visit = this.#visits.get(entry.id) ?? this.#visits.client;
    this.go({ ...entry, by: visit?.by ?? entry.id ?? CLIENT }, { replace: true });
  }

  /** The entry that going to a view makes: whose it is, where that is not said. */
  entryTo(wanted) {
    return OPEN.has(wanted.view) ? wanted : { ...wanted, by: wanted.by ?? this.visit?.by };
  }

  /** Sign out. It counts here at once, whether or not the service can be reached. */
  signOut() {
    this.#visits.client.api.signOut().catch(note);
    this.#leave("left");
  }

  async signOutEverywhere() {
    await this.visit.api.signOutEverywhere();
    this.#leave("leftEverywhere");
  }

  /** A visit's time is up. What it was about waits in this window for the same person. */
  expired(visit = this.visit) {
    if (!this.#visits.end(visit) || this.visit !== visit) return;
    this.#visits.pause(visit, history.state);
    this.go({ view: "start", why: visit.isLink ? "expired" : "ended" }, { replace: true });
  }

  /** Where a client who is signed in goes on from a session; null where none is. */
  get list() {
    const { client } = this.#visits;
    return client && (client.section ?? client.home);
  }

  #admit(visit, to = null) {
    const entry = this.#visits.admit(visit);
    this.go(entry, { replace: true });
    // "Back" leads from there to the details, as if the person had come that way.
    if (to && entry.view === "details") this.go({ view: to, id: entry.id });
  }

  #leave(why) {
    this.#visits.clear();
    this.flash = this.offer = this.waiver = this.offered = null;
    this.go({ view: "start", why }, { replace: true });
  }

  /* --- views ------------------------------------------------------------------------------- */

  /** Go to a view. Going where one is already does nothing: so a double click goes once. */
  go(wanted, { replace = false } = {}) {
    const entry = this.entryTo(wanted);
    if (replace || isSame(entry, history.state)) history.replaceState(entry, "", addressOf(entry));
    else history.pushState(entry, "", addressOf(entry));
    return this.show(entry);
  }

  /** Show a view. Without `focus` the keyboard focus stays where it is. */
  async show(entry, { focus = true } = {}) {
    const turn = ++this.#turn;
    const visit = this.#visits.get(entry.by ?? CLIENT);
    if (visit !== null && entry.view === "start" && !this.flash && !ABOUT_LINKS.has(entry.why)) {
      this.go(visit.home, { replace: true });
      return;
    }
    this.visit = visit;
    lead(null);
    if (SECTIONS.some((section) => isSame(section.entry, entry)) && visit) visit.section = entry;
    this.#frame.show(visit, entry, this.#practiceOf(entry));
    // Who is reading or writing in a view keeps it until it can be shown anew.
    const waiting = setTimeout(() => turn === this.#turn && focus && this.#busy(), 250);
    const former = [...this.#timers]; // The new view sets its own while it is built.
    let view;
    try {
      view = await this.#build(entry);
    } catch (error) {
      if (turn === this.#turn) view = this.#failed(error, entry, { isAsked: focus });
    } finally {
      clearTimeout(waiting);
    }
    if (turn !== this.#turn || !view) return;
    for (const stop of former) if (this.#timers.delete(stop)) stop();
    this.#place(view, focus);
    view.mounted?.();
    // What is shown may not outlive the access: then the page says so, and shows no price that is old.
    if (visit?.until) this.after(visit.until - now(), () => this.expired(visit));
  }

  /** The practice of a link that opens no session. */
  #practiceOf({ view }) {
    const opened = { offer: this.offer, waiver: this.waiver }[view];
    return opened?.shown.practice ?? null;
  }

  /** Show the present view again. */
  refresh(options = { focus: false }) {
    return this.show(history.state, options);
  }

  back() {
    history.back();
  }

  /** The page is in front of a person again, or has a network again: what it shows may be old. */
  returned() {
    if (history.state?.view === "details") this.refresh();
  }

  #build(entry) {
    if (this.visit === null && !OPEN.has(entry.view)) return this.#views.start(this, { view: "start", why: whyForgotten(entry) });
    return (this.#views[entry.view] ?? this.#views.start)(this, entry);
  }

  #place({ title, node }, focus) {
    const again = focus ? null : keep(this.#main);
    this.#stopKeeping?.();
    document.title = title;
    this.#main.replaceChildren(node);
    viewPlaced();
    measureBar(node);
    this.#main.removeAttribute("aria-busy");
    this.announce("");
    if (focus) {
      scrollTo(0, 0);
      (node.querySelector("[data-focus]") ?? node.querySelector("h1"))?.focus({ preventScroll: true });
    }
    this.#stopKeeping = again?.();
  }

  /** What stands there while an answer is under way: it keeps the height, so that little moves. */
  #busy() {
    this.#main.setAttribute("aria-busy", "true");
    this.#main.replaceChildren(h("div", { class: "skeleton" }, h("p", { class: "loading" }, t.loading)));
  }

  /* --- when something fails ---------------------------------------------------------------- */

  /** What each answer to a problem does; a view may know better. */
  ways(id, more = {}) {
    return {
      retry: () => this.refresh({ focus: true }),
      home: () => this.go(this.visit.home),
      start: () => this.expired(),
      reload: () => location.reload(),
      session: () => this.lookAgain(id),
      ...more,
    };
  }

  /** Read a session anew and show its details, with what has happened on top. */
  async lookAgain(id, problem = null, visit = this.visit) {
    try {
      await visit.load(id, { fresh: true });
    } catch {
      // The view meets the same error and shows it.
    }
    this.flash = problem;
    this.go({ view: "details", id, by: visit.by }, { replace: true });
  }

  /** Begin again, with what went wrong on top and perhaps a way to try it again. */
  stop(error, retry) {
    note(error);
    this.offered = null;
    this.flash = { error, retry };
    this.go({ view: "start" }, { replace: true });
  }

  #failed(error, entry, { isAsked }) {
    note(error);
    if (error.code === "unauthorized") {
      this.expired();
      return null;
    }
    if (!isAsked && error instanceof NetworkLost && !this.#main.ariaBusy) {
      // Who reads keeps what is shown, with a word on top.
      document.getElementById("outdated")?.remove();
      this.#main.prepend(h("div", { id: "outdated" }, showProblem(error, this.ways(entry.id), t.problem.outdated)));
      return null;
    }
    const title = h("h1", { tabindex: "-1" }, t.problem.title);
    return { title: t.problem.title, node: h("div", { class: "card" }, title, showProblem(error, this.ways(entry.id))) };
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

  /** Do something when the view is left. */
  onLeave(action) {
    this.#timers.add(action);
  }

  every(milliseconds, action) {
    const timer = setInterval(action, milliseconds);
    this.#timers.add(() => clearInterval(timer));
  }
}
