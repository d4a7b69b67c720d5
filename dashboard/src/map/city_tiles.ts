/**
 * Intersections, roads, lanes and lamps as vector tiles, made when the map asks for one.
 *
 * GeoJSON given to the map is kept there once for each zoom; a city of 3,000 intersections has 80,000 lanes and lamps. Tiles are cut from the
 * city's own list instead: far away roads, near lanes and lamps, nothing else.
 */
import { addProtocol, type VectorSourceSpecification } from 'maplibre-gl';
import { fromGeojsonVt, type Feature } from '@maplibre/vt-pbf';
import { lanesFrom, roadsFrom } from './layers';
import { line, type Point, type Shapes, type Sources } from './sources';

/** A tile's width in its own numbers: 0.3 m at the nearest zoom. */
const EXTENT = 8192;
/** Lines go on so far beyond the edge of a tile, so that their ends are not seen. */
const BEYOND = EXTENT / 16;
/** Tiles of this zoom serve all nearer ones. */
const NEAREST = 14;

/** What an intersection shows besides its queue. */
export interface Sign {
  icon: string;
  alarm: string;
}

/** The sources of a city; their tiles are asked for under a name of its own. */
export class CityTiles {
  private static cities = 0;
  private static readonly shown = new Map<string, CityTiles>();
  private readonly name = String(CityTiles.cities++);
  /** By the position of the intersection. */
  readonly signs: Sign[];

  constructor(private readonly city: Sources) {
    this.signs = city.names.map(() => ({ icon: 'mode-none', alarm: '' }));
    addProtocol('city', async ({ url }) => ({ data: answered(url) }));
    CityTiles.shown.set(this.name, this);
  }

  static of(name: string): CityTiles | undefined {
    return CityTiles.shown.get(name);
  }

  sources(): Record<'sites' | 'streets', VectorSourceSpecification> {
    const source = (name: string, minzoom: number): VectorSourceSpecification => (
      { type: 'vector', tiles: [`city://${this.name}/${name}/{z}/{x}/{y}`], minzoom, maxzoom: NEAREST, bounds: this.city.bounds }
    );
    return { sites: source('sites', 0), streets: source('streets', Math.floor(roadsFrom(this.city.names.length))) };
  }

  remove(): void {
    CityTiles.shown.delete(this.name);
  }

  tile(source: string, z: number, x: number, y: number): Uint8Array {
    const { sites, roads, lanes, streets, lamps, names } = this.city;
    const from = lanesFrom(names.length);
    const layers: Record<string, Feature[]> = {};
    if (source === 'sites') layers['sites'] = discs(sites, z, x, y).map((it) => ({ ...it, tags: { ...it.tags, id: names[Number(it.id)], ...this.signs[Number(it.id)] } }));
    else {
      if (z < from) layers['roads'] = lines(roads, z, x, y);
      if (z === NEAREST || z + 1 > from) Object.assign(layers, { streets: lines(streets, z, x, y), lanes: lines(lanes, z, x, y), lamps: discs(lamps, z, x, y) });
    }
    const tiles = Object.entries(layers).map(([name, features]) => [name, { features, transformed: true, source: null, x, y, z }]);
    // The package's types ask for the inside of a tile index besides; what it reads is `features`.
    return fromGeojsonVt(Object.fromEntries(tiles) as Parameters<typeof fromGeojsonVt>[0], { version: 2, extent: EXTENT });
  }
}

/** `city://CITY/SOURCE/Z/X/Y` */
function answered(url: string): ArrayBuffer {
  const [city, source, z, x, y] = url.replace('city://', '').split('/');
  const bytes = CityTiles.of(city ?? '')?.tile(source ?? '', Number(z), Number(x), Number(y)) ?? new Uint8Array();
  return Uint8Array.from(bytes).buffer;
}

/** What of the lines lies in a tile. */
function lines(shapes: Shapes, z: number, x: number, y: number): Feature[] {
  const found: Feature[] = [];
  shapes.sites.forEach((site, id) => {
    const parts = clipped(inTile(shapes, id, z, x, y));
    if (parts.length > 0) found.push({ id, type: 2, geometry: parts.map((part) => part.map(rounded)), tags: { site } });
  });
  return found;
}

/** Points of a tile, and of no other: a disc in two tiles would be drawn twice. */
function discs(shapes: Shapes, z: number, x: number, y: number): Feature[] {
  const found: Feature[] = [];
  shapes.sites.forEach((site, id) => {
    const [point] = inTile(shapes, id, z, x, y);
    if (point?.every((it) => it >= 0 && it < EXTENT)) found.push({ id, type: 1, geometry: [rounded(point)], tags: { site } });
  });
  return found;
}

/** The points of a shape in the numbers of a tile. */
function inTile(shapes: Shapes, id: number, z: number, x: number, y: number): Point[] {
  const tiles = 2 ** z;
  return line(shapes, id).map(([atX, atY]) => [(atX * tiles - x) * EXTENT, (atY * tiles - y) * EXTENT]);
}

/** The stretches of a line that lie in a tile and a little beyond (Liang and Barsky 1984, segment by segment). */
function clipped(line: readonly Point[]): Point[][] {
  const parts: Point[][] = [];
  let last: Point | undefined;
  line.slice(1).forEach((end, index) => {
    const begin = line[index] ?? end;
    let [from, to] = [0, 1];
    for (const axis of [0, 1] as const) {
      const step = end[axis] - begin[axis];
      if (step === 0) {
        if (begin[axis] < -BEYOND || begin[axis] > EXTENT + BEYOND) to = -1;
        continue;
      }
      const edges = [(-BEYOND - begin[axis]) / step, (EXTENT + BEYOND - begin[axis]) / step];
      [from, to] = [Math.max(from, Math.min(...edges)), Math.min(to, Math.max(...edges))];
    }
    if (from >= to) return;
    const on = (share: number): Point => [begin[0] + share * (end[0] - begin[0]), begin[1] + share * (end[1] - begin[1])];
    if (from > 0 || last !== begin) parts.push([on(from)]);
    parts.at(-1)?.push(to < 1 ? on(to) : end);
    last = to < 1 ? undefined : end;
  });
  return parts;
}

function rounded([x, y]: Point): Point {
  return [Math.round(x), Math.round(y)];
}
