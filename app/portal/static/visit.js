/**
 * A visit: who is here, by which right, and what the page knows of them. There is one for a client
 * who is signed in, and one for each link to a session that was opened. They share nothing: what a
 * link opened is asked for with the link's token, and is not there for anybody else.
 */

import { Api } from "./api.js";

/** The visit of a client who is signed in; the others go by the id of their session. */
export const CLIENT = "client";

/** Parts of the page that a signed-in client can go to. */
export const SECTIONS = [
  { name: "upcoming", entry: { view: "sessions", when: "upcoming", by: CLIENT } },
  { name: "past", entry: { view: "sessions", when: "past", by: CLIENT } },
  { name: "packages", entry: { view: "packages", by: CLIENT } },
  { name: "fees", entry: { view: "fees", by: CLIENT } },
];

const STALE = 60_000;

export class Visit {
  api;
  /** The client and their practice, as far as they are known. */
  who = { client: null, practice: null };
  /** What was last chosen, and what was last written as the reason, for each session. */
  drafts = new Map();
  reasons = new Map();
  /** The answer to the last command, for the view that tells of it. */
  outcome = null;
  /** What has just been done, for the session's details to say it once. */
  told = null;
  /** The list that was last looked at, and leads there again. */
  section = null;
  /** When the access of a link ends, by the server's clock; null where it can be renewed. */
  until = null;
  /** The zones that a person chose for sessions: id to zone. */
  zones = new Map();
  #sessions = new Map();

  /** `by` is the right: CLIENT, or the id of a link's session. */
  constructor(by, onTokens) {
    this.by = by;
    this.api = new Api(onTokens);
  }

  get isLink() {
    return this.by !== CLIENT;
  }

  /** Where a person starts: the session of the link, or the list. */
  get home() {
    return this.isLink ? { view: "details", id: this.by, by: this.by } : { view: "sessions", when: "upcoming", by: CLIENT };
  }

  /** Go on with what was chosen and written in a visit before. */
  takeOver({ drafts, reasons, zones }) {
    Object.assign(this, { drafts, reasons, zones });
  }

  /** Tell whether this is the same person by the same right. */
  isSameAs({ by, who }) {
    return this.by === by && (this.isLink || who.client?.id === this.who.client?.id);
  }

  /** Give a session's details with its etag, not older than a minute, or fresh ones. */
  async load(id, { fresh = false } = {}) {
    const known = this.#sessions.get(id);
    if (known && !fresh && Date.now() - known.at < STALE) return known;
    return this.keep(await this.api.session(id));
  }

  /** Drop details that a command on other sessions has made old. */
  forget(ids) {
    for (const id of ids) this.#sessions.delete(id);
  }

  /** Drop all details, to ask for them again. */
  forgetAll() {
    this.#sessions.clear();
  }

  /** Remember details that an answer brought. */
  keep({ session, etag }) {
    const known = { session, etag, at: Date.now() };
    this.#sessions.set(session.id, known);
    return known;
  }
}
