// Looks after the server that answers: is it the one that made the marks, may it be written to, will it keep them?
import { RedisConnection, type ConnectionEvents, type RedisUse, type StoreLog } from './redis-connection.ts';
import type { RedisSettings } from './redis-options.ts';
import { guardScript, mintScript, useScript } from './redis-scripts.ts';
import { StoreMisconfigured, StoreUnavailable, type Store } from './store.ts';

export interface RedisStoreRoom {
  readonly log: StoreLog;
  /** Milliseconds since 1970; the proxy's clock decides, never Redis' (RED-18). */
  readonly now: () => number;
  /** Is told when marks may have been forgotten, which moved the epoch (RED-12). */
  readonly epochMoved?: () => void;
}

/** What the token store needs of an ioredis client. */
export interface StoreClient {
  readonly guard: (...keysAndValues: readonly string[]) => Promise<unknown>;
  readonly mint: (...keysAndValues: readonly string[]) => Promise<unknown>;
  readonly use: (...keysAndValues: readonly string[]) => Promise<unknown>;
  readonly get: (key: string) => Promise<string | null>;
  readonly getrange: (key: string, start: number, end: number) => Promise<string>;
  readonly set: (key: string, value: string, px: 'PX', milliseconds: number) => Promise<unknown>;
  readonly del: (...keys: readonly string[]) => Promise<number>;
  readonly hdel: (key: string, field: string) => Promise<number>;
}

const use: RedisUse = {
  subject: 'token store',
  scripts: {
    guard: { lua: guardScript, numberOfKeys: 1 },
    mint: { lua: mintScript, numberOfKeys: 4 },
    use: { lua: useScript, numberOfKeys: 2 },
  },
};

/** Knows which server answers and whether it can be trusted to remember. */
export interface Guardian extends Pick<RedisConnection<StoreClient>, 'ask' | 'close'> {
  /** Settles when the first connection was looked at, or failed. */
  readonly settled: Promise<void>;
  /** The identity of the server that answered last; empty before the first answer. */
  readonly seen: () => string;
  /**
   * Takes note of the server that answered; another one than before is looked at before the next mint.
   * @param movedFor what `seen` was when it was asked, if the epoch moved
   */
  readonly met: (server: string, movedFor: string | undefined) => void;
  /** @throws StoreUnavailable unless the server was looked at and is fit for minting */
  readonly sound: () => Promise<void>;
  readonly problem: Store['problem'];
  /** Why nothing may be kept in this Redis, if it was reached and is set up so. */
  readonly evicting: () => string | undefined;
}

/** Connects in the background. @throws StoreMisconfigured when a password or CA file cannot be read */
export function createGuardian(settings: RedisSettings, { log, now, epochMoved }: RedisStoreRoom): Guardian {
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
  let server = '';
  let evicting: string | undefined;
  let replica: string | undefined;
  /** The look at the present connection: under way, or done with a good end. */
  let look: Promise<void> | undefined;
  const connection = connectTo<StoreClient>(settings, use, log, {
    ready: () => void sound(true).then(settle, settle),
    lost: () => ((look = undefined), settle()),
  });

  /** Asks the guard script, which moves the epoch if this is another server than before. */
  async function inspect(): Promise<void> {
    const seen = server;
    const answer = await connection.ask((client) => client.guard(`${settings.keyPrefix}epoch`, String(Math.floor(now())), seen));
    const [identity = '', role = '', policy = '', moved = ''] = texts(answer);
    if (moved === '1') tell(seen);
    server = identity;
    replica = /^(slave|replica)$/.test(role) ? 'The Redis server is a read-only replica.' : undefined;
    evicting = settings.allowEviction || policy === 'noeviction' || policy === '' ? undefined : evictionSentence(policy);
    if (policy === '') log.warn({ store: 'redis' }, 'Redis does not say its maxmemory-policy; make sure that it is noeviction');
    if (replica !== undefined) throw new StoreUnavailable(replica, 'readonly');
    if (evicting !== undefined) throw new StoreUnavailable(evicting, 'eviction');
  }

  /** Once for each server that is new: whatever else was asked before the first answer moved the epoch, too. */
  function tell(seen: string): void {
    if (seen === server) epochMoved?.();
  }

  function sound(again = false): Promise<void> {
    if (look !== undefined && !again) return look;
    const started = inspect();
    look = started;
    started.catch(() => {
      if (look === started) look = undefined;
    });
    return started;
  }

  return {
    ask: (command) => connection.ask(command),
    close: () => connection.close(),
    settled,
    seen: () => server,
    met: (identity, movedFor) => {
      if (movedFor !== undefined) tell(movedFor);
      if (identity === server) return;
      server = identity;
      look = undefined;
    },
    sound,
    problem: () =>
      sound(true).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : 'Redis cannot be reached.'),
      ),
    evicting: () => evicting,
  };
}

/** @throws StoreMisconfigured when a password or CA file cannot be read */
export function connectTo<Client>(
  settings: RedisSettings,
  use: RedisUse,
  log: StoreLog,
  events: ConnectionEvents,
): RedisConnection<Client> {
  try {
    return new RedisConnection(settings, use, log, events);
  } catch (error) {
    throw new StoreMisconfigured(error instanceof Error ? error.message : 'the token store cannot be set up', { cause: error });
  }
}

function evictionSentence(policy: string): string {
  return `Redis may drop replay marks when its memory is full (maxmemory-policy ${policy}); set it to noeviction, or allow eviction in the store's settings.`;
}

/** A script's answer: a list of texts. @throws StoreUnavailable for an answer of another kind (RED-11) */
export function texts(answer: unknown): string[] {
  if (!Array.isArray(answer)) throw notAsked();
  return answer.map(String);
}

/** A value, if there is one. @throws StoreUnavailable for an answer of another kind (RED-11) */
export function text(answer: unknown): string | undefined {
  if (typeof answer !== 'string' && answer !== null && answer !== undefined) throw notAsked();
  return answer ?? undefined;
}

/** ioredis' types say what Redis answers; another server, or a broken proxy before it, may answer anything. */
export function notAsked(): StoreUnavailable {
  return new StoreUnavailable('Redis answered what the token store did not ask.');
}
