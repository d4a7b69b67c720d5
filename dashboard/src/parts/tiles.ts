/** The figures that matter, with their units, and how they went. */
import type { Frame, TrendPoint } from '../api/types';
import { t, type Key } from '../text/index';
import { intervalText, policyName, signed } from './compared';
import { h, s, setAttribute, setText } from './dom';
import { kmh, number } from './format';

/** Points of a spark line. */
const SPARK = 90;
/** Throughput of single seconds jumps: this many seconds are its mean. */
const MINUTE = 60_000;

interface Tile {
  element: HTMLElement;
  say(figure: string, note: string, state?: 'warning' | 'critical' | null): void;
  /** What stands small behind the figure. */
  unit: HTMLElement | null;
  line?: SVGPolylineElement;
}

function tile(name: Key, unit: Key | null, spark: boolean): Tile {
  const figure = h('span', { 'data-test': name });
  const note = h('div', { class: 'note' });
  const line = s('polyline', {});
  const drawing = s('svg', { viewBox: '0 0 100 20', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, line);
  const unitText = unit === null ? null : h('small', {}, t(unit));
  const element = h('div', { class: 'tile' }, h('div', { class: 'name' }, t(name)), h('div', { class: 'figure' }, figure, unitText), note, spark && drawing);
  const say: Tile['say'] = (text, below, state = null) => {
    setText(figure, text);
    figure.parentElement?.classList.toggle('long', text.length > 6);
    setText(note, below);
    note.title = below;
    setAttribute(element, 'data-state', state);
  };
  return spark ? { element, say, unit: unitText, line } : { element, say, unit: unitText };
}

export function tiles(): { element: HTMLElement; show(frame: Frame, trend: readonly TrendPoint[]): void } {
  const speed = tile('city.speed', 'unit.kmh', true);
  const halted = tile('city.standing', 'unit.veh', true);
  const passed = tile('city.throughput', 'unit.vehmin', true);
  const modes = tile('city.modes', null, false);
  const alarms = tile('city.alarms', null, false);
  const age = tile('city.age', 'unit.s', false);
  const saved = tile('city.saved', 'unit.s', false);
  saved.element.hidden = true;
  const bar = h('div', { class: 'modes', role: 'img' });
  modes.element.append(bar);
  const element = h('section', { class: 'tiles', 'aria-label': t('nav.city') }, ...[speed, saved, halted, passed, modes, alarms, age].map((it) => it.element));
  const show = (frame: Frame, trend: readonly TrendPoint[]): void => {
    const { totals } = frame;
    speed.say(number(kmh(totals.mean_speed_mps), 1), t('city.speed.note'));
    halted.say(number(totals.halted), t('city.standing.note', { count: number(totals.vehicles) }));
    passed.say(number(lastMinute(trend, frame)), t('city.throughput.note'));
    const count = frame.intersections.length;
    modes.say(`${number(totals.modes.adaptive ?? 0)} / ${number(count)}`, t('city.modes.note'));
    sayModes(bar, totals.modes);
    sayAlarms(alarms, totals.alarms);
    const old = totals.counts_age_s;
    age.say(number(old), old === null ? t('city.age.never') : t('city.age.note'), old === null || old > 30 ? 'critical' : old > 5 ? 'warning' : null);
    sayShadow(saved, frame);
    setAttribute(element, 'data-tiles', saved.element.hidden ? null : 'seven');
    const recent = trend.slice(-SPARK);
    spark(speed.line, recent.map((it) => it.mean_speed_mps));
    spark(halted.line, recent.map((it) => it.halted));
    spark(passed.line, recent.map((it) => it.passed_per_min));
  };
  return { element, show };
}

/** Mean of the last minute; of the last second where nothing is known of the minute. */
function lastMinute(trend: readonly TrendPoint[], frame: Frame): number {
  const recent = trend.filter((it) => it.at_ms > frame.at_ms - MINUTE);
  if (recent.length === 0) return frame.totals.passed_per_min;
  return recent.reduce((sum, it) => sum + it.passed_per_min, 0) / recent.length;
}

function sayModes(bar: HTMLElement, modes: Frame['totals']['modes']): void {
  const parts = Object.entries(modes).filter(([, count]) => count > 0);
  const text = parts.map(([mode, count]) => `${t(`mode.${mode}` as Key)}: ${count}`).join(', ');
  if (bar.getAttribute('aria-label') === text) return;
  bar.setAttribute('aria-label', text);
  bar.title = text;
  bar.replaceChildren(
    ...parts.map(([mode, count]) => {
      const part = h('i', {});
      part.style.flex = `${count}`;
      part.style.background = `var(--mode-${mode})`;
      return part;
    }),
  );
}

function sayAlarms(tile: Tile, alarms: Frame['totals']['alarms']): void {
  const [critical, warning, info] = [alarms.critical ?? 0, alarms.warning ?? 0, alarms.info ?? 0];
  const all = critical + warning + info;
  const note = all === 0 ? t('city.alarms.none') : t('city.alarms.note', { critical, warning, info });
  tile.say(number(all), note, critical > 0 ? 'critical' : warning > 0 ? 'warning' : null);
}

/** What the control on duty saves against the shadow, with its interval; no tile where nobody is compared. */
function sayShadow(tile: Tile, frame: Frame): void {
  const shadow = frame.shadow ?? null;
  tile.element.hidden = shadow === null;
  if (shadow === null) return;
  const compared = shadow.compared;
  const note = compared === null ? t('city.saved.wait', { minutes: number(shadow.batch_s / 60) }) : t('city.saved.note', { policy: policyName(shadow), street: number(compared.street_s, 1) });
  tile.say(compared === null ? '–' : signed(compared.saved_s), note, null);
  if (tile.unit !== null) setText(tile.unit, compared === null ? t('unit.s') : `${intervalText(compared)} ${t('unit.s')}`);
}

function spark(line: SVGPolylineElement | undefined, values: (number | null)[]): void {
  if (line === undefined) return;
  const known = values.filter((it) => it !== null);
  const most = Math.max(...known, 1e-9);
  const step = 100 / Math.max(1, values.length - 1);
  const points = values.flatMap((it, index) => (it === null ? [] : [`${(index * step).toFixed(1)},${(19 - (18 * it) / most).toFixed(1)}`]));
  setAttribute(line, 'points', known.length < 2 ? '' : points.join(' '));
}
