/** All visits of this window: a client's sign-in, and one for each link that was opened. */

import { now } from "./clock.js";
import { remember, remembered, rememberedLinks, rememberLink } from "./memory.js";
import { CLIENT, Visit } from "./visit.js";

export class Visits {
  #visits = new Map();
  /** Whose time was up in the middle of something, and in which entry. */
  #paused = null;
  #onWho;

  /** Take up what was there before the page was loaded again. `onWho` hears of names. */
  constructor(onWho) {
    this.#onWho = onWho;
    for (const { id, access, until } of rememberedLinks()) this.#takeUpLink(id, access, until);
    const refresh = remembered();
    if (refresh === null) return;
    const visit = this.newClient();
    visit.api.hold({ refresh });
    this.#visits.set(CLIENT, visit);
  }

  #takeUpLink(id, access, until) {
    if (!(until > now())) {
      rememberLink(id);
      return;
    }
    const visit = new Visit(id);
    visit.api.hold({ access });
    visit.until = until;
    this.#visits.set(id, visit);
    visit.api.me().then((me) => this.introduce(visit, me)).catch(() => {}); // The name at the top is not worth an error.
  }

  /** The visit by this right, or null. */
  get(by) {
    return this.#visits.get(by) ?? null;
  }

  get client() {
    return this.get(CLIENT);
  }

  /** Make the visit of a client whose tokens are kept and renewed. */
  newClient() {
    const visit = new Visit(CLIENT, (answer) => {
      remember(answer?.refresh_token ?? null);
      if (answer !== null) this.introduce(visit, answer);
    });
    return visit;
  }

  /** Learn who visits. */
  introduce(visit, { client = null, practice = null }) {
    visit.who = { client: client ?? visit.who.client, practice: practice ?? visit.who.practice };
    this.#onWho(visit);
  }

  /** Let a visit begin; a sign-in takes the place of the one before. Give the entry to show. */
  admit(visit) {
    const before = this.get(visit.by);
    this.#visits.set(visit.by, visit);
    const paused = this.#paused;
    if (paused?.visit.by === visit.by) this.#paused = null;
    const goesOn = paused !== null && visit.isSameAs(paused.visit);
    if (goesOn) visit.takeOver(paused.visit);
    if (before !== null && !visit.isLink) before.api.signOut().catch(() => {}); // It ends by itself, too.
    return goesOn ? paused.entry : visit.home;
  }

  /** End a visit whose time is up. False: that was known, or another has taken its place. */
  end(visit) {
    if (visit === null || this.get(visit.by) !== visit) return false;
    this.#visits.delete(visit.by);
    visit.api.hold({});
    if (visit.isLink) rememberLink(visit.by);
    else remember(null);
    return true;
  }

  /** Let what a visit was about wait for the same person. */
  pause(visit, entry) {
    this.#paused = { visit, entry };
  }

  /** Forget everybody, also who came by a link: others may sit here next. */
  clear() {
    // What is still under way must not bring new tokens.
    for (const visit of this.#visits.values()) visit.api.hold({});
    this.#visits.clear();
    this.#paused = null;
    remember(null);
    rememberLink();
  }
}
