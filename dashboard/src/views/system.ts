/** *System*: the engine itself: broker, leases, how long decisions take, who reads, what was raised and commanded. */
import { get } from '../api/client';
import { Metrics, quantile } from '../api/metrics';
import { alarmList } from '../parts/alarm_list';
import { h, setChildren } from '../parts/dom';
import { number, time } from '../parts/format';
import { panel } from '../parts/panel';
import { city } from '../state/city';
import { named, t } from '../text/index';
import type { Place, View } from './index';

const ASK_MS = 2000;
/** The longest lease of a plan [s]. */
const LEASE_S = 3;

interface Health {
  ok: boolean;
  missing: string[];
}

interface History {
  kept: boolean;
  from_ms: number | null;
  to_ms: number | null;
  bytes: number | null;
  trouble: string | null;
}

interface Recorded {
  events: { at_ms: number; kind: string; intersection: string | null; code: string | null; phase: string | null; who: string | null; detail: string }[];
}

type Facts = [string, string][];

export function systemView({ offer }: Place): View {
  const [engine, broker, decisions, readers, leases, health] = [facts(), facts(), facts(), facts(), facts(), facts()];
  const latency = h('ul', { class: 'latency' });
  const log = alarmList(() => false, t('alarms.log.none'));
  const history = offer.has('history') ? h('p', {}) : null;
  const events = offer.has('history/events') ? h('ul', { class: 'events', tabindex: 0, 'aria-label': t('system.commands') }) : null;
  const element = h(
    'div',
    { class: 'view' },
    h('div', { class: 'head' }, h('h1', {}, t('system.title'))),
    h(
      'div',
      { class: 'grid3' },
      panel(t('system.engine'), null, engine.element),
      panel(t('system.health'), null, health.element),
      panel(t('system.broker'), null, broker.element),
      panel(t('system.decisions'), null, decisions.element),
      panel(t('system.leases'), null, h('p', { class: 'note' }, t('system.leases.note', { lease: LEASE_S })), leases.element),
      panel(t('system.readers'), null, readers.element),
    ),
    h(
      'div',
      { class: 'grid2' },
      panel(t('system.latency'), null, latency),
      history === null ? '' : panel(t('system.history'), null, history),
      panel(t('alarms.log'), null, h('div', { class: 'events', tabindex: 0, role: 'group', 'aria-label': t('alarms.log') }, log.element)),
      events === null ? '' : panel(t('system.commands'), null, events),
    ),
  );
  const ask = async (): Promise<void> => {
    const metrics = await Metrics.ask();
    if (metrics !== null) {
      broker.say(ofBroker(metrics));
      decisions.say(ofDecisions(metrics));
      readers.say(ofReaders(metrics));
      leases.say(ofFields(metrics));
      setChildren(latency, bars(metrics));
    }
    health.say(await ofHealth());
    if (history !== null) history.textContent = await ofHistory();
    if (events !== null) setChildren(events, await ofEvents());
  };
  const update = (): void => {
    const frame = city.frame;
    if (frame === null) return;
    const leads = frame.epoch === null ? t('system.leads.no') : t('system.leads.yes', { epoch: frame.epoch });
    engine.say([[t('system.name'), frame.engine], [t('system.version'), frame.version], [t('nav.city'), frame.city], [t('city.list'), number(frame.intersections.length)], [t('system.leads'), leads]]);
    log.show(city.alarms.log);
  };
  const every = setInterval(() => void ask(), ASK_MS);
  void ask();
  const stop = city.onChange(update);
  return {
    element,
    arrive: update,
    leave: () => {
      clearInterval(every);
      stop();
    },
  };
}

function facts(): { element: HTMLElement; say(facts: Facts): void } {
  const element = h('dl', { class: 'facts' });
  let told = '';
  const say = (facts: Facts): void => {
    if (told === JSON.stringify(facts)) return;
    told = JSON.stringify(facts);
    setChildren(element, facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  };
  return { element, say };
}

function ofBroker(metrics: Metrics): Facts {
  const lost = (direction: string): string => number(metrics.of(`messages_lost_total{direction="${direction}"}`));
  return [
    [t('system.broker'), t(metrics.of('broker_up') === 1 ? 'system.broker.up' : 'system.broker.down')],
    [t('system.connects'), number(metrics.of('broker_connects_total'))],
    [t('system.lost'), `${lost('in')} / ${lost('out')}`],
  ];
}

function ofDecisions(metrics: Metrics): Facts {
  const classes = metrics.classes('decision_duration_seconds');
  const [count, sum] = [metrics.of('decision_duration_seconds_count'), metrics.of('decision_duration_seconds_sum')];
  const mean = count === null || sum === null || count === 0 ? null : (1000 * sum) / count;
  return [
    [t('system.decisions.count'), number(count)],
    [t('system.mean'), `${number(mean, 2)} ${t('unit.ms')}`],
    [t('system.p50'), within(quantile(classes, 0.5))],
    [t('system.p99'), within(quantile(classes, 0.99))],
  ];
}

function within(seconds: number | null): string {
  return seconds === null || seconds === Infinity ? '–' : `${number(seconds * 1000, seconds < 0.001 ? 2 : 0)} ${t('unit.ms')}`;
}

function ofReaders(metrics: Metrics): Facts {
  return [
    [t('system.streams'), number(metrics.of('http_streams'))],
    [t('system.connections'), number(metrics.of('http_connections'))],
    [t('system.skipped'), number(metrics.of('http_frames_skipped_total'))],
    [t('system.stalled'), number(metrics.of('http_stalled_total'))],
    [t('system.turned'), number(metrics.of('http_turned_away_total'))],
  ];
}

function ofFields(metrics: Metrics): Facts {
  const modes = ['remote', 'local_actuated', 'local_fixed', 'all_red', 'flash'];
  return modes.map((mode) => [named('field', mode), number(metrics.of(`field_controllers{mode="${mode}"}`))]);
}

/** One bar a class of decision times. */
function bars(metrics: Metrics): HTMLElement[] {
  const classes = metrics.classes('decision_duration_seconds');
  const own = classes.map((it, index) => ({ le: it.le, count: it.count - (classes[index - 1]?.count ?? 0) }));
  const most = Math.max(1, ...own.map((it) => it.count));
  return own.map(({ le, count }) => {
    const fill = h('i', {});
    fill.style.width = `${(100 * count) / most}%`;
    const words = le === Infinity ? '∞' : `≤ ${number(le * 1000, le < 0.001 ? 2 : le < 0.01 ? 1 : 0)} ${t('unit.ms')}`;
    return h('li', {}, h('span', {}, words), h('span', { class: 'bars' }, fill), h('span', {}, number(count)));
  });
}

async function ofHealth(): Promise<Facts> {
  const ask = async (path: string): Promise<string> => {
    const told = await fetch(path).then((it) => it.json() as Promise<Health>).catch(() => null);
    return told === null ? '–' : told.ok ? '✓' : told.missing.join('; ');
  };
  return [[t('system.alive'), await ask('/live')], [t('system.ready'), await ask('/ready')]];
}

async function ofHistory(): Promise<string> {
  const told = await get<History>('history').catch(() => null);
  if (told === null || !told.kept) return t('system.history.not');
  const size = `${number((told.bytes ?? 0) / 1e6, 1)} MB`;
  const kept = t('system.history.kept', { size, from: time(told.from_ms), to: time(told.to_ms) });
  return told.trouble === null ? kept : `${kept}. ${t('system.history.trouble', { trouble: told.trouble })}`;
}

async function ofEvents(): Promise<HTMLElement[]> {
  const told = await get<Recorded>('history/events?limit=100').catch(() => null);
  const events = told?.events ?? [];
  if (events.length === 0) return [h('li', {}, h('span', {}), t('events.none'))];
  return events.map((it) => h('li', {}, h('time', {}, time(it.at_ms)), h('span', {}, [it.intersection, it.kind, it.code, it.phase, it.who, it.detail].filter(Boolean).join(' · '))));
}
