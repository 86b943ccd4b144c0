// `countersign test`: policy unit tests, for the CI of the repository that holds the policy.
import { printDiagnostics } from '../../config/diagnostic.ts';
import { wrap } from '../../core/wrap.ts';
import { configurationFor } from '../configuration.ts';
import { CommandFailed, exitCode, type ExitCode } from '../exit.ts';
import { marked } from '../explain-text.ts';
import { table } from '../layout.ts';
import { count, painter, print, printJson } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { judge, type Judged, type Outcome } from './judge.ts';
import { loadPolicyTests } from './load.ts';

export interface TestOptions {
  readonly config: string;
  readonly file: string;
  readonly json?: boolean;
}

/** 0 when every test passes, 1 when one does not, 3 when the policy or the tests are not valid. */
export async function runPolicyTests(options: TestOptions, terminal: Terminal): Promise<ExitCode> {
  const configuration = await configurationFor(options.config, terminal, { policyOnly: true });
  const loaded = loadPolicyTests(options.file, terminal.cwd, configuration);
  if (!loaded.ok) {
    terminal.err(printDiagnostics(loaded.diagnostics, { colour: terminal.colour.err, width: terminal.width.err }));
    throw new CommandFailed(exitCode.configuration, `${options.file} is not valid.`);
  }
  const judged = loaded.tests.map((test) => judge(configuration, test, terminal.now()));
  const failed = judged.filter(({ passed }) => !passed).length;
  if (options.json)
    printJson(terminal, { ok: failed === 0, file: options.file, passed: judged.length - failed, failed, tests: judged.map(json) });
  else print(terminal, [...judged.flatMap((one) => lines(one, terminal)), ...summary(options.file, judged.length, failed, terminal)]);
  return failed === 0 ? exitCode.ok : exitCode.problem;
}

function lines({ test, outcome, passed, hint }: Judged, { colour, width }: Terminal): string[] {
  const paint = painter(colour.out);
  const room = width.out === undefined ? undefined : width.out - 6;
  if (passed) return marked(wrap(test.name, room), 'ok', paint, 0);
  const rows = table(
    [
      ['expected', expectation(test)],
      ['got', got(outcome)],
      ['at', `${test.place.file}:${test.place.line}:${test.place.column}`],
      ...(hint === undefined ? [] : [['hint', hint]]),
    ],
    room,
  );
  return [...marked(wrap(test.name, room), 'fail', paint, 0), ...rows.flat().map((line) => `      ${line}`)];
}

function expectation({ expect, code, publisher }: Judged['test']): string {
  if (expect === 'refused') return code === undefined ? 'refused' : `refused: ${code}`;
  return publisher === undefined ? 'publish' : `publish, by ${publisher}`;
}

function got(outcome: Outcome): string {
  if ('publishers' in outcome) return `publish, by ${outcome.publishers.join(', ')}`;
  return `refused: ${outcome.refusal.code}. ${outcome.refusal.message}`;
}

function summary(file: string, all: number, failed: number, { width }: Terminal): string[] {
  return wrap(`${file}: ${count(all, 'test', 'tests')}, ${failed === 0 ? 'all passed' : `${failed} failed`}.`, width.out, { indent: 2 });
}

function json({ test, outcome, passed, hint }: Judged): object {
  const { name, place, expect, code, publisher } = test;
  return {
    name,
    ...place,
    passed,
    expected: { expect, ...(code === undefined ? {} : { code }), ...(publisher === undefined ? {} : { publisher }) },
    got:
      'refusal' in outcome
        ? { expect: 'refused', code: outcome.refusal.code, message: outcome.refusal.message }
        : { expect: 'publish', publishers: outcome.publishers },
    ...(hint === undefined ? {} : { hint }),
  };
}
