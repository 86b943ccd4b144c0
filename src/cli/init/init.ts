// `countersign init`: four answers, by flags or at a terminal, become a policy file that `check` accepts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { printDiagnostics } from '../../config/diagnostic.ts';
import { loadConfiguration } from '../../config/load.ts';
import { wrap } from '../../core/wrap.ts';
import { CommandFailed, exitCode, type ExitCode } from '../exit.ts';
import { print, printJson } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { answersFor, type AnswerFlags } from './questions.ts';
import type { Answers } from './answers.ts';
import { policyText, publisherName, secretVariable, type Wishes } from './policy-text.ts';

export interface InitOptions extends AnswerFlags, Wishes {
  /** Where it is written. */
  readonly config: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Writes the file; an existing one only with `force`. */
export async function init(options: InitOptions, terminal: Terminal): Promise<ExitCode> {
  const answers = await answersFor(options, terminal);
  const text = policyText(answers, options);
  await mustLoad(text, terminal);
  writeNew(resolve(terminal.cwd, options.config), options.config, text, options.force === true);
  const next = nextSteps(answers, options.config);
  if (options.json)
    printJson(terminal, { written: options.config, variables: [secretVariable], next: next.map(({ say, run }) => ({ say, run })) });
  else print(terminal, stepLines(options.config, next, terminal));
  return exitCode.ok;
}

/** What would not load is never written: then an answer is one that its own check did not see through. */
async function mustLoad(text: string, terminal: Terminal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-init-'));
  try {
    const path = join(folder, 'countersign.yaml');
    await writeFile(path, text);
    const loaded = await loadConfiguration(path, { [secretVariable]: 'to-be-set' });
    if (loaded.ok) return;
    const diagnostics = loaded.diagnostics.filter(({ severity }) => severity === 'error');
    const shown = diagnostics.map((one) => ({ ...one, place: { ...one.place, file: 'countersign.yaml' } }));
    terminal.err(printDiagnostics(shown, { colour: terminal.colour.err, width: terminal.width.err }));
    throw new CommandFailed(exitCode.usage, 'These answers make no valid policy; nothing was written.');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function writeNew(path: string, named: string, text: string, force: boolean): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'EEXIST') throw new CommandFailed(exitCode.usage, `${named} exists already; --force writes over it.`);
    throw new CommandFailed(exitCode.usage, `${named} cannot be written (${code}).`);
  }
}

interface Step {
  readonly say: string;
  readonly run: readonly string[];
}

function nextSteps({ kind, provider, package: name }: Answers, config: string): readonly Step[] {
  const named = config === 'config/countersign.yaml' ? '' : ` --config ${config}`;
  const registryPage = ['verdaccio', 'devpi', 'pypiserver'].includes(kind) ? ` docs/registries/${kind}.md says how.` : '';
  const ciPage = provider.id === 'generic' ? 'other' : provider.id;
  return [
    { say: `Give the registry one account that may publish, and nobody else.${registryPage}`, run: [] },
    { say: 'Check the file, then everything that it names.', run: [`export ${secretVariable}=…`, `countersign check --live${named}`] },
    { say: 'Run the proxy.', run: [`countersign serve${named}`] },
    provider.snippet === undefined
      ? { say: `Publish from CI: docs/ci/${ciPage}.md says how.`, run: [] }
      : {
          say: `Publish from CI: this prints the job, and docs/ci/${ciPage}.md explains it.`,
          run: [`countersign snippet ${publisherName(name)}${named}`],
        },
    {
      say: 'Once a job was seen, fill in the ids that tell a repository from the next of its name.',
      run: [`countersign pin --write${named}`],
    },
  ];
}

function stepLines(config: string, steps: readonly Step[], { width }: Terminal): string[] {
  const lines = steps.flatMap(({ say, run }, i) => [
    ...wrap(`  ${i + 1}. ${say}`, width.out, { indent: 5 }),
    ...run.map((command) => `       ${command}`),
  ]);
  return [`Wrote ${config}. What to do next:`, '', ...lines];
}
