/** The engine's GeoJSON sorted for the map, as plain numbers: a city has a hundred thousand lanes and lamps. */
import type { Position } from 'geojson';
import type { CityMapData, MapFeature } from '../api/types';

export type Point = [number, number];
/** West, south, east, north. */
export type Box = [number, number, number, number];

/** Points or lines of one kind; the place in the list is the number by which the state of one is set. */
export interface Shapes {
  /** Web Mercator, the world from 0 to 1: x, y, x, y, …, one shape after the other. */
  at: number[];
  /** Where each shape begins there, and the end of the last one. */
  begins: number[];
  /** The intersection of each, by its position; -1 where there is none. */
  sites: number[];
}

export interface Sources {
  /** Every intersection, as a point, by its position. */
  sites: Shapes;
  /** One line for each bundle of lanes side by side: the roads, seen from far. */
  roads: Shapes;
  lanes: Shapes;
  streets: Shapes;
  lamps: Shapes;
  /** Numbers of the lanes of a site, by the position of the lane. */
  laneNumbers: number[][];
  /** Number, and group, of each lamp of a site. */
  lampNumbers: { number: number; group: number }[][];
  bounds: Box;
  /** Name and place of each site, by its position. */
  names: string[];
  points: Point[];
  /** Whether it was laid out by rule, where nobody has measured. */
  schematic: boolean;
  /** Metres of the world's width, near the middle of the map. */
  metres: number;
}

export function sourcesOf(map: CityMapData): Sources {
  const sources: Sources = {
    sites: none(), roads: none(), lanes: none(), streets: none(), lamps: none(),
    laneNumbers: [], lampNumbers: [], bounds: [Infinity, Infinity, -Infinity, -Infinity], names: [], points: [],
    schematic: map.properties.schematic, metres: 360 * map.properties.metres_per_degree,
  };
  for (const feature of map.features) take(sources, feature);
  sources.points.forEach((point, site) => put(sources.sites, inWorld(point), site));
  sources.roads = bundled(sources.lanes, 12 / sources.metres);
  return sources;
}

/** The points of a shape. */
export function line({ at, begins }: Shapes, number: number): Point[] {
  const points: Point[] = [];
  for (let k = begins[number] ?? 0; k < (begins[number + 1] ?? 0); k += 2) points.push([at[k] ?? 0, at[k + 1] ?? 0]);
  return points;
}

/** Web Mercator, the world from 0 to 1. */
export function inWorld([east = 0, north = 0]: Position): Point {
  const sine = Math.sin((north * Math.PI) / 180);
  return [0.5 + east / 360, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

function none(): Shapes {
  return { at: [], begins: [0], sites: [] };
}

/** The number of what was put to the others. */
function put(shapes: Shapes, at: readonly number[], site: number): number {
  shapes.at.push(...at);
  shapes.begins.push(shapes.at.length);
  return shapes.sites.push(site) - 1;
}

function take(sources: Sources, { geometry, properties }: MapFeature): void {
  const { kind, site, lane, group, id } = properties;
  const points = geometry.type === 'Point' ? [geometry.coordinates] : geometry.coordinates;
  stretch(sources.bounds, points);
  const at = points.flatMap(inWorld);
  if (kind === 'street') put(sources.streets, at, -1);
  if (kind === 'lane') (sources.laneNumbers[site] ??= [])[lane] = put(sources.lanes, at, site);
  if (kind === 'lamp') (sources.lampNumbers[site] ??= []).push({ number: put(sources.lamps, at, site), group });
  if (kind === 'intersection' && geometry.type === 'Point') {
    sources.names[site] = id;
    sources.points[site] = geometry.coordinates;
  }
}

/** Of lanes that begin side by side the first one. */
function bundled(lanes: Shapes, near: number): Shapes {
  const roads = none();
  let last: readonly number[] = [Infinity, Infinity];
  lanes.sites.forEach((site, lane) => {
    const at = lanes.at.slice(lanes.begins[lane], lanes.begins[lane + 1]);
    if (Math.hypot((at[0] ?? 0) - (last[0] ?? 0), (at[1] ?? 0) - (last[1] ?? 0)) <= near) return;
    last = at;
    put(roads, at, site);
  });
  return roads;
}

function stretch(bounds: Box, points: readonly Point[]): void {
  for (const [east, north] of points) {
    bounds[0] = Math.min(bounds[0], east);
    bounds[1] = Math.min(bounds[1], north);
    bounds[2] = Math.max(bounds[2], east);
    bounds[3] = Math.max(bounds[3], north);
  }
}
