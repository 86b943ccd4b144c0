// `npm run bench`: every figure beside its peers, the goals, and a chart.
//   npm run bench                          a table, and docs/performance.svg
//   npm run bench -- --json                one JSON document on stdout and nothing else
//   npm run bench -- --only exchange,start some figures
//   npm run bench -- --against main        the working tree beside another commit; fails when it costs more than 10 %
//   npm run bench -- --rounds 9 --seconds 6 --size 0.5
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { orUsage } from '../scripts/usage.ts';
import { ROOT } from '../test/support/components.ts';
import { against } from './against.ts';
import { earlyAnswer } from './figures/early-answer.ts';
import { exchange, workers } from './figures/exchange.ts';
import { exchangeScale } from './figures/exchange-scale.ts';
import { passThrough } from './figures/pass-through.ts';
import { npmMemory, publishNpm } from './figures/publish-npm.ts';
import { publishPypi, pypiMemory } from './figures/publish-pypi.ts';
import type { Measure, Run } from './figures/run.ts';
import { start } from './figures/start.ts';
import { environment, machineTime, stayOn, places } from './lab/machine.ts';
import { remeasured } from './lab/rounds.ts';
import { buildHere } from './lab/subject.ts';
import { debian, skipped } from './peers/install.ts';
import { chart } from './report/chart.ts';
import type { Figure } from './report/goals.ts';
import { environmentText, figuresTable, goalsTable } from './report/table.ts';

const figures: Readonly<Record<string, readonly Measure[]>> = {
  exchange: [exchange],
  'exchange-scale': [exchangeScale],
  'publish-npm': [publishNpm],
  'publish-pypi': [publishPypi],
  memory: [pypiMemory, npmMemory],
  'pass-through': [passThrough],
  workers: [workers],
  'early-answer': [earlyAnswer],
  start: [start],
};

const usage = `usage: npm run bench -- [--json] [--only NAME,…] [--against COMMIT] [--rounds N] [--seconds N] [--size N]
  --json     one JSON document on stdout instead of tables
  --only     some of: ${Object.keys(figures).join(', ')}
  --against  the working tree beside another commit; 1 when something costs more than 10 % more
  --rounds   of each measurement at least (5); --seconds: of a round (3); --size: of the files, as a share (1)`;
const { values } = orUsage(usage, () =>
  parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      against: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      size: { type: 'string', default: '1' },
    },
  }),
);
const wanted = values.only?.split(',') ?? Object.keys(figures);
orUsage(usage, () => {
  const unknown = wanted.filter((name) => !Object.hasOwn(figures, name));
  if (unknown.length > 0) throw new Error(`no figure is named ${unknown.join(', ')}`);
});

const say = (text: string): void => void process.stderr.write(`${text}\n`);
if ((await debian('wrk')) === undefined) process.exit(2);
await stayOn(places.load);

const before = machineTime();
await new Promise((resolve) => setTimeout(resolve, 2000));
const after = machineTime();
const busy = (after.busy - before.busy) / Math.max(1, after.all - before.all);

say('bench: compiling the working tree');
const run: Run = { build: buildHere(), rounds: Number(values.rounds), seconds: Number(values.seconds), size: Number(values.size) };
if (values.against !== undefined) process.exit(await against(values.against, run));

const measured: Figure[] = [];
const failed: { readonly figure: string; readonly reason: string }[] = [];
for (const name of wanted) {
  for (const measure of figures[name] ?? []) {
    const began = performance.now();
    say(`bench: ${name} …`);
    try {
      measured.push(...(await measure(run)));
    } catch (error) {
      failed.push({ figure: name, reason: error instanceof Error ? error.message : String(error) });
      say(`bench: ${name} failed: ${failed.at(-1)?.reason}`);
    }
    say(`bench: ${name} took ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
}

const goals = measured.flatMap((figure) => figure.goals);
const where = environment();
if (values.json) {
  const noise = { busyBefore: busy, remeasured };
  process.stdout.write(`${JSON.stringify({ environment: where, noise, figures: measured, goals, skipped, failed }, null, 2)}\n`);
} else {
  const lost = [
    ...skipped.map(({ peer, reason }) => `${peer} left out: ${reason}`),
    ...failed.map(({ figure, reason }) => `${figure} failed: ${reason}`),
  ];
  console.log([figuresTable(measured), goalsTable(goals), environmentText(where, busy, remeasured), ...lost].join('\n\n'));
}
if (values.only === undefined) {
  const caption = `${where.date.slice(0, 10)}, ${where.cores} × ${where.cpu}, Node ${where.node}, commit ${where.commit}`;
  writeFileSync(join(ROOT, 'docs', 'performance.svg'), chart(measured, goals, caption));
}
process.exitCode = failed.length === 0 ? 0 : 1;
