/**
 * How smooth the page is: `node bench.mjs URL SECONDS`, called by `lightwatch bench page`. One JSON object on standard output.
 *
 * Frames are counted by requestAnimationFrame while the map is dragged by the mouse; memory is told by the browser (objects) and by the
 * system (its processes, shared pages by share).
 */
import { chromium } from '@playwright/test';
import { readFileSync } from 'node:fs';

const [url, seconds] = [process.argv[2], Number(process.argv[3] ?? 10)];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-sandbox', '--js-flags=--expose-gc'],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
page.on('pageerror', (error) => console.error(error.message));
// What a browser needs to begin to draw at all is not the page's: it has drawn something before.
await page.goto(`${url}/live`);
await page.screenshot();
await page.goto(url);
await page.waitForFunction(() => document.querySelector('.map .message')?.hidden === true, undefined, { timeout: 120_000 });
await page.locator('[data-test=sites] a').first().waitFor({ timeout: 60_000 });
const map = await page.waitForFunction(() => performance.getEntriesByName('map-drawn')[0]?.startTime, undefined, { timeout: 120_000 });
const mapMs = await map.jsonValue();
const paint = await page.evaluate(() => performance.getEntriesByType('paint').find((it) => it.name === 'first-contentful-paint')?.startTime ?? -1);

// The map tries out how fast this machine draws as soon as it stands.
await page.waitForTimeout(3000);

const root = await browser.newBrowserCDPSession();
const far = await dragged();
for (let step = 0; step < 4; step++) {
  await page.locator('.maplibregl-ctrl-zoom-in').click();
  await page.waitForTimeout(1200);
}
const near = await dragged();

const session = await page.context().newCDPSession(page);
await page.evaluate(() => globalThis.gc?.());
await session.send('Performance.enable');
const { metrics } = await session.send('Performance.getMetrics');
const heap = metrics.find((it) => it.name === 'JSHeapUsedSize')?.value ?? 0;
const { processInfo } = await root.send('SystemInfo.getProcessInfo');
const mib = (kind) => Math.max(0, ...processInfo.filter((it) => it.type.toLowerCase() === kind).map((it) => pss(it.id)));
const city = await page.evaluate(async () => (await fetch('/api/v1/snapshot')).json());
const renderer = await page.evaluate(() => {
  const gl = document.createElement('canvas').getContext('webgl2');
  const info = gl?.getExtension('WEBGL_debug_renderer_info');
  return info ? String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)) : 'unknown';
});
const round = (it) => Math.round(it * 10) / 10;
console.log(
  JSON.stringify({
    intersections: city.intersections.length,
    lanes: city.intersections.reduce((sum, it) => sum + it.queues.length, 0),
    renderer: renderer.replaceAll(/[,:"]/g, ' '),
    first_paint_ms: round(paint),
    map_ms: round(mapMs),
    far_fps: round(far.fps),
    far_frame_ms_p95: round(far.p95),
    far_page_cpu_ms: round(far.page),
    far_drawing_cpu_ms: round(far.drawing),
    near_fps: round(near.fps),
    near_frame_ms_p95: round(near.p95),
    near_page_cpu_ms: round(near.page),
    near_drawing_cpu_ms: round(near.drawing),
    heap_mib: round(heap / 2 ** 20),
    page_mib: round(mib('renderer')),
    drawing_mib: round(mib('gpu')),
  }),
);
await browser.close();

/** Drags to and fro; frames a second, the 95th percentile of their times, and what a frame costs the processors. */
async function dragged() {
  const before = await spent();
  await page.evaluate(() => {
    globalThis.frames_ = [];
    globalThis.counting = true;
    const turn = (at) => {
      globalThis.frames_.push(at);
      if (globalThis.counting) requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  });
  const box = await page.locator('.map .canvas').boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 3];
  await page.mouse.move(x, y);
  await page.mouse.down();
  const end = Date.now() + seconds * 1000;
  for (let step = 0; Date.now() < end; step++) {
    const angle = step / 40;
    await page.mouse.move(x + 180 * Math.sin(angle), y + 90 * Math.sin(1.7 * angle));
  }
  await page.mouse.up();
  const at = await page.evaluate(() => {
    globalThis.counting = false;
    return globalThis.frames_;
  });
  const times = at.slice(1).map((it, index) => it - at[index]).sort((a, b) => a - b);
  const after = await spent();
  const cost = (kind) => (after[kind] - before[kind]) / Math.max(1, times.length);
  return { fps: (1000 * times.length) / (at.at(-1) - at[0]), p95: times[Math.floor(0.95 * times.length)] ?? 0, page: cost('renderer'), drawing: cost('gpu') };
}

/** Processor time of the page and of what draws so far [ms]. */
async function spent() {
  const { processInfo } = await root.send('SystemInfo.getProcessInfo');
  const sum = (kind) => processInfo.filter((it) => it.type.toLowerCase() === kind).reduce((all, it) => all + 1000 * it.cpuTime, 0);
  return { renderer: sum('renderer'), gpu: sum('gpu') };
}

/** A process, shared pages by share [MiB]. */
function pss(id) {
  const line = readFileSync(`/proc/${id}/smaps_rollup`, 'utf8').split('\n').find((it) => it.startsWith('Pss:'));
  return Number(line?.match(/\d+/)?.[0] ?? 0) / 1024;
}
