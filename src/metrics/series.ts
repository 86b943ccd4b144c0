// What is counted, as plain numbers in memory. A hot path holds on to its cell: counting is an addition, no label is looked at.

/** The number of a counter or a gauge. */
export class Cell {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }

  set(value: number): void {
    this.value = value;
  }
}

/** How often a value fell under each bound, and the sum of all. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** One per bound, not cumulative, and a last one for what lies above them all. */
  readonly counts: number[];
  sum = 0;

  /** @param bounds ascending */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** A wall clock that was set back makes durations below zero: they count as none. */
  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] ?? 0)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    if (value > 0) this.sum += value;
  }
}

/** The value of a label that has none, and the one that stands for several. No name of the configuration looks like either. */
export const none = '-';
export const several = '*';

/**
 * Series of one metric. The last fence of DOS-15: label values come from the configuration and from tables of ours, and
 * should one ever come from a caller, it ends here.
 */
export const mostSeries = 2000;

interface Series<Kept> {
  readonly values: readonly string[];
  readonly kept: Kept;
}

/** All series of one metric. */
export class Family<Values extends Readonly<Record<string, string>>, Kept> {
  readonly #labels: readonly (keyof Values & string)[];
  readonly #make: () => Kept;
  readonly #series = new Map<string, Series<Kept>>();

  constructor(labels: readonly (keyof Values & string)[], make: () => Kept) {
    this.#labels = labels;
    this.#make = make;
  }

  /** The cell of these label values; made when it is new. Beyond `mostSeries` all that are new share one. */
  of(values: Values): Kept {
    const list = this.#labels.map((label): string => values[label] ?? none);
    return this.#find(list) ?? (this.#series.size < mostSeries ? this.#add(list) : this.#overflow());
  }

  /** Forgets the series whose value of `label` is none of these: what a reload of the policy took away. */
  retain(label: keyof Values & string, known: ReadonlySet<string>): void {
    const at = this.#labels.indexOf(label);
    for (const [key, { values }] of this.#series) {
      const value = values[at] ?? none;
      if (value !== none && value !== several && !known.has(value)) this.#series.delete(key);
    }
  }

  clear(): void {
    this.#series.clear();
  }

  entries(): readonly Series<Kept>[] {
    return [...this.#series.values()];
  }

  #find(list: readonly string[]): Kept | undefined {
    return this.#series.get(list.join('\n'))?.kept;
  }

  #add(list: readonly string[]): Kept {
    const kept = this.#make();
    this.#series.set(list.join('\n'), { values: list, kept });
    return kept;
  }

  #overflow(): Kept {
    const list = this.#labels.map(() => several);
    return this.#find(list) ?? this.#add(list);
  }
}
