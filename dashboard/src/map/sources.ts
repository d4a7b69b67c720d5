/** The engine's GeoJSON sorted into the sources of the map, every feature with a number by which its state is set. */
import type { Feature, FeatureCollection } from 'geojson';
import type { CityMapData, MapFeature } from '../api/types';

export type Point = [number, number];
/** West, south, east, north. */
export type Box = [number, number, number, number];

export interface Sources {
  /** Every intersection, as a point. */
  sites: FeatureCollection;
  /** One line for each bundle of lanes side by side: the roads, seen from far. */
  roads: Feature[];
  lanes: Feature[];
  streets: Feature[];
  lamps: Feature[];
  /** Numbers of the lanes of a site, by the position of the lane. */
  laneNumbers: number[][];
  /** Number, and group, of each lamp of a site. */
  lampNumbers: { number: number; group: number }[][];
  bounds: Box;
  /** Name and place of each site, by its position. */
  names: string[];
  points: Point[];
}

export function sourcesOf(map: CityMapData): Sources {
  const sources: Sources = {
    sites: collection([]), roads: [], lanes: [], streets: [], lamps: [],
    laneNumbers: [], lampNumbers: [], bounds: [Infinity, Infinity, -Infinity, -Infinity], names: [], points: [],
  };
  for (const feature of map.features) take(sources, feature);
  sources.roads = bundled(sources.lanes, 12 / map.properties.metres_per_degree);
  return sources;
}

export function collection(features: Feature[]): FeatureCollection {
  return { type: 'FeatureCollection', features };
}

/** Lines that are never told apart, as one feature: twelve thousand of them would be kept many times over. */
export function inOne(lines: readonly Feature[]): Feature {
  const coordinates = lines.flatMap(({ geometry }) => (geometry.type === 'LineString' ? [geometry.coordinates] : []));
  return { type: 'Feature', geometry: { type: 'MultiLineString', coordinates }, properties: {} };
}

/** Features that lie in a box, by where they begin and end. */
export function within(features: readonly Feature[], [west, south, east, north]: Box): Feature[] {
  return features.filter(({ geometry }) => {
    const points = geometry.type === 'Point' ? [geometry.coordinates] : geometry.type === 'LineString' ? [geometry.coordinates[0], geometry.coordinates.at(-1)] : [];
    return points.some((point) => point !== undefined && (point[0] ?? 0) > west && (point[0] ?? 0) < east && (point[1] ?? 0) > south && (point[1] ?? 0) < north);
  });
}

function take(sources: Sources, feature: MapFeature): void {
  const { kind, site, lane, group, id } = feature.properties;
  stretch(sources.bounds, feature);
  const into = { lane: sources.lanes, street: sources.streets, lamp: sources.lamps, intersection: sources.sites.features }[kind];
  const number = kind === 'intersection' ? site : into.length;
  const properties = kind === 'intersection' ? { id, site, icon: 'mode-none', alarm: '' } : { site, lane };
  const told: Feature = { type: 'Feature', id: number, geometry: feature.geometry, properties };
  if (kind === 'intersection') into[site] = told;
  else into.push(told);
  if (kind === 'lane') ((sources.laneNumbers[site] ??= [])[lane] = number);
  if (kind === 'lamp') (sources.lampNumbers[site] ??= []).push({ number, group });
  if (kind === 'intersection' && feature.geometry.type === 'Point') {
    sources.names[site] = id;
    sources.points[site] = feature.geometry.coordinates;
  }
}

/** Of lanes that begin side by side the first one. */
function bundled(lanes: readonly Feature[], near: number): Feature[] {
  let last: number[] = [Infinity, Infinity];
  return lanes.filter(({ geometry }) => {
    const begin = geometry.type === 'LineString' ? (geometry.coordinates[0] ?? last) : last;
    const apart = Math.hypot((begin[0] ?? 0) - (last[0] ?? 0), (begin[1] ?? 0) - (last[1] ?? 0)) > near;
    if (apart) last = begin;
    return apart;
  });
}

function stretch(bounds: Box, feature: MapFeature): void {
  const points = feature.geometry.type === 'Point' ? [feature.geometry.coordinates] : feature.geometry.coordinates;
  for (const [east, north] of points) {
    bounds[0] = Math.min(bounds[0], east);
    bounds[1] = Math.min(bounds[1], north);
    bounds[2] = Math.max(bounds[2], east);
    bounds[3] = Math.max(bounds[3], north);
  }
}
