/** Why: the plan that was chosen against the best other one, term by term. */
import type { Detail, Why } from '../api/types';
import { en } from '../text/en';
import { named, t, type Key } from '../text/index';
import { h, setText } from './dom';
import { number } from './format';

export function whyPanel(): { element: HTMLElement; show(detail: Detail): void } {
  const verdict = h('p', { class: 'verdict' });
  const note = h('p', { class: 'note' });
  const body = h('tbody', {});
  const foot = h('tfoot', {});
  const [chosen, runner] = [h('span', {}), h('span', {})];
  const head = h(
    'tr',
    {},
    h('th', { scope: 'col' }, t('why.term')),
    h('th', { class: 'figure', scope: 'col' }, h('i', { class: 'key' }), chosen),
    h('th', { class: 'figure', scope: 'col' }, h('i', { class: 'key other' }), runner),
    h('th', { 'aria-hidden': 'true' }),
  );
  const words = h('blockquote', {});
  const element = h(
    'div',
    { class: 'why', 'data-test': 'why' },
    verdict,
    note,
    h('div', { class: 'scroll' }, h('table', {}, h('thead', {}, head), body, foot)),
    h('p', { class: 'note' }, t('why.unit')),
    h('details', {}, h('summary', {}, t('why.words')), words),
  );
  const show = ({ why }: Detail): void => {
    if (why === null) return setText(verdict, t('why.none'));
    const [own, other] = [total(why.cost), total(why.runner_up_cost)];
    setText(verdict, t('why.chosen', { stage: why.chosen }));
    const against = why.runner_up === null ? t('why.norunner') : own < other - 0.05 ? t('why.better', { difference: number(other - own, 1) }) : t('why.equal');
    setText(note, `${against} · ${t('why.scene', { scene: named('scene', why.scene) })} · ${t('why.labels', { count: number(why.labels) })}`);
    setText(chosen, why.chosen);
    setText(runner, why.runner_up === null ? '–' : why.runner_up);
    runner.title = why.runner_up === null ? t('why.norunner') : t('why.runner', { stage: why.runner_up });
    body.replaceChildren(...rows(why));
    foot.replaceChildren(h('tr', {}, h('td', {}, t('why.total')), h('td', { class: 'figure' }, number(own, 1)), h('td', { class: 'figure' }, why.runner_up === null ? '–' : number(other, 1)), h('td', {})));
    setText(words, why.reason);
  };
  return { element, show };
}

function total(cost: Record<string, number>): number {
  return Object.values(cost).reduce((sum, it) => sum + it, 0);
}

function rows(why: Why): HTMLElement[] {
  const terms = [...new Set([...Object.keys(why.cost), ...Object.keys(why.runner_up_cost)])];
  const most = Math.max(...Object.values(why.cost), ...Object.values(why.runner_up_cost), 1e-9);
  const weight = (term: string): number => Math.max(why.cost[term] ?? 0, why.runner_up_cost[term] ?? 0);
  return terms
    .sort((a, b) => weight(b) - weight(a))
    .map((term) => {
      const bars = [why.cost[term] ?? 0, why.runner_up_cost[term] ?? 0].map((cost) => {
        const bar = h('i', {});
        bar.style.width = `${(100 * cost) / most}%`;
        return bar;
      });
      const key = `why.${term}`;
      const name = key in en ? t(key as Key) : term;
      const other = why.runner_up === null ? '–' : number(why.runner_up_cost[term] ?? 0, 1);
      return h('tr', {}, h('td', {}, name), h('td', { class: 'figure' }, number(why.cost[term] ?? 0, 1)), h('td', { class: 'figure' }, other), h('td', { 'aria-hidden': 'true' }, h('div', { class: 'duel' }, ...bars)));
    });
}
