/**
 * A press that was meant for the view before starts nothing in the view that came under the finger. So a
 * double tap on a time cannot also press "Confirm" before the price has been read.
 */

/** So long after a view was placed, in milliseconds, nobody has read it. */
const UNREAD = 500;

let placed = -Infinity;
let began = -Infinity;

/** A view has just been placed. */
export function viewPlaced() {
  placed = performance.now();
}

// A key press has no `detail`. A series of presses at one place counts up, however slow the system lets it be.
addEventListener(
  "click",
  (event) => {
    if (event.detail === 0) return;
    if (event.detail === 1) began = event.timeStamp;
    if (event.timeStamp - placed >= UNREAD && began > placed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
