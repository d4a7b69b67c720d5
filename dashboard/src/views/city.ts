/** *City*: the figures that matter, the map, trouble first. */
import { get } from '../api/client';
import type { Site } from '../api/types';
import type { CityMap } from '../map/city_map';
import { addressOf } from '../parts/address';
import { alarmList } from '../parts/alarm_list';
import { h, moveByArrows, setText } from '../parts/dom';
import { legend } from '../parts/legend';
import { siteList } from '../parts/site_list';
import { tiles } from '../parts/tiles';
import { timeSlider } from '../parts/time_slider';
import { city, standing } from '../state/city';
import { named, t } from '../text/index';
import type { Place, View } from './index';

export function cityView({ offer }: Place): View {
  const figures = tiles();
  const alarms = alarmList(() => city.session?.can_command === true && offer.has('intersections/{id}/alarms/{code}/acknowledge'), t('alarms.none'));
  const list = siteList();
  const tip = h('div', { class: 'tip', hidden: true });
  const canvas = h('div', { class: 'canvas' });
  const message = h('div', { class: 'message' }, t('loading'));
  const schematic = h('span', { class: 'badge', hidden: true }, t('city.schematic'));
  const fit = h('button', { type: 'button', onclick: () => map?.fit() }, t('city.fit'));
  const place = h('div', { class: 'map' }, message, canvas, h('div', { class: 'corner' }, schematic, fit), legend(), tip);
  const slider = offer.has('history/frame') ? timeSlider(lookBack) : null;
  const side = h(
    'aside',
    { class: 'side' },
    h('section', { class: 'alarms', 'aria-label': t('alarms.title') }, h('header', {}, h('h2', {}, t('alarms.title'))), alarms.element),
    h('section', { class: 'sites', 'aria-label': t('city.list') }, h('header', {}, h('h2', {}, t('city.list')), list.order), list.element),
  );
  moveByArrows(list.element, 'a');
  const element = h('div', { class: 'city' }, h('h1', { class: 'hidden-label' }, t('nav.city')), figures.element, place, slider?.element, side);
  let map: CityMap | null = null;

  let drawing = false;

  /** Once there is something to draw; what draws is large, and comes after the figures are on the page. */
  const draw = async (): Promise<void> => {
    const data = city.map;
    if (data === null || drawing) return;
    drawing = true;
    schematic.hidden = !data.schematic;
    try {
      const { CityMap } = await import('../map/city_map');
      if (!element.isConnected) return;
      map = new CityMap(canvas, data, t('city.map'), open, hover, () => void (message.hidden = true));
      map.update(city.sites());
    } catch {
      setText(message, t('map.none'));
    }
  };
  const hover = (id: string | null, at: { x: number; y: number }): void => {
    const site = id === null ? undefined : city.sites().find((it) => it.id === id);
    tip.hidden = site === undefined;
    if (site === undefined) return;
    setText(tip, summary(site));
    tip.style.transform = `translate(${at.x + 14}px, ${at.y + 14}px)`;
  };
  const update = (): void => {
    void draw();
    if (city.frame === null) return;
    figures.show(city.frame, city.trend);
    alarms.show(city.alarms.open);
    list.show(city.sites());
    map?.update(city.sites());
    slider?.show();
  };
  const stop = city.onChange(update);
  return {
    element,
    arrive: update,
    leave: () => {
      stop();
      slider?.stop();
      city.past = null;
      map?.remove();
    },
  };
}

function open(id: string): void {
  location.hash = addressOf(id);
}

function summary(site: Site): string {
  return `${t('city.row', { id: site.id, mode: named('mode', site.mode), queue: standing(site) })} · ${named('field', site.field)}`;
}

/** Shows the city of an instant, or of now. */
async function lookBack(atMs: number | null): Promise<boolean> {
  if (atMs === null) {
    city.past = null;
    city.tell();
    return true;
  }
  const past = await get<{ at_ms: number; intersections: Site[] }>(`history/frame?at_ms=${Math.round(atMs)}`).catch(() => null);
  if (past !== null) {
    city.past = { at_ms: past.at_ms, intersections: past.intersections.map((site) => ({ ...site, alarm: site.alarm ?? null })) };
    city.tell();
  }
  return past !== null;
}

