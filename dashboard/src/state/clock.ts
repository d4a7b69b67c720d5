/** The engine's time between two frames: a moving bar must not jump once a second, and a demo is faster than life. */

/** No further than this beyond what was told [ms of the wall]. */
const AHEAD_MAX = 1500;

let told = 0;
let heard = 0;
let rate = 1;

/** A frame tells an instant. */
export function tell(atMs: number): void {
  const now = performance.now();
  if (told > 0 && now - heard > 50 && atMs >= told && atMs - told < 120_000) {
    const measured = (atMs - told) / (now - heard);
    rate += 0.15 * (measured - rate);
  }
  if (atMs !== told) heard = now;
  told = atMs;
}

/** Now, by the engine's clock [ms]. */
export function now(): number {
  return told === 0 ? 0 : told + Math.min(AHEAD_MAX, performance.now() - heard) * Math.max(0, rate);
}

/** How many times faster than life the street goes. */
export function pace(): number {
  return rate;
}
