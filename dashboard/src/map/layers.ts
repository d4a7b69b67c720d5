/** Layers of the map: road surface, lanes by queue, intersections by mode, lamps at stop lines. Widths are metres of the street. */
import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl';
import { colour } from '../look/theme';

/** Metres of a pixel at zoom 0, on the equator, with tiles of 512. */
const METRES_A_PIXEL = 78_271.517;
/** From here on lanes are drawn one by one; further out they are roads. In a large city later: nobody sees thirty thousand lanes. */
export function lanesFrom(sites: number): number {
  return sites > LARGE ? 14.5 : 12.6;
}

/** From here on roads are drawn; further out a large city is its intersections. */
export function roadsFrom(sites: number): number {
  return sites > LARGE ? 13.3 : 0;
}

/** A city of more intersections is large: only what is in sight is given to the map. */
export const LARGE = 300;
/** From here on lamps are drawn. */
export const LAMPS_FROM = 14.4;

/** A width in metres, at least so many pixels. */
function metres(width: number, least: number): ExpressionSpecification {
  const stops = [8, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20].flatMap((zoom) => [zoom, Math.max(least, (width / METRES_A_PIXEL) * 2 ** zoom)]);
  return ['interpolate', ['exponential', 2], ['zoom'], ...stops] as unknown as ExpressionSpecification;
}

const state = (name: string, otherwise: string | number): ExpressionSpecification => ['coalesce', ['feature-state', name], otherwise];

/** The colour of a class of queue; a lane that was not heard has none of them. */
function byQueue(): ExpressionSpecification {
  return ['match', state('queue', -1), 0, colour('queue-0'), 1, colour('queue-1'), 2, colour('queue-2'), 3, colour('queue-3'), 4, colour('queue-4'), colour('road-line')];
}

/** Far away the lanes of a road lie one upon the other: whoever has more vehicles standing is broader. Near they are lanes. */
function byQueueAndZoom(): ExpressionSpecification {
  const lane = (zoom: number): number => (2.1 / METRES_A_PIXEL) * 2 ** zoom;
  const far: ExpressionSpecification = ['match', state('queue', -1), 0, 1.2, 1, 2.4, 2, 4, 3, 6, 4, 8, 1];
  return ['interpolate', ['exponential', 2], ['zoom'], 12, far, 15, far, 17, lane(17), 20, lane(20)];
}

function byLamp(): ExpressionSpecification {
  const [red, yellow, green] = [colour('lamp-red'), colour('lamp-yellow'), colour('lamp-green')];
  return ['match', state('lamp', 'dark'), 'red', red, 'yellow', yellow, 'flash', yellow, 'green', green, 'yield', colour('ground'), colour('ink-3')];
}

/** In order from below to above. */
export function layers(sites: number): LayerSpecification[] {
  const from = lanesFrom(sites);
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': colour('ground') } },
    { id: 'far', type: 'line', source: 'streets', 'source-layer': 'roads', minzoom: roadsFrom(sites), maxzoom: from, paint: { 'line-color': colour('road-line'), 'line-width': 1.5 } },
    {
      id: 'street', type: 'line', source: 'streets', 'source-layer': 'streets', minzoom: from, layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': colour('road'), 'line-width': metres(3.8, 1) },
    },
    {
      id: 'surface', type: 'line', source: 'streets', 'source-layer': 'lanes', minzoom: from, layout: { 'line-cap': 'butt', 'line-join': 'round' },
      paint: { 'line-color': colour('road'), 'line-width': metres(4.4, 1.4) },
    },
    {
      id: 'lane', type: 'line', source: 'streets', 'source-layer': 'lanes', minzoom: from, layout: { 'line-cap': 'butt', 'line-join': 'round' },
      paint: { 'line-color': byQueue(), 'line-width': byQueueAndZoom(), 'line-opacity': ['match', state('queue', -1), 0, 0.7, 1] },
    },
    {
      id: 'load', type: 'circle', source: 'sites', 'source-layer': 'sites', maxzoom: LAMPS_FROM,
      paint: {
        'circle-color': byQueue(), 'circle-opacity': 0.9,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 9, ['match', state('queue', -1), 0, 1.5, 1, 2, 2, 2.5, 3, 3.5, 4, 5, 1.5], 14, ['match', state('queue', -1), 0, 8, 1, 9, 2, 11, 3, 13, 4, 15, 8]],
      },
    },
    {
      id: 'lamp', type: 'circle', source: 'streets', 'source-layer': 'lamps', minzoom: LAMPS_FROM,
      paint: {
        'circle-color': byLamp(),
        'circle-radius': ['interpolate', ['exponential', 2], ['zoom'], 14, ['match', state('lamp', 'dark'), 'green', 1.6, 'yield', 1.4, 'red', 1.3, 1.2], 18, ['match', state('lamp', 'dark'), 'green', 7, 'yield', 5.5, 'red', 4.5, 5]],
        'circle-stroke-color': ['match', state('lamp', 'dark'), 'green', colour('ground'), 'yield', colour('lamp-green'), 'yellow', colour('ink'), colour('ground')],
        'circle-stroke-width': ['match', state('lamp', 'dark'), 'yellow', 2, 'yield', 2, 1],
      },
    },
    {
      id: 'trouble', type: 'circle', source: 'sites', 'source-layer': 'sites', filter: ['!=', ['get', 'alarm'], ''],
      paint: {
        'circle-color': 'transparent', 'circle-radius': ['interpolate', ['linear'], ['zoom'], 9, 5, 16, 20],
        'circle-stroke-color': ['match', ['get', 'alarm'], 'critical', colour('critical'), 'warning', colour('warning'), colour('info')],
        'circle-stroke-width': ['match', ['get', 'alarm'], 'critical', 4, 'warning', 2.5, 1.5],
      },
    },
    {
      // From far only modes that are not as they should be have an outline: thousands of equal dots tell nobody anything.
      id: 'odd', type: 'symbol', source: 'sites', 'source-layer': 'sites', maxzoom: from - 1, filter: ['!=', ['get', 'icon'], 'mode-adaptive'],
      layout: { 'icon-image': ['get', 'icon'], 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'icon-size': 0.6 },
    },
    {
      id: 'site', type: 'symbol', source: 'sites', 'source-layer': 'sites', minzoom: from - 1,
      layout: {
        'icon-image': ['get', 'icon'], 'icon-allow-overlap': true, 'icon-ignore-placement': true,
        'icon-size': ['interpolate', ['linear'], ['zoom'], 11, 0.4, 14, 0.85, 18, 1.3],
      },
    },
    {
      id: 'name', type: 'symbol', source: 'sites', 'source-layer': 'sites', minzoom: Math.max(13.2, from - 0.5),
      layout: {
        'text-field': ['get', 'id'], 'text-size': ['interpolate', ['linear'], ['zoom'], 13, 11, 17, 14], 'text-offset': [0, 1.3], 'text-anchor': 'top',
        'text-font': ['sans-serif'], 'text-optional': true,
      },
      paint: { 'text-color': colour('ink'), 'text-halo-color': colour('ground'), 'text-halo-width': 1.6 },
    },
  ] as LayerSpecification[];
}
