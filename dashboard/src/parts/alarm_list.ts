/** Alarms one below the other, with what can be done about them where the engine takes commands. */
import { Refused, post } from '../api/client';
import type { Alarm } from '../api/types';
import { city } from '../state/city';
import { named, t } from '../text/index';
import { addressOf } from './address';
import { h, setChildren } from './dom';
import { time } from './format';
import { severityIcon } from './icons';

export interface AlarmList {
  element: HTMLElement;
  show(alarms: readonly Alarm[]): void;
}

/** A list; `mayAct` says whether alarms can be acknowledged here, `empty` what stands where there is none. */
export function alarmList(mayAct: () => boolean, empty: string): AlarmList {
  const nothing = h('p', { class: 'empty' }, empty);
  const element = h('div', { class: 'alarmlist' }, nothing);
  const kept = new Map<string, { text: string; row: HTMLElement }>();
  const show = (alarms: readonly Alarm[]): void => {
    const may = mayAct();
    const rows = alarms.map((alarm, index) => {
      const text = JSON.stringify([alarm, may]);
      // Of the log several words are about the same alarm.
      const key = `${alarm.intersection} ${alarm.code} ${alarm.phase === 'cleared' ? index : ''} ${alarm.at_ms}`;
      const known = kept.get(key);
      if (known?.text === text) return known.row;
      const row = rowOf(alarm, may);
      kept.set(key, { text, row });
      return row;
    });
    if (kept.size > 2 * rows.length + 100) kept.clear();
    setChildren(element, rows.length === 0 ? [nothing] : rows);
  };
  return { element, show };
}

function rowOf(alarm: Alarm, may: boolean): HTMLElement {
  const since = alarm.raised_ms ?? alarm.at_ms;
  const phase = named('phase', alarm.phase);
  const said = h('small', { class: 'note' }, alarm.by ? t('alarms.by', { phase, by: alarm.by }) : phase, ` · ${t('alarms.since', { time: time(since) })}`);
  const row = h(
    'article',
    { class: 'alarm', 'data-severity': alarm.severity, 'data-phase': alarm.phase, 'data-code': alarm.code },
    h(
      'div',
      { class: 'line' },
      severityIcon(alarm.severity),
      h('span', { class: 'hidden-label' }, named('severity', alarm.severity)),
      h('a', { href: addressOf(alarm.intersection) }, alarm.intersection),
      h('span', {}, alarm.title ?? alarm.code),
    ),
    h('p', {}, alarm.detail),
    said,
  );
  if (alarm.phase === 'shelved') said.append(` · ${t('alarms.until', { time: time(alarm.until_ms) })}`);
  if (alarm.note) said.append(` · ${alarm.note}`);
  if (alarm.cause || alarm.advice) row.append(explanation(alarm));
  if (may && alarm.phase !== 'cleared') row.append(acts(alarm));
  return row;
}

function explanation(alarm: Alarm): HTMLElement {
  const code = alarm.gbt20999 === null || alarm.gbt20999 === undefined ? null : h('p', {}, t('alarms.gbt', { code: alarm.gbt20999 }));
  const cause = alarm.cause ? h('p', {}, h('strong', {}, t('alarms.cause')), `: ${alarm.cause}`) : null;
  return h('details', {}, h('summary', {}, t('alarms.advice')), h('p', {}, alarm.advice ?? ''), cause, code);
}

function acts(alarm: Alarm): HTMLElement {
  const path = (verb: string): string =>
    `intersections/${encodeURIComponent(alarm.intersection)}/alarms/${encodeURIComponent(alarm.code)}/${verb}`;
  const told = h('small', { role: 'status' });
  const run = async (verb: string, body: unknown): Promise<void> => {
    try {
      const changed = await post<Alarm>(path(verb), body);
      const open = city.alarms.open.map((it) => (it.intersection === alarm.intersection && it.code === alarm.code ? changed : it));
      city.alarms = { ...city.alarms, open };
      city.tell();
    } catch (error) {
      told.textContent = t('error.ask', { reason: error instanceof Refused ? error.message : String(error) });
    }
  };
  const acts = h('div', { class: 'acts' });
  if (alarm.phase === 'raised') acts.append(h('button', { type: 'button', onclick: () => void run('acknowledge', {}) }, t('alarms.ack')));
  if (alarm.phase === 'shelved') acts.append(h('button', { type: 'button', onclick: () => void run('unshelve', {}) }, t('alarms.unshelve')));
  else acts.append(h('button', { type: 'button', onclick: () => askShelve((body) => void run('shelve', body)) }, t('alarms.shelve')));
  acts.append(told);
  return acts;
}

/** For how long, and why: nobody shelves an alarm without saying so. */
function askShelve(then: (body: { seconds: number; note: string }) => void): void {
  const hours = h('select', { name: 'hours' }, ...[1, 4, 8, 24].map((it) => h('option', { value: it }, `${it} h`)));
  const note = h('input', { name: 'note', required: true, maxlength: 200 });
  const dialog = h('dialog', { 'aria-label': t('alarms.shelve') });
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    then({ seconds: Number(hours.value) * 3600, note: note.value });
    dialog.close();
  };
  const form = h(
    'form',
    { class: 'fields', onsubmit: send },
    h('label', {}, t('alarms.for'), hours),
    h('label', {}, t('alarms.note'), note),
    h(
      'div',
      { class: 'buttons' },
      h('button', { class: 'main' }, t('alarms.shelve')),
      h('button', { type: 'button', onclick: () => dialog.close() }, t('alarms.cancel')),
    ),
  );
  dialog.append(form);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
