/* Loaded before all else, and by itself: says at once that a file of the page is missing or broken. */

addEventListener(
  "error",
  ({ target }) => {
    const isFile = target instanceof HTMLScriptElement || target instanceof HTMLLinkElement;
    const hasBegun = document.getElementById("waiting") === null && document.readyState !== "loading";
    if (isFile || !hasBegun) document.documentElement.classList.add("broken");
  },
  true,
);

// A link to this page would lose the token in its fragment.
addEventListener("click", (event) => {
  if (!event.target.closest("#late a")) return;
  event.preventDefault();
  location.reload();
});
