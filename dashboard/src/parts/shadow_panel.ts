/** The comparison with the shadow: figures with their interval, how they went, what the model itself is worth. */
import type { Compared, Shadow, ShadowTotals } from '../api/types';
import { t } from '../text/index';
import { addressOf } from './address';
import { chart } from './chart';
import { policyName, savedText, sentence, signed } from './compared';
import { h, setChildren, setText } from './dom';
import { number } from './format';
import { panel } from './panel';

const ROWS = 12;

export function shadowPanel(policy: ShadowTotals): { element: HTMLElement; show(shadow: Shadow): void; stop(): void } {
  const name = policyName(policy);
  const said = h('p', { class: 'verdict', 'data-test': 'shadow' });
  const figureOf = (it: string): HTMLElement => h('dd', { 'data-test': `shadow.${it}` });
  const [street, shadow, saved, error] = [figureOf('street'), figureOf('shadow'), figureOf('saved'), figureOf('error')];
  const seen = h('p', { class: 'note', 'data-test': 'shadow.seen' });
  const fact = (label: string, value: HTMLElement): HTMLElement[] => [h('dt', {}, label), value];
  const facts = h(
    'dl',
    { class: 'facts' },
    ...fact(t('shadow.street'), street),
    ...fact(t('shadow.other', { policy: name }), shadow),
    ...fact(t('shadow.saved'), saved),
    ...fact(t('shadow.error'), error),
  );
  const seconds = t('unit.s');
  const lines = chart(t('shadow.chart'), [
    { label: `${t('shadow.chart.street')} [${seconds}]`, colour: 1, digits: 1 },
    { label: `${name} [${seconds}]`, colour: 2, digits: 1 },
    { label: `${t('shadow.chart.estimated')} [${seconds}]`, colour: 3, digits: 1 },
  ]);
  const body = h('tbody', {});
  const heads: [string, boolean][] = [[t('shadow.site'), false], [t('shadow.chart.street'), true], [name, true], [t('shadow.saved.short'), true]];
  const head = h('tr', {}, ...heads.map(([it, figure]) => h('th', { scope: 'col', class: figure ? 'figure' : '' }, it)));
  const table = h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': t('shadow.sites') }, h('table', {}, h('thead', {}, head), body));
  const element = panel(t('shadow.title', { policy: name }), null, said, h('div', { class: 'shadow' }, h('div', {}, facts, seen, h('p', { class: 'note' }, t('shadow.model'))), lines.element), table);
  element.dataset['test'] = 'shadow-panel';
  const show = (it: Shadow): void => {
    setText(said, sentence(it));
    const compared = it.compared;
    const each = (value: number | undefined): string => (value === undefined ? '–' : `${number(value, 1)} ${seconds}`);
    setText(street, each(compared?.street_s));
    setText(shadow, each(compared?.shadow_s));
    setText(saved, compared === null ? '–' : `${savedText(compared)} ${seconds}`);
    setText(error, compared === null ? '–' : `${signed(compared.model_error_s)} ${seconds}`);
    setText(seen, compared === null ? '' : t('shadow.seen', { vehicles: number(compared.vehicles), batches: compared.batches, minutes: number(it.batch_s / 60), intersections: it.intersections_compared.length }));
    lines.show(it.batches.map((batch) => batch.at_ms), [it.batches.map((batch) => batch.street_s), it.batches.map((batch) => batch.shadow_s), it.batches.map((batch) => batch.estimated_s)]);
    const most = [...it.intersections_compared].sort((a, b) => weight(b) - weight(a) || (a.id < b.id ? -1 : 1)).slice(0, ROWS);
    setChildren(body, most.map(row));
    table.hidden = most.length === 0;
  };
  return { element, show, stop: lines.stop };
}

/** What is saved or lost altogether: where it matters stands above. */
function weight(it: Compared): number {
  return Math.abs(it.saved_s) * it.vehicles;
}

function row(it: Compared & { id: string }): HTMLElement {
  const figure = (text: string): HTMLElement => h('td', { class: 'figure' }, text);
  return h('tr', {}, h('td', {}, h('a', { href: addressOf(it.id) }, it.id)), figure(number(it.street_s, 1)), figure(number(it.shadow_s, 1)), figure(savedText(it)));
}
