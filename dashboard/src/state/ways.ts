/** Probable ways along a corridor, from who crossed which stop line when. Values in, values out. */
import { travelMs, type Stop } from './bands';

/** From one stop line to the next: left here, arrives there, waits until somebody crosses there; null where nobody did. */
export interface Ride {
  left: number;
  arrives: number;
  crosses: number | null;
}

/** Seconds are counted as a whole, and some drive a little faster than the limit [ms]. */
const EARLY_MS = 3_000;
/** Who has not crossed by then has turned off, or stopped on the way [ms]. */
const PATIENCE_MS = 150_000;

/**
 * Rides between two stop lines in the direction of travel.
 *
 * Nobody is followed: detectors do not know who is who. Whoever crosses here is taken to drive on at free speed, and to be the first who crosses there after that and was
 * not taken for somebody before. Who turned off is wrongly taken for one that came from a side road, or for nobody.
 */
export function rides(from: Stop, to: Stop, way: 0 | 1): Ride[] {
  const [here, there] = [from.passed_ms?.[way] ?? [], to.passed_ms?.[way] ?? []];
  const travel = travelMs(from, to);
  let next = 0;
  return here.map((left) => {
    const arrives = left + travel;
    while (next < there.length && (there[next] ?? 0) < arrives - EARLY_MS) next++;
    const crossing = there[next];
    if (crossing === undefined || crossing > arrives + PATIENCE_MS) return { left, arrives, crosses: null };
    next++;
    return { left, arrives: Math.min(arrives, crossing), crosses: crossing };
  });
}
