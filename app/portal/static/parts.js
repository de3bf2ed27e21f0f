/** Pieces of a view that several views show. */

import { allowanceText } from "./allowance.js";
import { now } from "./clock.js";
import { facts, h, link, nextId } from "./dom.js";
import { countdown, day, money, short, span, zoneNames } from "./format.js";
import { t } from "./strings.js";
import { differs } from "./zones.js";

const SOON = 3_600_000;

export const heading = (text) => h("h1", { tabindex: "-1" }, text);

/** When: in the person's zone, and beside it for the practitioner where clocks there differ. */
export function when({ starts_at: start, ends_at: end, practitioner }) {
  const zone = practitioner.time_zone;
  const ends = [start, end];
  const theirs = `${day(start, zone)}, ${span(start, end, zone)} (${zoneNames(ends, zone)})`;
  return h(
    "div",
    { class: "when" },
    h("p", { class: "day" }, day(start)),
    h("p", { class: "time" }, span(start, end), " ", h("span", { class: "quiet zone" }, zoneNames(ends))),
    differs(ends, zone) ? h("p", { class: "quiet" }, t.session.theirTime(practitioner.name, theirs)) : null,
  );
}

/** What a session belongs to: a place in a group, a date of a series. */
export function belonging({ group, series, status }) {
  const isOpen = status === "booked" && group !== null;
  return [
    group && [t.group.title, t.group.place, isOpen ? ` ${t.group.free(group.seats_left, group.seats)}` : null],
    series && [t.series.title, t.series.position(series.position, series.of)],
  ];
}

export const formatName = (kind) => t.session.formats[kind] ?? kind;

/** A format as one line: "In person, Harbor Street". */
export function choiceName({ kind, location }) {
  return location ? `${formatName(kind)}, ${location.name}` : formatName(kind);
}

/** The same within a sentence. */
export function inSentence({ kind, location }) {
  const name = t.formatInSentence[kind] ?? kind;
  return location ? `${name}, ${location.name}` : name;
}

/** How to meet and how to join. */
export function joining({ kind, location, join_url: url, instructions }) {
  return [
    [t.session.how, formatName(kind)],
    location && [t.session.where, location.name, h("br"), location.address],
    url && [t.session.join, link(url, url.replace(/^https?:\/\//i, ""))],
    instructions && [t.session.goodToKnow, instructions],
  ];
}

/** The decision on a move to a start: a free target has no fee, and carries the cost of cancelling. */
export function forTarget(decision, start) {
  const { free_targets: free } = decision;
  const at = start ? Date.parse(start) : NaN;
  if (!free || !(Date.parse(free.from) <= at && at < Date.parse(free.before))) return decision;
  return { ...decision, fee: null, carries: free.carries, free_because: "target", allowance: null };
}

/** What an action costs now and until when it stays so: sentences, and the next instant that counts. */
export function costNow(decision, startsAt) {
  const { fee, credit, carries, free_until: freeUntil, closes_at: closesAt, free_because: because, free_targets: free } = decision;
  const isFree = !fee && credit !== "forfeited" && !carries;
  const deadline = isFree ? freeUntil : closesAt;
  const atStart = deadline !== null && Date.parse(deadline) >= Date.parse(startsAt);
  if (isFree && t.cost.because[because]) return { text: t.cost.because[because], isFree, deadline: null };
  const ofAllowance = allowanceText(decision);
  if (isFree && ofAllowance) return { text: ofAllowance, isFree, deadline: null };
  const sentences = [];
  if (fee) sentences.push(t.cost.fee(money(fee)));
  if (credit === "forfeited") sentences.push(t.cost.forfeited);
  if (carries) sentences.push(carriedCost(carries, t.cost));
  if (free) sentences.push(t.cost.freeTargets(short(free.from), short(free.before)));
  if (isFree) sentences.push(atStart || !deadline ? t.cost.freeUntilStart : t.cost.freeUntil(short(deadline)));
  else if (!atStart && deadline) sentences.push(t.cost.possibleUntil(short(deadline)));
  return { text: sentences.join(" "), isFree, deadline };
}

/** What cancelling costs at least after a move, in the words for now or for the timeline. */
export function carriedCost({ fee }, words) {
  return fee ? words.carriesFee(money(fee)) : words.carriesForfeit;
}

/** The sentences of `costNow`, with a clock that counts down in the last hour. */
export function costLine(decision, startsAt) {
  const { text, deadline, isFree } = costNow(decision, startsAt);
  const left = deadline ? Date.parse(deadline) - now() : 0;
  const clock = left > 0 && left <= SOON ? h("span", { class: "countdown", role: "timer", "data-until": deadline }) : null;
  return h("p", { class: isFree ? "cost costless" : "cost" }, text, clock ? " " : null, clock);
}

/** Keep the clocks of a view going. */
export function runClocks(app, node) {
  const clocks = [...node.querySelectorAll("[data-until]")];
  const tick = () => {
    for (const clock of clocks) clock.textContent = t.cost.left(countdown(Date.parse(clock.dataset.until) - now()));
  };
  if (clocks.length === 0) return;
  tick();
  app.every(1000, tick);
}

/** The cost in full, before a person confirms. */
export function costBox(decision) {
  const { fee, credit, carries, free_because: because } = decision;
  return h(
    "div",
    { class: fee || credit === "forfeited" || carries ? "message costs" : "message free" },
    fee ? h("p", {}, h("strong", {}, t.cost.fee(money(fee))), " ", t.cost.collect) : null,
    !fee && credit !== "forfeited" ? h("p", {}, allowanceText(decision) ?? t.cost.because[because] ?? t.cost.free) : null,
    fee && allowanceText(decision) ? h("p", {}, allowanceText(decision)) : null,
    credit ? h("p", {}, t.cost.credit[credit] ?? "") : null,
    decision.forgiven_if_refilled ? h("p", {}, decision.allowance?.would_use ? t.allowance.refilled : t.cost.refilled) : null,
    carries ? h("p", {}, h("strong", {}, carriedCost(carries, t.cost))) : null,
  );
}

/** The policy in the practitioner's words, and as a timeline for each action. */
export function policyText({ policy }) {
  return policy.text ? h("p", { class: "written" }, policy.text) : null;
}

export function policyTimeline({ policy, starts_at: startsAt }) {
  const actions = Object.keys(t.doing).filter((name) => Array.isArray(policy.terms[name]));
  return h(
    "details",
    {},
    h("summary", {}, t.session.timeline),
    facts(...actions.map((name) => [t.doing[name], timeline(policy.terms[name], startsAt)])),
  );
}

function timeline(terms, startsAt) {
  if (terms.length === 0) return t.terms.never;
  return h("ul", {}, terms.map((term) => h("li", {}, describeTerm(term, startsAt))));
}

function describeTerm({ until, fee, credit, carries }, startsAt) {
  const text = Date.parse(until) >= Date.parse(startsAt) ? t.terms.start : short(until);
  const passed = now() > Date.parse(until) ? ` ${t.terms.passed}` : "";
  if (credit === "forfeited") return t.terms.forfeited(text) + passed;
  const cost = fee ? t.terms.fee(money(fee), text) : t.terms.free(text);
  return cost + (carries ? carriedCost(carries, t.terms) : "") + passed;
}

/** One choice out of several. `options` are `[value, label]`. */
export function radios(legend, name, options, { chosen = null, ...more } = {}) {
  return choices("radio", legend, name, options, { ...more, isChosen: (value) => value === chosen });
}

/** Any number of choices out of several. */
export function checkboxes(legend, name, options, { chosen = [], ...more } = {}) {
  return choices("checkbox", legend, name, options, { ...more, isChosen: (value) => chosen.includes(value) });
}

function choices(type, legend, name, options, { isChosen, hint = null, onchange = null, style = "options" }) {
  const hintId = nextId("hint");
  return h(
    "fieldset",
    { class: "choices", "aria-describedby": hint ? hintId : null },
    h("legend", {}, legend),
    hint ? h("p", { class: "quiet small", id: hintId }, hint) : null,
    h(
      "div",
      { class: style },
      options.map(([value, label]) => {
        const id = nextId(name);
        return h(
          "label",
          { class: "option", for: id },
          h("input", { type, name, id, value, checked: isChosen(value), onchange }),
          h("span", {}, label),
        );
      }),
    ),
  );
}

/** Give a file to the person. */
export function saveFile(blob, name) {
  const address = URL.createObjectURL(blob);
  const anchor = h("a", { href: address, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
