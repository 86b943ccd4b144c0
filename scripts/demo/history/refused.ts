// Refusals of the made-up month: those of an exchange are decided by the policy itself, so that they say what it would say.
import type { AuditEvent } from '../../../src/audit/event.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { assumeVerified } from '../../../src/core/claims.ts';
import { describeConsidered } from '../../../src/core/considered.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { match } from '../../../src/core/match.ts';
import { refuse } from '../../../src/core/refusal.ts';
import { provedIds } from '../../../src/exchange/ids.ts';
import { githubClaims } from '../../../test/support/claims.ts';
import type { Stranger } from './cast.ts';
import { oneOf, type Chance } from './random.ts';

/** @throws Error when the policy would grant it: the story would be wrong */
export function refusedExchange(
  configuration: Configuration,
  who: Stranger,
  run: { readonly run: string; readonly commit: string; readonly actor: string },
): AuditEvent {
  const registry = configuration.registries.get(who.registry);
  const issuer = configuration.issuers.get('github');
  const name = registry?.protocol.packageName(who.package);
  if (registry === undefined || issuer === undefined || name === undefined)
    throw new Error(`the policy has no registry for ${who.package}`);
  const set = githubClaims({ event_name: 'push', iss: issuer.url, actor: run.actor, sha: run.commit, run_id: run.run, ...who.claims });
  const claims = assumeVerified('github', set as JsonObject);
  const decision = match(
    configuration.candidates(claims),
    claims,
    { registries: [registry.name], package: name },
    issuer.provider.anchorText(claims),
  );
  if (decision.ok) throw new Error(`the policy would grant ${who.package} to what the story has refused`);
  return {
    event: 'exchange',
    outcome: 'refused',
    registry: registry.name,
    package: who.package,
    issuer: 'github',
    provider: 'github',
    client: who.client,
    ...issuer.provider.run(claims),
    ...provedIds(issuer, claims),
    code: decision.refusal.code,
    message: decision.refusal.message,
    considered: decision.considered.slice(0, 20).map(describeConsidered),
  };
}

/** Of somebody of whom nothing is proved, or of an upload that came too late. */
export function refusedUpload(roll: Chance): AuditEvent {
  const cases = [
    { registry: 'npm', package: '@acme/ui-kit', refusal: refuse('upload-unauthenticated'), client: 'npm/10.9.2 node/v22.11.0 linux x64' },
    {
      registry: 'pypi',
      package: 'acme-etl',
      refusal: refuse('long-lived-refused', { package: 'acme-etl' }),
      client: 'twine/4.0.2 CPython/3.9.18',
    },
    {
      registry: 'npm',
      package: '@acme/ui',
      refusal: refuse('long-lived-refused', { package: '@acme/ui' }),
      client: 'npm/8.19.4 node/v16.20.2 linux x64',
    },
    { registry: 'pypi', package: 'acme-tools', refusal: refuse('upload-token-unknown'), client: 'twine/6.2.0 CPython/3.13.9' },
  ] as const;
  const { refusal, ...rest } = oneOf(roll, cases);
  return { event: 'upload', outcome: 'refused', ...rest, code: refusal.code, message: refusal.message };
}
