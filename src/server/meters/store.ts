// The store with each question timed, and what it could not answer counted by why.
import type { Metrics, Value } from '../../metrics.ts';
import { StoreUnavailable, type Store } from '../../store/index.ts';

/** The store with its questions counted; whether it is up is asked at each scrape. */
export function timed(store: Store, metrics: Metrics): Store {
  const ask = async <Answer>(command: Value<'command'>, question: () => Promise<Answer>): Promise<Answer> => {
    const started = performance.now();
    try {
      return await question();
    } catch (error) {
      const failure = error instanceof StoreUnavailable ? error.failure : 'other';
      metrics.storeErrors.of({ command, class: failure }).add();
      throw error;
    } finally {
      metrics.storeSeconds.of({ command }).observe((performance.now() - started) / 1000);
    }
  };
  metrics.before(async () => {
    const problem = await ask('problem', () => store.problem());
    metrics.storeUp.of({ store: store.kind }).set(problem === undefined ? 1 : 0);
  });
  return {
    kind: store.kind,
    mint: async (request) => ask('mint', () => store.mint(request)),
    ask: async (request) => ask('ask', () => store.ask(request)),
    use: async (tokenHash, upload) => ask('use', () => store.use(tokenHash, upload)),
    release: async (tokenHash, upload) => ask('release', () => store.release(tokenHash, upload)),
    find: async (tokenHash) => ask('find', () => store.find(tokenHash)),
    revoke: async (tokenHash) => ask('revoke', () => store.revoke(tokenHash)),
    remember: async (key, text, milliseconds) => ask('remember', () => store.remember(key, text, milliseconds)),
    recall: async (key) => ask('recall', () => store.recall(key)),
    problem: async () => store.problem(),
    close: async () => store.close(),
  };
}
