/**
 * Where the machine is slow the map is drawn coarser while somebody moves it, and sharp again as soon as it rests.
 *
 * A frame costs as much as it has pixels where a program draws in place of a graphics card, as on many a wall screen's small computer. Whether that is
 * so is tried out once, on the first map that is drawn, and judged again by each movement.
 */
import type { Map as MapLibre } from 'maplibre-gl';

/** Frames that take longer on average are too slow: 30 a second, with something in hand [ms]. */
const SLOW_MS = 28;
/** Frames of the trial; the first one is not counted. */
const TRIED = 12;
/** Movements of fewer frames tell nothing. */
const JUDGED = 10;
/** Longer pauses are the user's, not the machine's [ms]. */
const PAUSE_MS = 400;
/** Pixels drawn for a pixel of the screen, from a machine that keeps up to one that does not. */
const STEPS = [1, 0.7, 0.4] as const;

export function keepSmooth(map: MapLibre): void {
  let step = 0;
  let coarse = false;
  let held = false;
  let frames: number[] = [];
  let last = 0;
  const draw = (share: number): void => {
    coarse = share < 1;
    map.setPixelRatio(devicePixelRatio * share);
  };
  const judge = (): void => {
    const mean = frames.reduce((sum, it) => sum + it, 0) / frames.length;
    frames = [];
    if (mean > SLOW_MS) step = Math.min(step + (mean > 1.7 * SLOW_MS ? 2 : 1), STEPS.length - 1);
  };
  map.on('render', () => {
    const now = performance.now();
    if (now - last < PAUSE_MS) frames.push(now - last);
    last = now;
  });
  map.once('idle', () => {
    const again = (left: number): void => {
      if (left === TRIED) frames = [];
      if (left === 0) return judge();
      map.once('render', () => again(left - 1));
      map.triggerRepaint();
    };
    map.once('render', () => again(TRIED));
    map.triggerRepaint();
  });
  // Before the map hears of it: when it is laid out anew it lets go of what is being dragged.
  const begin = (): void => {
    frames = [];
    if (step > 0 && !coarse) draw(STEPS[step] ?? 1);
  };
  const place = map.getCanvasContainer();
  const take = (): void => {
    held = true;
    begin();
  };
  place.addEventListener('pointerdown', take, true);
  place.addEventListener('wheel', begin, { capture: true, passive: true });
  place.addEventListener('keydown', (event) => void (event.key.startsWith('Arrow') && begin()), true);
  const gone = new AbortController();
  const letGo = (): void => {
    held = false;
    if (coarse) map.triggerRepaint();
  };
  for (const over of ['pointerup', 'pointercancel']) addEventListener(over, letGo, { capture: true, signal: gone.signal });
  map.once('remove', () => gone.abort());
  map.on('idle', () => {
    if (frames.length >= JUDGED) judge();
    if (coarse && !held) draw(1);
  });
}
