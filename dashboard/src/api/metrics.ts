/** Counters of `/metrics`, for the view of the engine itself. */

export class Metrics {
  private constructor(private readonly series: ReadonlyMap<string, number>) {}

  static async ask(): Promise<Metrics | null> {
    const response = await fetch('/metrics').catch(() => null);
    return response?.ok === true ? Metrics.read(await response.text()) : null;
  }

  static read(text: string): Metrics {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Metrics(new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))])));
  }

  /** A value by its name and labels as they are written, without the prefix. */
  of(name: string): number | null {
    return this.series.get(`lightwatch_${name}`) ?? null;
  }

  /** Classes of a histogram: their upper ends and how many lie below. */
  classes(name: string): { le: number; count: number }[] {
    const begin = `lightwatch_${name}_bucket{le="`;
    const own = [...this.series].filter(([key]) => key.startsWith(begin));
    return own.map(([key, count]) => ({ le: key.includes('+Inf') ? Infinity : Number(key.slice(begin.length, -2)), count }));
  }
}

/** The upper end of the class in which a share of all lies; null while there is nothing. */
export function quantile(classes: readonly { le: number; count: number }[], share: number): number | null {
  const all = classes.at(-1)?.count ?? 0;
  return all === 0 ? null : (classes.find((it) => it.count >= share * all)?.le ?? null);
}
