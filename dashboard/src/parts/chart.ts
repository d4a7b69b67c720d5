/** A line chart over time, in the page's colours; made anew when these change. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { colour, onTheme } from '../look/theme';
import { h, s, setText } from './dom';
import { number, time } from './format';

export interface Series {
  label: string;
  /** 1…3 of the palette; dashes tell lines apart without it. */
  colour: 1 | 2 | 3;
  digits?: number;
}

const DASHES: Record<number, number[]> = { 1: [], 2: [6, 3], 3: [2, 3] };

export interface Chart {
  element: HTMLElement;
  show(atMs: number[], values: (number | null)[][]): void;
  stop(): void;
}

export function chart(label: string, series: Series[], height = 200): Chart {
  const figures = series.map(() => h('b', {}));
  const element = h('div', { class: 'chart', role: 'img', 'aria-label': label });
  element.style.height = `${height}px`;
  const whole = h('div', {}, keys(series, figures), element);
  /** Figures of an instant, or of the newest one. */
  const say = (at: number | null): void => {
    const index = at ?? data[0].length - 1;
    series.forEach((it, position) => setText(figures[position] as Node, number(data[position + 1]?.[index], it.digits ?? 0)));
  };
  let plot: uPlot | null = null;
  let data: uPlot.AlignedData = [[], ...series.map(() => [])];
  const build = (): void => {
    plot?.destroy();
    element.replaceChildren();
    const { width, height: room } = element.getBoundingClientRect();
    if (width > 0) plot = new uPlot(options(series, width, room, say), data, element);
  };
  const resized = new ResizeObserver(() => {
    const { width, height: room } = element.getBoundingClientRect();
    if (plot === null) build();
    else plot.setSize({ width, height: Math.max(60, room) });
  });
  resized.observe(element);
  const themed = onTheme(build);
  return {
    element: whole,
    show: (atMs, values) => {
      data = [atMs.map((it) => it / 1000), ...values];
      if (plot === null) build();
      else plot.setData(data);
      say(null);
    },
    stop: () => {
      resized.disconnect();
      themed();
      plot?.destroy();
    },
  };
}

/** What each line is, with its figure: uPlot's own legend is a table that cannot be read aloud. */
function keys(series: Series[], figures: HTMLElement[]): HTMLElement {
  const key = (it: Series, index: number): HTMLElement => {
    const line = s('line', { x1: 0, x2: 22, y1: 4, y2: 4, stroke: `var(--series-${it.colour})`, 'stroke-width': 2, 'stroke-dasharray': (DASHES[it.colour] ?? []).join(' ') });
    return h('span', {}, s('svg', { width: 22, height: 8, 'aria-hidden': 'true' }, line), it.label, figures[index]);
  };
  return h('div', { class: 'keyline' }, ...series.map(key));
}

function options(series: Series[], width: number, height: number, say: (at: number | null) => void): uPlot.Options {
  const [ink, grid] = [colour('ink-2'), colour('line')];
  const axis: uPlot.Axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 }, font: '11px system-ui, sans-serif' };
  const values = (_: uPlot, splits: number[]): string[] => splits.map((it) => time(it * 1000, (splits[1] ?? 60) - (splits[0] ?? 0) < 60));
  return {
    width,
    height: Math.max(60, height),
    padding: [8, 18, 0, 0],
    cursor: { y: false, points: { size: 6 } },
    legend: { show: false },
    hooks: { setCursor: [(plot) => say(plot.cursor.idx ?? null)] },
    scales: { x: { time: true }, y: { range: (_, least, most) => [Math.min(0, least), Math.max(1, most * 1.1)] } },
    axes: [{ ...axis, values, space: 70, size: 28 }, { ...axis, size: 44 }],
    series: [
      {},
      ...series.map((it): uPlot.Series => ({
        label: it.label, stroke: colour(`series-${it.colour}`), width: 1.75, dash: DASHES[it.colour] ?? [], points: { show: false },
      })),
    ],
  };
}
