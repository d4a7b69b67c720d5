/** What the control on duty saves against a shadow, as people read it: never without its interval, never without the model's own error. */
import type { Compared, ShadowTotals } from '../api/types';
import { named, t } from '../text/index';
import { number } from './format';

/** `+8.9 ± 1.2`. */
export function savedText(it: Compared): string {
  return `${signed(it.saved_s)} ${intervalText(it)}`;
}

/** `± 1.2`; left open while there is a single batch. */
export function intervalText(it: Compared): string {
  return `± ${it.half_s === null ? '?' : number(it.half_s, 1)}`;
}

export function signed(value: number): string {
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${number(Math.abs(value), 1)}`;
}

/** Whether the interval leaves out nought: which of the two is better, as far as the model can tell. */
export function verdict(it: Compared): 'saves' | 'costs' | 'open' {
  if (it.half_s === null || Math.abs(it.saved_s) <= it.half_s) return 'open';
  return it.saved_s > 0 ? 'saves' : 'costs';
}

export function policyName(shadow: ShadowTotals): string {
  return named('policy', shadow.policy);
}

/** One sentence for reading aloud and for the first look. */
export function sentence(shadow: ShadowTotals): string {
  const minutes = number(shadow.batch_s / 60);
  if (shadow.compared === null) return t('shadow.first', { minutes });
  const it = shadow.compared;
  const figures = { saved: number(Math.abs(it.saved_s), 1), half: it.half_s === null ? '?' : number(it.half_s, 1), policy: policyName(shadow), batches: it.batches, minutes };
  return t(`shadow.${verdict(it)}`, figures);
}
