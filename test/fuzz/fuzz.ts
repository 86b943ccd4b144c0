// Runs one property many times: tells its seed before and after, and gives the smallest failing case.
import { writeSync } from 'node:fs';
import * as fc from 'fast-check';

/** How far to go. */
export interface Effort {
  /** The whole run follows from it. */
  readonly seed: number;
  /** Cases at most. */
  readonly cases: number;
  /** Seconds at most; none: until all cases are done. */
  readonly seconds?: number;
}

/** What came of it; a failure is thrown. */
export interface Outcome {
  readonly cases: number;
  /** How often the code under test accepted what it was given: a fuzzer whose cases are all refused proves nothing. */
  readonly accepted: number;
}

/** A generator with its oracle. */
export interface Fuzzer {
  readonly name: string;
  /** Cases of a full run (`npm run fuzz`). */
  readonly full: Omit<Effort, 'seed'>;
  readonly run: (effort: Effort) => Promise<Outcome>;
}

/**
 * Tests random values of `arbitrary`. `test` says whether the case was accepted, or how many of its cases were; it throws when the oracle objects.
 * @param size cases in one value of `arbitrary`
 */
export async function explore<T>(
  name: string,
  effort: Effort,
  arbitrary: fc.Arbitrary<T>,
  test: (value: T) => Promise<number | boolean> | number | boolean,
  size: (value: T) => number = () => 1,
): Promise<Outcome> {
  say(`fuzz ${name}: seed ${effort.seed}, ${effort.seconds === undefined ? `${effort.cases} cases` : `${effort.seconds} s`}`);
  let [cases, accepted] = [0, 0];
  const property = fc.asyncProperty(arbitrary, async (value) => {
    if (cases >= effort.cases) return;
    accepted += Number(await test(value));
    cases += size(value);
  });
  const details = await fc.check(property, {
    seed: effort.seed,
    numRuns: effort.cases,
    ...(effort.seconds === undefined ? {} : { interruptAfterTimeLimit: effort.seconds * 1000 }),
  });
  if (details.failed && !(details.interrupted && details.counterexample === null)) {
    throw new Error(
      `fuzz ${name} failed: seed ${effort.seed} (npm run fuzz -- --only ${name} --seed ${effort.seed})\n` +
        `after ${details.numRuns} runs, shrunk ${details.numShrinks} times to\n${fc.stringify(details.counterexample?.[0])}\n` +
        String(details.errorInstance instanceof Error ? details.errorInstance.stack : details.errorInstance),
    );
  }
  if (accepted === 0 && cases > 1000) throw new Error(`fuzz ${name}: none of ${cases} cases was accepted, which proves nothing`);
  say(`fuzz ${name}: ${cases} cases, ${accepted} accepted, none out of scope`);
  return { cases, accepted };
}

/** To standard output at once, past whatever collects it. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** The effort of a run under `npm test`: the seed is fixed there, so that a red test is red for everybody; `FUZZ_SEED` changes it. */
export function brief(cases: number, seconds?: number): Effort {
  return { seed: Number(process.env['FUZZ_SEED'] ?? 20_261_123), cases, ...(seconds === undefined ? {} : { seconds }) };
}
