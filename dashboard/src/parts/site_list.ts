/** Intersections in words: what the map shows in colours, trouble first. */
import type { Site } from '../api/types';
import { city, standing, trouble, worst } from '../state/city';
import { recall, remember } from '../state/memory';
import { named, t, type Key } from '../text/index';
import { addressOf } from './address';
import { h, setAttribute, setChildren, setText } from './dom';
import { modeIcon, severityIcon } from './icons';

/** More rows nobody reads; the search finds the others. */
const ROWS_MAX = 100;
/** A list that jumps under the hand cannot be used: its order changes only so often [ms]. */
const ORDER_MS = 3000;

type Order = 'trouble' | 'queue' | 'name';
const ORDERS: Order[] = ['trouble', 'queue', 'name'];

interface Row {
  element: HTMLElement;
  say(site: Site): void;
}

export function siteList(): { element: HTMLElement; order: HTMLElement; show(sites: readonly Site[]): void } {
  const kept = new Map<string, Row>();
  const rows = h('div', { class: 'sitelist', 'data-test': 'sites' });
  const more = h('p', { class: 'note' });
  const order = h('select', { 'aria-label': t('city.sort') }, ...ORDERS.map((it) => h('option', { value: it }, t(`city.sort.${it}` as Key))));
  order.value = ORDERS.find((it) => it === recall('order')) ?? 'trouble';
  let sorted: string[] = [];
  let at = -Infinity;
  order.addEventListener('change', () => {
    remember('order', order.value);
    at = -Infinity;
    city.tell();
  });
  const show = (sites: readonly Site[]): void => {
    const byName = new Map(sites.map((it) => [it.id, it]));
    const inUse = rows.matches(':hover, :focus-within');
    if (performance.now() - at > ORDER_MS && (!inUse || sorted.length === 0 || at < 0)) {
      sorted = arranged(sites, order.value as Order).map((it) => it.id);
      at = performance.now();
    }
    const shown = sorted.slice(0, ROWS_MAX).flatMap((id) => byName.get(id) ?? []);
    setChildren(rows, shown.map((site) => rowOf(kept, site)));
    setText(more, sites.length > ROWS_MAX ? t('city.more', { count: sites.length - ROWS_MAX }) : '');
  };
  const element = h('div', { class: 'sites' }, rows, more);
  element.style.display = 'contents';
  return { element, order, show };
}

function arranged(sites: readonly Site[], order: Order): Site[] {
  const by = { trouble: (a: Site, b: Site) => trouble(b) - trouble(a), queue: (a: Site, b: Site) => standing(b) - standing(a), name: () => 0 }[order];
  return [...sites].sort((a, b) => by(a, b) || (a.id < b.id ? -1 : 1));
}

function rowOf(kept: Map<string, Row>, site: Site): HTMLElement {
  let row = kept.get(site.id);
  if (row === undefined) kept.set(site.id, (row = newRow(site.id)));
  row.say(site);
  return row.element;
}

function newRow(id: string): Row {
  const [icon, note, sum, fill] = [h('span', {}), h('small', {}), h('span', { class: 'sum' }), h('i', {})];
  const element = h('a', { href: addressOf(id), 'data-id': id }, icon, h('span', { class: 'id' }, id, note), sum, h('span', { class: 'bars' }, fill));
  let drawn = '';
  const say = (site: Site): void => {
    const shape = `${site.mode} ${site.alarm}`;
    if (shape !== drawn) icon.replaceChildren(site.alarm === null ? modeIcon(site.mode) : severityIcon(site.alarm));
    drawn = shape;
    const words = [site.mode === 'adaptive' ? '' : named('mode', site.mode), site.field === 'remote' ? '' : named('field', site.field)];
    setText(note, words.filter((it) => it !== '').join(', '));
    const queue = site.queues.some((it) => it !== null) ? standing(site) : '–';
    setText(sum, `${queue} ${t('unit.veh')}`);
    fill.style.width = `${Math.min(100, (100 * worst(site)) / 20)}%`;
    setAttribute(element, 'aria-label', t('city.row', { id, mode: named('mode', site.mode), queue }));
  };
  return { element, say };
}
