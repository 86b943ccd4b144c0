// `npm run catalogue`: runs the tests and prints every row of the catalogue with its verdict and the time of its tests.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allRows, decidedOtherwise, groupBeside, namedInSources, root, rowsIn } from './catalogue/coverage.ts';
import { orUsage } from './usage.ts';

type Verdict = 'pass' | 'fail' | 'skip' | 'decided otherwise' | 'missing';

/** One test of Vitest's JSON report; durations are milliseconds. */
interface Result {
  readonly title: string;
  readonly fullName: string;
  readonly status: string;
  readonly duration?: number | null;
}
interface Report {
  readonly success: boolean;
  readonly testResults: readonly { readonly assertionResults: readonly Result[] }[];
}

const usage = `usage: npm run catalogue -- [--list] [--report FILE]
  --list    which rows a title names, without a run
  --report  a JSON report of Vitest in place of a run`;
const { values } = orUsage(usage, () => parseArgs({ options: { list: { type: 'boolean', default: false }, report: { type: 'string' } } }));
process.exitCode = values.list ? list() : print(values.report === undefined ? run() : readReport(values.report));

/** Coverage from the titles in the sources, without a run. The exit code. */
function list(): number {
  const [named, otherwise] = [namedInSources(), decidedOtherwise()];
  const missing = allRows().filter((row) => !named.has(row) && !otherwise.has(row));
  for (const row of allRows()) console.log(line(row, otherwise.has(row) ? 'decided otherwise' : named.has(row) ? 'in a title' : 'missing'));
  console.log(
    `${allRows().length} rows, ${otherwise.size} decided otherwise, ${missing.length} missing${missing.length > 0 ? `: ${missing.join(' ')}` : ''}`,
  );
  return missing.length === 0 ? 0 : 1;
}

/** Runs the whole suite, which prints as always, and gives its report. */
function run(): Report {
  const dir = mkdtempSync(join(tmpdir(), 'countersign-catalogue-'));
  const file = join(dir, 'report.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile=${file}`];
  try {
    spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    return readReport(file);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function readReport(file: string): Report {
  return JSON.parse(readFileSync(file, 'utf8')) as Report;
}

/** Prints the table. The exit code: 1 when a row has neither test nor decision, or any test failed. */
function print(report: Report): number {
  const byRow = new Map<string, Result[]>();
  for (const result of report.testResults.flatMap(({ assertionResults }) => assertionResults)) {
    for (const row of new Set(rowsIn(result.fullName))) byRow.set(row, [...(byRow.get(row) ?? []), result]);
  }
  const otherwise = decidedOtherwise();
  const counts = new Map<Verdict, number>();
  for (const row of allRows()) {
    const results = byRow.get(row) ?? [];
    const verdict = verdictOf(results, otherwise.has(row));
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    console.log(
      line(
        row,
        verdict,
        results.reduce((sum, { duration }) => sum + (duration ?? 0), 0),
      ),
    );
  }
  console.log(`${allRows().length} rows: ${[...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')}`);
  console.log(neighbours(report));
  if (!report.success) console.log('A test failed.');
  return report.success && !counts.has('fail') && !counts.has('missing') ? 0 : 1;
}

/** How many tests stand beside rows, by group: each is a neighbour that was thought of and tried. */
function neighbours(report: Report): string {
  const titles = report.testResults.flatMap(({ assertionResults }) => assertionResults.map(({ title }) => title));
  const groups = titles.flatMap((title) => groupBeside(title) ?? []);
  const counts = [...new Set(groups)].map((group) => [group, groups.filter((each) => each === group).length] as const);
  const listed = counts.toSorted(([, a], [, b]) => b - a).map(([group, count]) => `${group} ${count}`);
  return `${groups.length} neighbours beside them: ${listed.join(', ')}`;
}

/** The worst of a row's tests counts; a skipped one only when there is no other. */
function verdictOf(results: readonly Result[], otherwise: boolean): Verdict {
  if (results.some(({ status }) => status === 'failed')) return 'fail';
  if (otherwise) return 'decided otherwise';
  if (results.some(({ status }) => status === 'passed')) return 'pass';
  return results.length > 0 ? 'skip' : 'missing';
}

function line(row: string, verdict: string, milliseconds?: number): string {
  const time = milliseconds === undefined ? '' : `${Math.round(milliseconds).toString().padStart(8)} ms`;
  return `${row.padEnd(12)}${verdict.padEnd(18)}${time}`.trimEnd();
}
