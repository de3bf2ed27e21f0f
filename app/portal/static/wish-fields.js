/** Which times suit a wish: the fields, all of them optional, and what is sent of them. */

import { now } from "./clock.js";
import { h, nextId } from "./dom.js";
import { isoDate } from "./format.js";
import { checkboxes, formatName } from "./parts.js";
import { t } from "./strings.js";
import { DAY_ENDS, otherZone, week } from "./wish-words.js";
import { instantOf } from "./zones.js";

/** Build the fields, with what `wish` names. Days and times of day are in `zone`, the client's. */
export function wishFields(session, wish, zone) {
  const words = t.wish.fields;
  const kinds = [...new Set(session.formats.map((choice) => choice.kind))];
  const lastDay = isoDate(session.starts_at, zone);
  const errors = {};
  const field = (name, control, label) => {
    errors[name] = { text: h("p", { class: "field-error", id: nextId("error"), hidden: true }), control, label };
    return [control, errors[name].text];
  };
  const input = (name, attributes) => {
    const id = nextId(name);
    const control = h("input", { id, name, ...attributes });
    return [h("label", { for: id }, words[name]), field(name, control, words[name])];
  };

  const inputDay = wish?.until ? isoDate(wish.until, zone) : "";
  const timeHint = otherZone(session, zone);
  const days = checkboxes(words.weekdays, "weekday", week().map(([number, { short, long }]) => [number, [h("span", { "aria-hidden": "true" }, short), h("span", { class: "hidden" }, long)]]), { chosen: wish?.weekdays, style: "week" });
  const formats = kinds.length > 1 ? checkboxes(words.formats, "wished-format", kinds.map((kind) => [kind, formatName(kind)]), { chosen: wish?.formats, hint: words.formatsHint }) : null;
  const times = ["from_time", "to_time"].map((name) => h("div", {}, input(name, { type: "time", value: wish?.[name] })));
  const node = h(
    "div",
    {},
    h("p", { class: "quiet small" }, words.hint),
    field("weekdays", days, words.weekdays),
    h("fieldset", {}, h("legend", {}, words.times), timeHint ? h("p", { class: "quiet small" }, words.zone(timeHint)) : null, h("div", { class: "fields" }, times)),
    formats ? field("formats", formats, words.formats) : null,
    input("until", { type: "date", class: "short", value: inputDay, min: isoDate(now(), zone), max: lastDay }),
    input("notice_hours", { type: "text", class: "short", inputmode: "numeric", autocomplete: "off", maxlength: "5", value: wish?.notice_hours || "" }),
  );

  const value = (name) => errors[name].control.value.trim();
  const checked = (name) => [...(errors[name]?.control.querySelectorAll("input:checked") ?? [])].map((one) => one.value);
  const until = () => {
    const chosen = value("until");
    if (!chosen) return null;
    if (chosen === inputDay) return wish.until;
    return chosen === lastDay ? session.starts_at : instantOf(chosen, DAY_ENDS, zone).toISOString();
  };
  const isWhole = () => /^\d+$/.test(value("notice_hours"));
  /** A number where it is one; anything else is for the API to refuse. */
  const hours = () => (isWhole() ? Number(value("notice_hours")) : value("notice_hours"));
  /** What is wrong, in the page's words where the API's name another field, or say nothing to a person. */
  const wrong = (name, detail) => {
    if (name === "to_time") return words.order;
    return name === "notice_hours" && !isWhole() ? words.whole : detail;
  };

  const complain = (name, detail) => {
    const { text, control, label } = errors[name];
    const controls = control.matches("input") ? [control] : control.querySelectorAll("input");
    text.textContent = detail === null ? "" : words.wrong(label, detail);
    text.hidden = detail === null;
    for (const one of controls) {
      one.setAttribute("aria-invalid", String(detail !== null));
      one.setAttribute("aria-describedby", text.id);
    }
    return controls[0];
  };
  return {
    node,
    /** What is wished for. What is empty is left out. */
    read() {
      const body = {
        until: until(),
        weekdays: checked("weekdays").map(Number),
        from_time: value("from_time"),
        to_time: value("to_time"),
        formats: checked("formats"),
        notice_hours: hours(),
      };
      return Object.fromEntries(Object.entries(body).filter(([, given]) => given && given.length !== 0));
    },
    clear() {
      for (const name of Object.keys(errors)) complain(name, null);
    },
    /** Show what the API found wrong, each at its field, and go to the first. False: something has no field. */
    mark(found) {
      const named = found.map(({ pointer, detail }) => {
        const name = pointer?.split("/")[1];
        return [name, wrong(name, detail)];
      });
      if (named.length === 0 || named.some(([name]) => !errors[name])) return false;
      const [first] = named.map(([name, detail]) => complain(name, detail));
      node.parentElement.open = true;
      first.focus();
      return true;
    },
  };
}
