/** *Corridor*: the waves of green along a road. */
import { get } from '../api/client';
import { h, setAttribute, setChildren, setText } from '../parts/dom';
import { number } from '../parts/format';
import { panel } from '../parts/panel';
import { BEHIND_MS, timeSpace, type Way } from '../parts/time_space';
import { greens, share, travelMs, type Stop } from '../state/bands';
import * as clock from '../state/clock';
import { t } from '../text/index';
import type { Place, View } from './index';

interface Name {
  id: string;
  intersections: string[];
}

const ASK_MS = 1000;

export function corridorView({ about, offer }: Place): View {
  const diagram = timeSpace();
  const none = h('p', { class: 'empty', hidden: true }, t('corridor.none'));
  const choice = h('select', { 'aria-label': t('corridor.choose') });
  const way = h('select', { 'aria-label': t('corridor.way') });
  const note = h('p', { class: 'note' });
  const body = h('tbody', {});
  const heads = [t('corridor.pair'), t('corridor.distance'), t('corridor.forth'), t('corridor.back')];
  const head = h('tr', {}, ...heads.map((it, index) => h('th', { scope: 'col', class: index > 0 ? 'figure' : '' }, it)));
  const table = h('div', { class: 'scroll' }, h('table', {}, h('thead', {}, head), body));
  const arrived = h('tbody', {});
  const ways = [t('nav.intersection'), t('corridor.forth'), t('corridor.back')];
  const wayHead = h('tr', {}, ...ways.map((it, index) => h('th', { scope: 'col', class: index > 0 ? 'figure' : '' }, it)));
  const arrivals = h('div', { class: 'scroll', 'data-test': 'on-green' }, h('table', {}, h('thead', {}, wayHead), arrived));
  const content = h(
    'div',
    { class: 'sitegrid', hidden: true },
    h('section', { class: 'panel corridor', 'aria-label': t('corridor.title') }, keys(), diagram.element, note),
    h('div', {}, panel(t('corridor.share'), null, h('p', { class: 'note' }, t('corridor.band')), table), panel(t('corridor.aog'), null, h('p', { class: 'note' }, t('corridor.aog.note')), arrivals)),
  );
  const element = h('div', { class: 'view' }, h('div', { class: 'head' }, h('h1', {}, t('corridor.title')), choice, way), none, content);
  let running = true;
  let stops: Stop[] = [];

  choice.addEventListener('change', () => void (location.hash = `#/corridor/${encodeURIComponent(choice.value)}`));
  way.addEventListener('change', () => diagram.show(stops, way.value as Way));
  const begin = async (): Promise<void> => {
    const told = offer.has('corridors') ? await get<{ corridors: Name[] }>('corridors').catch(() => null) : null;
    const names = told?.corridors ?? [];
    none.hidden = names.length > 0;
    choice.hidden = way.hidden = content.hidden = names.length === 0;
    const chosen = names.find((it) => it.id === about) ?? names[0];
    if (chosen === undefined) return;
    choice.replaceChildren(...names.map((it) => h('option', { value: it.id, selected: it === chosen }, t('corridor.name', { from: it.intersections[0] ?? '', to: it.intersections.at(-1) ?? '', count: it.intersections.length }))));
    const ends: [Way, string][] = [['forward', chosen.intersections.at(-1) ?? ''], ['backward', chosen.intersections[0] ?? '']];
    way.replaceChildren(...ends.map(([value, id]) => h('option', { value }, t('corridor.forward', { id }))));
    await follow(chosen.id);
  };
  const follow = async (id: string): Promise<void> => {
    while (running) {
      const told = document.hidden ? null : await get<{ stops: Stop[] }>(`corridors/${encodeURIComponent(id)}`).catch(() => null);
      if (told !== null) {
        stops = told.stops;
        show();
      }
      await new Promise((done) => setTimeout(done, ASK_MS));
    }
  };
  const show = (): void => {
    diagram.show(stops, way.value as Way);
    const speed = stops.reduce((sum, it) => sum + it.speed_mps, 0) / Math.max(1, stops.length);
    setText(note, t('corridor.note', { speed: number(speed * 3.6) }));
    const rows = pairs(stops);
    setAttribute(diagram.element, 'aria-label', t('corridor.figure', { name: id(stops), text: rows.map((it) => it.text).join('; ') }));
    setChildren(body, rows.map((it) => it.row));
    setChildren(arrived, stops.map(onGreen));
  };
  void begin();
  return {
    element,
    leave: () => {
      running = false;
      diagram.stop();
    },
  };
}

/** Share of the arrivals of the last hour that were on green, there and back. */
function onGreen(stop: Stop): HTMLElement {
  const share = (it: number | null | undefined): string => (it === null || it === undefined ? '–' : `${number(100 * it)} %`);
  return h('tr', {}, h('td', {}, stop.id), ...[0, 1].map((way) => h('td', { class: 'figure' }, share(stop.on_green?.[way]))));
}

function id(stops: readonly Stop[]): string {
  return `${stops[0]?.id ?? ''} – ${stops.at(-1)?.id ?? ''}`;
}

function keys(): HTMLElement {
  const key = (words: string, background: string, height: number): HTMLElement => {
    const swatch = h('i', {});
    swatch.style.background = background;
    swatch.style.height = `${height}px`;
    return h('span', {}, swatch, words);
  };
  return h('div', { class: 'keyline' }, key(t('legend.green'), 'var(--lamp-green)', 6), key(t('legend.red'), 'var(--lamp-red)', 2), key(t('corridor.bandkey'), 'var(--band)', 14), key(t('corridor.ridekey'), 'var(--ink-2)', 1));
}

/** How much of the green at a signal reaches the next one on green, both ways. */
function pairs(stops: readonly Stop[]): { row: HTMLElement; text: string }[] {
  const now = clock.now();
  return stops.slice(1).map((b, index) => {
    const a = stops[index] as Stop;
    const told = ([from, to, way]: [Stop, Stop, Way]): string => {
      const until = Math.max(now, to.plan.at(-1)?.end_ms ?? now);
      const here = greens(from, from[way], now).filter((it) => it.to > now - BEHIND_MS);
      const fits = share(here, greens(to, to[way], now), travelMs(from, to), until);
      return fits === null ? '–' : `${number(100 * fits)} %`;
    };
    const [forth, back] = [told([a, b, 'forward']), told([b, a, 'backward'])];
    const distance = `${number(b.at_m - a.at_m)} m`;
    const row = h('tr', {}, h('td', {}, `${a.id} – ${b.id}`), h('td', { class: 'figure' }, distance), h('td', { class: 'figure' }, forth), h('td', { class: 'figure' }, back));
    return { row, text: `${a.id} – ${b.id} ${distance}: ${forth}, ${back}` };
  });
}
