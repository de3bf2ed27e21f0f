/**
 * Starts the page.
 *
 * A link's fragment leaves the address bar before anything else happens. What follows depends on
 * what the link can do:
 *
 * - `#TOKEN` opens a session, and `#TOKEN&to=reschedule` its free times. Opening changes nothing and
 *   works any number of times, so no click is asked for; but the token is sent only when the page is
 *   in front of a person, so a page that is fetched ahead of time or in the background (previews,
 *   prerendering, most scanners) sends nothing.
 * - `#offer=TOKEN` shows a time that is offered, which changes nothing either. The answer is sent when
 *   a person presses a button.
 * - `#waiver=TOKEN` shows a practitioner what a client asks about a fee, in the same way.
 * - `#sign-in=TOKEN` signs in, and works once. A scanner that opens it and runs scripts must not use
 *   it up, so it is sent when a person presses the button, and not before.
 *
 * A fragment that begins with `/` is the address of a view (routes.js).
 */

import { App } from "./app.js";
import { readFragment } from "./fragment.js";
import { rememberedLanguage } from "./memory.js";
import { entryOf, isAddress } from "./routes.js";
import { known, speak } from "./strings.js";
import { absence } from "./views/absence.js";
import { cancel } from "./views/cancel.js";
import { confirm } from "./views/confirm.js";
import { details } from "./views/details.js";
import { done } from "./views/done.js";
import { everywhere } from "./views/everywhere.js";
import { fees } from "./views/fees.js";
import { offer } from "./views/offer.js";
import { packages } from "./views/packages.js";
import { reschedule } from "./views/reschedule.js";
import { sessions } from "./views/sessions.js";
import { signIn } from "./views/sign-in.js";
import { start } from "./views/start.js";
import { waiver } from "./views/waiver.js";

const VIEWS = { start, signIn, offer, waiver, sessions, packages, fees, everywhere, details, reschedule, confirm, cancel, absence, done };

/** Read what the link carries and take it out of the address bar. Null: there is no link. */
function takeLink() {
  const fragment = location.hash.slice(1);
  if (!fragment || isAddress(fragment)) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return readFragment(fragment);
}

/** The view of the address bar, or null. */
function addressed() {
  const fragment = location.hash.slice(1);
  return isAddress(fragment) ? entryOf(fragment) : null;
}

/** Wait until a person can see the page. */
async function shown() {
  while (document.visibilityState !== "visible" || document.prerendering) {
    const event = document.prerendering ? "prerenderingchange" : "visibilitychange";
    await new Promise((resume) => document.addEventListener(event, resume, { once: true }));
  }
}

/** Follow the link that brought a person here. */
async function follow(app, { purpose, token, to }) {
  if (purpose === "sign-in") {
    app.offerSignIn(token);
    return;
  }
  await shown();
  if (purpose === "offer") await app.openOffer(token);
  else if (purpose === "waiver") await app.openWaiver(token);
  else await app.openLink(token, to);
}

async function boot() {
  const { href } = location;
  const link = takeLink();
  const chosen = known([rememberedLanguage() ?? "", ...(navigator.languages ?? [navigator.language]), link?.lang ?? ""]);
  try {
    await speak(chosen ?? "en");
  } catch (error) {
    history.replaceState(null, "", href); // Whoever loads the page again has the link.
    throw error;
  }
  const app = new App(VIEWS, { isOwnLanguage: chosen !== null });

  addEventListener("hashchange", () => {
    const other = takeLink();
    if (other !== null) follow(app, other);
    else if (addressed() !== null && history.state === null) app.goTo(addressed());
  });
  addEventListener("popstate", (event) => {
    if (event.state !== null) app.show(event.state);
    else if (!location.hash) app.show({ view: "start" });
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") app.returned();
  });
  window.addEventListener("online", () => app.returned());
  document.getElementById("skip").addEventListener("click", (event) => {
    // Without touching the address: the fragment belongs to views and to links from emails.
    event.preventDefault();
    document.getElementById("main").focus();
  });

  if (link !== null) {
    await follow(app, link);
    return;
  }
  await shown();
  app.resume(addressed());
}

boot().catch((error) => {
  document.documentElement.classList.add("broken");
  console.error(error);
});
