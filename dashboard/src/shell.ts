/** The frame around every view: bar, rail, and whichever view the address names. */
import type { Link } from './api/stream';
import { choose, chosen, type Theme } from './look/theme';
import { h, moveByArrows, setAttribute, setText } from './parts/dom';
import { isSimulated, number, time } from './parts/format';
import { viewIcon } from './parts/icons';
import { search } from './parts/search';
import { city } from './state/city';
import * as clock from './state/clock';
import { language, named, speak, t, type Key } from './text/index';

export const VIEWS = ['city', 'intersection', 'corridor', 'performance', 'system'] as const;
export type ViewName = (typeof VIEWS)[number];

export interface Shell {
  main: HTMLElement;
  show(view: ViewName): void;
  link(link: Link): void;
}

/** Builds the frame into the page; `again` is called when everything must be said anew. */
export function shell(again: () => void, signIn: () => void): Shell {
  const root = document.querySelector('#page');
  if (root === null) throw new Error('the page has no place');
  const main = h('main', { id: 'content', tabindex: '-1' });
  const links = VIEWS.map((view) => h('a', { href: `#/${view}`, 'data-view': view }, viewIcon(view), t(`nav.${view}` as Key)));
  const count = h('span', { class: 'count', hidden: true });
  links[4]?.append(count);
  const rail = h('nav', { class: 'rail', 'aria-label': t('nav') }, ...links);
  moveByArrows(rail, 'a');
  const link = linkState();
  const skip = (event: Event): void => {
    event.preventDefault();
    main.focus();
  };
  root.replaceChildren(h('a', { class: 'skip', href: '#content', onclick: skip }, t('skip')), bar(link.element, again, signIn), rail, main);
  city.onChange(() => {
    link.update();
    const open = city.alarms.open.filter((it) => it.phase === 'raised' && it.severity !== 'info').length;
    count.hidden = open === 0;
    setText(count, String(open));
  });
  return {
    main,
    link: link.say,
    show: (view) => links.forEach((it) => setAttribute(it, 'aria-current', it.dataset['view'] === view ? 'page' : null)),
  };
}

function bar(link: HTMLElement, again: () => void, signIn: () => void): HTMLElement {
  const where = h('span', { class: 'where' });
  const who = h('button', { class: 'plain', type: 'button', hidden: true, onclick: signIn });
  city.onChange(() => {
    setText(where, city.frame?.city ?? '');
    const session = city.session;
    who.hidden = session === null || (session.role !== 'operator' && !session.needs_token);
    setText(who, session?.role === 'none' ? t('login.title') : `${session?.name ?? ''} · ${named('role', session?.role)}`);
  });
  return h(
    'header',
    { class: 'bar' },
    h('div', { class: 'brand' }, h('img', { src: '/assets/mark.svg', alt: '' }), h('span', {}, 'lightwatch '), h('span', { class: 'note' }, t('app.tagline'))),
    where,
    h('span', { class: 'space' }),
    link,
    search(),
    who,
    h('button', { class: 'plain', type: 'button', title: t('language.title'), 'aria-label': t('language.title'), lang: language() === 'zh' ? 'en' : 'zh', onclick: () => other(again) }, t('language')),
    themeChoice(),
  );
}

function other(again: () => void): void {
  speak(language() === 'zh' ? 'en' : 'zh');
  again();
}

function themeChoice(): HTMLElement {
  const themes: Theme[] = ['system', 'dark', 'light'];
  const options = themes.map((it) => h('option', { value: it, selected: it === chosen() }, t(`theme.${it}` as Key)));
  const select = h('select', { 'aria-label': t('theme'), title: t('theme') }, ...options);
  select.addEventListener('change', () => choose(select.value as Theme));
  return select;
}

function linkState(): { element: HTMLElement; say(link: Link): void; update(): void } {
  const [word, pace, at] = [h('span', { 'data-test': 'link' }), h('small', { class: 'pace' }), h('span', { class: 'clock', 'data-test': 'clock' })];
  const element = h('div', { class: 'linkstate', title: t('link.title') }, h('i', {}), word, pace, at);
  const say = (link: Link): void => {
    element.dataset['link'] = link;
    setText(word, t(`link.${link}` as Key));
  };
  say('connecting');
  const update = (): void => {
    const frame = city.frame;
    if (frame === null) return;
    setText(at, time(frame.at_ms));
    const fast = clock.pace();
    const words = fast > 1.5 ? t('simulated.pace', { pace: number(fast, fast < 10 ? 1 : 0) }) : t('simulated');
    setText(pace, isSimulated(frame.at_ms) ? words : '');
  };
  return { element, say, update };
}
