/** Find an intersection by its name: type, arrows, Enter. `/` goes there from anywhere. */
import { city, standing } from '../state/city';
import { named, t } from '../text/index';
import { addressOf } from './address';
import { h, setAttribute, setChildren } from './dom';

const SHOWN_MAX = 8;

export function search(): HTMLElement {
  const status = h('span', { class: 'hidden-label', role: 'status' });
  const list = h('ul', { id: 'found', role: 'listbox', hidden: true, 'aria-label': t('search') });
  const input = h('input', {
    type: 'search', role: 'combobox', 'aria-controls': 'found', 'aria-expanded': 'false', 'aria-autocomplete': 'list',
    'aria-label': t('search'), placeholder: `${t('search')}  /`, autocomplete: 'off', spellcheck: 'false',
  });
  let found: string[] = [];
  let at = 0;

  const close = (): void => {
    list.hidden = true;
    setAttribute(input, 'aria-expanded', 'false');
    setAttribute(input, 'aria-activedescendant', null);
  };
  const go = (id: string | undefined): void => {
    if (id === undefined) return;
    close();
    input.value = '';
    location.hash = addressOf(id);
    document.querySelector<HTMLElement>('main')?.focus();
  };
  const draw = (): void => {
    const rows = found.map((id, index) => {
      const site = city.frame?.intersections.find((it) => it.id === id);
      const side = site ? `${named('mode', site.mode)} · ${standing(site)} ${t('unit.veh')}` : '';
      return h(
        'li',
        { role: 'option', id: `found-${index}`, 'aria-selected': index === at ? 'true' : 'false', onpointerdown: () => go(id) },
        id,
        h('small', {}, side),
      );
    });
    setChildren(list, rows.length > 0 ? rows : [h('li', {}, t('search.none'))]);
    list.hidden = false;
    setAttribute(input, 'aria-expanded', 'true');
    setAttribute(input, 'aria-activedescendant', rows.length > 0 ? `found-${at}` : null);
  };
  input.addEventListener('input', () => {
    const wanted = input.value.trim().toLowerCase();
    if (wanted === '') return close();
    const names = (city.frame?.intersections ?? []).map((it) => it.id).filter((id) => id.toLowerCase().includes(wanted));
    // Those that begin so come first; within each the order of the city.
    names.sort((a, b) => Number(b.toLowerCase().startsWith(wanted)) - Number(a.toLowerCase().startsWith(wanted)));
    found = names.slice(0, SHOWN_MAX);
    at = 0;
    status.textContent = t('search.count', { count: names.length });
    draw();
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
    if (list.hidden) return;
    if (event.key === 'Enter') go(found[at]);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || found.length === 0) return;
    event.preventDefault();
    at = (at + step + found.length) % found.length;
    draw();
  });
  input.addEventListener('blur', close);
  return h('div', { class: 'search', role: 'search' }, input, list, status);
}

/** `/` goes to the search, unless something is being written. */
export function listenForSlash(): void {
  document.addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement;
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, select')) return;
    event.preventDefault();
    document.querySelector<HTMLInputElement>('.search input')?.focus();
  });
}
