/** Light or dark: as the device says, unless its user has chosen. */
import { recall, remember } from '../state/memory';

export type Theme = 'system' | 'light' | 'dark';

const device = matchMedia('(prefers-color-scheme: light)');
const listeners = new Set<() => void>();

export function chosen(): Theme {
  const kept = recall('theme');
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export function isLight(): boolean {
  return chosen() === 'system' ? device.matches : chosen() === 'light';
}

export function choose(theme: Theme): void {
  remember('theme', theme);
  apply();
}

export function apply(): void {
  document.documentElement.dataset['theme'] = isLight() ? 'light' : 'dark';
  listeners.forEach((listener) => listener());
}

/** Is told whenever colours change; until it is taken back. */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

device.addEventListener('change', apply);

/** A colour of the style sheet, for what is drawn and not laid out. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Vehicles standing on a lane from which on each class of the palette begins. */
export const QUEUE_CLASSES = [0, 1, 4, 8, 15] as const;

export function queueClass(halted: number): number {
  return QUEUE_CLASSES.findLastIndex((begin) => halted >= begin);
}

export type Lamp = 'red' | 'yellow' | 'green' | 'yield' | 'flash' | 'dark';

/** What a letter of the lamps means to a driver. */
export function lampOf(letter: string | null | undefined): Lamp {
  switch (letter) {
    case 'r':
    case 's':
      return 'red';
    case 'y':
    case 'u':
      return 'yellow';
    case 'G':
      return 'green';
    case 'g':
      return 'yield';
    case 'o':
      return 'flash';
    default:
      return 'dark';
  }
}
