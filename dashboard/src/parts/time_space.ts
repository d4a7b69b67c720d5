/** The time–space diagram: time across, distance up, one line a signal, bands of green between them. */
import { colour, onTheme } from '../look/theme';
import { bands, greens, travelMs, type Green, type Stop } from '../state/bands';
import * as clock from '../state/clock';
import { rides } from '../state/ways';
import { t } from '../text/index';
import { h } from './dom';
import { time } from './format';
import { penOn } from './pen';

export const BEHIND_MS = 180_000;
const AHEAD_MS = 60_000;
const LABEL = 84;
const AXIS = 24;
const TOP = 18;

export type Way = 'forward' | 'backward';

export function timeSpace(): { element: HTMLCanvasElement; show(stops: Stop[], way: Way): void; stop(): void } {
  const element = h('canvas', { role: 'img', 'data-test': 'time-space' });
  let shown: { stops: Stop[]; way: Way } = { stops: [], way: 'forward' };
  let inks = inksNow();
  let running = true;
  const turn = (): void => {
    if (!running) return;
    if (element.isConnected && shown.stops.length > 0) draw(element, shown.stops, shown.way, inks);
    requestAnimationFrame(turn);
  };
  requestAnimationFrame(turn);
  const themed = onTheme(() => void (inks = inksNow()));
  const stop = (): void => {
    running = false;
    themed();
  };
  return { element, show: (stops, way) => void (shown = { stops, way }), stop };
}

type Inks = Record<'green' | 'red' | 'band' | 'ink' | 'ink2' | 'line' | 'ground', string>;

function inksNow(): Inks {
  return { green: colour('lamp-green'), red: colour('lamp-red'), band: colour('band'), ink: colour('ink'), ink2: colour('ink-2'), line: colour('line'), ground: colour('ground') };
}

function draw(canvas: HTMLCanvasElement, stops: Stop[], way: Way, inks: Inks): void {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const pen = penOn(canvas, height);
  if (pen === null) return;
  const now = clock.now();
  const span = BEHIND_MS + AHEAD_MS;
  const x = (at: number): number => LABEL + ((at - now + BEHIND_MS) / span) * (width - LABEL);
  const far = Math.max(1, (stops.at(-1)?.at_m ?? 1) - (stops[0]?.at_m ?? 0));
  const y = (at: number): number => height - AXIS - 8 - (at / far) * (height - AXIS - TOP - 8);
  const lit = stops.map((stop) => greens(stop, stop[way], now));
  pen.save();
  pen.beginPath();
  pen.rect(LABEL, 0, width - LABEL, height);
  pen.clip();
  drawGrid(pen, x, now, height, inks);
  drawBands(pen, stops, lit, way, { x, y }, inks);
  drawRides(pen, stops, way, { x, y }, now, inks);
  stops.forEach((stop, index) => drawSignal(pen, lit[index] ?? [], x, y(stop.at_m), now, inks));
  pen.restore();
  drawWords(pen, stops, y, x(now), height, inks);
}

function drawGrid(pen: CanvasRenderingContext2D, x: (at: number) => number, now: number, height: number, inks: Inks): void {
  pen.font = '11px system-ui, sans-serif';
  pen.textAlign = 'center';
  pen.textBaseline = 'alphabetic';
  const step = x(now + 30_000) - x(now) > 80 ? 30_000 : 60_000;
  for (let at = Math.ceil((now - BEHIND_MS) / step) * step; at < now + AHEAD_MS; at += step) {
    pen.fillStyle = inks.line;
    pen.fillRect(x(at), 0, 1, height - AXIS);
    pen.fillStyle = inks.ink2;
    if (Math.abs(x(at) - x(now)) > 52) pen.fillText(time(at), x(at), height - 6);
  }
}

interface Axes {
  x(at: number): number;
  y(at: number): number;
}

/** From each signal to the next in the direction of travel. */
function drawBands(pen: CanvasRenderingContext2D, stops: Stop[], lit: Green[][], way: Way, { x, y }: Axes, inks: Inks): void {
  pen.fillStyle = inks.band;
  pen.strokeStyle = inks.green;
  pen.lineWidth = 0.75;
  for (let index = 0; index + 1 < stops.length; index++) {
    const [here, there] = way === 'forward' ? [index, index + 1] : [index + 1, index];
    const [a, b] = [stops[here], stops[there]];
    if (a === undefined || b === undefined) continue;
    for (const band of bands(lit[here] ?? [], lit[there] ?? [], travelMs(a, b))) {
      pen.beginPath();
      pen.moveTo(x(band.from), y(a.at_m));
      pen.lineTo(x(band.to), y(a.at_m));
      pen.lineTo(x(band.to + band.travel), y(b.at_m));
      pen.lineTo(x(band.from + band.travel), y(b.at_m));
      pen.closePath();
      pen.fill();
      pen.globalAlpha = 0.45;
      pen.stroke();
      pen.globalAlpha = 1;
    }
  }
}

/** Who crossed a stop line drives on to the next one and waits there; what is still to come is left out. */
function drawRides(pen: CanvasRenderingContext2D, stops: Stop[], way: Way, { x, y }: Axes, now: number, inks: Inks): void {
  pen.strokeStyle = inks.ink;
  pen.lineWidth = 0.8;
  pen.globalAlpha = 0.45;
  pen.beginPath();
  for (let index = 0; index + 1 < stops.length; index++) {
    const [a, b] = way === 'forward' ? [stops[index], stops[index + 1]] : [stops[index + 1], stops[index]];
    if (a === undefined || b === undefined) continue;
    for (const { left, arrives, crosses } of rides(a, b, way === 'forward' ? 0 : 1)) {
      const share = arrives > now ? Math.max(0, now - left) / Math.max(1, arrives - left) : 1;
      pen.moveTo(x(left), y(a.at_m));
      pen.lineTo(x(Math.min(arrives, now)), y(a.at_m + share * (b.at_m - a.at_m)));
      if (crosses !== null && crosses > arrives) pen.lineTo(x(Math.min(crosses, now)), y(b.at_m));
    }
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

/** Red is a thin line, green a broad one; what is only planned is paler. */
function drawSignal(pen: CanvasRenderingContext2D, lit: Green[], x: (at: number) => number, y: number, now: number, inks: Inks): void {
  pen.fillStyle = inks.red;
  pen.fillRect(x(now - BEHIND_MS), y - 0.75, x(now) - x(now - BEHIND_MS), 1.5);
  pen.globalAlpha = 0.5;
  pen.fillRect(x(now), y - 0.75, x(now + AHEAD_MS) - x(now), 1.5);
  for (const green of lit) {
    pen.fillStyle = inks.ground;
    pen.globalAlpha = 1;
    pen.fillRect(x(green.from), y - 3, x(green.to) - x(green.from), 6);
    pen.fillStyle = inks.green;
    const now_ = Math.min(Math.max(now, green.from), green.to);
    pen.fillRect(x(green.from), y - 3, x(now_) - x(green.from), 6);
    pen.globalAlpha = 0.5;
    pen.fillRect(x(now_), y - 3, x(green.to) - x(now_), 6);
  }
  pen.globalAlpha = 1;
}

function drawWords(pen: CanvasRenderingContext2D, stops: Stop[], y: (at: number) => number, now: number, height: number, inks: Inks): void {
  pen.textBaseline = 'middle';
  pen.textAlign = 'left';
  let last = Infinity;
  for (const stop of stops) {
    const at = y(stop.at_m);
    if (last - at < 13) continue; // signals closer than a line of text
    last = at;
    pen.font = '600 12px system-ui, sans-serif';
    pen.fillStyle = inks.ink;
    pen.fillText(stop.id, 0, at, LABEL - 44);
    pen.font = '11px system-ui, sans-serif';
    pen.fillStyle = inks.ink2;
    pen.textAlign = 'right';
    pen.fillText(`${Math.round(stop.at_m)} m`, LABEL - 6, at);
    pen.textAlign = 'left';
  }
  pen.fillStyle = inks.ink;
  pen.fillRect(now - 1, 0, 2, height - AXIS);
  pen.textAlign = 'center';
  pen.textBaseline = 'alphabetic';
  pen.font = '11px system-ui, sans-serif';
  pen.fillText(t('plan.now'), now, height - 6);
}
