/** Plan and SPaT as a moving bar: stages above, one row a signal group below; what was shown lies left of now, what is planned right. */
import type { Detail, Interval } from '../api/types';
import { colour, lampOf, onTheme, type Lamp } from '../look/theme';
import { city, type Stretch } from '../state/city';
import * as clock from '../state/clock';
import { t } from '../text/index';
import { h, setAttribute } from './dom';
import { time } from './format';
import { penOn } from './pen';

const BEHIND_MS = 45_000;
const AHEAD_MS = 45_000;
const ROW = 15;
const STAGE_ROW = 26;
const AXIS = 20;
const LABEL = 64;

interface Piece {
  from: number;
  to: number;
  lamps: string;
  stage: string | null;
  planned: boolean;
}

export function planBar(): { element: HTMLElement; show(detail: Detail): void; stop(): void } {
  const canvas = h('canvas', { role: 'img', 'data-test': 'plan' });
  const element = h('div', {}, canvas);
  let detail: Detail | null = null;
  let running = true;
  const turn = (): void => {
    if (!running) return;
    if (detail !== null && element.isConnected) draw(canvas, detail);
    requestAnimationFrame(turn);
  };
  requestAnimationFrame(turn);
  const themed = onTheme(() => palette.clear());
  const show = (told: Detail): void => {
    detail = told;
    const text = (told.plan?.intervals ?? []).map((it) => t('plan.interval', { stage: it.stage, kind: kindOf(it), time: time(it.end_ms) })).join('; ');
    setAttribute(canvas, 'aria-label', t('plan.bar', { text }));
  };
  const stop = (): void => {
    running = false;
    themed();
  };
  return { element, show, stop };
}

function kindOf(interval: Interval): string {
  return t(`kind.${interval.kind}`);
}

/** Colours are asked for once; the style sheet is slow to answer. */
const palette = new Map<string, string>();

function ink(name: string): string {
  let value = palette.get(name);
  if (value === undefined) palette.set(name, (value = colour(name)));
  return value;
}

function draw(canvas: HTMLCanvasElement, detail: Detail): void {
  const width = canvas.clientWidth;
  const height = STAGE_ROW + detail.groups.length * ROW + AXIS;
  if (canvas.clientHeight !== height) canvas.style.height = `${height}px`;
  const pen = penOn(canvas, height);
  if (pen === null) return;
  const now = clock.now();
  const x = (at: number): number => LABEL + ((at - now + BEHIND_MS) / (BEHIND_MS + AHEAD_MS)) * (width - LABEL);
  const pieces = piecesOf(detail, now);
  pen.save();
  pen.beginPath();
  pen.rect(LABEL, 0, width - LABEL, height);
  pen.clip();
  drawStages(pen, pieces, x);
  drawGroups(pen, pieces, x, detail.groups.length);
  drawAxis(pen, x, now, width, height);
  pen.restore();
  drawLabels(pen, detail, x(now), height);
}

/** What was shown, cut where the plan goes on. */
function piecesOf(detail: Detail, now: number): Piece[] {
  const shown: Stretch[] = city.lamps.get(detail.id) ?? [];
  const past = shown.map((it, index): Piece => ({ from: it.fromMs, to: Math.min(now, shown[index + 1]?.fromMs ?? now), lamps: it.lamps, stage: it.stage, planned: false }));
  const ahead = (detail.plan?.intervals ?? []).map((it): Piece => ({ from: Math.max(now, it.start_ms), to: it.end_ms, lamps: it.lamps, stage: it.stage, planned: true }));
  const pieces = [...past, ...ahead].filter((it) => it.to > it.from && it.to > now - BEHIND_MS);
  const last = pieces.at(-1);
  // The last interval goes on until a later plan says otherwise.
  if (last?.planned === true) last.to = Math.max(last.to, now + AHEAD_MS);
  return pieces;
}

function drawStages(pen: CanvasRenderingContext2D, pieces: readonly Piece[], x: (at: number) => number): void {
  pen.font = '600 12px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  for (let index = 0; index < pieces.length; index++) {
    const first = pieces[index];
    if (first === undefined) continue;
    while (pieces[index + 1]?.stage === first.stage && pieces[index + 1]?.planned === first.planned) index++;
    const [from, to] = [x(first.from), x(pieces[index]?.to ?? first.to)];
    pen.fillStyle = ink(first.planned ? 'ground' : 'raised');
    pen.fillRect(from, 0, to - from - 1, STAGE_ROW - 5);
    pen.strokeStyle = ink('edge');
    if (first.planned) pen.strokeRect(from + 0.5, 0.5, to - from - 2, STAGE_ROW - 6);
    const left = Math.max(from + 6, LABEL + 4);
    if (to - left > 18) {
      pen.fillStyle = ink(first.planned ? 'ink-2' : 'ink');
      pen.fillText(first.stage ?? '–', left, (STAGE_ROW - 4) / 2, to - left - 4);
    }
  }
}

const LOOK: Record<Lamp, { name: string; height: number }> = {
  green: { name: 'lamp-green', height: 9 },
  yield: { name: 'lamp-green', height: 9 },
  yellow: { name: 'lamp-yellow', height: 9 },
  flash: { name: 'lamp-yellow', height: 5 },
  red: { name: 'lamp-red', height: 2 },
  dark: { name: 'ink-3', height: 1 },
};

function drawGroups(pen: CanvasRenderingContext2D, pieces: readonly Piece[], x: (at: number) => number, groups: number): void {
  for (let group = 0; group < groups; group++) {
    const middle = STAGE_ROW + group * ROW + ROW / 2;
    for (let index = 0; index < pieces.length; index++) {
      const first = pieces[index];
      if (first === undefined) continue;
      const lamp = lampOf(first.lamps[group]);
      const same = (other: Piece | undefined): boolean => other !== undefined && other.planned === first.planned && lampOf(other.lamps[group]) === lamp;
      while (same(pieces[index + 1])) index++;
      drawLamp(pen, lamp, [x(first.from), x(pieces[index]?.to ?? first.to)], middle, first.planned);
    }
  }
}

/** Green is a block (hollow where it gives way), yellow a block in its colour, red a thin line: told apart without colours. */
function drawLamp(pen: CanvasRenderingContext2D, lamp: Lamp, [from, to]: [number, number], middle: number, planned: boolean): void {
  const { name, height } = LOOK[lamp];
  pen.globalAlpha = planned ? 0.55 : 1;
  pen.fillStyle = pen.strokeStyle = ink(name);
  if (lamp === 'yield') {
    pen.lineWidth = 1.5;
    pen.strokeRect(from + 0.75, middle - height / 2 + 0.75, Math.max(0.5, to - from - 1.5), height - 1.5);
    pen.lineWidth = 1;
  } else {
    pen.fillRect(from, middle - height / 2, Math.max(0.5, to - from), height);
  }
  pen.globalAlpha = 1;
}

function drawAxis(pen: CanvasRenderingContext2D, x: (at: number) => number, now: number, width: number, height: number): void {
  pen.font = '11px system-ui, sans-serif';
  pen.fillStyle = ink('ink-3');
  const step = width > 700 ? 15_000 : 30_000;
  for (let at = Math.ceil((now - BEHIND_MS) / step) * step; at < now + AHEAD_MS; at += step) {
    if (Math.abs(at - now) < 4000) continue;
    pen.fillRect(x(at), height - AXIS, 1, 4);
    pen.textAlign = 'center';
    pen.fillText(time(at), x(at), height - 7);
  }
  pen.textAlign = 'left';
}

function drawLabels(pen: CanvasRenderingContext2D, detail: Detail, now: number, height: number): void {
  pen.font = '11px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  pen.fillStyle = ink('ink-2');
  pen.fillText(t('plan.stages'), 0, (STAGE_ROW - 4) / 2, LABEL - 8);
  detail.groups.forEach((group, index) => pen.fillText(group.id, 0, STAGE_ROW + index * ROW + ROW / 2, LABEL - 8));
  pen.fillStyle = ink('ink');
  pen.fillRect(now - 1, 0, 2, height - AXIS + 2);
  pen.textAlign = 'center';
  pen.fillText(t('plan.now'), now, height - 7);
  pen.textAlign = 'left';
}
