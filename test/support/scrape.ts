// Reads what `GET /metrics` answers, strictly, and finds numbers in it.
import { setTimeout as sleep } from 'node:timers/promises';

export type Sample = { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number };

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const pair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/gy;

/** Every sample; throws at the first line that is none of what the format knows. */
export function samples(text: string): Sample[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('the last line has no end');
  return lines
    .filter((each) => !/^# (?:(?:HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+|EOF)$/.test(each))
    .map((each) => {
      const [, name = '', inside = '', number = ''] = line.exec(each) ?? [];
      const labels = [...inside.matchAll(pair)].map(([, label = '', value = '']) => [label, value] as const);
      const written = labels.map(([label, value]) => `${label}="${value}"`).join(',');
      const value = /^[+-]Inf$/.test(number) ? Number(`${number}inity`) : Number(number);
      if (name === '' || written !== inside || Number.isNaN(value)) throw new Error(`not a sample: ${each}`);
      return { name, labels: Object.fromEntries(labels), value };
    });
}

/** Sum of the samples of this name that have these labels; undefined when there is none. */
export function sum(all: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const found = all.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return found.length === 0 ? undefined : found.reduce((total, { value }) => total + value, 0);
}

/** Scrapes once. A connection of its own: with several workers each scrape may meet another one. */
export async function scrape({ admin }: { readonly admin: string }, patience = 2500): Promise<Sample[]> {
  const response = await fetch(`${admin}metrics`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(patience) });
  if (response.status !== 200) throw new Error(`a scrape was answered ${response.status}`);
  return samples(await response.text());
}

/**
 * Scrapes until it holds, up to six times as long as one scrape may take. A connection that a dying worker was given is a
 * scrape that failed.
 * @param patience milliseconds for one scrape
 */
export async function scrapeUntil(
  proxy: { readonly admin: string },
  holds: (all: readonly Sample[]) => boolean,
  patience = 2500,
): Promise<Sample[]> {
  let last = 'no answer';
  for (const deadline = Date.now() + 6 * patience; Date.now() < deadline; await sleep(50)) {
    const all = await scrape(proxy, patience).catch((error: unknown) => void (last = String(error)));
    if (all !== undefined && holds(all)) return all;
    if (all !== undefined) last = all.map((each) => JSON.stringify(each)).join('\n');
  }
  throw new Error(`scraped in vain:\n${last}`);
}
