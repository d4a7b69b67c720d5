/** What the page knows of the city: the newest frame, what the trend was, and what it heard while it was open. */
import type { Alarms, Detail, Frame, Session, Site, TrendPoint } from '../api/types';
import type { Sources } from '../map/sources';

export interface Stretch {
  /** Lamps of all groups from an instant on. */
  fromMs: number;
  lamps: string;
  stage: string | null;
}

/** How much of lamps is kept [ms of the engine's clock]. */
const LAMPS_KEPT_MS = 300_000;
/** Intersections whose lamps are kept: beyond that a corridor asks the engine again. */
const LAMPS_SITES_MAX = 400;

class City {
  frame: Frame | null = null;
  detail: Detail | null = null;
  alarms: Alarms = { open: [], log: [] };
  map: Sources | null = null;
  session: Session | null = null;
  trend: TrendPoint[] = [];
  /** Shown instead of the live city while somebody looks back. */
  past: { at_ms: number; intersections: Site[] } | null = null;
  readonly lamps = new Map<string, Stretch[]>();
  private readonly listeners = new Set<() => void>();

  take(frame: Frame): void {
    if (this.frame !== null && frame.at_ms < this.frame.at_ms - 60_000) this.lamps.clear();
    this.frame = frame;
    if (frame.intersections.length <= LAMPS_SITES_MAX) frame.intersections.forEach((site) => this.keepLamps(site, frame.at_ms));
    this.tell();
  }

  /** Sites as they are shown: now, or at the instant that is looked back at. */
  sites(): Site[] {
    return this.past?.intersections ?? this.frame?.intersections ?? [];
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Nobody listens any more: the page is built anew. */
  forget(): void {
    this.listeners.clear();
  }

  tell(): void {
    this.listeners.forEach((listener) => listener());
  }

  private keepLamps(site: Site, atMs: number): void {
    if (site.lamps === '') return;
    let kept = this.lamps.get(site.id);
    if (kept === undefined) this.lamps.set(site.id, (kept = []));
    if (kept.at(-1)?.lamps !== site.lamps) kept.push({ fromMs: atMs, lamps: site.lamps, stage: site.stage });
    while (kept.length > 1 && (kept[1]?.fromMs ?? atMs) < atMs - LAMPS_KEPT_MS) kept.shift();
  }
}

export const city = new City();

/** Vehicles standing at an intersection; lanes that were not heard count nothing. */
export function standing(site: Site): number {
  return site.queues.reduce<number>((sum, queue) => sum + (queue ?? 0), 0);
}

export function worst(site: Site): number {
  return site.queues.reduce<number>((most, queue) => Math.max(most, queue ?? 0), 0);
}

const SEVERITY = { info: 1, warning: 2, critical: 3 };

/** The more trouble the higher: alarms, then a mode that is not adaptive, then queues. */
export function trouble(site: Site): number {
  const alarm = site.alarm === null ? 0 : SEVERITY[site.alarm];
  const mode = site.mode === 'adaptive' ? 0 : 1;
  const field = site.field === null || site.field === 'remote' ? 0 : 1;
  return alarm * 1e6 + (mode + field) * 1e5 + worst(site) * 1e3 + standing(site);
}
