// Decides one policy test with the code that decides at run time: the exchange's match, then what the gateway asks of an upload.
import type { Configuration } from '../../config/configuration.ts';
import { claimText } from '../../core/claims.ts';
import type { JsonObject } from '../../core/json.ts';
import { isRefusal, type Refusal } from '../../core/refusal.ts';
import { draft } from '../../exchange/mint.ts';
import { authorise, narrowByVersion } from '../../gateway/authorise.ts';
import { decideFor } from '../explain.ts';
import type { PolicyTest } from './load.ts';

/** What would become of the publish. */
export type Outcome = { readonly publishers: readonly string[] } | { readonly refusal: Refusal };

export interface Judged {
  readonly test: PolicyTest;
  readonly outcome: Outcome;
  readonly passed: boolean;
  /** Something about the test itself that explains the difference. */
  readonly hint?: string;
}

/** Judges one test. `now` is in milliseconds. */
export function judge(configuration: Configuration, test: PolicyTest, now: number): Judged {
  const outcome = outcomeOf(configuration, test, now);
  if (meets(test, outcome)) return { test, outcome, passed: true };
  const hint = quotingHint(configuration, test, now);
  return { test, outcome, passed: false, ...(hint === undefined ? {} : { hint }) };
}

/** As far as the test goes: without a version nothing is asked that needs one. */
export function outcomeOf(
  configuration: Configuration,
  { issuer, claims: set, registry, package: name, version }: PolicyTest,
  now: number,
): Outcome {
  const { claims, decision } = decideFor(configuration, issuer, set, { registries: [registry.name], package: name });
  if (!decision.ok) return { refusal: decision.refusal };
  // What is kept with an upload token has to be enough for the same answer at the upload (P6).
  const { record } = draft(issuer, claims, decision.publishers, decision.grants, now);
  const permit = authorise(configuration, registry, record, 'publish', name);
  if (isRefusal(permit)) return { refusal: permit };
  const narrowed = version === undefined ? permit : narrowByVersion(permit, record, { version, tags: [], existing: 'not-asked' });
  return isRefusal(narrowed) ? { refusal: narrowed } : { publishers: narrowed.publishers.map((publisher) => publisher.name) };
}

function meets({ expect, code, publisher }: PolicyTest, outcome: Outcome): boolean {
  if ('refusal' in outcome) return expect === 'refused' && (code === undefined || outcome.refusal.code === code);
  return expect === 'publish' && (publisher === undefined || outcome.publishers.includes(publisher));
}

/** YAML takes `repository_id: 4711` for a number, and many CIs send their ids as text. */
function quotingHint(configuration: Configuration, test: PolicyTest, now: number): string | undefined {
  const numbers = Object.entries(test.claims).filter(([, value]) => typeof value === 'number');
  const quoted = numbers.map(([name, value]): [string, string] => [name, claimText(value) ?? '']);
  if (quoted.length === 0) return undefined;
  const claims: JsonObject = { ...test.claims, ...Object.fromEntries(quoted) };
  if (!meets(test, outcomeOf(configuration, { ...test, claims }, now))) return undefined;
  return `It would pass with ${quoted.map(([name]) => name).join(', ')} in quotes: ${test.issuer.provider.title} sends text.`;
}
