/** *Performance*: what the engine's counts give, and plainly what they do not. */
import type { Site } from '../api/types';
import { addressOf } from '../parts/address';
import { chart } from '../parts/chart';
import { h, setChildren } from '../parts/dom';
import { kmh } from '../parts/format';
import { panel } from '../parts/panel';
import { city, standing } from '../state/city';
import { t } from '../text/index';
import type { View } from './index';

const HOURS = 6;
const ROWS = 12;

export function performanceView(): View {
  const speed = chart(t('performance.speed'), [{ label: `${t('performance.speed.short')} [${t('unit.kmh')}]`, colour: 1, digits: 1 }]);
  const vehicles = chart(t('performance.vehicles'), [{ label: `${t('queue.vehicles')} [${t('unit.veh')}]`, colour: 1 }, { label: `${t('queue.halted')} [${t('unit.veh')}]`, colour: 2 }]);
  const passed = chart(t('performance.throughput'), [{ label: `${t('performance.passed')} [${t('unit.vehmin')}]`, colour: 1 }]);
  const modes = chart(t('performance.modes'), [{ label: t('performance.notadaptive'), colour: 3 }, { label: t('performance.alarms'), colour: 2 }]);
  const charts = [speed, vehicles, passed, modes];
  const since = t('performance.since', { hours: HOURS });
  const list = h('ul', { class: 'latency' });
  const wait = h('p', { class: 'empty' }, t('performance.wait'));
  const command = h('p', {}, h('code', {}, 'lightwatch measure RECORDING'));
  const element = h(
    'div',
    { class: 'view' },
    h('div', { class: 'head' }, h('h1', {}, t('performance.title')), h('span', { class: 'note' }, since)),
    wait,
    h(
      'div',
      { class: 'grid2' },
      panel(t('performance.speed'), null, speed.element),
      panel(t('performance.vehicles'), null, vehicles.element),
      panel(t('performance.throughput'), null, passed.element),
      panel(t('performance.modes'), null, modes.element),
      panel(t('performance.standing'), null, list),
      panel(t('performance.not.title'), null, h('p', { class: 'note' }, t('performance.not')), command),
    ),
  );
  const update = (): void => {
    const points = city.trend;
    wait.hidden = points.length > 0;
    const at = points.map((it) => it.at_ms);
    speed.show(at, [points.map((it) => kmh(it.mean_speed_mps))]);
    vehicles.show(at, [points.map((it) => it.vehicles), points.map((it) => it.halted)]);
    passed.show(at, [points.map((it) => it.passed_per_min)]);
    modes.show(at, [points.map((it) => it.not_adaptive), points.map((it) => it.alarms)]);
  };
  const fresh = (): void => setChildren(list, standings(city.frame?.intersections ?? []));
  const every = setInterval(update, 2000);
  const stop = city.onChange(fresh);
  return {
    element,
    arrive: update,
    leave: () => {
      clearInterval(every);
      stop();
      charts.forEach((it) => it.stop());
    },
  };
}

function standings(sites: readonly Site[]): HTMLElement[] {
  const most = [...sites].sort((a, b) => standing(b) - standing(a) || (a.id < b.id ? -1 : 1)).slice(0, ROWS);
  const full = Math.max(1, ...most.map(standing));
  return most.map((site) => {
    const fill = h('i', {});
    fill.style.width = `${(100 * standing(site)) / full}%`;
    const link = h('a', { href: addressOf(site.id) }, site.id);
    return h('li', {}, h('span', {}, link), h('span', { class: 'bars' }, fill), h('span', {}, `${standing(site)} ${t('unit.veh')}`));
  });
}
