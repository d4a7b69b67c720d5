/** *Intersection*: what it shows, what is planned, who stands where, and why. */
import type { Detail, Site } from '../api/types';
import { addressOf } from '../parts/address';
import { alarmList } from '../parts/alarm_list';
import { chart } from '../parts/chart';
import { h, setChildren, setText } from '../parts/dom';
import { eventList } from '../parts/event_list';
import { duration, number } from '../parts/format';
import { modeIcon } from '../parts/icons';
import { laneTable } from '../parts/lane_table';
import { manualPanel } from '../parts/manual';
import { panel } from '../parts/panel';
import { planBar } from '../parts/plan_bar';
import { siteList } from '../parts/site_list';
import { sketch } from '../parts/sketch';
import { whyPanel } from '../parts/why';
import { city, standing } from '../state/city';
import * as clock from '../state/clock';
import { named, t } from '../text/index';
import type { Place, View } from './index';

/** Points of the chart of vehicles. */
const POINTS_MAX = 900;

export function intersectionView(place: Place): View {
  return place.about === null ? choice() : one(place.about, place);
}

/** Nobody has said which one. */
function choice(): View {
  const list = siteList();
  const element = h('div', { class: 'view' }, h('div', { class: 'head' }, h('h1', {}, t('intersection.choose')), list.order), h('section', { class: 'panel side' }, list.element));
  const update = (): void => list.show(city.sites());
  const stop = city.onChange(update);
  return { element, arrive: update, leave: stop };
}

function one(id: string, { offer }: Place): View {
  const head = heading(id);
  const stage = h('strong', {});
  const [since, next, refused] = [h('span', {}), h('span', {}), h('p', { class: 'warn', hidden: true })];
  const number_ = h('span', { class: 'note' });
  const [bar, lanes, why, events] = [planBar(), laneTable(), whyPanel(), eventList(id, offer)];
  const vehicles = chart(t('queue.title'), [{ label: t('queue.vehicles'), colour: 1 }, { label: t('queue.halted'), colour: 2 }], 190);
  const kept: { at: number[]; vehicles: number[]; halted: number[] } = { at: [], vehicles: [], halted: [] };
  const alarms = alarmList(() => city.session?.can_command === true && offer.has('intersections/{id}/alarms/{code}/acknowledge'), t('alarms.none'));
  const manual = offer.has('intersections/{id}/command') ? manualPanel(id) : null;
  const drawing = h('div', { class: 'sketch' });
  let drawn: ReturnType<typeof sketch> = null;

  const plan = panel(t('plan.title'), t('plan.note'), h('div', { class: 'stagenow' }, stage, since, next, number_), h('div', { class: 'plan' }, bar.element), refused);
  const left = h('div', {}, plan, panel(t('lanes.title'), null, lanes.element), panel(t('queue.title'), t('queue.note'), vehicles.element));
  const right = h(
    'div',
    {},
    panel(t('why.title'), null, why.element),
    panel(t('sketch.title'), null, drawing),
    manual === null ? '' : panel(t('manual.title'), null, manual.element),
    panel(t('alarms.title'), null, alarms.element),
    panel(t('events.title'), events.note, events.element),
  );
  const missing = h('p', { class: 'empty', hidden: true }, t('intersection.none', { id }));
  const grid = h('div', { class: 'sitegrid', hidden: true }, left, right);
  const element = h('div', { class: 'view' }, head.element, missing, grid);
  let toldAt = 0;

  const update = (): void => {
    const frame = city.frame;
    if (frame === null) return;
    head.show(frame.intersections);
    missing.hidden = frame.intersections.some((it) => it.id === id);
    if (drawn === null && city.map !== null && (drawn = sketch(city.map, id)) !== null) drawing.append(drawn.element);
    const detail = city.detail;
    if (detail === null || detail.id !== id) return;
    grid.hidden = false;
    setText(stage, detail.stage ?? '–');
    sayTimes(detail, since, next);
    setText(number_, sayPlan(detail));
    refused.hidden = detail.refused === null;
    setText(refused, t('plan.refused', { reason: detail.refused ?? '' }));
    head.say(detail);
    for (const part of [bar, lanes, why, events, manual, drawn]) part?.show(detail);
    alarms.show(city.alarms.open.filter((it) => it.intersection === id));
    if (detail.at_ms === toldAt) return;
    toldAt = detail.at_ms;
    keep(kept, detail);
    vehicles.show(kept.at, [kept.vehicles, kept.halted]);
  };
  const stop = city.onChange(update);
  return {
    element,
    arrive: update,
    leave: () => {
      stop();
      bar.stop();
      events.stop();
      vehicles.stop();
    },
  };
}

function heading(id: string): { element: HTMLElement; show(sites: readonly Site[]): void; say(detail: Detail): void } {
  const badges = h('div', { class: 'badges' });
  const step = (title: string, arrow: string): HTMLAnchorElement => h('a', { class: 'badge', 'aria-label': title, title, href: '#/intersection' }, arrow);
  const [before, after] = [step(t('intersection.previous'), '‹'), step(t('intersection.following'), '›')];
  const element = h('div', { class: 'head sitehead' }, h('h1', {}, id), badges, h('nav', { 'aria-label': t('nav.intersection') }, before, after));
  const [mode, field, counts, took] = [h('span', { class: 'badge' }), h('span', { class: 'badge' }), h('span', { class: 'badge', 'data-test': 'age' }), h('span', { class: 'badge' })];
  setChildren(badges, [mode, field, counts, took]);
  let shown = '';
  const show = (sites: readonly Site[]): void => {
    const at = sites.findIndex((it) => it.id === id);
    const name = (step_: number): string => sites[(at + step_ + sites.length) % sites.length]?.id ?? id;
    before.href = addressOf(name(-1));
    after.href = addressOf(name(1));
  };
  const say = (detail: Detail): void => {
    if (shown !== detail.mode) mode.replaceChildren(modeIcon(detail.mode), named('mode', detail.mode));
    shown = detail.mode ?? '';
    setText(field, named('field', detail.field));
    field.dataset['severity'] = detail.field === 'remote' ? '' : 'warning';
    setText(counts, t('intersection.counts', { age: number(detail.counts_age_s) }));
    counts.dataset['severity'] = (detail.counts_age_s ?? Infinity) > 10 ? 'critical' : '';
    setText(took, t('intersection.decided', { ms: number(detail.took_us / 1000, 1) }));
  };
  return { element, show, say };
}

function sayTimes(detail: Detail, since: HTMLElement, next: HTMLElement): void {
  const now = clock.now();
  const green = detail.groups.filter((it) => it.lamp === 'G' || it.lamp === 'g').map((it) => it.since_ms ?? now);
  setText(since, green.length === 0 ? t('kind.all_red') : t('intersection.for', { duration: duration(Math.max(0, now - Math.max(...green))) }));
  const change = detail.plan?.intervals.find((it) => it.stage !== detail.stage && it.start_ms > now);
  setText(next, change === undefined ? '' : t('intersection.next', { stage: change.stage, duration: duration(change.start_ms - now) }));
}

function sayPlan(detail: Detail): string {
  const { plan, applied } = detail;
  const made = plan === null ? '' : `${t('plan.number', { epoch: plan.epoch, seq: plan.seq })} · `;
  return made + (applied === null ? t('plan.applied.none') : t('plan.applied', { epoch: applied.epoch, seq: applied.seq }));
}

function keep(kept: { at: number[]; vehicles: number[]; halted: number[] }, detail: Detail): void {
  if (detail.at_ms <= (kept.at.at(-1) ?? -Infinity)) return;
  kept.at.push(detail.at_ms);
  kept.vehicles.push(detail.lanes.reduce((sum, it) => sum + (it.vehicles ?? 0), 0));
  kept.halted.push(standing(detail));
  if (kept.at.length > POINTS_MAX) [kept.at, kept.vehicles, kept.halted].forEach((list) => list.shift());
}
