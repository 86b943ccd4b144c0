// One visible step of the preparation: a line with its time, and the child's output only when it fails.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A real component that this machine cannot be given; the message is a sentence for the user. */
export class Missing extends Error {}

/** A step that had to succeed and did not; the message carries the child's output. */
export class StepFailed extends Error {}

/** Runs `work` unless `isDone()`, alone even when several preparations run at once, and prints one line with the time. */
export async function step(title, isDone, work) {
  if (isDone()) return;
  const release = await lock();
  try {
    // Another preparation may have done it while this one waited.
    if (isDone()) return;
    const started = Date.now();
    process.stderr.write(`prepare: ${title} … `);
    try {
      await work();
    } catch (error) {
      process.stderr.write('failed\n');
      throw error;
    }
    process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  } finally {
    release();
  }
}

/** Runs a program quietly; throws `StepFailed` with everything it printed when it does not exit with 0. */
export async function run(command, args, { cwd = ROOT, env = process.env } = {}) {
  const result = await tryRun(command, args, { cwd, env });
  if (result.code !== 0) {
    throw new StepFailed(`prepare: ${command} ${args.join(' ')} failed (${result.code})\n${result.output}`);
  }
  return result.output;
}

/** Runs a program quietly and gives its exit code (or why it did not start) and output. */
export function tryRun(command, args, { cwd = ROOT, env = process.env } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ code: error.message, output }));
    child.once('close', (code, signal) => resolve({ code: code ?? signal, output }));
  });
}

/** A short hash over texts, for stamp files that say what an installation was made from. */
export function fingerprint(...texts) {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:${text}`);
  return hash.digest('hex').slice(0, 32);
}

/** The stamp left by `writeStamp`, or undefined. */
export function readStamp(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Written last, so that an interrupted installation has none and is made anew. */
export function writeStamp(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${value}\n`);
}

const LOCK = join(ROOT, '.cache', 'prepare.lock');

async function lock() {
  mkdirSync(dirname(LOCK), { recursive: true });
  for (let waited = 0; !tryLock(); waited += 1) {
    if (waited === 5) console.error('prepare: waiting for another preparation of this folder');
    if (isAbandoned()) rmSync(LOCK, { force: true });
    else await sleep(200);
  }
  const release = () => rmSync(LOCK, { force: true });
  process.once('exit', release);
  return () => {
    process.off('exit', release);
    release();
  };
}

function tryLock() {
  try {
    const file = openSync(LOCK, 'wx');
    writeSync(file, `${process.pid}`);
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

// A preparation that was killed leaves its lock behind; its process is gone then.
function isAbandoned() {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'));
    if (pid > 0) return !isAlive(pid);
    return Date.now() - statSync(LOCK).mtimeMs > 10_000;
  } catch {
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
