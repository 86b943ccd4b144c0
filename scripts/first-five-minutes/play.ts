// The first set-up, played for real: an empty folder, the README's steps, a Verdaccio, a CI issuer, and `npm publish`.
// print.ts shows it as it happens; docs/first-five-minutes.md is what its test writes.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { spawn } from 'node:child_process';
import { requires, ROOT } from '../../test/support/components.ts';
import { startIssuer, type CiIssuer } from '../../test/support/issuer.ts';
import { freePort } from '../../test/support/ports.ts';
import { adopt, answers, plainEnv, startServer, type RunningServer } from '../../test/support/process.ts';
import { pastEpoch } from '../../test/support/proxy.ts';
import { plainScreen, runAtTerminal } from '../../test/support/pty.ts';
import { removeTempDir, tempDir } from '../../test/support/temp.ts';
import { uiJob } from '../demo/jobs.ts';

/** One line that somebody typed or a CI job ran, and what came of it. */
export interface Played {
  readonly command: string;
  /** Answers to what the program asked. */
  readonly typed: readonly string[];
  readonly screen: string;
  readonly code: number;
}

/** Everything that was played; addresses, times and ids as they are on the page. */
export interface FirstMinutes {
  readonly steps: Readonly<Record<StepName, readonly Played[]>>;
  /** The policy file as `init` wrote it, and how it is at the end. */
  readonly policy: { readonly written: string; readonly pinned: string };
  /** Characters that a person typed. */
  readonly characters: number;
}

export type StepName = 'init' | 'check' | 'serve' | 'job' | 'pin';

const password = 'a-long-password';
const columns = 80;

interface Place {
  readonly folder: string;
  readonly ports: Readonly<Record<'verdaccio' | 'proxy' | 'admin', number>>;
  readonly issuer: CiIssuer;
  readonly env: Record<string, string>;
  /** Revisions of the policy, in the order in which they were seen. */
  readonly revisions: string[];
}

/** Stand for the revisions: what is different stays different. */
const standIns = ['8eb671eea039', '41c0a8d3b7f6'];

/** Plays it; `say` hears every line as it comes. */
export async function playFirstMinutes(say: (text: string) => void = () => {}): Promise<FirstMinutes> {
  const folder = tempDir('first-minutes');
  const issuer = await startIssuer();
  const [verdaccio, proxy, admin] = [await freePort(), await freePort(), await freePort()];
  const place = { folder, ports: { verdaccio, proxy, admin }, issuer, env: environment(folder), revisions: [] };
  const servers: RunningServer[] = [];
  try {
    servers.push(await verdaccioOfTheReadme(place));
    return await play(place, say, servers);
  } finally {
    for (const server of servers) await server.stop();
    await issuer.close();
    removeTempDir(folder);
  }
}

async function play(place: Place, say: (text: string) => void, servers: RunningServer[]): Promise<FirstMinutes> {
  const { issuer, ports } = place;
  const log = (...played: Played[]): Played[] => {
    for (const one of played) say(transcript([one]));
    return played;
  };
  const answersTyped = [
    `verdaccio http://127.0.0.1:${ports.verdaccio}`,
    `http://127.0.0.1:${ports.proxy}`,
    `github ${issuer.issuer} acme/ui`,
    '@acme/ui',
  ];
  const init = log(await type(place, 'countersign init', answersTyped));
  const policy = join(place.folder, 'config', 'countersign.yaml');
  const written = readFileSync(policy, 'utf8');
  // Not typed, and not shown: more than one of these may run on a machine, so the admin listener is on a port of its own.
  writeFileSync(policy, written.replace('127.0.0.1:9090', `127.0.0.1:${ports.admin}`));
  place.env['REGISTRY_PASSWORD'] = password;
  const exported = { command: `export REGISTRY_PASSWORD=${password}`, typed: [], screen: '', code: 0 };
  const check = log(exported, await type(place, 'countersign check --live'));
  const serving = 'countersign serve > countersign.log';
  servers.push(await serve(place, serving));
  await pastEpoch(); // The embedded store refuses identity tokens from before its start.
  const serve_ = log({ command: `${serving} &`, typed: [], screen: '', code: 0 }, await type(place, 'countersign health'));
  const job = log(await inJob(place, 'countersign doctor'), await inJob(place, 'npm publish'));
  const pin = log(
    await type(place, 'countersign pin --audit countersign.log --write'),
    await type(place, 'countersign check'),
    await type(place, `npm view @acme/ui dist-tags --registry http://127.0.0.1:${ports.proxy}/`),
  );
  const steps = { init, check, serve: serve_, job, pin };
  const byHand = [...init, ...check, ...serve_, ...pin].flatMap(({ command, typed }) => [command, ...typed]);
  const pinned = readFileSync(policy, 'utf8').replace(`127.0.0.1:${ports.admin}`, '127.0.0.1:9090');
  return {
    steps: mapSteps(steps, (played) => played.map((one) => maskedStep(one, place))),
    policy: { written: masked(written, place), pinned: masked(pinned, place) },
    characters: byHand.join('\n').length,
  };
}

/** What is on the screen, as a reader sees it. */
export function transcript(played: readonly Played[]): string {
  return played.map(({ command, screen }) => `$ ${command}\n${screen}`.trimEnd()).join('\n\n');
}

/** The folder's own programs first: `countersign`, as the README says it is in a checkout, and npm of the demo. */
function environment(folder: string): Record<string, string> {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const node = requires('node');
  for (const [name, script] of [
    ['countersign', join(ROOT, 'src', 'main.ts')],
    ['npm', requires('npm')],
  ] as const) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec '${node}' '${script}' "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const home = join(folder, 'home');
  mkdirSync(home);
  writeFileSync(join(home, '.npmrc'), 'update-notifier=false\nprogress=false\n');
  return plainEnv({ PATH: `${bin}:${dirname(node)}:/usr/bin:/bin`, HOME: home, NO_UPDATE_NOTIFIER: '1' });
}

/** A Verdaccio with the settings that the README's first step gives it, and nothing else but where its packages lie. */
function verdaccioOfTheReadme({ folder, ports }: Place): Promise<RunningServer> {
  const settings = /```yaml\n( *auth:[^]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1] ?? '';
  const cwd = join(folder, 'verdaccio');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'config.yaml'), `storage: ./storage\n${settings.replaceAll(/^ {3}/gm, '')}`);
  // The README says `htpasswd -nbB`, which is Apache's; this is the same account in the form that needs no program.
  writeFileSync(join(cwd, 'htpasswd'), `svc:{SHA}${createHash('sha1').update(password).digest('base64')}\n`);
  return startServer({
    name: 'Verdaccio',
    command: requires('node'),
    args: [requires('verdaccio'), '--config', join(cwd, 'config.yaml'), '--listen', `127.0.0.1:${ports.verdaccio}`],
    cwd,
    env: plainEnv({ HOME: cwd }),
    ready: () => answers(`http://127.0.0.1:${ports.verdaccio}/-/ping`),
  });
}

function serve({ folder, env, ports }: Place, command: string): Promise<RunningServer> {
  return startServer({
    name: 'Countersign',
    command: '/bin/sh',
    args: ['-c', `exec ${command}`],
    cwd: folder,
    env,
    ready: () => answers(`http://127.0.0.1:${ports.admin}/readyz`),
  });
}

/** At a terminal of 80 columns, with the shell that reads the line. */
async function type({ folder, env }: Place, command: string, typed: readonly string[] = []): Promise<Played> {
  const { code, screen } = await runAtTerminal(['/bin/sh', '-c', command], { columns, cwd: folder, env, typed });
  return { command, typed, code, screen: plainScreen(screen) };
}

/** A step of the CI job: what the runner gives it in its environment, a checkout with the package, and no terminal. */
async function inJob({ folder, env, issuer, ports }: Place, command: string): Promise<Played> {
  const checkout = join(folder, 'checkout');
  mkdirSync(checkout, { recursive: true });
  writeFileSync(join(checkout, 'package.json'), `${JSON.stringify({ name: '@acme/ui', version: '1.0.0', license: 'MIT' }, null, 2)}\n`);
  writeFileSync(join(checkout, '.npmrc'), `registry=http://127.0.0.1:${ports.proxy}/\n`);
  const { REGISTRY_PASSWORD: _, ...rest } = env;
  const child = spawn('/bin/sh', ['-c', `${command} 2>&1`], {
    cwd: checkout,
    env: { ...rest, ...uiJob(issuer, 'refs/tags/v1.0.0').env },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  adopt(child);
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
  const code = await new Promise<number>((resolve) => void child.once('close', (exit) => resolve(exit ?? -1)));
  return { command, typed: [], code, screen };
}

function maskedStep({ command, typed, screen, code }: Played, place: Place): Played {
  return { command: masked(command, place), typed: typed.map((line) => masked(line, place)), screen: masked(screen, place), code };
}

/** As on the page. What stands for a port has as many digits, so that lines break where they did. */
function masked(text: string, { folder, ports, issuer, revisions }: Place): string {
  const revision = (seen: string): string => {
    if (!revisions.includes(seen)) revisions.push(seen);
    return standIns[revisions.indexOf(seen)] ?? seen;
  };
  return text
    .replaceAll(`${folder}/`, '')
    .replaceAll(String(ports.verdaccio), '48730')
    .replaceAll(String(ports.proxy), '18080')
    .replaceAll(String(ports.admin), '19090')
    .replaceAll(new URL(issuer.issuer).port, '14430')
    .replaceAll(/(?<=revision )[0-9a-f]{12}/g, revision)
    .replaceAll(/(request )[0-9a-f]{16}/g, '$15c9b3bb455cda88c')
    .replaceAll(/(shasum: )[0-9a-f]{40}/g, '$1d7a4555c78c11bdfcf1d6940aaf229245c1af9c2')
    .replaceAll(/(integrity: sha512-)\S+/g, '$1nJE+EQZtKKEyp[...]yVJ2LGfXM6v0A==')
    .replaceAll(/(package size: )\d+ B/g, '$1159 B');
}

function mapSteps<T, U>(steps: Readonly<Record<StepName, T>>, change: (value: T) => U): Record<StepName, U> {
  return Object.fromEntries(Object.entries(steps).map(([name, value]) => [name, change(value)])) as Record<StepName, U>;
}
