/**
 * The API, as a page should use it: a method for each call.
 *
 * - every command carries an `Idempotency-Key`, and is repeated with the same key where the network
 *   failed, so that it happens once whatever is lost on the way;
 * - every command says which version of the session it is about (`If-Match`).
 */

import { Wire } from "./wire.js";

export { NetworkLost, Problem } from "./wire.js";

/** The key of one thing that a person wants: the same body keeps it, another body gets a new one. */
export class Intention {
  #body = null;
  #key = null;

  keyFor(body) {
    const text = JSON.stringify(body);
    if (text !== this.#body) {
      this.#body = text;
      this.#key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    return this.#key;
  }

  forget() {
    this.#body = null;
  }
}

export class Api {
  #wire;

  constructor(onTokens) {
    this.#wire = new Wire(onTokens);
  }

  /* --- who calls --------------------------------------------------------------------------- */

  hold(tokens) {
    this.#wire.hold(tokens);
  }

  /** Ask for a mail with a link to sign in. The answer never tells whether the address is known. */
  async askForLink(email) {
    await this.#wire.send("POST", "/v1/auth/sign-in-links", { body: { email } });
  }

  /** Exchange the token of that link. It is good once, so send it only when a person wants it. */
  async signIn(token) {
    const { data } = await this.#wire.send("POST", "/v1/auth/tokens", { body: { token }, as: "json" });
    this.#wire.adopt(data);
  }

  /** Show the offer of a mail's link. It changes nothing. */
  async openOffer(token) {
    return (await this.#wire.send("POST", "/v1/offers/open", { body: { token }, as: "json" })).data;
  }

  /** `accept` or `decline` an offer, with the token of its link. */
  async answerOffer(token, id, answer, key) {
    this.hold({ access: token });
    const headers = { "Idempotency-Key": key };
    return (await this.#wire.send("POST", `/v1/offers/${encodeURIComponent(id)}/${answer}`, { body: {}, headers, as: "json" })).data;
  }

  /** Show what a client asks about a fee, by the link of a practitioner's mail. It changes nothing. */
  async openWaiver(token) {
    return (await this.#wire.send("POST", "/v1/waivers/open", { body: { token }, as: "json" })).data;
  }

  /** `grant` or `uphold`, with the token of that link. */
  async answerWaiver(token, id, verb, body, key) {
    this.hold({ access: token });
    const headers = { "Idempotency-Key": key };
    return (await this.#wire.send("POST", `/v1/waivers/${encodeURIComponent(id)}/${verb}`, { body, headers, as: "json" })).data;
  }

  /** Forget the tokens, and end what could be made of them. */
  async signOut() {
    const refresh = this.#wire.drop();
    if (refresh === null) return;
    await this.#wire.send("POST", "/v1/auth/sign-out", { body: { refresh_token: refresh }, keepalive: true });
  }

  async signOutEverywhere() {
    await this.#wire.send("POST", "/v1/auth/sign-out-everywhere");
  }

  /** Exchange the token of an email's link to a session. It changes nothing and needs no key. */
  async openLink(token) {
    const { data, etag } = await this.#wire.send("POST", "/v1/links/open", { body: { token }, as: "json" });
    this.hold({ access: data.access_token });
    return { session: data.session, etag, practice: data.practice ?? null, access: data.access_token, seconds: data.expires_in };
  }

  async me() {
    return (await this.#get("/v1/me")).data;
  }

  /* --- lists, a page at a time ------------------------------------------------------------- */

  sessions(when, cursor) {
    return this.#page("/v1/sessions", { when, limit: "20" }, cursor);
  }

  packages(cursor) {
    return this.#page("/v1/packages", {}, cursor);
  }

  fees(cursor) {
    return this.#page("/v1/fees", {}, cursor);
  }

  /** Ask the practice to waive a fee. */
  async askWaiver(id, body, key) {
    const headers = { "Idempotency-Key": key };
    return (await this.#wire.send("POST", `/v1/fees/${encodeURIComponent(id)}/ask-waiver`, { body, headers, as: "json" })).data;
  }

  async #page(path, filters, cursor) {
    const query = new URLSearchParams(cursor ? { ...filters, cursor } : filters);
    return (await this.#get(`${query}` ? `${path}?${query}` : path)).data;
  }

  #get(path) {
    return this.#wire.send("GET", path, { as: "json" });
  }

  /* --- one session ------------------------------------------------------------------------- */

  /** A session's details with its `etag`. */
  async session(id) {
    const { data, etag } = await this.#get(sessionPath(id));
    return { session: data, etag };
  }

  async availability(id, { from, to, format, zone }) {
    const query = new URLSearchParams({ from, to, format, time_zone: zone });
    return (await this.#get(`${sessionPath(id, "availability")}?${query}`)).data;
  }

  /** A session's history, oldest first. It comes whole. */
  async changes(id) {
    return (await this.#get(sessionPath(id, "changes"))).data.items;
  }

  /** What a command on a session and those that follow it in its series would do. It changes nothing. */
  async scope(id, { action, wish, keep, includeMoved }) {
    const query = new URLSearchParams({ action, include_moved: includeMoved, ...wish });
    for (const one of keep) query.append("keep", one);
    return (await this.#get(`${sessionPath(id, "scope")}?${query}`)).data;
  }

  /** `cancel`, `reschedule`, `confirm` or `undo` a session. The answer is the session as it is then, and the cost. */
  async command(name, id, { body, etag, key }) {
    const headers = { "Idempotency-Key": key, "If-Match": etag };
    const answer = await this.#wire.send("POST", sessionPath(id, name), { body, headers, as: "json" });
    return { ...answer.data, etag: answer.etag };
  }

  /** Keep a time for the session for some minutes. The same wish again keeps it longer. */
  async reserve(id, body) {
    return (await this.#wire.send("PUT", sessionPath(id, "hold"), { body, as: "json" })).data;
  }

  /** Let go of the time that the session holds. */
  async release(id) {
    await this.#wire.send("DELETE", sessionPath(id, "hold"));
  }

  /** The last wish for an earlier time of a session; null if there never was one. */
  async wish(id) {
    return (await this.#get(sessionPath(id, "wish"))).data.wish;
  }

  /** Wait for an earlier time: for any, or for those that suit. What is left out counts no more. */
  async putWish(id, body, key) {
    await this.#wire.send("PUT", sessionPath(id, "wish"), { body, headers: { "Idempotency-Key": key } });
  }

  /** Stop waiting. */
  async endWish(id, key) {
    await this.#wire.send("DELETE", sessionPath(id, "wish"), { headers: { "Idempotency-Key": key } });
  }

  /** Give up the time only if somebody takes it (`post`), or keep it after all (`delete`). */
  async changeRelease(name, id, key) {
    const body = name === "post" ? {} : undefined;
    await this.#wire.send(name.toUpperCase(), sessionPath(id, "release"), { body, headers: { "Idempotency-Key": key } });
  }

  /** The calendar file. It needs the token, so it cannot be a plain link. */
  async calendar(id) {
    return (await this.#wire.send("GET", sessionPath(id, "calendar.ics"), { as: "blob" })).data;
  }
}

function sessionPath(id, rest = null) {
  const path = `/v1/sessions/${encodeURIComponent(id)}`;
  return rest === null ? path : `${path}/${rest}`;
}
