/**
 * "This session only" or "this and all following sessions". Before anything is confirmed, each date
 * that would change is named with what it costs, and each that stays with the reason.
 */

import { allowanceText } from "./allowance.js";
import { button, h } from "./dom.js";
import { money, short, zoneNames } from "./format.js";
import { carriedCost, possibleUntil, radios } from "./parts.js";
import { note, showProblem } from "./problems.js";
import { withReason } from "./reason.js";
import { t } from "./strings.js";

const THIS = "this";
const FOLLOWING = "this_and_following";
/** The effects of a reason, the strongest first. */
const EFFECTS = ["none", "ask", "usual"];

/** Whether dates of the same series follow a session. */
export function hasFollowing({ series, group, status }) {
  return series !== null && group === null && status === "booked" && series.position < series.of;
}

export class ScopePart {
  #app;
  #visit;
  #session;
  #action;
  #wish;
  #onChange;
  #onStart;
  #scope;
  #keep = new Set();
  /** Dates that were moved by themselves. They stay, unless the person takes them along. */
  #moved = new Set();
  #includeMoved = false;
  /** Other times for dates that are not free, and the conflicts that a command met. */
  #picks = new Map();
  #met = new Map();
  #preview = null;
  #turn = 0;
  /** The reason that is chosen. */
  #code = null;
  #place = h("div", { class: "dates" });
  node;

  /**
   * `wish` is what the named session would move to. `onChange` is told of each new state, and
   * `onStart` of another time for the named session itself.
   */
  constructor(app, session, { action, wish, isFollowing, onChange, onStart }) {
    this.#app = app;
    this.#visit = app.visit;
    this.#session = session;
    this.#action = action;
    this.#wish = wish;
    this.#onChange = onChange;
    this.#onStart = onStart;
    this.#scope = isFollowing ? FOLLOWING : THIS;
    const choice = radios(t.scope.title, "scope", Object.entries(t.scope.options), {
      chosen: this.#scope,
      onchange: (event) => {
        this.#scope = event.target.value;
        this.load();
      },
    });
    this.node = h("div", {}, choice, this.#place);
  }

  get isFollowing() {
    return this.#scope === FOLLOWING;
  }

  get preview() {
    return this.#preview;
  }

  /** What the command carries besides. */
  get body() {
    const { format } = this.#wish;
    const overrides = [...this.#picks].map(([id, slot]) => ({
      session_id: id,
      start: slot.start,
      ...(this.#hasOtherFormat ? { format, ...(slot.location_id ? { location_id: slot.location_id } : {}) } : {}),
    }));
    return { scope: FOLLOWING, keep: [...this.#keep], include_moved: this.#includeMoved, quote: this.#preview.quote, ...(overrides.length > 0 ? { overrides } : {}) };
  }

  /** Whether the wish is for another format or place than the session has. */
  get #hasOtherFormat() {
    const { format, location_id: location } = this.#wish;
    const own = this.#session.format;
    return Boolean(format) && (format !== own.kind || (location ?? null) !== (own.location?.id ?? null));
  }

  /** The part of the wish that the preview depends on. */
  get #asked() {
    const { start, format, location_id: location } = this.#wish;
    if (!start) return {};
    return { start, ...(this.#hasOtherFormat ? { format, ...(location ? { location_id: location } : {}) } : {}) };
  }

  /** Whether the practice asked for the change of every date, so that no reason is needed. */
  get isAnswer() {
    return this.#preview.sessions.every((one) => one.decision.free_because === "move_request");
  }

  /** What each reason changes: for the date for which it changes most. */
  get reasons() {
    const all = this.#preview.sessions.flatMap((one) => one.decision.reasons ?? []);
    const strongest = (code) => EFFECTS.find((effect) => all.some((one) => one.code === code && one.effect === effect));
    return [...new Set(all.map((one) => one.code))].map((code) => ({ code, effect: strongest(code) }));
  }

  /** Show beside each date what it costs with a reason. */
  giveReason(code) {
    if (code === this.#code) return;
    this.#code = code;
    if (this.#preview !== null) this.#show();
  }

  /** Ask what would change, and show it. Only the answer to the last question counts. */
  async load() {
    const turn = ++this.#turn;
    this.#preview = null;
    this.#met.clear();
    this.#place.replaceChildren(this.isFollowing ? h("p", { class: "quiet" }, t.scope.loading) : "");
    this.#onChange();
    if (!this.isFollowing) return;
    const { id } = this.#session;
    try {
      const preview = await this.#visit.api.scope(id, { action: this.#action, wish: this.#asked, keep: this.#keep, includeMoved: this.#includeMoved });
      if (turn !== this.#turn) return;
      this.#preview = preview;
      this.#show();
      this.#app.announce(t.scope.found(preview.sessions.length, preview.staying.length));
    } catch (error) {
      note(error);
      if (turn !== this.#turn) return;
      this.#failed(error);
    }
    this.#onChange();
  }

  /** Show what the command itself would change and cost, as its refusal says. */
  take(preview) {
    this.#turn += 1;
    this.#preview = preview;
    this.#met.clear();
    this.#show();
    this.#onChange();
  }

  #failed(error) {
    if (error.code === "unauthorized") {
      this.#app.expired(this.#visit);
      return;
    }
    const shown = showProblem(error, this.#app.ways(this.#session.id, { retry: () => this.load(), home: null }));
    this.#place.replaceChildren(shown);
    shown.focus();
  }

  /** Leave a date as it is. */
  leaveOut(id) {
    this.#keep.add(id);
    return this.#loadAgain(id);
  }

  /** Change a date too that would stay. The API takes along all dates that were moved alone, or none. */
  #takeAlong(id) {
    const moved = this.#preview.staying.filter((one) => one.why === "moved").map((one) => one.session_id);
    for (const one of moved) {
      this.#moved.add(one);
      this.#keep.add(one);
    }
    this.#includeMoved ||= moved.includes(id);
    this.#keep.delete(id);
    return this.#loadAgain(id);
  }

  async #loadAgain(id) {
    this.#picks.delete(id);
    await this.load();
    this.#place.querySelector("h2")?.focus();
  }

  /** Show the conflicts that the command met. */
  meet(conflicts) {
    for (const conflict of conflicts) {
      this.#picks.delete(conflict.session_id);
      this.#met.set(conflict.session_id, conflict);
    }
    this.#show();
  }

  /** The date of a session that the policy refuses, and its deadline. */
  describe(id, deadline) {
    const found = this.#preview.sessions.find((one) => one.session_id === id);
    const until = deadline ? possibleUntil(deadline) : null;
    return [found && t.scope.date(short(found.starts_at)), until].filter(Boolean).join(" ");
  }

  /** Whether a session can be left out: the named one cannot. */
  mayLeaveOut(id) {
    return Boolean(id) && id !== this.#session.id;
  }

  /** Whether the command can be sent; if not, lead to what is missing. */
  isComplete() {
    if (this.#preview === null) {
      this.#app.announce(t.scope.loading);
      this.#place.querySelector(".problem")?.focus();
      return false;
    }
    const open = this.#place.querySelector("[data-open]");
    if (open === null) return true;
    this.#app.announce(t.scope.incomplete);
    (open.querySelector("input, button") ?? open).focus();
    return false;
  }

  /** The fees, the lost credits and whether a cost is carried, with a reason that may be free. */
  sums(code) {
    const decisions = this.#preview.sessions.map((one) => withReason(one.decision, code));
    const fees = decisions.map((one) => one.fee).filter(Boolean);
    const total = fees.reduce((sum, fee) => sum + fee.amount_minor, 0);
    return {
      fee: fees.length > 0 ? { ...fees[0], amount_minor: total } : null,
      forfeited: decisions.filter((one) => one.credit === "forfeited").length,
      carries: decisions.some((one) => one.carries),
    };
  }

  /** What all of it costs. */
  costBox(code) {
    if (!this.#preview.allowed) return null;
    const { fee, forfeited, carries } = this.sums(code);
    return h(
      "div",
      { class: fee || forfeited || carries ? "message costs" : "message free" },
      carries ? h("p", {}, h("strong", {}, t.scope.carries)) : null,
      fee ? h("p", {}, h("strong", {}, t.scope.sum(money(fee))), " ", t.cost.collect) : null,
      forfeited ? h("p", {}, t.scope.forfeited(forfeited)) : null,
      fee || forfeited ? null : h("p", {}, carries ? t.cost.freeNow : t.cost.free),
    );
  }

  #show() {
    const { sessions, staying } = this.#preview;
    const instants = sessions.map((one) => one.starts_at);
    this.#place.replaceChildren(
      h("h2", { tabindex: "-1" }, t.scope.changing[this.#action](sessions.length)),
      h("p", { class: "quiet small" }, t.reschedule.inZone(zoneNames(instants))),
      h("ol", {}, sessions.map((one) => this.#row(one))),
      ...(staying.length > 0 ? [h("h2", {}, t.scope.staying), h("ul", {}, staying.map((one) => this.#stays(one)))] : []),
    );
  }

  #row({ session_id: id, starts_at: start, new_starts_at: planned, decision }) {
    const conflict = this.#met.get(id) ?? this.#preview.conflicts.find((one) => one.session_id === id) ?? null;
    const to = this.#picks.get(id)?.start ?? planned;
    const isTaken = conflict !== null && !this.#picks.has(id);
    return h(
      "li",
      { "data-session": id, "data-open": isTaken || !decision.allowed },
      h("p", {}, planned && !isTaken ? move(start, to) : h("strong", {}, short(start))),
      decision.allowed ? h("p", { class: "quiet small" }, costOf(withReason(decision, this.#code))) : this.#refusal(id, decision.refusal),
      decision.allowed && conflict ? this.#conflict(id, conflict) : null,
    );
  }

  #refusal(id, { message, deadline }) {
    const until = deadline ? ` ${possibleUntil(deadline)}` : null;
    return h("div", { class: "message problem" }, h("p", {}, message, until), this.#leave(id));
  }

  #conflict(id, { wanted, alternatives }) {
    const named = id === this.#session.id;
    const choose = (slot) => {
      this.#picks.set(id, slot);
      this.#show();
      this.#place.querySelector(`[data-session="${id}"] input:checked`)?.focus();
      this.#onChange();
    };
    const options = alternatives.map((slot) => [slot.start, short(slot.start)]);
    const words = `${t.scope.notFree(short(wanted))} ${alternatives.length > 0 ? t.scope.chooseOther : t.scope.noOther}`;
    const fields = radios(words, `other-${id}`, options, {
      chosen: this.#picks.get(id)?.start ?? null,
      onchange: (event) => choose(alternatives.find((slot) => slot.start === event.target.value)),
    });
    const buttons = alternatives.map((slot) => button(short(slot.start), () => this.#onStart(slot), { class: "secondary" }));
    const style = this.#picks.has(id) ? "message" : "message problem";
    return h("div", { class: style }, named || alternatives.length === 0 ? h("p", {}, words) : fields, named ? h("div", { class: "action-list" }, buttons) : this.#leave(id));
  }

  #leave(id) {
    if (!this.mayLeaveOut(id)) return null;
    const { starts_at: start } = this.#preview.sessions.find((one) => one.session_id === id);
    return button(t.scope.leaveOut, () => this.leaveOut(id), { class: "secondary", "aria-label": t.scope.leaveOutDate(short(start)) });
  }

  #stays({ session_id: id, starts_at: start, why }) {
    const label = t.scope.takeAlongDate(short(start));
    const back = ["kept", "moved"].includes(why) ? button(t.scope.takeAlong, () => this.#takeAlong(id), { class: "plain", "aria-label": label }) : null;
    const reason = why === "kept" && this.#moved.has(id) ? t.scope.why.moved : t.scope.why[why] ?? t.scope.why.other;
    return h("li", { "data-session": id }, h("strong", {}, t.labelled(short(start), "")), `${reason} `, back);
  }
}

/** The old and the new time. The arrow is read as words. */
export function move(from, to) {
  return [h("span", { class: "old" }, short(from)), " ", h("span", { "aria-hidden": "true" }, "→ "), h("span", { class: "hidden" }, t.scope.movesTo), " ", h("strong", {}, short(to))];
}

/** What one date costs. */
function costOf(decision) {
  const { fee, credit, carries } = decision;
  const costs = [decision.allowance?.would_use && allowanceText(decision), fee && t.cost.fee(money(fee)), t.scope.credit[credit], carries && carriedCost(carries, t.cost)].filter(Boolean);
  return costs.length > 0 ? costs.join(" ") : t.scope.free;
}
