/** The intersection as it lies: lanes, who stands on them, lamps at the stop lines. */
import type { Detail } from '../api/types';
import { lampOf, queueClass } from '../look/theme';
import { inWorld, line, type Point, type Shapes, type Sources } from '../map/sources';
import { t } from '../text/index';
import { s, setAttribute } from './dom';

/** Room that a standing car takes [m], as the engine reckons. */
const CAR_M = 7.5;
const RADIUS_M = 95;
const LANE_M = 3.2;
/** Lanes that end within this of the middle bound the junction itself [m]. */
const BOX_M = 45;

export function sketch(map: Sources, id: string): { element: SVGSVGElement; show(detail: Detail): void } | null {
  const site = map.names.indexOf(id);
  const place = map.points[site];
  if (place === undefined) return null;
  const middle = inWorld(place);
  const flat = ([x, y]: Point): Point => [(x - middle[0]) * map.metres, (y - middle[1]) * map.metres];
  const lines = (map.laneNumbers[site] ?? []).map((number, lane) => ({ lane, points: line(map.lanes, number).map(flat) }));
  const roads = [map.lanes, map.streets].flatMap((shapes) => near(shapes, middle, RADIUS_M / map.metres)).map((points) => points.map(flat));
  const radius = Math.max(30, Math.min(RADIUS_M, Math.max(...lines.map(({ points }) => length(points))) + 25));
  const element = s('svg', { viewBox: `${-radius} ${-radius} ${2 * radius} ${2 * radius}`, role: 'img', 'aria-label': t('sketch.label') });
  element.append(...roads.map((points) => s('polyline', { class: 'road', points: text(points), 'stroke-width': LANE_M + 1 })));
  const ends = roads.flatMap((it) => [it[0], it.at(-1)]).filter((it) => it !== undefined && Math.hypot(...it) < BOX_M) as Point[];
  element.append(s('polygon', { class: 'box', points: text(hull(ends)) }));
  element.append(...lines.map(({ points }) => s('polyline', { class: 'lane', points: text(points), 'stroke-width': 0.5, 'stroke-dasharray': '3 4' })));
  const shown = lines.map(({ lane, points }) => ({ lane, points, ...drawn(points) }));
  element.append(...shown.flatMap((it) => [it.queue, it.lamp]));
  const show = (detail: Detail): void => {
    for (const { lane, points, queue, lamp } of shown) {
      const told = detail.lanes[lane];
      const halted = told?.halted ?? 0;
      setAttribute(queue, 'points', halted === 0 ? '' : text(last(points, halted * CAR_M)));
      setAttribute(queue, 'stroke', `var(--queue-${queueClass(halted)})`);
      const letters = (told?.groups ?? []).map((group) => detail.lamps[group] ?? '');
      setAttribute(lamp, 'd', mark(points, lampOf(letters.find((it) => 'Gg'.includes(it)) ?? letters.find((it) => it === 'y') ?? letters[0])));
      setAttribute(lamp, 'fill', `var(--lamp-${colourOf(letters)})`);
    }
  };
  return { element, show };
}

function drawn(points: Point[]): { queue: SVGPolylineElement; lamp: SVGPathElement } {
  return { queue: s('polyline', { class: 'queue', 'stroke-width': LANE_M - 1, points: text(points.slice(0, 0)) }), lamp: s('path', { stroke: 'var(--ground)', 'stroke-width': 0.4 }) };
}

function colourOf(letters: readonly string[]): string {
  const lamps = letters.map(lampOf);
  if (lamps.some((it) => it === 'green' || it === 'yield')) return 'green';
  return lamps.some((it) => it === 'yellow' || it === 'flash') ? 'yellow' : 'red';
}

/** At the stop line: an arrow head for green, a bar for red, both for yellow's change. */
function mark(points: Point[], lamp: string): string {
  const end: Point = points.at(-1) ?? [0, 0];
  const from: Point = points.at(-2) ?? [0, 1];
  const by = Math.hypot(end[0] - from[0], end[1] - from[1]) || 1;
  const [dx, dy] = [(end[0] - from[0]) / by, (end[1] - from[1]) / by];
  const at = (along: number, beside: number): string => `${(end[0] + dx * along - dy * beside).toFixed(2)},${(end[1] + dy * along + dx * beside).toFixed(2)}`;
  const half = LANE_M / 2 - 0.1;
  if (lamp === 'green' || lamp === 'yield') return `M${at(0.6, -half)}L${at(5.4, 0)}L${at(0.6, half)}Z`;
  const deep = lamp === 'yellow' || lamp === 'flash' ? 3.4 : 1.8;
  return `M${at(0.4, -half)}L${at(deep, -half)}L${at(deep, half)}L${at(0.4, half)}Z`;
}

/** Lines that come as near. */
function near(shapes: Shapes, [x, y]: Point, reach: number): Point[][] {
  const apart = (a: number, b: number, at: number): number => Math.max(Math.min(a, b) - at, at - Math.max(a, b));
  const lines = shapes.sites.map((_, number) => line(shapes, number));
  return lines.filter((points) => {
    const [first, end] = [points[0], points.at(-1)];
    return first !== undefined && end !== undefined && apart(first[0], end[0], x) < reach && apart(first[1], end[1], y) < reach;
  });
}

function length(points: readonly Point[]): number {
  return points.slice(1).reduce((sum, it, index) => sum + Math.hypot(it[0] - (points[index]?.[0] ?? 0), it[1] - (points[index]?.[1] ?? 0)), 0);
}

/** The convex hull of some points (Andrew's monotone chain). */
function hull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (chain: readonly Point[]): Point[] => {
    const kept: Point[] = [];
    for (const point of chain) {
      while (kept.length > 1 && turn(kept.at(-2) as Point, kept.at(-1) as Point, point) <= 0) kept.pop();
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

function turn(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/** The last metres of a line. */
function last(points: readonly Point[], metres: number): Point[] {
  const kept: Point[] = [];
  let left = metres;
  for (let index = points.length - 1; index > 0 && left > 0; index--) {
    const [to, from] = [points[index] as Point, points[index - 1] as Point];
    const long = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const share = Math.min(1, left / (long || 1));
    if (kept.length === 0) kept.push(to);
    kept.push([to[0] + (from[0] - to[0]) * share, to[1] + (from[1] - to[1]) * share]);
    left -= long;
  }
  return kept;
}

function text(points: readonly Point[]): string {
  return points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(' ');
}
