// The keys of one issuer: when they are fetched, how long they are believed, and what a key that is not there means.
import { refuse, toPrintable, type Refusal } from '../core/refusal.ts';
import { KeysUnavailable } from './fetch-document.ts';
import type { TokenHeader } from './header.ts';
import type { KeySource } from './issuer.ts';
import { fits, type KeySet, type VerificationKey } from './jwk.ts';

/** Milliseconds after the last success during which keys are still used when they cannot be fetched (JWK-16). */
const staleFor = 3_600_000;
/** Milliseconds for one attempt, discovery and keys together. */
const attemptTime = 5000;
/** Milliseconds: the longest pause that an issuer can ask for with Retry-After. */
const longestPause = 300_000;

export interface KeyStatus {
  readonly name: string;
  readonly keys: number;
  /** Seconds since the keys were last had; absent before the first success. */
  readonly ageSeconds?: number;
  /** How the last attempt ended; absent before its end. */
  readonly attempt?: 'success' | 'failure';
  /** The keys are due, or there are none, and the last attempt failed: those from before serve for a while (JWK-16). */
  readonly stale: boolean;
  /** Seconds that our clock was before the issuer's at its last answer, behind it when negative (FLT-03); absent for key files. */
  readonly skewSeconds?: number;
  /** Why the last attempt failed, or which keys are refused. For administrators. */
  readonly problem?: string;
}

/**
 * Keys of the issuer `name`. One attempt at a time, shared by all who wait and bound to none of them (JWK-19). The
 * pause after an attempt starts when it ends, good or bad, and nothing else moves it, so unknown `kid`s cannot cause
 * more fetches nor put off a rotation (JWK-10, JWK-11).
 */
export class KeyStore {
  readonly #name: string;
  readonly #source: KeySource;
  readonly #now: () => number;
  readonly #log: (status: KeyStatus) => void;
  readonly #closing = new AbortController();
  #set: KeySet | undefined;
  #failure: string | undefined;
  #loadedAt = -Infinity;
  #attemptedAt = -Infinity;
  #skew: number | undefined;
  #pause = 0;
  #attempt: Promise<void> | undefined;

  /** `now` is in milliseconds; `log` is told about every attempt. */
  constructor(name: string, source: KeySource, now: () => number, log: (status: KeyStatus) => void) {
    this.#name = name;
    this.#source = source;
    this.#now = now;
    this.#log = log;
  }

  /** The key that this header names. Refuses as `issuer-unreachable` or `token-invalid`; never throws. */
  async find(header: TokenHeader): Promise<VerificationKey | Refusal> {
    await this.refresh();
    // A key that we have never heard of may be a new one. One that we refused is not.
    if (this.#set?.keys.has(header.kid) === false && !this.#set.refused.has(header.kid)) await this.#tryLoading();
    if (this.#set === undefined || this.#since(this.#loadedAt) > staleFor) return this.#unreachable();
    const key = this.#set.keys.get(header.kid);
    if (key !== undefined) return fits(key, header.alg) ? key : invalid(header.kid, `is not for ${header.alg}`);
    const why = this.#set.refused.get(header.kid);
    if (why !== undefined) return invalid(header.kid, `is refused: ${why}`);
    // Whether the key is new cannot be known while the issuer does not answer.
    return this.#failure === undefined ? invalid(header.kid, 'is not among the keys of its issuer') : this.#unreachable();
  }

  /** Fetches the keys unless they are fresh or were asked for just now. */
  async refresh(): Promise<void> {
    if (this.#since(this.#loadedAt) >= this.#source.freshFor) await this.#tryLoading();
  }

  status(): KeyStatus {
    const problem = this.#failure ?? refusedKeys(this.#set);
    return {
      name: this.#name,
      keys: this.#set?.keys.size ?? 0,
      ...(this.#set === undefined ? {} : { ageSeconds: Math.floor(this.#since(this.#loadedAt) / 1000) }),
      ...(this.#attemptedAt === -Infinity ? {} : { attempt: this.#failure === undefined ? 'success' : 'failure' }),
      stale: this.#failure !== undefined && this.#since(this.#loadedAt) >= this.#source.freshFor,
      ...(this.#skew === undefined ? {} : { skewSeconds: this.#skew }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** Gives up a fetch under way and starts no other. */
  close(): void {
    this.#closing.abort(new KeysUnavailable('closed'));
  }

  async #tryLoading(): Promise<void> {
    const pausing = this.#closing.signal.aborted || this.#since(this.#attemptedAt) < this.#pause;
    if (this.#attempt === undefined && pausing) return;
    this.#attempt ??= this.#load().finally(() => {
      this.#attempt = undefined;
    });
    await this.#attempt;
  }

  async #load(): Promise<void> {
    this.#pause = this.#source.coolDown;
    const signal = AbortSignal.any([AbortSignal.timeout(attemptTime), this.#closing.signal]);
    const dated = (at: number): void => void (this.#skew = (this.#now() - at) / 1000);
    try {
      this.#set = await this.#source.load({ signal, dated });
      this.#loadedAt = this.#now();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = describe(error);
      if (error instanceof KeysUnavailable) this.#pause = pauseFor(error, this.#source.coolDown);
    }
    this.#attemptedAt = this.#now();
    this.#log(this.status());
  }

  #unreachable(): Refusal {
    const wait = Math.ceil((this.#pause - this.#since(this.#attemptedAt)) / 1000);
    return refuse('issuer-unreachable', { issuer: this.#name }, { retryAfter: Math.max(wait, 1), detail: this.#failure ?? 'no keys' });
  }

  /** Milliseconds. Absolute, so that a clock which was set back does not stop the fetching. */
  #since(moment: number): number {
    return Math.abs(this.#now() - moment);
  }
}

function invalid(kid: string, problem: string): Refusal {
  return refuse('token-invalid', { problem: `its key ${toPrintable(kid, 60)} ${problem}` });
}

function refusedKeys(set: KeySet | undefined): string | undefined {
  const [first] = set?.refused ?? [];
  return first && toPrintable(`key ${first[0] || 'without kid'} is refused: ${first[1]}`);
}

function pauseFor(error: KeysUnavailable, coolDown: number): number {
  return Math.max(coolDown, Math.min((error.retryAfter ?? 0) * 1000, longestPause));
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return toPrintable(error.name === 'TimeoutError' ? `no answer within ${attemptTime / 1000} s` : error.message + code, 300);
}
