/** The map of the city: drawn once, then only what has changed is told to it. No tiles, no fonts, nothing from elsewhere. */
import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl, type StyleSpecification } from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import type { Site } from '../api/types';
import { colour, lampOf, onTheme, queueClass } from '../look/theme';
import { MODE_SHAPES } from '../parts/icons';
import { worst } from '../state/city';
import { LAMPS_FROM, lanesFrom, layers } from './layers';
import type { Box, Sources } from './sources';
import { CityTiles } from './city_tiles';
import { keepSmooth } from './smoothness';

setWorkerUrl(workerUrl);

const ROOM = 48;

export class CityMap {
  private readonly map: MapLibre;
  private readonly tiles: CityTiles;
  private readonly position: Map<string, number>;
  private readonly themed: () => void;
  private readonly from: number;
  private ready = false;
  private sites: readonly Site[] = [];
  private readonly told = { lanes: [] as number[], lamps: [] as string[], sites: [] as number[] };

  constructor(
    container: HTMLElement,
    private readonly sources: Sources,
    label: string,
    private readonly onSite: (id: string) => void,
    private readonly onHover: (id: string | null, at: { x: number; y: number }) => void,
    onDrawn: () => void,
  ) {
    this.from = lanesFrom(this.sources.names.length);
    this.tiles = new CityTiles(this.sources);
    this.position = new Map(this.sources.names.map((name, site) => [name, site]));
    this.map = new MapLibre({
      container, style: this.style(), bounds: this.sources.bounds, fitBoundsOptions: { padding: ROOM },
      attributionControl: false, dragRotate: false, pitchWithRotate: false, maxPitch: 0, maxZoom: 20, renderWorldCopies: false,
      fadeDuration: 0, canvasContextAttributes: { antialias: false },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.getCanvas().setAttribute('aria-label', label);
    this.map.addControl(new NavigationControl({ showCompass: false }), 'top-left');
    this.map.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-right');
    // Whoever asks for an icon gets it: tiles may be cut before a style that has just been set says that it is there.
    this.map.setMissingStyleImageResolver((icon) => this.draw(icon));
    this.map.on('style.load', () => this.begin());
    // Told to whoever measures: everything that is to be seen has been drawn.
    this.map.once('load', onDrawn);
    this.map.once('idle', () => void performance.mark('map-drawn'));
    this.map.on('moveend', () => this.update(this.sites));
    keepSmooth(this.map);
    this.listen();
    this.themed = onTheme(() => {
      this.ready = false;
      this.map.setStyle(this.style(), { diff: false });
    });
  }

  /** What is changed since the last time is told; what is too small to be seen is not. */
  update(sites: readonly Site[]): void {
    this.sites = sites;
    if (!this.ready) return;
    const zoom = this.map.getZoom();
    const seen = this.around(0.35);
    let icons = false;
    for (const site of sites) {
      const number = this.position.get(site.id);
      const point = number === undefined ? undefined : this.sources.points[number];
      if (number === undefined || point === undefined) continue;
      icons = this.tellSite(number, site) || icons;
      const near = zoom >= this.from && inside(point, seen);
      if (near) this.tellLanes(number, site);
      if (near && zoom >= LAMPS_FROM) this.tellLamps(number, site);
    }
    if (icons) this.map.refreshTiles('sites');
  }

  fit(): void {
    this.map.fitBounds(this.sources.bounds, { padding: ROOM });
  }

  remove(): void {
    this.themed();
    this.map.remove();
    this.tiles.remove();
  }

  private style(): StyleSpecification {
    return { version: 8, sources: this.tiles.sources(), layers: layers(this.sources.names.length) };
  }

  /** The view with so much more on each side. */
  private around(more: number): Box {
    const seen = this.map.getBounds();
    const [width, height] = [seen.getEast() - seen.getWest(), seen.getNorth() - seen.getSouth()];
    return [seen.getWest() - more * width, seen.getSouth() - more * height, seen.getEast() + more * width, seen.getNorth() + more * height];
  }

  private begin(): void {
    Object.values(this.told).forEach((list) => list.splice(0));
    this.ready = true;
    this.update(this.sites);
  }

  /** The icon of a mode in the colours of now. */
  private draw(icon: string): void {
    const shape = Object.entries(MODE_SHAPES).find(([mode]) => icon === `mode-${mode}`)?.[1];
    if (shape === undefined || this.map.hasImage(icon)) return;
    this.map.addImage(icon, drawn(shape, colour(icon)), { pixelRatio: 2 });
  }

  /** Whether its icon is another one. */
  private tellSite(number: number, site: Site): boolean {
    const queue = queueClass(worst(site));
    if (this.told.sites[number] !== queue) {
      this.told.sites[number] = queue;
      this.map.setFeatureState({ source: 'sites', sourceLayer: 'sites', id: number }, { queue });
    }
    const [icon, alarm] = [`mode-${site.mode ?? 'none'}`, site.alarm ?? ''];
    const sign = this.tiles.signs[number];
    if (sign === undefined || (sign.icon === icon && sign.alarm === alarm)) return false;
    Object.assign(sign, { icon, alarm });
    return true;
  }

  private tellLanes(site: number, shown: Site): void {
    shown.queues.forEach((halted, lane) => {
      const number = this.sources.laneNumbers[site]?.[lane];
      if (number === undefined) return;
      const queue = halted === null ? -1 : queueClass(halted);
      if (this.told.lanes[number] === queue) return;
      this.told.lanes[number] = queue;
      this.map.setFeatureState({ source: 'streets', sourceLayer: 'lanes', id: number }, { queue });
    });
  }

  private tellLamps(site: number, shown: Site): void {
    for (const { number, group } of this.sources.lampNumbers[site] ?? []) {
      const lamp = lampOf(shown.lamps[group]);
      if (this.told.lamps[number] === lamp) continue;
      this.told.lamps[number] = lamp;
      this.map.setFeatureState({ source: 'streets', sourceLayer: 'lamps', id: number }, { lamp });
    }
  }

  private listen(): void {
    const hit = (event: { point: { x: number; y: number } }): string | null => {
      const { x, y } = event.point;
      const found = this.map.queryRenderedFeatures([[x - 8, y - 8], [x + 8, y + 8]], { layers: ['site', 'odd', 'load', 'lamp', 'lane'].filter((it) => this.map.getLayer(it)) });
      const site: unknown = found[0]?.properties['site'];
      return typeof site === 'number' ? (this.sources.names[site] ?? null) : null;
    };
    this.map.on('click', (event) => {
      const id = hit(event);
      if (id !== null) this.onSite(id);
    });
    this.map.on('mousemove', (event) => {
      const id = this.map.isMoving() ? null : hit(event);
      this.map.getCanvas().style.cursor = id === null ? '' : 'pointer';
      this.onHover(id, event.point);
    });
    this.map.on('mouseout', () => this.onHover(null, { x: 0, y: 0 }));
  }
}

function inside([x, y]: [number, number], [west, south, east, north]: Box): boolean {
  return x > west && x < east && y > south && y < north;
}

/** An outline in a square of 16 as an image, twice as large for sharp screens. */
function drawn(shape: string, fill: string): ImageData {
  const canvas = new OffscreenCanvas(36, 36);
  const pen = canvas.getContext('2d');
  if (pen === null) throw new Error('a canvas has a pen');
  pen.scale(2, 2);
  pen.translate(1, 1);
  const path = new Path2D(shape);
  pen.lineWidth = 2;
  pen.strokeStyle = colour('ground');
  pen.stroke(path);
  pen.fillStyle = fill;
  pen.fill(path, 'evenodd');
  return pen.getImageData(0, 0, 36, 36);
}
