/** The bar at the bottom of a phone: the page knows its height, so that nothing stays or is focused behind it. */

const observer = new ResizeObserver(([{ target }]) => {
  document.documentElement.style.setProperty("--bar", `${target.offsetHeight}px`);
});

/** Measure the bar of a view, where it has one, until the next view is placed. */
export function measureBar(view) {
  observer.disconnect();
  const bar = view.querySelector(".bar, .command > .buttons");
  if (bar) observer.observe(bar);
}
