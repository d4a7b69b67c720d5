/** What the engine answers, as far as the page reads it. Instants are ms of the engine's clock, ages s of the wall's. */

export type Mode = 'warmup' | 'adaptive' | 'degraded' | 'fixed_time' | 'manual';
export type FieldMode = 'remote' | 'local_actuated' | 'local_fixed' | 'all_red' | 'flash';
export type Severity = 'info' | 'warning' | 'critical';
export type Scene = 'off_peak' | 'peak' | 'event' | 'oversaturated' | 'incident';

export interface Site {
  id: string;
  mode: Mode | null;
  field: FieldMode | null;
  /** One letter a signal group. */
  lamps: string;
  stage: string | null;
  /** Vehicles standing on each lane; null where nothing was heard. */
  queues: (number | null)[];
  alarm: Severity | null;
}

export interface Totals {
  vehicles: number;
  halted: number;
  passed_per_min: number;
  mean_speed_mps: number | null;
  modes: Partial<Record<Mode | 'none', number>>;
  alarms: Partial<Record<Severity, number>>;
  counts_age_s: number | null;
}

/** Street against shadow: delay of a vehicle at a stop line [s]. */
export interface Compared {
  batches: number;
  vehicles: number;
  street_s: number;
  shadow_s: number;
  saved_s: number;
  /** Half of the 95 % interval of what is saved; null of a single batch. */
  half_s: number | null;
  model_error_s: number;
}

export interface ShadowTotals {
  policy: 'fixed' | 'actuated' | 'adaptive';
  intersections: number;
  batch_s: number;
  compared: Compared | null;
}

export interface Shadow extends ShadowTotals {
  intersections_compared: (Compared & { id: string })[];
  batches: { at_ms: number; intersections: number; vehicles: number; street_s: number; shadow_s: number; estimated_s: number }[];
}

/** How drivers fared over some time. */
export interface Service {
  at_ms: number;
  vehicles: number;
  delay_s: number | null;
  p90_s: number | null;
  level: string | null;
  greens: number;
  split_failures: number;
  on_green: number | null;
}

export interface Performance {
  hours: Service[];
  intersections: (Service & { id: string })[];
}

export interface Frame {
  city: string;
  version: string;
  engine: string;
  epoch: number | null;
  broker: boolean;
  at_ms: number;
  totals: Totals;
  /** Only where another policy is compared. */
  shadow?: ShadowTotals | null;
  intersections: Site[];
}

export interface Lane {
  id: string;
  groups: number[];
  vehicles: number | null;
  halted: number | null;
  passed: number | null;
  mean_speed_mps: number | null;
}

export interface Group {
  id: string;
  lamp: string | null;
  since_ms: number | null;
  likely_end_ms: number | null;
}

export interface Why {
  chosen: string;
  runner_up: string | null;
  cost: Record<string, number>;
  runner_up_cost: Record<string, number>;
  scene: Scene;
  labels: number;
  reason: string;
}

export interface Interval {
  stage: string;
  kind: 'green' | 'yellow' | 'all_red';
  start_ms: number;
  end_ms: number;
  lamps: string;
}

export interface Plan {
  epoch: number;
  seq: number;
  issued_ms: number;
  lease_ms: number;
  intervals: Interval[];
}

export interface Command {
  verb: 'hold' | 'call' | 'fixed';
  stage: string | null;
  until_ms: number | null;
  by: string | null;
  reason: string | null;
}

export interface Detail extends Site {
  at_ms: number;
  took_us: number;
  counts_age_s: number | null;
  lanes: Lane[];
  groups: Group[];
  why: Why | null;
  plan: Plan | null;
  applied: { epoch: number; seq: number } | null;
  refused: string | null;
  alarms: Alarm[];
  /** Only where the engine takes commands over HTTP. */
  command?: Command | null;
  stages?: string[];
}

export interface Alarm {
  intersection: string;
  code: string;
  severity: Severity;
  phase: 'raised' | 'acknowledged' | 'shelved' | 'cleared';
  at_ms: number;
  detail: string;
  raised_ms?: number | null;
  by?: string | null;
  until_ms?: number | null;
  note?: string | null;
  title?: string;
  cause?: string;
  advice?: string;
  gbt20999?: number | string | null;
}

export interface Alarms {
  open: Alarm[];
  log: Alarm[];
}

export interface Session {
  name: string | null;
  role: 'none' | 'viewer' | 'operator';
  can_command: boolean;
  needs_token: boolean;
  why_not?: string | null;
}

export interface TrendPoint {
  at_ms: number;
  vehicles: number;
  halted: number;
  passed_per_min: number;
  mean_speed_mps: number | null;
  alarms: number;
  not_adaptive: number;
}

export interface Trend {
  step_ms: number;
  points: TrendPoint[];
}

export interface MapProperties {
  kind: 'lane' | 'lamp' | 'intersection' | 'street';
  id: string;
  intersection: string;
  site: number;
  lane: number;
  group: number;
}

export interface MapFeature {
  type: 'Feature';
  geometry: { type: 'LineString'; coordinates: [number, number][] } | { type: 'Point'; coordinates: [number, number] };
  properties: MapProperties;
}

export interface CityMapData {
  type: 'FeatureCollection';
  properties: { city: string; metres_per_degree: number; schematic: boolean };
  features: MapFeature[];
}
