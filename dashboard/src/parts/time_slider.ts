/** Back into the last hours: the city as it was recorded. */
import { get } from '../api/client';
import { city } from '../state/city';
import { t } from '../text/index';
import { h, setAttribute, setText } from './dom';
import { time } from './format';

interface Kept {
  kept: boolean;
  from_ms: number | null;
  to_ms: number | null;
}

const ASK_MS = 10_000;

/** `look` shows an instant (null: live) and says whether it is recorded. */
export function timeSlider(look: (atMs: number | null) => Promise<boolean>): { element: HTMLElement; show(): void; stop(): void } {
  const range = h('input', { type: 'range', min: 0, max: 1000, value: 1000, 'aria-label': t('time.back') });
  const output = h('output', {});
  const live = h('button', { type: 'button', onclick: () => back() }, t('time.live'));
  const element = h('div', { class: 'slider', hidden: true }, h('span', {}, t('time.back')), range, output, live);
  let kept: Kept | null = null;
  let asked = 0;

  const ask = async (): Promise<void> => {
    kept = await get<Kept>('history').catch(() => null);
    element.hidden = kept?.kept !== true || kept.from_ms === null || kept.to_ms === null;
  };
  const instant = (): number => {
    const [from, to] = [kept?.from_ms ?? 0, kept?.to_ms ?? 0];
    return from + ((to - from) * Number(range.value)) / 1000;
  };
  const back = (): void => {
    range.value = '1000';
    setAttribute(element, 'data-past', null);
    void look(null);
  };
  range.addEventListener('input', () => {
    if (range.value === '1000') return back();
    setAttribute(element, 'data-past', '');
    clearTimeout(asked);
    asked = window.setTimeout(() => void look(instant()).then((found) => setText(output, found ? time(city.past?.at_ms) : t('time.none'))), 120);
    setText(output, time(instant()));
  });
  const every = setInterval(() => void ask(), ASK_MS);
  void ask();
  return {
    element,
    show: () => {
      if (city.past === null && range.value === '1000') setText(output, time(city.frame?.at_ms));
      live.disabled = city.past === null;
    },
    stop: () => clearInterval(every),
  };
}
