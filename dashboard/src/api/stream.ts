/** The city as it changes: one stream of events, told anew for each intersection that is looked at. */
import type { Detail, Frame } from './types';

export type Link = 'connecting' | 'live' | 'stale' | 'lost';

/** Without a frame for so long [ms] what is shown is old. */
const STALE_MS = 4000;
const LOST_MS = 12000;

export class Stream {
  private source: EventSource | null = null;
  private heard = 0;
  private again = 0;
  private about: string | null = null;
  link: Link = 'connecting';

  constructor(
    private readonly onFrame: (frame: Frame) => void,
    private readonly onDetail: (detail: Detail) => void,
    private readonly onLink: (link: Link) => void,
  ) {
    setInterval(() => this.judge(), 500);
    document.addEventListener('visibilitychange', () => this.open(this.about));
  }

  /** Looks at the city, and at one intersection of it. A page that nobody sees listens to nothing. */
  open(intersection: string | null): void {
    this.close();
    this.about = intersection;
    if (document.hidden) return;
    const query = intersection === null ? '' : `?intersection=${encodeURIComponent(intersection)}`;
    const source = new EventSource(`/events${query}`);
    source.addEventListener('city', (event) => {
      this.heard = performance.now();
      this.judge();
      this.onFrame(JSON.parse(event.data as string) as Frame);
    });
    source.addEventListener('intersection', (event) => this.onDetail(JSON.parse(event.data as string) as Detail));
    let opened = false;
    source.addEventListener('open', () => void (opened = true));
    // A browser comes back by itself after a break, but not after a refusal: of an intersection that is none the city is left.
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED) return;
      clearTimeout(this.again);
      const next = opened ? this.about : null;
      this.again = window.setTimeout(() => this.open(next), opened ? 2000 : 500);
    });
    this.source = source;
  }

  private close(): void {
    clearTimeout(this.again);
    this.source?.close();
    this.source = null;
  }

  private judge(): void {
    const silent = performance.now() - this.heard;
    const open = this.source?.readyState === EventSource.OPEN;
    // An engine whose street stands still has nothing new to tell: the stream is open, and that is told apart from a break.
    const link = this.heard === 0 ? 'connecting' : silent < STALE_MS ? 'live' : open || silent < LOST_MS ? 'stale' : 'lost';
    if (link !== this.link) {
      this.link = link;
      this.onLink(link);
    }
  }
}
