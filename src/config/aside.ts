// Loads the policy while requests are served: what takes longer than a moment is done by a thread of its own, and taken
// over in pieces, so that no request waits for a policy of tens of thousands of publishers.
import { once } from 'node:events';
import { dirname, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { assemble } from './assemble.ts';
import { compileSections } from './compile/sections.ts';
import { Cursor } from './cursor.ts';
import { unpack, type HandedOver, type Packed } from './hand-over.ts';
import { findPolicy, type Loaded } from './load.ts';
import { Problems } from './problems.ts';
import { Lines, type Source } from './source.ts';
import { substitute, type Environment } from './variables.ts';

/** Bytes of a policy that is read and checked in a moment, also when the parser has to find its mistakes: about a hundred publishers. */
const aMoment = 32 * 1024;

/** Loads as `loadConfiguration` does. Of more than two hundred errors it tells as many, and their number. */
export async function loadAside(path: string, env: Environment): Promise<Loaded> {
  const found = findPolicy(path, { env, policyOnly: false }, aMoment);
  if (found !== undefined) return found.ok ? { ok: true, configuration: assemble(found.findings, found.sections) } : found;
  const handed = await askThread(path, env);
  return handed.ok ? takeOver(path, env, handed.packed) : handed;
}

async function askThread(path: string, env: Environment): Promise<HandedOver> {
  // As this file itself: the sources as they are, or compiled.
  const file = import.meta.url.replace(/aside(?=\.[jt]s$)/, 'aside-worker');
  const thread = new Worker(new URL(file), { workerData: { path, env: { ...env } }, name: 'policy' });
  // A process that stops does not wait for a policy.
  thread.unref();
  try {
    const gone = once(thread, 'exit').then((): never => {
      throw new Error('the thread that read the policy ended without a word');
    });
    const [handed] = await Promise.race([once(thread, 'message'), gone]);
    return handed as HandedOver;
  } finally {
    await thread.terminate();
  }
}

/**
 * Everything but the publishers is compiled here again: credentials, certificates and addresses do not travel. The files
 * that they come from may have changed meanwhile; then there are problems, without a place.
 */
async function takeOver(path: string, env: Environment, packed: Packed): Promise<Loaded> {
  const problems = new Problems();
  const source: Source = {
    file: path,
    text: '',
    lines: new Lines(''),
    value: () => undefined,
    locate: () => ({ offset: 0, length: 1 }),
    forget: () => undefined,
  };
  const { value, supplied } = substitute(new Cursor(problems, source, packed.top), { env, policyOnly: false });
  const context = {
    folder: dirname(resolve(path)),
    supplied,
    production: env['NODE_ENV'] === 'production',
    policyOnly: false,
    used: () => undefined,
  };
  const sections = compileSections(new Cursor(problems, source, value), context);
  if (problems.failed) return { ok: false, diagnostics: problems.list(), sources: packed.sources };
  return { ok: true, configuration: await unpack(packed, sections, turn) };
}
