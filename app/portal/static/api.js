/**
 * The API, as a page should use it:
 *
 * - the access token lives in this object and nowhere else: no storage, no cookie, no address bar;
 * - every command carries an `Idempotency-Key`, and is repeated with the same key where the network
 *   failed, so that it happens once whatever is lost on the way;
 * - every command says which version of the session it is about (`If-Match`);
 * - every refusal is a `Problem` with a stable `code`.
 */

import { sync } from "./clock.js";

const TIMEOUT = 15_000;
const PAUSES = [400, 1200];
const PASSING = new Set(["service-unavailable", "idempotency-key-in-use"]);
const LONGEST_PAUSE = 3000;

/** A refusal of the API (RFC 9457). `body` has the data to act on it. */
export class Problem extends Error {
  constructor(body, status, retryAfter) {
    super(body.detail ?? body.title ?? "");
    this.body = body;
    this.code = body.code ?? "unknown";
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** No answer came: whether a command was carried out is not known. */
export class NetworkLost extends Error {}

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
  #token = null;

  get signedIn() {
    return this.#token !== null;
  }

  signIn(token) {
    this.#token = token;
  }

  signOut() {
    this.#token = null;
  }

  /** Exchange the token of an email's link. It changes nothing and needs no key. */
  async openLink(token) {
    const opened = await this.#json("POST", "/v1/links/open", { body: { token } });
    this.signIn(opened.data.access_token);
    return { session: opened.data.session, etag: opened.etag };
  }

  async me() {
    return (await this.#json("GET", "/v1/me")).data;
  }

  async sessions(when, cursor = null) {
    const query = new URLSearchParams({ when, limit: "20" });
    if (cursor) query.set("cursor", cursor);
    return (await this.#json("GET", `/v1/sessions?${query}`)).data;
  }

  /** A session's details with its `etag`. */
  async session(id) {
    const { data, etag } = await this.#json("GET", sessionPath(id));
    return { session: data, etag };
  }

  async availability(id, { from, to, format, zone }) {
    const query = new URLSearchParams({ from, to, format, time_zone: zone });
    return (await this.#json("GET", `${sessionPath(id, "availability")}?${query}`)).data;
  }

  /** `cancel` or `reschedule` a session. The answer is the session as it is then, and the cost. */
  async command(name, id, { body, etag, key }) {
    const headers = { "Idempotency-Key": key, "If-Match": etag };
    const answer = await this.#json("POST", sessionPath(id, name), { body, headers });
    return { ...answer.data, etag: answer.etag };
  }

  /** The calendar file. It needs the token, so it cannot be a plain link. */
  async calendar(id) {
    return (await this.#send("GET", sessionPath(id, "calendar.ics"))).blob();
  }

  async #json(method, path, options) {
    const response = await this.#send(method, path, options);
    return { data: await response.json(), etag: response.headers.get("ETag") };
  }

  /** Send, and send again where trying again is safe and likely to help. */
  async #send(method, path, options = {}) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(method, path, options);
      } catch (error) {
        const pause = pauseAfter(error, attempt);
        if (pause === null) throw error;
        await new Promise((resume) => setTimeout(resume, pause));
      }
    }
  }

  async #once(method, path, { body, headers = {} }) {
    const sent = { Accept: "application/json", ...headers };
    if (body !== undefined) sent["Content-Type"] = "application/json";
    if (this.#token !== null) sent.Authorization = `Bearer ${this.#token}`;
    let response;
    try {
      response = await fetch(path, {
        method,
        headers: sent,
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch (error) {
      throw new NetworkLost("", { cause: error });
    }
    sync(response.headers.get("Date"));
    if (response.ok) return response;
    throw await problemOf(response);
  }
}

function sessionPath(id, rest = null) {
  const path = `/v1/sessions/${encodeURIComponent(id)}`;
  return rest === null ? path : `${path}/${rest}`;
}

function pauseAfter(error, attempt) {
  if (attempt >= PAUSES.length) return null;
  if (error instanceof NetworkLost) return navigator.onLine ? PAUSES[attempt] : null;
  if (!PASSING.has(error.code)) return null;
  const asked = error.retryAfter === null ? PAUSES[attempt] : error.retryAfter * 1000;
  return asked > LONGEST_PAUSE ? null : asked;
}

/** Read a refusal; a proxy in between may answer with something else than a problem. */
async function problemOf(response) {
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds : null;
  let body = {};
  try {
    body = await response.json();
  } catch {
    body = { code: response.status === 429 ? "rate-limited" : response.status >= 502 ? "service-unavailable" : "internal-error" };
  }
  return new Problem(body ?? {}, response.status, retryAfter);
}
