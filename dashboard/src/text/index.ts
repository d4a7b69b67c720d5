/** Which language is spoken, and texts by their key. The choice is remembered in this browser. */
import { recall, remember } from '../state/memory';
import { en } from './en';
import { zh } from './zh';

export type Language = 'en' | 'zh';
export type Key = keyof typeof en;

const TABLES: Record<Language, Record<Key, string>> = { en, zh };

let spoken: Language = first();

function first(): Language {
  const kept = recall('language');
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export function language(): Language {
  return spoken;
}

export function speak(other: Language): void {
  spoken = other;
  remember('language', other);
  announce();
}

/** Tells the browser which language this is, for reading aloud and for glyphs. */
export function announce(): void {
  document.documentElement.lang = spoken === 'zh' ? 'zh-Hans' : 'en';
}

/** A text; `{name}` in it is what stands under that name. */
export function t(key: Key, filled: Record<string, string | number> = {}): string {
  return TABLES[spoken][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(filled[name] ?? whole));
}

/** A text whose key is made of a name of the wire; the name itself where there is none. */
export function named(group: string, name: string | null | undefined): string {
  const key = `${group}.${name ?? 'none'}`;
  return key in en ? t(key as Key) : (name ?? '–');
}
