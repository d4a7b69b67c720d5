/** A hand on the wheel: hold or call a stage, run the fixed programme, release; for a time, with a reason. */
import { Refused, post } from '../api/client';
import type { Command, Detail } from '../api/types';
import { city } from '../state/city';
import { t } from '../text/index';
import { h, setText } from './dom';
import { time } from './format';

type Verb = Command['verb'];
const VERBS: Verb[] = ['hold', 'call', 'fixed'];
const SECONDS = [30, 60, 120, 300, 600, 1800, 3600];

interface Told {
  accepted: boolean;
  reason: string | null;
}

export function manualPanel(id: string): { element: HTMLElement; show(detail: Detail): void } {
  const now = h('p', { 'data-test': 'command' });
  const verb = h('select', { name: 'verb' }, ...VERBS.map((it) => h('option', { value: it }, t(`manual.${it}`))));
  const stage = h('select', { name: 'stage' });
  const seconds = h('select', { name: 'seconds' }, ...SECONDS.map((it) => h('option', { value: it, selected: it === 120 }, it < 120 ? `${it} s` : `${it / 60} min`)));
  const reason = h('input', { name: 'reason', required: true, maxlength: 200, placeholder: t('manual.reason.hint') });
  const told = h('p', { role: 'status', 'data-test': 'told' });
  const not = h('p', { class: 'note', hidden: true });
  const stageLabel = h('label', {}, t('manual.stage'), stage);
  const send = h('button', { class: 'main', 'data-test': 'take-over' }, t('manual.send'));
  const release = h('button', { type: 'button', 'data-test': 'release', onclick: () => void run({ verb: 'release', reason: reason.value || t('manual.release') }) }, t('manual.release'));
  verb.addEventListener('change', () => void (stageLabel.hidden = verb.value === 'fixed'));

  const run = async (body: Record<string, unknown>): Promise<void> => {
    try {
      const answer = await post<Told>(`intersections/${encodeURIComponent(id)}/command`, body);
      setText(told, t(answer.accepted ? 'manual.accepted' : 'manual.refused', { reason: answer.reason ?? '' }));
    } catch (error) {
      setText(told, t('error.ask', { reason: error instanceof Refused ? error.message : String(error) }));
    }
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const where = verb.value === 'fixed' ? {} : { stage: stage.value };
    void run({ verb: verb.value, ...where, seconds: Number(seconds.value), reason: reason.value });
  };
  const form = h(
    'form',
    { class: 'fields', onsubmit: submit },
    h('div', { class: 'row' }, h('label', {}, t('manual.verb'), verb), stageLabel, h('label', {}, t('manual.seconds'), seconds)),
    h('label', {}, t('manual.reason'), reason),
    h('div', { class: 'buttons' }, send, release),
    told,
    not,
    h('p', { class: 'note' }, t('manual.safe')),
  );
  const show = (detail: Detail): void => {
    setText(now, standing(detail.command ?? null));
    const stages = detail.stages ?? [];
    if (stage.options.length !== stages.length) stage.replaceChildren(...stages.map((it) => h('option', { value: it }, it)));
    const may = city.session?.can_command === true;
    for (const control of [verb, stage, seconds, reason, send]) control.disabled = !may;
    release.disabled = !may || (detail.command ?? null) === null;
    not.hidden = may;
    setText(not, t('manual.not', { why: city.session?.why_not ?? t('role.viewer') }));
  };
  return { element: h('div', {}, now, form), show };
}

function standing(command: Command | null): string {
  if (command === null) return t('manual.none');
  const filled = { stage: command.stage ?? '', by: command.by ?? t('manual.unknown'), time: time(command.until_ms), reason: command.reason ?? '' };
  return t(`manual.now.${command.verb}`, filled);
}
