// What a failure of Redis is called in logs and refusals. ioredis' errors carry the command's arguments, passwords
// included, and Redis' own texts can quote them (SEC-06): nothing of an error leaves this file but a sentence of ours.
import { StoreUnavailable, type StoreFailure } from './store.ts';

/** A failure in a sentence without anything secret, and its kind. */
export interface Reason {
  readonly failure: StoreFailure;
  readonly sentence: string;
}

const reasons: readonly (readonly [RegExp, StoreFailure, string])[] = [
  [/WRONGPASS|NOAUTH|invalid password|invalid username/i, 'authentication', 'Redis refuses the configured user name or password.'],
  [
    /NOPERM|can't run this command|no permission/i,
    'permission',
    'Redis does not permit the configured user a command that Countersign needs.',
  ],
  [/READONLY/, 'readonly', 'The Redis server is a read-only replica.'],
  [/LOADING/, 'loading', 'Redis is still loading its data.'],
  [/BUSY/, 'busy', 'Redis is busy with a script.'],
  [/MASTERDOWN|NOREPLICAS/, 'replication', 'Redis has lost a part of its replication.'],
  [/CLUSTERDOWN|Too many Cluster redirections|MOVED|TRYAGAIN/, 'cluster', 'The Redis cluster is not complete.'],
  [/OOM/, 'memory', 'Redis is out of memory.'],
  [/MISCONF/, 'disk', 'Redis cannot write to its disk.'],
  [/WRONGTYPE/, 'type', 'Redis holds something under a key of Countersign that was not written by it.'],
  [
    /certificate|self-signed|ERR_TLS|EPROTO|SSL/i,
    'tls',
    'The TLS certificate of the Redis server was not accepted, or the server does not speak TLS.',
  ],
  [/timed out|ETIMEDOUT|timeout/i, 'timeout', 'Redis did not answer in time.'],
];

/** What is said when there is no connection and nothing is known of why. */
export const unreachable: Reason = { failure: 'unreachable', sentence: 'Redis cannot be reached.' };

/** What the failure is called. */
export function describeFailure(error: unknown): Reason {
  const text = error instanceof Error ? `${error.name} ${codeOf(error)} ${error.message} ${lastError(error)}` : '';
  const [, failure, sentence] = reasons.find(([pattern]) => pattern.test(text)) ?? [];
  if (failure !== undefined && sentence !== undefined) return { failure, sentence };
  return isReply(error) ? { failure: 'other', sentence: 'Redis refused a command.' } : unreachable;
}

/**
 * The failure as what callers of the store handle; without the cause, which may hold secrets.
 * @param reason what is known of a lost connection, instead of only that it is lost
 */
export function toUnavailable(error: unknown, reason: Reason): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  const found = describeFailure(error);
  const { sentence, failure } = found === unreachable ? reason : found;
  return new StoreUnavailable(sentence, failure);
}

/** True when Redis did not take the user name or password. */
export function isAuthenticationFailure(error: unknown): boolean {
  return describeFailure(error).failure === 'authentication';
}

/** True when a key holds another type of value than the command is for. */
export function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

/** A cluster's error only says that all nodes failed; the last node's says why. */
function lastError(error: Error): string {
  return 'lastNodeError' in error && error.lastNodeError instanceof Error ? error.lastNodeError.message : '';
}
