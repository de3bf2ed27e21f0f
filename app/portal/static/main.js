/**
 * Starts the page.
 *
 * The token in the link's fragment leaves the address bar before anything else happens. It is sent
 * only when the page is in front of a person: opening changes nothing and works any number of
 * times, so no click is asked for, but a page that is fetched ahead of time or in the background
 * (previews, prerendering, most scanners) sends nothing.
 */

import { App } from "./app.js";
import { cancel } from "./views/cancel.js";
import { confirm } from "./views/confirm.js";
import { details } from "./views/details.js";
import { done } from "./views/done.js";
import { reschedule } from "./views/reschedule.js";
import { sessions } from "./views/sessions.js";
import { start } from "./views/start.js";

const app = new App({ start, sessions, details, reschedule, confirm, cancel, done });

/** Read the token of the link and take it out of the address bar. */
function takeToken() {
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

async function boot() {
  const token = takeToken();
  if (token === null) {
    app.go({ view: "start", why: history.state === null ? null : "forgotten" }, { replace: true });
    return;
  }
  await shown();
  await app.openLink(token);
}

addEventListener("hashchange", boot);
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
