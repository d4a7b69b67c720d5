/** How drivers fared, a row each: waits, level of service, split failures, arrivals on green. */
import type { Service } from '../api/types';
import { t } from '../text/index';
import { h, setChildren } from './dom';
import { number } from './format';

export interface Row {
  /** A name, or a time of day. */
  label: Node | string;
  service: Service;
}

export function serviceTable(title: string, first: string): { element: HTMLElement; show(rows: readonly Row[]): void } {
  const body = h('tbody', {});
  const heads = [first, t('service.level'), t('service.delay'), t('service.p90'), t('service.failures'), t('service.green'), t('service.vehicles')];
  const head = h('tr', {}, ...heads.map((it, index) => h('th', { scope: 'col', class: index > 1 ? 'figure' : '' }, it)));
  const none = h('p', { class: 'empty' }, t('service.none'));
  const table = h('table', { hidden: true }, h('thead', {}, head), body);
  const element = h('div', { class: 'scroll service', tabindex: 0, role: 'group', 'aria-label': title }, none, table);
  const show = (rows: readonly Row[]): void => {
    none.hidden = rows.length > 0;
    table.hidden = rows.length === 0;
    setChildren(body, rows.map(line));
  };
  return { element, show };
}

function line({ label, service: it }: Row): HTMLElement {
  const figure = (text: string): HTMLElement => h('td', { class: 'figure' }, text);
  const share = it.greens === 0 ? '–' : `${number((100 * it.split_failures) / it.greens, 1)} %`;
  const level = h('span', { class: 'level', 'data-level': it.level ?? '' }, it.level ?? '–');
  const failures = h('td', { class: 'figure', title: t('service.failures.of', { failed: number(it.split_failures), greens: number(it.greens) }) }, share);
  return h('tr', {}, h('td', {}, label), h('td', {}, level), figure(number(it.delay_s, 1)), figure(it.p90_s !== null && it.p90_s >= 300 ? '> 300' : number(it.p90_s)), failures, figure(it.on_green === null ? '–' : `${number(100 * it.on_green)} %`), figure(number(it.vehicles)));
}
