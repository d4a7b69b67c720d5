/** The page: asks what the engine offers, listens to it, and shows the view that the address names. */
import { Offer, get, post } from './api/client';
import { Stream } from './api/stream';
import type { Alarms, CityMapData, Session, Trend } from './api/types';
import { apply } from './look/theme';
import { sourcesOf } from './map/sources';
import { h } from './parts/dom';
import { listenForSlash } from './parts/search';
import { VIEWS, shell, type Shell, type ViewName } from './shell';
import { city } from './state/city';
import * as clock from './state/clock';
import { announce, t } from './text/index';
import { views, type View } from './views/index';

const ALARMS_MS = 1000;
const TREND_MS = 5000;

let frame: Shell;
let shown: View | null = null;
let offer: Offer;

const stream = new Stream(
  (told) => {
    clock.tell(told.at_ms);
    city.take(told);
  },
  (detail) => {
    city.detail = detail;
    city.tell();
  },
  (link) => frame.link(link),
);

/** The view and what it is about, out of `#/intersection/s03`. */
function address(): { view: ViewName; about: string | null } {
  const [view, about] = location.hash.replace(/^#\/?/, '').split('/');
  const name = VIEWS.find((it) => it === view) ?? 'city';
  return { view: name, about: about === undefined || about === '' ? null : decodeURIComponent(about) };
}

function draw(): void {
  const { view, about } = address();
  shown?.leave();
  city.detail = null;
  stream.open(view === 'intersection' ? about : null);
  frame.show(view);
  frame.main.replaceChildren();
  shown = views[view]({ about, offer, main: frame.main });
  frame.main.append(shown.element);
  frame.main.scrollTop = 0;
  shown.arrive?.();
  document.title = `${about ?? t(`nav.${view}`)} · lightwatch`;
  city.tell();
}

/** Everything anew, in another language. */
function build(): void {
  shown?.leave();
  shown = null;
  city.forget();
  frame = shell(build, () => void signIn(true));
  frame.link(stream.link);
  draw();
}

/** Asks again and again; an engine that does not answer is told by the stream, not here. */
function keepAsking<T>(path: string, every: number, take: (answer: T) => void): void {
  const ask = async (): Promise<void> => {
    if (!document.hidden) await get<T>(path).then(take, () => undefined);
    setTimeout(() => void ask(), every);
  };
  void ask();
}

async function signIn(asked: boolean): Promise<void> {
  if (!offer.has('session')) return;
  const session = await get<Session>('session').catch(() => null);
  if (session === null) return;
  city.session = session;
  // Where no token is wanted, opening a session is all that commands need; the engine says no where they are not for everybody.
  if (!session.can_command && !session.needs_token) {
    city.session = await post<Session>('session', {}).catch(() => session);
  } else if (session.needs_token && (asked || session.role === 'none')) {
    askToken();
  }
  city.tell();
}

function askToken(): void {
  const token = h('input', { type: 'password', required: true, autocomplete: 'current-password' });
  const told = h('p', { role: 'status', class: 'note' });
  const dialog = h('dialog', { 'aria-label': t('login.title') });
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      city.session = await post<Session>('session', { token: token.value });
      dialog.close();
      draw();
    } catch (error) {
      told.textContent = t('error.ask', { reason: error instanceof Error ? error.message : '' });
    }
  };
  const buttons = h('div', { class: 'buttons' }, h('button', { class: 'main' }, t('login.enter')));
  dialog.append(h('form', { class: 'fields', onsubmit: (event: SubmitEvent) => void send(event) }, h('h2', {}, t('login.title')), h('label', {}, t('login.token'), token), told, buttons));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

async function begin(): Promise<void> {
  announce();
  apply();
  offer = await Offer.ask();
  addEventListener('hashchange', draw);
  listenForSlash();
  build();
  await signIn(false);
  keepAsking<Alarms>('alarms', ALARMS_MS, (alarms) => {
    city.alarms = alarms;
    city.tell();
  });
  if (offer.has('trend')) keepAsking<Trend>('trend', TREND_MS, (trend) => void (city.trend = trend.points));
  city.map = await get<CityMapData>('network.geojson').then(sourcesOf).catch(() => null);
  city.tell();
}

void begin();
