// `npm run fuzz -- --minutes N --seed S --only NAME`: every fuzzer at its full counts, then further seeds until the time is over.
import { parseArgs } from 'node:util';
import { claims } from '../test/fuzz/claims.ts';
import type { Fuzzer } from '../test/fuzz/fuzz.ts';
import { http } from '../test/fuzz/http.ts';
import { json } from '../test/fuzz/json.ts';
import { multipart } from '../test/fuzz/multipart.ts';
import { paths } from '../test/fuzz/paths.ts';
import { tarballs } from '../test/fuzz/tarball.ts';
import { yaml } from '../test/fuzz/yaml.ts';
import { orUsage } from './usage.ts';

const fuzzers: readonly Fuzzer[] = [multipart, json, tarballs, paths, claims, yaml, http];

const usage = `usage: npm run fuzz -- [--minutes N] [--seed S] [--only ${fuzzers.map(({ name }) => name).join('|')}]`;
const { chosen, first, minutes } = orUsage(usage, () => {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } } });
  const read = {
    chosen: fuzzers.filter(({ name }) => values.only === undefined || name === values.only),
    first: Number(values.seed ?? Math.floor(Math.random() * 2 ** 31)),
    minutes: Number(values.minutes ?? 0),
  };
  if (read.chosen.length === 0) throw new Error(`no fuzzer is named ${values.only}`);
  if (!Number.isSafeInteger(read.first) || !(read.minutes >= 0)) throw new Error('--minutes is a number, --seed a whole one');
  return read;
});
process.exitCode = await run(Date.now() + minutes * 60_000);

/** The first round is whole; a later one begins no fuzzer behind the deadline (milliseconds). The exit code. */
async function run(deadline: number): Promise<number> {
  const sums = new Map<string, number>();
  for (let seed = first; seed === first || Date.now() < deadline; seed += 1) {
    for (const { name, full, run: fuzz } of chosen) {
      if (seed !== first && Date.now() >= deadline) break;
      try {
        const { cases } = await fuzz({ ...full, seed });
        sums.set(name, (sums.get(name) ?? 0) + cases);
      } catch (error) {
        console.error(error instanceof Error ? error.message : error);
        return 1;
      }
    }
  }
  console.log(`seeds from ${first}: ${[...sums].map(([name, cases]) => `${cases} ${name}`).join(', ')}; no effect out of scope`);
  return 0;
}
