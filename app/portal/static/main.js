/**
 * Starts the page.
 *
 * A link's fragment leaves the address bar before anything else happens. What follows depends on
 * what the link can do:
 *
 * - `#TOKEN` opens a session. Opening changes nothing and works any number of times, so no click is
 *   asked for; but the token is sent only when the page is in front of a person, so a page that is
 *   fetched ahead of time or in the background (previews, prerendering, most scanners) sends nothing.
 * - `#offer=TOKEN` shows a time that is offered, which changes nothing either. The answer is sent when
 *   a person presses a button.
 * - `#waiver=TOKEN` shows a practitioner what a client asks about a fee, in the same way.
 * - `#sign-in=TOKEN` signs in, and works once. A scanner that opens it and runs scripts must not use
 *   it up, so it is sent when a person presses the button, and not before.
 */

import { App } from "./app.js";
import { offerToken, signInToken, waiverToken } from "./fragment.js";
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

const app = new App({ start, signIn, offer, waiver, sessions, packages, fees, everywhere, details, reschedule, confirm, cancel, absence, done });

/** Read what the link carries and take it out of the address bar. */
function takeFragment() {
  const fragment = location.hash.slice(1);
  if (!fragment) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return fragment;
}

/** Wait until a person can see the page. */
async function shown() {
  while (document.visibilityState !== "visible" || document.prerendering) {
    const event = document.prerendering ? "prerenderingchange" : "visibilitychange";
    await new Promise((resume) => document.addEventListener(event, resume, { once: true }));
  }
}

/** Follow the link that brought a person here. */
async function follow(fragment) {
  const token = signInToken(fragment);
  if (token !== null) {
    app.offerSignIn(token);
    return;
  }
  await shown();
  const offered = offerToken(fragment);
  const asked = waiverToken(fragment);
  if (offered !== null) await app.openOffer(offered);
  else if (asked !== null) await app.openWaiver(asked);
  else await app.openLink(fragment);
}

async function boot() {
  const fragment = takeFragment();
  if (fragment !== null) {
    await follow(fragment);
    return;
  }
  await shown();
  app.resume();
}

addEventListener("hashchange", () => {
  const fragment = takeFragment();
  if (fragment !== null) follow(fragment);
});
addEventListener("popstate", (event) => {
  if (!location.hash) app.show(event.state ?? { view: "start" });
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") app.returned();
});
document.getElementById("skip").addEventListener("click", (event) => {
  // Without touching the address: the fragment belongs to links from emails.
  event.preventDefault();
  document.getElementById("main").focus();
});
boot();
