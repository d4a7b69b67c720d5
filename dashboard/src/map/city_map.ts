/** The map of the city: drawn once, then only what has changed is told to it. No tiles, no fonts, nothing from elsewhere. */
import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource, type StyleSpecification } from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import type { CityMapData, Site } from '../api/types';
import { colour, lampOf, onTheme, queueClass } from '../look/theme';
import { MODE_SHAPES } from '../parts/icons';
import { worst } from '../state/city';
import { LAMPS_FROM, LANES_FROM, layers } from './layers';
import { sourcesOf, type Sources } from './sources';

setWorkerUrl(workerUrl);

const ROOM = 48;

export class CityMap {
  private readonly map: MapLibre;
  private readonly sources: Sources;
  private readonly position: Map<string, number>;
  private readonly themed: () => void;
  private ready = false;
  private sites: readonly Site[] = [];
  private readonly told = { lanes: [] as number[], lamps: [] as string[], sites: [] as string[], icons: [] as string[] };

  constructor(
    container: HTMLElement,
    data: CityMapData,
    label: string,
    private readonly onSite: (id: string) => void,
    private readonly onHover: (id: string | null, at: { x: number; y: number }) => void,
  ) {
    this.sources = sourcesOf(data);
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
    this.map.on('style.load', () => this.begin());
    // Told to whoever measures: everything that is to be seen has been drawn.
    this.map.once('idle', () => void performance.mark('map-drawn'));
    this.map.on('zoomend', () => this.update(this.sites));
    this.map.on('moveend', () => this.update(this.sites));
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
    const seen = this.map.getBounds();
    let icons = false;
    for (const site of sites) {
      const number = this.position.get(site.id);
      const point = number === undefined ? undefined : this.sources.points[number];
      if (number === undefined || point === undefined) continue;
      icons = this.tellSite(number, site) || icons;
      const near = zoom >= LANES_FROM && within(point, seen);
      if (near) this.tellLanes(number, site);
      if (near && zoom >= LAMPS_FROM) this.tellLamps(number, site);
    }
    if (icons) this.map.getSource<GeoJSONSource>('sites')?.setData(this.sources.sites);
  }

  fit(): void {
    this.map.fitBounds(this.sources.bounds, { padding: ROOM });
  }

  remove(): void {
    this.themed();
    this.map.remove();
  }

  private style(): StyleSpecification {
    const source = (data: Sources['lanes']) => ({ type: 'geojson' as const, data, tolerance: 0.2, buffer: 32 });
    const { lanes, streets, lamps, sites } = this.sources;
    return { version: 8, sources: { lanes: source(lanes), streets: source(streets), lamps: source(lamps), sites: source(sites) }, layers: layers() };
  }

  private begin(): void {
    for (const [mode, shape] of Object.entries(MODE_SHAPES)) this.map.addImage(`mode-${mode}`, drawn(shape, colour(`mode-${mode}`)), { pixelRatio: 2 });
    Object.values(this.told).forEach((list) => list.splice(0));
    this.ready = true;
    this.update(this.sites);
  }

  /** Whether its icon is another one. */
  private tellSite(number: number, site: Site): boolean {
    const queue = queueClass(worst(site));
    const text = `${queue} ${site.alarm ?? ''}`;
    if (this.told.sites[number] !== text) {
      this.told.sites[number] = text;
      this.map.setFeatureState({ source: 'sites', id: number }, { queue, alarm: site.alarm ?? '' });
    }
    const icon = `mode-${site.mode ?? 'none'}`;
    if (this.told.icons[number] === icon) return false;
    this.told.icons[number] = icon;
    const feature = this.sources.sites.features.find((it) => it.id === number);
    if (feature) feature.properties = { ...feature.properties, icon };
    return true;
  }

  private tellLanes(site: number, shown: Site): void {
    shown.queues.forEach((halted, lane) => {
      const number = this.sources.laneNumbers[site]?.[lane];
      if (number === undefined) return;
      const queue = halted === null ? -1 : queueClass(halted);
      if (this.told.lanes[number] === queue) return;
      this.told.lanes[number] = queue;
      this.map.setFeatureState({ source: 'lanes', id: number }, { queue });
    });
  }

  private tellLamps(site: number, shown: Site): void {
    for (const { number, group } of this.sources.lampNumbers[site] ?? []) {
      const lamp = lampOf(shown.lamps[group]);
      if (this.told.lamps[number] === lamp) continue;
      this.told.lamps[number] = lamp;
      this.map.setFeatureState({ source: 'lamps', id: number }, { lamp });
    }
  }

  private listen(): void {
    const hit = (event: { point: { x: number; y: number } }): string | null => {
      const { x, y } = event.point;
      const found = this.map.queryRenderedFeatures([[x - 8, y - 8], [x + 8, y + 8]], { layers: ['site', 'load', 'lamp', 'lane'].filter((it) => this.map.getLayer(it)) });
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

/** With some room around, so that what comes in by the next move is told already. */
function within([east, north]: [number, number], seen: { getWest(): number; getEast(): number; getNorth(): number; getSouth(): number }): boolean {
  const room = 0.5 * (seen.getEast() - seen.getWest());
  return east > seen.getWest() - room && east < seen.getEast() + room && north > seen.getSouth() - room && north < seen.getNorth() + room;
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
