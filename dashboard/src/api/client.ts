/** Questions to the engine: JSON in, JSON out, refusals in its own words. */

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const BASE = '/api/v1/';

/** Asks; a `Refused` tells why there is no answer. */
export async function get<T>(path: string): Promise<T> {
  return answer<T>(await fetch(BASE + path));
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  const request = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  return answer<T>(await fetch(BASE + path, request));
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  const told: unknown = await response.json().catch(() => null);
  throw new Refused(response.status, reasonOf(told) ?? `${response.status} ${response.statusText}`);
}

function reasonOf(told: unknown): string | null {
  if (typeof told !== 'object' || told === null) return null;
  if ('detail' in told && typeof told.detail === 'string') return told.detail;
  return 'error' in told && typeof told.error === 'string' ? told.error : null;
}

/** Paths that this engine answers, so that the page offers nothing that it cannot do. */
export class Offer {
  private constructor(private readonly paths: ReadonlySet<string>) {}

  static async ask(): Promise<Offer> {
    const description = await get<{ paths: Record<string, unknown> }>('openapi.json').catch(() => ({ paths: {} }));
    return new Offer(new Set(Object.keys(description.paths)));
  }

  /** Whether a path below /api/v1 is there, written as in the description: `intersections/{id}/command`. */
  has(path: string): boolean {
    return this.paths.has(BASE + path);
  }
}
