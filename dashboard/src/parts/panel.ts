/** A surface with a heading. */
import { h } from './dom';

export function panel(title: string, note: string | null, ...content: (Node | null)[]): HTMLElement {
  const head = h('header', {}, h('h2', {}, title), note === null ? null : h('span', { class: 'note' }, note));
  return h('section', { class: 'panel', 'aria-label': title }, head, ...content);
}
