/**
 * How the page talks to the API: what is sent again, and how a sign-in is kept alive.
 *
 * - the access token lives in this object and nowhere else: no storage, no cookie, no address bar;
 * - a lost network and a server that says "not now" are asked again;
 * - where the access token has expired the refresh token gets new ones, once however many calls
 *   found out at the same time, and each call is repeated once;
 * - every refusal is a `Problem` with a stable `code`.
 */

import { sync } from "./clock.js";
import { language } from "./strings.js";

const TIMEOUT = 15_000;
const PAUSES = [400, 1200];
const PASSING = new Set(["service-unavailable", "idempotency-key-in-use"]);
const LONGEST_PAUSE = 3000;
const REFRESH = "/v1/auth/refresh";

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

export class Wire {
  #access = null;
  #refresh = null;
  #renewing = null;
  #onTokens;

  /** `onTokens` is told of each new answer with tokens, and with null that they are of no use now. */
  constructor(onTokens = () => {}) {
    this.#onTokens = onTokens;
  }

  /** Use these from now on. Without an access token the first call gets one. */
  hold({ access = null, refresh = null }) {
    this.#access = access;
    this.#refresh = refresh;
  }

  /** Forget the tokens, whatever is under way, and give back the refresh token. */
  drop() {
    const refresh = this.#refresh;
    this.hold({});
    return refresh;
  }

  /** Use what a sign-in or a refresh answered. */
  adopt(answer) {
    this.hold({ access: answer.access_token, refresh: answer.refresh_token });
    this.#onTokens(answer);
  }

  /**
   * Send with the access token, and once more with a new one where that has expired. `as` says what
   * the answer is read as; give it with its `etag`.
   */
  async send(method, path, options = {}) {
    if (this.#access === null && this.#refresh !== null) await this.#renew();
    const used = this.#access;
    try {
      return await this.#patiently(method, path, { ...options, access: used });
    } catch (error) {
      if (error.code !== "unauthorized" || this.#refresh === null) throw error;
      // Another call may have got new tokens while this one was on its way.
      if (used === this.#access) await this.#renew();
      return this.#patiently(method, path, { ...options, access: this.#access });
    }
  }

  /** Get new tokens. Who comes while that is under way waits for the same answer. */
  #renew() {
    this.#renewing ??= this.#renewOnce().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renewOnce() {
    const refresh = this.#refresh;
    let answer;
    try {
      answer = (await this.#patiently("POST", REFRESH, { body: { refresh_token: refresh }, as: "json" })).data;
    } catch (error) {
      if (!isFinal(error)) throw error;
      if (this.#refresh === refresh) {
        this.drop();
        this.#onTokens(null);
      }
      throw unauthorized();
    }
    if (this.#refresh !== refresh) throw unauthorized(); // Signed out meanwhile.
    this.adopt(answer);
  }

  /** Send, and send again where trying again is safe and likely to help, as long as there is a token. */
  async #patiently(method, path, options) {
    const hadToken = this.#hasToken;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await once(method, path, options);
      } catch (error) {
        const pause = pauseAfter(error, attempt);
        if (pause === null) throw error;
        await new Promise((resume) => setTimeout(resume, pause));
        if (hadToken && !this.#hasToken) throw unauthorized(); // Signed out, or the access has ended.
      }
    }
  }

  get #hasToken() {
    return this.#access !== null || this.#refresh !== null;
  }
}

const unauthorized = () => new Problem({ code: "unauthorized" }, 401, null);

/** Whether a refresh token has no future. Where nobody answered, or "later", it may have one. */
function isFinal(error) {
  return error instanceof Problem && error.status < 500 && error.code !== "rate-limited";
}

async function once(method, path, { access = null, body, headers = {}, as = null, keepalive = false }) {
  // The sentences of the API are in the language of the page, whatever the browser asks for.
  const sent = { Accept: "application/json", "Accept-Language": language(), ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (access !== null) sent.Authorization = `Bearer ${access}`;
  let response;
  let data = null;
  try {
    response = await fetch(path, {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(TIMEOUT),
      keepalive,
    });
    // Within, because the network can also fail in the middle of an answer.
    if (response.ok && as !== null) data = await response[as]();
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw new NetworkLost("", { cause: error });
  }
  sync(response.headers.get("Date"));
  if (response.ok) return { data, etag: response.headers.get("ETag") };
  throw await problemOf(response);
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
    body = { code: codeOf(response.status) };
  }
  return new Problem(body ?? {}, response.status, retryAfter);
}

function codeOf(status) {
  if (status === 401) return "unauthorized";
  if (status === 429) return "rate-limited";
  return status >= 502 ? "service-unavailable" : "internal-error";
}
