/** Pieces of a view that several views show. */

import { allowanceText } from "./allowance.js";
import { now } from "./clock.js";
import { button, facts, h, link, nextId, written } from "./dom.js";
import { countdown, day, isoDate, money, nearDay, onOwnClock, short, span, tileParts, time, timeInWords, zoneName, zoneNames } from "./format.js";
import { icon } from "./icons.js";
import { t } from "./strings.js";
import { differs, lead, leading, ZONE } from "./zones.js";

const SOON = 3_600_000;

export const heading = (text) => h("h1", { tabindex: "-1" }, text);

/** Whether an entry of the history is about the session as it is. An address names no version. */
export const isCurrent = (entry, session) => entry.version === undefined || entry.version === session.version;

/** The zone of the place of a session: where it is in person, else where its practitioner is. */
export const placeZone = ({ format, practitioner }) => format.location?.time_zone ?? practitioner.time_zone;

/** Let the zone lead that a person chose for a session; else the place's where one meets in person. */
export function leadFor(app, session) {
  const chosen = app.visit.zones.get(session.id);
  lead(chosen ?? (session.format.kind === "in_person" ? placeZone(session) : null));
}

/**
 * When: in the zone that leads, and beside it in the other one where clocks differ. What `before` had
 * otherwise is marked.
 */
export function when(session, { before = null, zones = null } = {}) {
  const { starts_at: start, ends_at: end, practitioner } = session;
  const place = placeZone(session);
  const ends = [start, end];
  const inZone = (zone) => `${day(start, zone)}, ${span(start, end, zone)}`;
  const isElsewhere = leading() !== ZONE && differs(ends, ZONE);
  const other = isElsewhere
    ? t.session.forYou(sameDay(start, ZONE) ? span(start, end, ZONE) : inZone(ZONE), zoneNames(ends, ZONE))
    : t.session.theirTime(practitioner.name, `${inZone(place)} (${zoneNames(ends, place)})`);
  const near = nearDay(start);
  const changed = (isChanged) => (before && isChanged ? "changed" : null);
  const isOtherDay = before && isoDate(before.starts_at) !== isoDate(start);
  const isOtherTime = before && time(before.starts_at) !== time(start);
  return h(
    "div",
    { class: "when" },
    h("p", { class: "day" }, h("span", { class: changed(isOtherDay) }, near ? t.dayAndTime(near, timeInWords(start)) : day(start))),
    h("p", { class: "time" }, h("span", { class: changed(isOtherTime) }, near ? t.session.onDay(day(start), span(start, end)) : span(start, end)), " ", h("span", { class: "quiet zone" }, zoneNames(ends))),
    isElsewhere || differs(ends, place) ? h("p", { class: "quiet small" }, other) : null,
    zones,
  );
}

const sameDay = (instant, zone) => isoDate(instant, zone) === isoDate(instant);

/** A button to see the times of a session online in the other zone; null where clocks agree. */
export function zoneSwitch(app, session) {
  const { id, starts_at: start, format } = session;
  const place = placeZone(session);
  if (format.kind === "in_person" || !differs([start], place, ZONE)) return null;
  const other = leading() === ZONE ? place : ZONE;
  const go = () => {
    app.visit.zones.set(id, other);
    app.refresh();
  };
  return button(t.session.showIn(zoneName(start, other)), go, { class: "plain small", id: "zone" });
}

/** The date as on a tear-off calendar. What it says stands beside it in words. */
export function tile({ starts_at: start, status }) {
  const { month, day: number, weekday } = tileParts(start);
  return h("div", { class: "tile", "aria-hidden": "true", "data-status": status }, h("span", { class: "tile-month" }, month), h("span", { class: "tile-day" }, number), h("span", {}, weekday));
}

/** Whom one meets, with a photo or initials. */
export function person({ name, photo_url: photo = null }) {
  const face = photo?.startsWith("/")
    ? h("img", { class: "face", src: photo, alt: "", width: "48", height: "48" })
    : h("span", { class: "face", "aria-hidden": "true" }, initials(name));
  return h("p", { class: "person" }, face, h("span", {}, t.session.with(name)));
}

/** "MC" of "Dr. Maya Chen": of the first and the last name, without titles. */
export function initials(name) {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word) && !word.endsWith("."));
  const [first = name] = words;
  const last = words.length > 1 ? words.at(-1) : "";
  return [first, last].map((word) => [...word][0] ?? "").join("").toLocaleUpperCase();
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

/** How and where one meets; how to join only while that is of use. */
export function meeting({ format }, isAhead) {
  const { kind, location, join_url: url, instructions } = format;
  const address = location ? location.address : null;
  const map = address ? `https://www.google.com/maps/search/?${new URLSearchParams({ api: "1", query: `${location.name}, ${address.replace(/\s*\n\s*/g, ", ")}` })}` : null;
  return h(
    "div",
    { class: "meeting" },
    icon(kind),
    h(
      "div",
      {},
      h("p", { class: "how" }, location ? `${formatName(kind)}, ${location.name}` : formatName(kind)),
      address ? h("p", { class: "written" }, address) : null,
      map && isAhead ? h("p", {}, link(map, t.session.map)) : null,
      isAhead && url ? join(url) : null,
      isAhead && instructions ? h("p", {}, written(instructions)) : null,
    ),
  );
}

/** The way into the call; an address that no page should open is only text. */
function join(url) {
  if (!/^https?:/i.test(url)) return h("p", {}, url);
  return h("p", {}, h("a", { href: url, rel: "noopener noreferrer", class: "button primary join", id: "join" }, t.session.joinNow));
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
  if (free) sentences.push(freeTargetsText(free));
  if (isFree) sentences.push(atStart || !deadline ? t.cost.freeUntilStart : t.cost.freeUntil(onOwnClock(deadline)));
  else if (!atStart && deadline) sentences.push(t.cost.possibleUntil(onOwnClock(deadline)));
  return { text: sentences.join(" "), isFree, deadline };
}

/** Which new times cost no fee. A range that began in the past is named by its end alone. */
function freeTargetsText({ from, before }) {
  return Date.parse(from) <= now() ? t.cost.freeTargetsUntil(short(before)) : t.cost.freeTargets(short(from), short(before));
}

/** The same in a few words, for a button: "Free until Tue, Dec 1, 8:00 AM". */
export function price(decision, startsAt) {
  const { fee, credit, carries, allowance, free_targets: free } = decision;
  const { isFree, deadline } = costNow(decision, startsAt);
  const text = () => {
    if (fee) return (free ? t.price.byDate : t.price.fee)(money(fee));
    if (credit === "forfeited") return t.price.forfeited;
    if (carries) return t.price.carries;
    if (allowance?.would_use) return t.price.allowance;
    if (!deadline) return t.cost.because[decision.free_because] ? t.price.free : t.price.freeUntilStart;
    return Date.parse(deadline) >= Date.parse(startsAt) ? t.price.freeUntilStart : t.price.freeUntil(onOwnClock(deadline));
  };
  return h("span", { class: isFree ? "price costless" : "price" }, text(), ...countdownTo(deadline, isFree));
}

/** A clock that counts down in the last hour: how long it stays free, or else how long it is possible. */
function countdownTo(deadline, isFree) {
  const left = deadline ? Date.parse(deadline) - now() : 0;
  return left > 0 && left <= SOON ? [" ", h("span", { class: "countdown", role: "timer", "data-until": deadline, "data-words": isFree ? "left" : "possible" })] : [];
}

/** What cancelling costs at least after a move, in the words for now or for the timeline. */
export function carriedCost({ fee }, words) {
  return fee ? words.carriesFee(money(fee)) : words.carriesForfeit;
}

/** The sentences of `costNow`, with a clock that counts down in the last hour. */
export function costLine(decision, startsAt) {
  const { text, deadline, isFree } = costNow(decision, startsAt);
  return h("p", { class: isFree ? "cost costless" : "cost" }, text, ...countdownTo(deadline, isFree));
}

/** Keep the clocks of a view going. */
export function runClocks(app, node) {
  const clocks = [...node.querySelectorAll("[data-until]")];
  const tick = () => {
    for (const clock of clocks) clock.textContent = t.cost[clock.dataset.words](countdown(Date.parse(clock.dataset.until) - now()));
  };
  if (clocks.length === 0) return;
  tick();
  app.every(1000, tick);
}

/** The state of what waits for an answer: `over` once the time for it has passed, also while it is shown. */
export const stateNow = ({ state, answer_by: until }, waiting, over) => (state === waiting && now() > Date.parse(until) ? over : state);

/** Show the view again once an instant has passed: exactly at it an answer is in time. */
export function refreshAfter(app, instant) {
  app.after(Date.parse(instant) - now() + 1, () => app.refresh({ focus: true }));
}

/** The cost in full, before a person confirms. */
export function costBox(decision) {
  const { fee, credit, carries, free_because: because } = decision;
  return h(
    "div",
    { class: fee || credit === "forfeited" || carries ? "message costs" : "message free" },
    carries ? h("p", {}, h("strong", {}, carriedCost(carries, t.cost))) : null,
    fee ? h("p", {}, h("strong", {}, t.cost.fee(money(fee))), " ", t.cost.collect) : null,
    !fee && credit !== "forfeited" ? h("p", {}, allowanceText(decision) ?? (carries ? t.cost.freeNow : t.cost.because[because] ?? t.cost.free)) : null,
    fee && allowanceText(decision) ? h("p", {}, allowanceText(decision)) : null,
    credit ? h("p", {}, t.cost.credit[credit] ?? "") : null,
    decision.forgiven_if_refilled ? h("p", {}, decision.allowance?.would_use ? t.allowance.refilled : t.cost.refilled) : null,
  );
}

/** Until when something is possible; once that is past, until when it was. */
export const possibleUntil = (deadline) => (Date.parse(deadline) < now() ? t.cost.wasPossibleUntil : t.cost.possibleUntil)(onOwnClock(deadline));

/** The policy in the practitioner's words, a long one folded after four lines; and as a timeline for each action. */
export function policyText({ policy }) {
  if (!policy.text) return null;
  const id = nextId("policy");
  const isLong = policy.text.length > 240 || policy.text.split("\n").length > 4;
  if (!isLong) return h("div", { class: "policy" }, written(policy.text));
  const text = h("div", { class: "folded", id }, written(policy.text));
  const more = button(t.session.showAll, () => {
    const isOpen = text.classList.toggle("unfolded");
    more.setAttribute("aria-expanded", String(isOpen));
    more.textContent = isOpen ? t.session.showLess : t.session.showAll;
  }, { class: "plain small", "aria-expanded": "false", "aria-controls": id });
  return h("div", { class: "policy" }, text, more);
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
  const text = Date.parse(until) >= Date.parse(startsAt) ? t.terms.start : onOwnClock(until);
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
