/** The views by their names. */
import type { Offer } from '../api/client';
import type { ViewName } from '../shell';
import { cityView } from './city';
import { intersectionView } from './intersection';
import { corridorView } from './corridor';
import { performanceView } from './performance';
import { systemView } from './system';

/** What a view is told when it is opened. */
export interface Place {
  /** What stands in the address behind the name of the view. */
  about: string | null;
  offer: Offer;
  main: HTMLElement;
}

export interface View {
  element: HTMLElement;
  /** It stands on the page now. */
  arrive?(): void;
  /** It is taken away. */
  leave(): void;
}

export const views: Record<ViewName, (place: Place) => View> = {
  city: cityView,
  intersection: intersectionView,
  corridor: corridorView,
  performance: performanceView,
  system: systemView,
};
