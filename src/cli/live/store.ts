// Whether the token store answers, may be used as it is set up, and keeps what it is given.
import type { StoreSettings } from '../../core/settings.ts';
import { createStore, reportRedis, StoreMisconfigured, StoreUnavailable, type RedisReport, type Store } from '../../store/index.ts';
import { failed, fine, warned, type LiveResult } from './result.ts';

const silent = { info: () => {}, warn: () => {} };

/** Opens the store as `serve` does, asks it once, and closes it again. */
export async function probeStore(settings: StoreSettings, now: () => number): Promise<readonly LiveResult[]> {
  if (settings.kind === 'memory') {
    const says = 'in this process only: upload tokens are lost at a restart';
    return [warned('store', 'memory', says, 'Use Redis or Valkey for more than one process.')];
  }
  let store: Store | undefined;
  try {
    store = await createStore(settings, { log: silent, now });
    const problem = await store.problem();
    if (problem !== undefined) return [unreachable(problem)];
    return [judge(await reportRedis(settings))];
  } catch (error) {
    if (error instanceof StoreUnavailable) return [unreachable(error.message)];
    if (!(error instanceof StoreMisconfigured)) throw error;
    return [failed('store', 'redis', error.message, 'Change the setting of the server, or `store:`.')];
  } finally {
    await store?.close();
  }
}

function unreachable(problem: string): LiveResult {
  const fix = 'Look at `store:` and at the server; until it answers, uploads and exchanges are refused.';
  return failed('store', 'redis', problem, fix, true);
}

function judge({ server, maxmemoryPolicy, persistent }: RedisReport): LiveResult {
  const kept = persistent === undefined ? 'persistence unknown' : persistent ? 'persistent' : 'not persistent';
  const says = `${server} answers, maxmemory-policy ${maxmemoryPolicy ?? 'unknown'}, ${kept}`;
  if (maxmemoryPolicy !== undefined && maxmemoryPolicy !== 'noeviction')
    return warned(
      'store',
      'redis',
      says,
      'Set maxmemory-policy to noeviction: a mark that is dropped lets an identity token be used again.',
    );
  if (maxmemoryPolicy === undefined) return warned('store', 'redis', says, 'The server does not say; make sure that it is noeviction.');
  if (persistent === false)
    return warned('store', 'redis', says, 'Set `appendonly yes`: else a restart of it makes running jobs exchange again.');
  return fine('store', 'redis', says);
}
