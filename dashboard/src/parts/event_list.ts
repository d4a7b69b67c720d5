/** What happened at an intersection: what the page saw, and what the engine has recorded where it keeps a history. */
import { get, type Offer } from '../api/client';
import type { Detail } from '../api/types';
import { named, t } from '../text/index';
import { h, setText } from './dom';
import { time } from './format';

const ROWS_MAX = 60;

interface Happened {
  at_ms: number;
  text: string;
}

interface Recorded {
  events: { at_ms: number; kind: string; detail: string; who: string | null; phase: string | null; code: string | null }[];
}

export function eventList(id: string, offer: Offer): { element: HTMLElement; note: string; show(detail: Detail): void; stop(): void } {
  const empty = h('p', { class: 'empty' }, t('events.none'));
  const list = h('ul', { class: 'events', tabindex: 0, 'aria-label': t('events.title') });
  const seen: Happened[] = [];
  let recorded: Happened[] = [];
  let last: Detail | null = null;
  const draw = (): void => {
    const all = [...seen, ...recorded].sort((a, b) => b.at_ms - a.at_ms).slice(0, ROWS_MAX);
    empty.hidden = all.length > 0;
    list.replaceChildren(...all.map((it) => h('li', {}, h('time', {}, time(it.at_ms)), h('span', {}, it.text))));
  };
  const show = (detail: Detail): void => {
    const before = last;
    last = detail;
    if (before === null || before.id !== detail.id) return;
    const add = (text: string): void => void seen.unshift({ at_ms: detail.at_ms, text });
    if (before.stage !== detail.stage && detail.stage !== null) add(t('events.stage', { stage: detail.stage }));
    if (before.mode !== detail.mode) add(t('events.mode', { mode: named('mode', detail.mode) }));
    if (before.field !== detail.field) add(t('events.field', { mode: named('field', detail.field) }));
    for (const alarm of detail.alarms) {
      const known = before.alarms.find((it) => it.code === alarm.code);
      if (known?.phase !== alarm.phase) add(`${alarm.title ?? alarm.code}: ${named('phase', alarm.phase)}`);
    }
    const gone = before.alarms.filter((it) => !detail.alarms.some((other) => other.code === it.code));
    gone.forEach((it) => add(`${it.title ?? it.code}: ${named('phase', 'cleared')}`));
    seen.length = Math.min(seen.length, ROWS_MAX);
    draw();
  };
  const ask = async (): Promise<void> => {
    const told = await get<Recorded>(`history/events?intersection=${encodeURIComponent(id)}&limit=${ROWS_MAX}`).catch(() => null);
    recorded = (told?.events ?? []).map((it) => ({ at_ms: it.at_ms, text: [it.kind, it.code, it.phase, it.who, it.detail].filter(Boolean).join(' · ') }));
    draw();
  };
  const keeps = offer.has('history/events');
  const every = keeps ? setInterval(() => void ask(), 10_000) : undefined;
  if (keeps) void ask();
  setText(empty, t('events.none'));
  return { element: h('div', {}, empty, list), note: t('events.note'), show, stop: () => clearInterval(every) };
}
