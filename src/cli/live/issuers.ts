// Whether the issuers' keys can be had, as the proxy gets them, and whether their clock and ours agree.
import { statSync } from 'node:fs';
import type { Issuer } from '../../config/configuration.ts';
import type { KeyStatus } from '../../oidc/verify.ts';
import { createVerifier, leeway } from '../../oidc/verify.ts';
import { CommandFailed } from '../exit.ts';
import { ask, header, trusting } from '../http.ts';
import { count } from '../output.ts';
import { failed, fine, warned, type LiveResult } from './result.ts';

/** Fetches the keys of every issuer with the proxy's own code, then looks at the Date header of each. */
export async function probeIssuers(issuers: ReadonlyMap<string, Issuer>, now: () => number): Promise<readonly LiveResult[]> {
  const verifier = createVerifier({ issuers: () => issuers, now });
  try {
    await verifier.refresh();
    const keys = verifier.status().map((status) => keyResult(status, issuers.get(status.name), now()));
    const clocks = await Promise.all([...issuers.values()].map((issuer) => clockResult(issuer, now)));
    return [...keys, ...clocks.flat()];
  } finally {
    verifier.close();
  }
}

function keyResult({ name, keys, problem }: KeyStatus, issuer: Issuer | undefined, now: number): LiveResult {
  if (keys === 0) {
    const fix = 'Look at `issuer`, `jwks_uri` and `ca_file`; until its keys can be had, every token of this issuer is refused.';
    return failed('issuer', name, problem ?? 'no keys', fix, true);
  }
  const age = issuer?.jwksFile === undefined ? undefined : Math.floor((now - statSync(issuer.jwksFile).mtimeMs) / 86_400_000);
  const says = `${count(keys, 'key', 'keys')} from ${sourceOf(issuer, age)}`;
  if (problem !== undefined) return warned('issuer', name, `${says}; ${problem}`, 'Tokens signed with such a key are refused.');
  if (age !== undefined && age > oldFile)
    return warned('issuer', name, says, 'Fetch the keys again: an issuer that changes its keys is not noticed through a file.');
  return fine('issuer', name, says);
}

/** Days after which a file of keys is looked at again. */
const oldFile = 90;

function sourceOf(issuer: Issuer | undefined, age: number | undefined): string {
  if (age !== undefined) return `jwks_file, ${count(age, 'day', 'days')} old`;
  return issuer?.jwksUri === undefined ? 'its discovery document' : 'jwks_uri';
}

/** Half the leeway: beyond it, one more hop of drift refuses good tokens. */
const drift = leeway / 2;

/** Seconds that say nothing: the header has whole ones, servers write it ahead of time, and the answer took a while. */
const unseen = 4;

async function clockResult(issuer: Issuer, now: () => number): Promise<readonly LiveResult[]> {
  if (issuer.jwksFile !== undefined) return [];
  const url = new URL(issuer.jwksUri ?? `${issuer.url.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const date = await dateOf(url, issuer.caFile);
  if (date === undefined) return [];
  const seconds = Math.round((now() - date) / 1000);
  const says = Math.abs(seconds) <= unseen ? 'agrees with ours' : `ours is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead' : 'behind'}`;
  if (Math.abs(seconds) <= drift) return [fine('clock', issuer.name, says)];
  return [failed('clock', issuer.name, says, `Set one of the clocks right: more than ${leeway} s of difference refuses good tokens.`)];
}

async function dateOf(url: URL, caFile: string | undefined): Promise<number | undefined> {
  try {
    const dispatcher = trusting(caFile);
    const answer = await ask(url, dispatcher === undefined ? {} : { dispatcher });
    const date = Date.parse(header(answer, 'date') ?? '');
    return Number.isNaN(date) ? undefined : date;
  } catch (error) {
    // The keys' own line says it already.
    if (error instanceof CommandFailed) return undefined;
    throw error;
  }
}
