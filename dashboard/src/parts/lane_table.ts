/** What is counted on each lane, and whether its detector is heard. */
import type { Detail, Lane } from '../api/types';
import { lampOf, queueClass } from '../look/theme';
import { t, type Key } from '../text/index';
import { h, setAttribute, setText } from './dom';
import { kmh, number } from './format';
import { lampIcon } from './icons';

const MINUTE_MS = 60_000;
/** A bar is full at so many vehicles standing. */
const FULL = 20;

interface Row {
  element: HTMLTableRowElement;
  say(lane: Lane, detail: Detail): void;
}

export function laneTable(): { element: HTMLElement; show(detail: Detail): void } {
  const heads: [Key, string][] = [['lanes.lane', ''], ['lanes.lamps', ''], ['lanes.halted', ''], ['lanes.vehicles', 'figure'], ['lanes.passed', 'figure'], ['lanes.speed', 'figure'], ['lanes.detector', '']];
  const head = h('tr', {}, ...heads.map(([key, kind]) => h('th', { class: kind, scope: 'col', title: key === 'lanes.passed' ? t('lanes.passed.note') : null }, t(key))));
  const body = h('tbody', {});
  const element = h('div', { class: 'scroll' }, h('table', { class: 'lanetable' }, h('thead', {}, head), body));
  let rows: Row[] = [];
  const passages = new Map<string, { at: number; passed: number }[]>();
  let countedAt = 0;
  const show = (detail: Detail): void => {
    if (rows.length !== detail.lanes.length) {
      rows = detail.lanes.map((lane) => newRow(lane));
      body.replaceChildren(...rows.map((it) => it.element));
    }
    if (detail.at_ms !== countedAt) keep(passages, detail);
    countedAt = detail.at_ms;
    detail.lanes.forEach((lane, index) => {
      const minute = (passages.get(lane.id) ?? []).reduce((sum, it) => sum + it.passed, 0);
      rows[index]?.say({ ...lane, passed: lane.passed === null ? null : minute }, detail);
    });
  };
  return { element, show };
}

function keep(passages: Map<string, { at: number; passed: number }[]>, detail: Detail): void {
  for (const lane of detail.lanes) {
    const kept = passages.get(lane.id) ?? [];
    if (lane.passed !== null) kept.push({ at: detail.at_ms, passed: lane.passed });
    passages.set(lane.id, kept.filter((it) => it.at > detail.at_ms - MINUTE_MS && it.at <= detail.at_ms));
  }
}

function newRow(lane: Lane): Row {
  const lamps = h('div', { class: 'lamps' });
  const [count, fill] = [h('span', { class: 'figure' }), h('i', {})];
  const bar = h('div', { class: 'gauge' }, count, h('span', { class: 'bars' }, fill));
  const [vehicles, passed, speed, detector] = [h('td', { class: 'figure' }), h('td', { class: 'figure' }), h('td', { class: 'figure' }), h('td', {})];
  const element = h('tr', { 'data-lane': lane.id }, h('th', { scope: 'row' }, lane.id), h('td', {}, lamps), h('td', {}, bar), vehicles, passed, speed, detector);
  let drawn = '';
  const say = (told: Lane, detail: Detail): void => {
    const letters = told.groups.map((group) => detail.lamps[group] ?? '').join('');
    if (letters !== drawn) lamps.replaceChildren(...[...letters].map((it) => lampIcon(lampOf(it), lampWord(it))));
    drawn = letters;
    setText(count, number(told.halted));
    fill.style.width = `${Math.min(100, (100 * (told.halted ?? 0)) / FULL)}%`;
    fill.style.background = `var(--queue-${queueClass(told.halted ?? 0)})`;
    setText(vehicles, number(told.vehicles));
    setText(passed, number(told.passed));
    setText(speed, told.mean_speed_mps === null ? '–' : `${number(kmh(told.mean_speed_mps))} km/h`);
    const silent = told.vehicles === null || (detail.counts_age_s ?? Infinity) > 10;
    setText(detector, t(silent ? 'lanes.silent' : 'lanes.heard'));
    detector.style.color = silent ? 'var(--critical)' : '';
    setAttribute(element, 'data-on', 'Gg'.includes(letters[0] ?? '-') ? '' : null);
  };
  return { element, say };
}

function lampWord(letter: string): string {
  const lamp = lampOf(letter);
  return t(`legend.${lamp === 'flash' ? 'yellow' : lamp}` as Key);
}
