/** What colours and shapes on the map mean. */
import { QUEUE_CLASSES } from '../look/theme';
import { named, t, type Key } from '../text/index';
import { h } from './dom';
import { lampIcon, modeIcon } from './icons';

export function legend(): HTMLElement {
  const queues = QUEUE_CLASSES.map((begin, index) => {
    const next = QUEUE_CLASSES[index + 1];
    const swatch = h('i', { class: 'swatch' });
    swatch.style.background = `var(--queue-${index})`;
    swatch.style.height = `${4 + 2 * index}px`;
    const words = next === undefined ? `${begin}+` : next - 1 === begin ? `${begin}` : `${begin}–${next - 1}`;
    return h('span', {}, swatch, words);
  });
  const lamps = (['red', 'yellow', 'green', 'yield'] as const).map((lamp) => h('span', {}, lampIcon(lamp, ''), t(`legend.${lamp}` as Key)));
  const modes = ['adaptive', 'degraded', 'fixed_time', 'manual', 'warmup', null].map((mode) => h('span', {}, modeIcon(mode), named('mode', mode)));
  const line = (title: string, keys: HTMLElement[]): HTMLElement => h('div', {}, h('small', {}, title), h('div', { class: 'keys' }, ...keys));
  // Where it would hide the map that it explains it waits to be asked.
  const wide = matchMedia('(min-width: 1100px) and (min-height: 720px)').matches;
  return h(
    'details',
    { class: 'legend', open: wide },
    h('summary', {}, t('legend')),
    h('div', {}, line(t('legend.queue'), queues), line(t('legend.lamps'), lamps), line(t('legend.modes'), modes)),
  );
}
