// Runs the steps of our GitHub action and of our GitLab component as their runners do: the files' own shell, in a job's environment.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { requires, ROOT } from '../support/components.ts';
import { adopt, plainEnv } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

export type Environment = Readonly<Record<string, string>>;

export interface Step {
  readonly code: number;
  /** What the runner writes into the job's log. */
  readonly log: string;
  readonly outputs: Environment;
  /** Every argument that curl was called with. */
  readonly curl: string;
  /** What is left in the runner's folder for temporary files. */
  readonly left: readonly string[];
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly { readonly id: string; readonly shell: string; readonly env: Environment; readonly run: string }[];
  };
}

const ACTION = join(ROOT, 'deploy/github-action');
export const action = parse(readFileSync(join(ACTION, 'action.yaml'), 'utf8')) as Action;

/** One step `uses: …/deploy/github-action` `with:` these inputs, on a runner whose `sh` is this shell. */
export async function githubStep(shell: string, inputs: Environment, env: Environment): Promise<Step> {
  const [step, ...more] = action.runs.steps;
  if (step === undefined || more.length > 0) throw new Error('the action has not exactly one step');
  const folder = tempDir('runner');
  const temporary = join(folder, 'temp');
  mkdirSync(temporary);
  const output = join(folder, 'output');
  writeFileSync(output, '');
  const script = join(folder, 'step.sh');
  writeFileSync(script, step.run);
  const given = Object.fromEntries(Object.entries(step.env).map(([name, value]) => [name, expression(value, inputs)]));
  const job = { ...env, ...given, GITHUB_ACTION_PATH: ACTION, GITHUB_OUTPUT: output, RUNNER_TEMP: temporary };
  const { code, log, curl } = await runShell(shell, ['-e', script], job, folder);
  const written = Object.fromEntries(
    readFileSync(output, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const outputs = Object.fromEntries(
    Object.entries(action.outputs).map(([name, { value }]) => [name, /steps\.countersign\.outputs\.(\w+)/.exec(value)?.[1] ?? '']),
  );
  return {
    code,
    log,
    curl,
    outputs: Object.fromEntries(
      Object.entries(outputs).flatMap(([name, from]) => (written[from] === undefined ? [] : [[name, written[from]]])),
    ),
    left: readdirSync(temporary),
  };
}

function expression(value: string, inputs: Environment): string {
  const [, name = ''] = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(value) ?? [];
  if (!(name in action.inputs)) throw new Error(`${value} is no input`);
  return inputs[name] ?? action.inputs[name]?.default ?? '';
}

interface Component {
  readonly '.countersign': {
    readonly id_tokens: Readonly<Record<string, { readonly aud: string }>>;
    readonly variables: Environment;
    readonly before_script: readonly string[];
    readonly after_script: readonly string[];
  };
}

/** The component's job template with these inputs. */
export function gitlabTemplate(inputs: Environment): Component['.countersign'] {
  const [spec, text] = readFileSync(join(ROOT, 'deploy/gitlab-component/templates/upload-token.yml'), 'utf8').split('\n---\n');
  const { spec: head } = parse(spec ?? '') as { spec: { inputs: Record<string, { default?: string; regex?: string }> } };
  const declared = head.inputs;
  for (const [name, { regex }] of Object.entries(declared)) {
    if (regex !== undefined && !new RegExp(regex).test(inputs[name] ?? '')) throw new Error(`GitLab refuses the input ${name}`);
  }
  const filled = (text ?? '').replaceAll(/\$\[\[ inputs\.(\w+) \]\]/g, (whole, name: string) => {
    if (!(name in declared)) throw new Error(`${whole} is no input`);
    return inputs[name] ?? declared[name]?.default ?? '';
  });
  return (parse(filled) as Component)['.countersign'];
}

export interface GitlabRun {
  readonly code: number;
  readonly log: string;
  readonly curl: string;
  /** Files beside and in the project's folder when the job is over. */
  readonly left: readonly string[];
}

/** A job that `extends: .countersign` with this `script:`; `before_script` and `script` share a shell, `after_script` has its own. */
export async function gitlabJob(shell: string, template: Component['.countersign'], script: string, env: Environment): Promise<GitlabRun> {
  const builds = tempDir('builds');
  const project = join(builds, 'acme-ui');
  mkdirSync(project);
  const job = { ...env, ...template.variables, CI_PROJECT_DIR: project };
  const flags = shell.endsWith('bash') ? ['-eo', 'pipefail'] : ['-e'];
  const main = await runShell(shell, [...flags, '-c', [...template.before_script, script].join('\n')], job, project);
  const after = await runShell(shell, [...flags, '-c', template.after_script.join('\n')], job, project);
  const left = [...readdirSync(builds), ...readdirSync(project)].filter((name) => name !== 'acme-ui');
  return { code: main.code, log: main.log + after.log, curl: main.curl + after.curl, left };
}

/** Runs a shell with a `curl` in front of the real one that notes what it is called with. */
async function runShell(
  shell: string,
  args: readonly string[],
  env: Environment,
  cwd: string,
): Promise<{ code: number; log: string; curl: string }> {
  const tools = tempDir('tools');
  const noted = join(tools, 'calls');
  const wrapper = join(tools, 'curl');
  writeFileSync(wrapper, `#!/bin/sh\nprintf '%s\\n' "$@" >> "${noted}"\nexec "${requires('curl')}" "$@"\n`);
  chmodSync(wrapper, 0o755);
  const path = [tools, process.env['PATH'] ?? ''].join(delimiter);
  const child = spawn(shell, args, { cwd, env: plainEnv({ ...env, PATH: path }), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  adopt(child);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? -1));
  });
  return { code, log, curl: existsSync(noted) ? readFileSync(noted, 'utf8') : '' };
}
