/** Green bands: which green at a signal reaches the next one on green, at free speed. Values in, values out. */
import { lampOf } from '../look/theme';

export interface Shown {
  from_ms: number;
  lamps: string;
}

export interface Planned {
  start_ms: number;
  end_ms: number;
  lamps: string;
}

export interface Stop {
  id: string;
  at_m: number;
  speed_mps: number;
  forward: number[];
  backward: number[];
  /** Share of the arrivals that were on green, there and back. */
  on_green?: (number | null)[];
  /** When vehicles crossed the stop line, there and back, once for each [ms]. */
  passed_ms?: number[][];
  shown: Shown[];
  plan: Planned[];
}

export interface Green {
  from: number;
  to: number;
}

/** A band between two signals: green there from…to that arrives here by…till. */
export interface Band {
  from: number;
  to: number;
  travel: number;
}

/** When any of some groups is green, what was shown first, then what is planned. */
export function greens(stop: Stop, groups: readonly number[], now: number): Green[] {
  const isGreen = (lamps: string): boolean => groups.some((group) => ['green', 'yield'].includes(lampOf(lamps[group])));
  const past = stop.shown.map((it, index) => ({ from: it.from_ms, to: Math.min(now, stop.shown[index + 1]?.from_ms ?? now), lamps: it.lamps }));
  const ahead = stop.plan.map((it) => ({ from: Math.max(now, it.start_ms), to: it.end_ms, lamps: it.lamps }));
  const found: Green[] = [];
  for (const { from, to, lamps } of [...past, ...ahead]) {
    if (to <= from || !isGreen(lamps)) continue;
    const last = found.at(-1);
    if (last !== undefined && from - last.to < 1) last.to = to;
    else found.push({ from, to });
  }
  return found;
}

/** What of the green at one signal arrives at the next one on green, after so long on the way [ms]. */
export function bands(here: readonly Green[], there: readonly Green[], travel: number): Band[] {
  const found: Band[] = [];
  for (const green of here) {
    for (const other of there) {
      const [from, to] = [Math.max(green.from, other.from - travel), Math.min(green.to, other.to - travel)];
      if (to > from) found.push({ from, to, travel });
    }
  }
  return found;
}

/** Time on the way between two stops [ms]. */
export function travelMs(a: Stop, b: Stop): number {
  const speed = (b.at_m > a.at_m ? b : a).speed_mps;
  return (1000 * Math.abs(b.at_m - a.at_m)) / Math.max(1, speed);
}

/** Which share of the green at a signal fits, as far as it is known when it would arrive; null where there was none. */
export function share(here: readonly Green[], there: readonly Green[], travel: number, until: number): number | null {
  const known = here.map((it) => ({ from: it.from, to: Math.min(it.to, until - travel) })).filter((it) => it.to > it.from);
  const all = known.reduce((sum, it) => sum + it.to - it.from, 0);
  if (all <= 0) return null;
  return bands(known, there, travel).reduce((sum, it) => sum + it.to - it.from, 0) / all;
}
