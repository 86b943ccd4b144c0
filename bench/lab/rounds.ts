// Measuring in turn: A B A B …, medians, and how far the rounds lie apart.

export interface Sample {
  /** In the figure's unit: requests a second, MB/s, milliseconds, MiB. */
  readonly value: number;
  /** Microseconds of CPU for each request, where that is known. */
  readonly cpu?: number;
  /** Milliseconds. */
  readonly p50?: number;
  readonly p99?: number;
}

export interface Contender {
  readonly name: string;
  readonly measure: () => Promise<Sample>;
}

export interface Series {
  readonly name: string;
  readonly rounds: readonly Sample[];
}

/** What was measured again, because it failed or because the rounds lay too far apart. */
export const remeasured: string[] = [];

/** A failure that a busy machine explains is measured again so many times before it is one. */
const attempts = 3;
/** With a larger spread than this there are more rounds, up to twice as many. */
const tooWide = 0.05;

/** Each contender in each round, one after the other; the order turns round, so that nobody always follows the same one. */
export async function inTurn(contenders: readonly Contender[], rounds: number): Promise<Series[]> {
  const taken = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  const [first] = contenders;
  const noisy = (): boolean =>
    contenders.some(({ name }) => spread(ratios(seriesOf(taken, name), seriesOf(taken, first?.name ?? ''))) > tooWide);
  for (let round = 0; round < rounds || (round < 2 * rounds && noisy()); round += 1) {
    if (round === rounds) remeasured.push(`${contenders.map(({ name }) => name).join(', ')}: more rounds`);
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) taken.get(contender.name)?.push(await patiently(contender));
  }
  return [...taken.keys()].map((name) => seriesOf(taken, name));
}

async function patiently({ name, measure }: Contender): Promise<Sample> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await measure();
    } catch (error) {
      if (attempt === attempts) throw error;
      remeasured.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function seriesOf(taken: ReadonlyMap<string, readonly Sample[]>, name: string): Series {
  return { name, rounds: taken.get(name) ?? [] };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Half the distance between the quartiles over the median: 0.05 means that half the rounds lie within 5 %. */
export function spread(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return (at(0.75) - at(0.25)) / 2 / median(values);
}

/** The ratio A ÷ B, taken round by round: what slows the machine for a while slows both. */
export function ratios(a: Series, b: Series, of: (sample: Sample) => number | undefined = ({ value }) => value): number[] {
  return a.rounds.flatMap((sample, round) => {
    const upper = of(sample);
    const lower = b.rounds[round] && of(b.rounds[round]);
    return upper === undefined || lower === undefined || lower === 0 ? [] : [upper / lower];
  });
}
