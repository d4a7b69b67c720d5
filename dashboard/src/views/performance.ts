/** *Performance*: how drivers fare, against a shadow where there is one, and what the engine's counts give. */
import { get } from '../api/client';
import type { Performance, Shadow, Site } from '../api/types';
import { addressOf } from '../parts/address';
import { chart } from '../parts/chart';
import { h, setChildren } from '../parts/dom';
import { kmh, time } from '../parts/format';
import { panel } from '../parts/panel';
import { serviceTable } from '../parts/service_table';
import { shadowPanel } from '../parts/shadow_panel';
import { city, standing } from '../state/city';
import { t } from '../text/index';
import type { Place, View } from './index';

const HOURS = 6;
const ROWS = 12;
/** Slots and batches last minutes: so often it is asked for new ones [ms]. */
const ASK_MS = 5000;

export function performanceView({ offer }: Place): View {
  const speed = chart(t('performance.speed'), [{ label: `${t('performance.speed.short')} [${t('unit.kmh')}]`, colour: 1, digits: 1 }]);
  const vehicles = chart(t('performance.vehicles'), [{ label: `${t('queue.vehicles')} [${t('unit.veh')}]`, colour: 1 }, { label: `${t('queue.halted')} [${t('unit.veh')}]`, colour: 2 }]);
  const passed = chart(t('performance.throughput'), [{ label: `${t('performance.passed')} [${t('unit.vehmin')}]`, colour: 1 }]);
  const modes = chart(t('performance.modes'), [{ label: t('performance.notadaptive'), colour: 3 }, { label: t('performance.alarms'), colour: 2 }]);
  const charts = [speed, vehicles, passed, modes];
  const since = t('performance.since', { hours: HOURS });
  const list = h('ul', { class: 'latency' });
  const wait = h('p', { class: 'empty' }, t('performance.wait'));
  const hours = serviceTable(t('service.hours'), t('service.hour'));
  const sites = serviceTable(t('service.sites'), t('shadow.site'));
  const served = h('div', { class: 'grid2' }, panel(t('service.hours'), null, hours.element, h('p', { class: 'note' }, t('service.note'))), panel(t('service.sites'), null, sites.element));
  const compared = h('div', { hidden: true });
  let shadow: ReturnType<typeof shadowPanel> | null = null;
  const element = h(
    'div',
    { class: 'view' },
    h('div', { class: 'head' }, h('h1', {}, t('performance.title')), h('span', { class: 'note' }, since)),
    wait,
    compared,
    served,
    h(
      'div',
      { class: 'grid2', 'data-test': 'trend' },
      panel(t('performance.speed'), null, speed.element),
      panel(t('performance.vehicles'), null, vehicles.element),
      panel(t('performance.throughput'), null, passed.element),
      panel(t('performance.modes'), null, modes.element),
      panel(t('performance.standing'), null, list),
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
  const fresh = (): void => {
    setChildren(list, standings(city.frame?.intersections ?? []));
    // The first frame may come after the view: then it is known whether there is a shadow.
    if (shadow === null && compared.hidden && (city.frame?.shadow ?? null) !== null && !asked) {
      asked = true;
      void ask();
    }
  };
  let asked = false;
  /** What comes in minutes, not in seconds. */
  const ask = async (): Promise<void> => {
    if (document.hidden) return;
    const service = offer.has('performance') ? await get<Performance>('performance').catch(() => null) : null;
    if (service !== null) {
      hours.show([...service.hours].reverse().map((it) => ({ label: time(it.at_ms, false), service: it })));
      const most = [...service.intersections].sort((a, b) => (b.delay_s ?? 0) - (a.delay_s ?? 0) || (a.id < b.id ? -1 : 1));
      sites.show(most.slice(0, ROWS).map((it) => ({ label: h('a', { href: addressOf(it.id) }, it.id), service: it })));
    }
    const told = (city.frame?.shadow ?? null) === null ? null : await get<Shadow>('shadow').catch(() => null);
    compared.hidden = told === null;
    if (told === null || !running) return;
    if (shadow === null) {
      shadow = shadowPanel(told);
      compared.replaceChildren(shadow.element);
    }
    shadow.show(told);
  };
  let running = true;
  const every = setInterval(update, 2000);
  const asking = setInterval(() => void ask(), ASK_MS);
  const stop = city.onChange(fresh);
  return {
    element,
    arrive: () => {
      update();
      void ask();
    },
    leave: () => {
      running = false;
      clearInterval(every);
      clearInterval(asking);
      shadow?.stop();
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
