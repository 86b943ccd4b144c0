// `npm run demo`: the whole story with real clients and registries, on this machine; then everything stays up to be tried.
// With --once it ends after the story, with 0 only when all of it happened; with --history the dashboard has a made-up month.
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../test/support/components.ts';
import { orUsage } from '../usage.ts';
import { StoryFailed } from './act.ts';
import { auditLine } from './audit-line.ts';
import { audited, heading, paint, row, say, seconds, warn } from './page.ts';
import { POLICY, setStage, type Stage } from './stage.ts';
import { story } from './story.ts';
import { invite, workbench } from './workbench.ts';

const usage = `usage: npm run demo -- [--once] [--history]
  --once     end after the story, with 0 only when all of it happened
  --history  fill the dashboard with a made-up month, marked as sample data`;
const { values } = orUsage(usage, () =>
  parseArgs({ options: { once: { type: 'boolean', default: false }, history: { type: 'boolean', default: false } } }),
);

// Leaving by process.exit runs the exit handlers of test/support: every child is killed, every folder removed.
let leave: (signal: string) => void = (signal) => {
  say(`\nInterrupted by ${signal}.`);
  process.exit(130);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => leave(signal));

process.exitCode = await main();

async function main(): Promise<number> {
  const began = Date.now();
  say(paint('bold', 'Countersign: trusted publishing for the registry you already run'));
  say('Starting a CI issuer, Verdaccio, a Python index and Countersign …');
  let stage: Stage | undefined;
  try {
    stage = await setStage(values.history);
    introduce(stage, Date.now() - began);
    await play(stage);
    say();
    const told = stage.python === undefined ? 'The npm half of the story happened' : 'The whole story happened';
    say(`${paint('green', told)} in ${seconds(Date.now() - began)}.`);
    if (!values.once) await stayUp(stage);
    return 0;
  } catch (error) {
    say();
    say(`${paint('red', 'The demo failed:')} ${error instanceof StoryFailed ? error.message : describe(error)}`);
    return 1;
  } finally {
    await stage?.close();
  }
}

function introduce(stage: Stage, took: number): void {
  say();
  row('CI issuer', `${stage.github.issuer}  signs the jobs' identity tokens, in GitHub's shape`);
  row('Verdaccio', `${stage.verdaccio.url}  npm packages; only the service user may publish`);
  if (stage.python === undefined) {
    warn('no Python here, so the PyPI half is left out. With python3 and its venv module installed it is part of the story.');
  } else row(stage.python.program, `${stage.python.upload}  Python projects; likewise`);
  const policy = `${relative(ROOT, POLICY)}${values.history ? ' and some more' : ''}`;
  row('Countersign', `${stage.npm}  in front of both, with ${policy}`);
  row(
    'Dashboard',
    `${stage.admin}  ${values.history ? 'with a made-up month, marked as such' : 'who published what; --history makes a month up'}`,
  );
  say(`  started in ${seconds(took)}, with the embedded store`);
}

async function play(stage: Stage): Promise<void> {
  for (const [at, act] of story(stage).entries()) {
    heading(at + 1, act.title);
    await act.play();
  }
}

/** Prints audit records as they come, until somebody ends it. */
async function stayUp(stage: Stage): Promise<void> {
  invite(stage, workbench(stage));
  let printed = stage.audit().length;
  const print = (): void => {
    const events = stage.audit();
    for (const event of events.slice(printed)) audited(auditLine(event));
    printed = events.length;
  };
  const timer = setInterval(print, 200);
  await new Promise<void>((resolve) => {
    leave = () => {
      leave = () => process.exit(130);
      resolve();
    };
  });
  clearInterval(timer);
  print();
  say('\nStopping.');
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
