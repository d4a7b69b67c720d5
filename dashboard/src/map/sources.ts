/** The engine's GeoJSON sorted into the sources of the map, every feature with a number by which its state is set. */
import type { FeatureCollection } from 'geojson';
import type { CityMapData, MapFeature } from '../api/types';

export interface Sources {
  lanes: FeatureCollection;
  streets: FeatureCollection;
  lamps: FeatureCollection;
  sites: FeatureCollection;
  /** Numbers of the lanes of a site, by the position of the lane. */
  laneNumbers: number[][];
  /** Number, and group, of each lamp of a site. */
  lampNumbers: { number: number; group: number }[][];
  /** Corners of it all: west, south, east, north. */
  bounds: [number, number, number, number];
  /** Site by position. */
  names: string[];
  points: [number, number][];
}

export function sourcesOf(map: CityMapData): Sources {
  const collection = (): FeatureCollection => ({ type: 'FeatureCollection', features: [] });
  const sources: Sources = {
    lanes: collection(), streets: collection(), lamps: collection(), sites: collection(),
    laneNumbers: [], lampNumbers: [], bounds: [Infinity, Infinity, -Infinity, -Infinity], names: [], points: [],
  };
  for (const feature of map.features) take(sources, feature);
  return sources;
}

function take(sources: Sources, feature: MapFeature): void {
  const { kind, site, lane, group, id } = feature.properties;
  stretch(sources.bounds, feature);
  const into = { lane: sources.lanes, street: sources.streets, lamp: sources.lamps, intersection: sources.sites }[kind];
  const number = kind === 'intersection' ? site : into.features.length;
  into.features.push({ type: 'Feature', id: number, geometry: feature.geometry, properties: kind === 'intersection' ? { id, site, icon: 'mode-none' } : { site, lane } });
  if (kind === 'lane') ((sources.laneNumbers[site] ??= [])[lane] = number);
  if (kind === 'lamp') (sources.lampNumbers[site] ??= []).push({ number, group });
  if (kind === 'intersection' && feature.geometry.type === 'Point') {
    sources.names[site] = id;
    sources.points[site] = feature.geometry.coordinates;
  }
}

function stretch(bounds: Sources['bounds'], feature: MapFeature): void {
  const points = feature.geometry.type === 'Point' ? [feature.geometry.coordinates] : feature.geometry.coordinates;
  for (const [east, north] of points) {
    bounds[0] = Math.min(bounds[0], east);
    bounds[1] = Math.min(bounds[1], north);
    bounds[2] = Math.max(bounds[2], east);
    bounds[3] = Math.max(bounds[3], north);
  }
}
