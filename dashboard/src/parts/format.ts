/** Numbers, instants and durations as people read them. */
import { language } from '../text/index';

/** Below this an instant is one of a simulated street, which counts from its own midnight. */
const SIMULATED_MS = 40 * 86_400_000;

export function isSimulated(atMs: number): boolean {
  return atMs < SIMULATED_MS;
}

function locale(): string {
  return language() === 'zh' ? 'zh-CN' : 'en-GB';
}

export function number(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  // Nothing is no minus nothing.
  return value.toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: 'negative' });
}

/** The time of day, in the zone of whoever looks; of a simulated street its own. */
export function time(atMs: number | null | undefined, seconds = true): string {
  if (atMs === null || atMs === undefined) return '–';
  const options: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hour12: false };
  if (seconds) options.second = '2-digit';
  if (isSimulated(atMs)) options.timeZone = 'UTC';
  return new Date(atMs).toLocaleTimeString(locale(), options);
}

/** How long, in the two largest units. */
export function duration(ms: number): string {
  const s = Math.round(Math.abs(ms) / 1000);
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

export function kmh(mps: number | null | undefined): number | null {
  return mps === null || mps === undefined ? null : mps * 3.6;
}
