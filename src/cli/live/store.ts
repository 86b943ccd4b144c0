// Whether the token store answers and may be used as it is set up.
import type { StoreSettings } from '../../core/settings.ts';
import { createStore, StoreMisconfigured, type Store } from '../../store/index.ts';
import { failed, fine, warned, type LiveResult } from './result.ts';

const silent = { info: () => {}, warn: () => {} };

/** Opens the store as `serve` does, asks it once, and closes it again. */
export async function probeStore(settings: StoreSettings, now: () => number): Promise<readonly LiveResult[]> {
  if (settings.kind === 'memory') {
    return [
      warned(
        'store',
        'memory',
        'in this process only: upload tokens are lost at a restart',
        'Use Redis or Valkey for more than one process.',
      ),
    ];
  }
  let store: Store | undefined;
  try {
    store = await createStore(settings, { log: silent, now });
    const problem = await store.problem();
    return [
      problem === undefined
        ? fine('store', 'redis', 'answers')
        : failed(
            'store',
            'redis',
            problem,
            'Look at `store:` and at the server; until it answers, uploads and exchanges are refused.',
            true,
          ),
    ];
  } catch (error) {
    if (!(error instanceof StoreMisconfigured)) throw error;
    return [failed('store', 'redis', error.message, 'Change the setting of the server, or `store:`.')];
  } finally {
    await store?.close();
  }
}
