// Brings the peers that this machine can be given: each is there, is installed here, or is left out with the reason.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../test/support/components.ts';
import { has } from '../lab/programs.ts';

const run = promisify(execFile);

/** What the bench installed: kept between runs, outside of the project's own packages. */
export const kept = join(ROOT, '.cache', 'bench');

/** Peers that were left out, and why. */
export const skipped: { readonly peer: string; readonly reason: string }[] = [];

function skip(peer: string, reason: string): undefined {
  skipped.push({ peer, reason });
  process.stderr.write(`bench: ${peer} is left out: ${reason}\n`);
  return undefined;
}

/** A program of Debian's, by the package's name where that is another; its name, or undefined. */
export async function debian(program: string, name = program): Promise<string | undefined> {
  if (has(program)) return program;
  if (process.getuid?.() !== 0 || !has('apt-get'))
    return skip(program, `not installed, and this is not root on Debian (apt-get install ${name})`);
  try {
    // RUNLEVEL=1 keeps what was installed from being started as a service of the machine.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    await run('apt-get', ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', name], { env });
  } catch (error) {
    return skip(program, `apt-get install ${name} failed: ${firstLine(error)}`);
  }
  return has(program) ? program : skip(program, `the package ${name} has no ${program}`);
}

const oauth2Proxy = 'github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6';

/** Path of oauth2-proxy, or undefined. */
export async function installOauth2Proxy(): Promise<string | undefined> {
  const program = join(kept, 'bin', 'oauth2-proxy');
  if (existsSync(program)) return program;
  if (!has('go')) return skip('oauth2-proxy', 'no Go here to install it with');
  mkdirSync(join(kept, 'bin'), { recursive: true });
  try {
    await run('go', ['install', oauth2Proxy], { env: { ...process.env, GOBIN: join(kept, 'bin') }, timeout: 900_000 });
    return program;
  } catch (error) {
    return skip('oauth2-proxy', `go install failed: ${firstLine(error)}`);
  }
}

const npmPeers = { fastify: '5.12.8', '@fastify/reply-from': '12.6.5' };

/** Folder with fastify and reply-from, or undefined. */
export async function installReplyFrom(): Promise<string | undefined> {
  const folder = join(kept, 'npm');
  if (existsSync(join(folder, 'node_modules', '@fastify', 'reply-from', 'package.json'))) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: npmPeers }));
  try {
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, timeout: 300_000 });
    return folder;
  } catch (error) {
    return skip('fastify reply-from', `npm install failed: ${firstLine(error)}`);
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n').find((line) => /error|not found|unable/i.test(line)) ?? text.split('\n')[0] ?? '';
}
