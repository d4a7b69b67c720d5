/** Drawings of the page. Each mode and each severity has a shape of its own, so that nobody needs its colour. */
import type { Severity } from '../api/types';
import { h, s } from './dom';

const VIEWS: Record<string, string> = {
  city: 'M3 21h18M5 21V9l5-3v15M10 21V4l9 4v13M13 10h3M13 14h3M13 18h3',
  intersection: 'M9 3v6H3M15 3v6h6M9 21v-6H3M15 21v-6h6M12 3v3M12 18v3M3 12h3M18 12h3',
  corridor: 'M4 20 9 4M10 20l5-16M16 20l4-13M3 12h18',
  performance: 'M4 20V4M4 20h16M7 15l4-5 3 3 6-7',
  system: 'M4 5h16v5H4zM4 14h16v5H4zM8 7.5h.01M8 16.5h.01M12 7.5h5M12 16.5h5',
};

export function viewIcon(name: string): SVGElement {
  const path = s('path', { d: VIEWS[name] ?? '', fill: 'none', stroke: 'currentColor', 'stroke-width': 1.6, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' });
  return s('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, path);
}

/** Outlines in a square of 16: disc, diamond, square, hand (triangle), ring, cross. */
export const MODE_SHAPES: Record<string, string> = {
  adaptive: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z',
  degraded: 'M8 1l7 7-7 7-7-7z',
  fixed_time: 'M2.5 2.5h11v11h-11z',
  manual: 'M8 1.5 15 14H1z',
  warmup: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zm0 3a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  none: 'M3 4.4 4.4 3 8 6.6 11.6 3 13 4.4 9.4 8l3.6 3.6-1.4 1.4L8 9.4 4.4 13 3 11.6 6.6 8z',
};

export function modeIcon(mode: string | null): SVGElement {
  const name = mode ?? 'none';
  const path = s('path', { d: MODE_SHAPES[name] ?? MODE_SHAPES['none'] ?? '', fill: `var(--mode-${name})`, 'fill-rule': 'evenodd' });
  return s('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, path);
}

const SEVERITY_SHAPES: Record<Severity, string> = {
  critical: 'M5 1h6l4 4v6l-4 4H5l-4-4V5zm2 3v5h2V4zm0 6v2h2v-2z',
  warning: 'M8 1 15.5 14.5H.5zm-1 5v4h2V6zm0 5v2h2v-2z',
  info: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM7 4h2v2H7zm0 3h2v5H7z',
};

export function severityIcon(severity: Severity): SVGElement {
  const path = s('path', { d: SEVERITY_SHAPES[severity], fill: `var(--${severity})`, 'fill-rule': 'evenodd' });
  return s('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true', width: 16, height: 16 }, path);
}

/** A lamp beside text. */
export function lampIcon(lamp: string, label: string): HTMLElement {
  return h('span', { class: 'lamp', 'data-lamp': lamp, role: 'img', 'aria-label': label, title: label });
}
