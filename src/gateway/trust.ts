// `npm trust` and what is like it: who may see the trusted publishers of a package, and that nobody changes them here.
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import type { Reply, Route } from '../registries/registry.ts';
import { authoriseAny } from './authorise.ts';
import type { Caller } from './caller.ts';
import { readBody } from './manage.ts';
import { about, ofRefusal } from './record.ts';
import type { Call, GatewayRoom } from './room.ts';

/**
 * The publishers that the token has proved, for its holder alone: it says nothing that the exchange has not told the job.
 * Everybody else hears one sentence, whether or not the package or a publisher of it exists (P8).
 */
export function showTrust(room: GatewayRoom, call: Call, route: Extract<Route, { kind: 'trust' }>, caller: Caller): Reply | Refusal {
  if (caller.kind !== 'holder') return refuse('trust-unproved');
  const permit = authoriseAny(room.configuration, call.registry, caller.record, route.name);
  if (isRefusal(permit)) return permit;
  const provider = room.configuration.issuers.get(caller.record.issuer)?.provider.id ?? caller.record.issuer;
  return route.answer(permit.publishers.map((publisher) => ({ publisher, provider })));
}

/** Refuses, with the request's own wish in the words of the policy; a decision like any other (P7). */
export async function refusePolicy(room: GatewayRoom, call: Call, route: Extract<Route, { kind: 'policy' }>): Promise<Refusal> {
  const body = await readBody(call, route.bodyLimit);
  const refusal = isRefusal(body) ? body : route.refuse(body, call.registry.name);
  room.audit({ event: 'manage', outcome: 'refused', ...about(room, call), package: route.name, ...ofRefusal(refusal) });
  return refusal;
}
