/** Before anybody is known: ask for a mail to sign in, or use a link or a token that one has. */

import { button, h } from "../dom.js";
import { readFragment } from "../fragment.js";
import { heading } from "../parts.js";
import { answerTo, note, showProblem } from "../problems.js";
import { sender, showBusy } from "../send.js";
import { t } from "../strings.js";

/** Why a person is here who may have a link at hand to go on with. */
const GOING_ON = new Set(["forgotten", "expired", "ended", "unopened"]);

export function start(app, { why = null }) {
  const stopped = app.flash;
  app.flash = null;
  const ways = { retry: stopped?.retry, reload: () => location.reload() };
  // Nobody has to sign in because of an outage: they only have to try again.
  if (stopped?.retry && answerTo(stopped.error) === "retry") {
    return { title: t.problem.title, node: h("div", { class: "card" }, heading(t.problem.title), showProblem(stopped.error, ways)) };
  }
  const isClosed = ["forgotten", "expired"].includes(why);
  const title = isClosed ? t.start.closed : t.start.title;
  const node = h(
    "div",
    {},
    h(
      "div",
      { class: "card" },
      heading(title),
      stopped ? showProblem(stopped.error, ways) : null,
      why ? h("p", { class: "message" }, t.start[why] ?? "") : null,
      askForm(app),
    ),
    h("details", { class: "card", open: stopped !== null || GOING_ON.has(why) }, h("summary", {}, t.start.other), otherForm(app)),
  );
  return { title, node };
}

/** The address, and then what to do with the mail. */
function askForm(app) {
  const place = h("div", {});
  const message = h("div", {});
  const error = h("p", { class: "field-error", id: "email-error", hidden: true });
  const input = h("input", { id: "email", name: "email", type: "email", autocomplete: "email", autocapitalize: "none", spellcheck: "false", maxlength: "254", required: true });
  const submit = button(t.start.ask, null, { type: "submit", class: "primary" });
  const again = button(t.start.again, () => send(again), { class: "secondary", id: "again" });
  let isSending = false;

  const complain = (text) => {
    error.textContent = text ?? "";
    error.hidden = text === null;
    input.toggleAttribute("aria-invalid", false);
    input.removeAttribute("aria-describedby");
    if (text === null) return;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", error.id);
    input.focus();
  };
  const send = async (pressed) => {
    if (isSending) return;
    isSending = true;
    showBusy(app, pressed, true);
    message.replaceChildren();
    try {
      await app.askForLink(input.value.trim());
      showSent(pressed === again);
    } catch (problem) {
      note(problem);
      failed(problem, pressed);
    } finally {
      isSending = false;
      showBusy(app, pressed, false);
    }
  };
  const failed = (problem, pressed) => {
    if (problem.code === "validation-failed") {
      place.replaceChildren(form);
      complain(t.start.badEmail);
      return;
    }
    const shown = showProblem(problem, { retry: () => send(pressed) });
    message.replaceChildren(shown);
    shown.focus();
  };
  const showForm = () => {
    message.replaceChildren();
    place.replaceChildren(form);
    input.focus();
  };
  const showSent = (isAgain) => {
    const words = h(
      "div",
      { class: "message", tabindex: "-1", id: "sent" },
      h("p", {}, isAgain ? t.start.sentAgain : t.start.sent),
      h("p", { class: "quiet" }, t.start.sentTo(input.value.trim())),
    );
    const buttons = h("div", { class: "buttons" }, again, button(t.start.otherAddress, showForm, { class: "plain", id: "other-address" }));
    place.replaceChildren(words, buttons);
    words.focus();
  };
  const form = h(
    "form",
    {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        const isAddress = /^\S+@\S+$/.test(input.value.trim());
        complain(isAddress ? null : t.start.badEmail);
        if (isAddress) send(submit);
      },
    },
    h("p", {}, t.start.how),
    h("label", { for: "email" }, t.start.email),
    error,
    input,
    submit,
  );
  place.append(form);
  return h("div", {}, message, place);
}

/** A field for a link or an access token. Pressing its button is the click that a sign-in needs. */
function otherForm(app) {
  const message = h("div", {});
  const error = h("p", { class: "field-error", id: "token-error", role: "alert", hidden: true }, t.start.missing);
  const input = h("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
  const submit = button(t.start.submit, null, { type: "submit", class: "secondary" });
  const complain = (isMissing) => {
    error.hidden = !isMissing;
    input.setAttribute("aria-invalid", String(isMissing));
    input.setAttribute("aria-describedby", isMissing ? "token-error token-hint" : "token-hint");
    if (isMissing) input.focus();
  };
  const work = async () => {
    const text = input.value.trim();
    complain(!text);
    if (!text) return;
    await use(app, text);
    input.value = "";
  };
  const send = sender(app, null, message, work);
  complain(false);
  return h(
    "form",
    { onsubmit: (event) => { event.preventDefault(); send(event); }, novalidate: true },
    h("p", { class: "small" }, t.start.links),
    message,
    h("label", { for: "token" }, t.start.label),
    h("p", { class: "quiet small", id: "token-hint" }, t.start.hint),
    error,
    input,
    submit,
  );
}

function use(app, text) {
  const at = text.indexOf("#");
  if (at < 0) return app.enter(text);
  const { purpose, token, to } = readFragment(text.slice(at + 1));
  const ways = { "sign-in": () => app.signIn(token), offer: () => app.openOffer(token), waiver: () => app.openWaiver(token), session: () => app.openLink(token, to) };
  return ways[purpose]();
}
