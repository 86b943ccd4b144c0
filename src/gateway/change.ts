// A change other than an upload, from what was understood of its request to the upstream's answer.
import type { TokenRecord } from '../core/grant.ts';
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import type { Change, Plan, Probe, Reply } from '../registries/registry.ts';
import { relay } from './answer.ts';
import { allowsDistTag, authorise, type Authorised } from './authorise.ts';
import { unanswered } from './existing.ts';
import { about, ofRefusal, ofToken, recordForwarding } from './record.ts';
import type { Call, GatewayRoom } from './room.ts';
import { inTurn, turnOf } from './turns.ts';

/** What became known of a change, as far as it got. */
export interface ChangeTrail {
  plan?: Plan;
  permit?: Authorised;
  /** Of the last request that was answered. */
  upstreamStatus?: number;
}

/** Makes the change if the live policy allows it. */
export async function make(
  room: GatewayRoom,
  call: Call,
  record: TokenRecord,
  change: Change,
  trail: ChangeTrail,
): Promise<Reply | Refusal> {
  const unwritten = await room.recorded();
  if (unwritten !== undefined) return unwritten;
  const permit = authorise(room.configuration, call.registry, record, change.action, change.name);
  if (isRefusal(permit)) return permit;
  const burst = room.limits.upload(room.configuration.server.limits, { publishers: permit.publishers, name: change.name });
  if (burst !== undefined) return burst;
  const tag = change.tags.find((one) => !permit.publishers.some((publisher) => allowsDistTag(publisher, one)));
  if (tag !== undefined) return refuse('upload-dist-tag', { tag, problem: 'is not among those this publisher may set' });
  return inTurn(room.turns, turnOf(call.registry, change.name, ''), () => carryOut(room, call, record, permit, change, trail));
}

async function carryOut(
  room: GatewayRoom,
  call: Call,
  record: TokenRecord,
  permit: Authorised,
  change: Change,
  trail: ChangeTrail,
): Promise<Reply | Refusal> {
  const probe: Probe = (path, headers) => room.forward.probe(permit, call.registry, path, headers);
  const plan = await change.plan(probe, call.registry).catch(unanswered);
  if (isRefusal(plan)) return plan;
  trail.plan = plan;
  trail.permit = permit;
  let answer: Reply | Refusal = plan.done;
  if (plan.requests.length > 0)
    recordForwarding(room, call, record, permit, { event: 'manage', package: change.name, ...versionOf(plan), detail: plan.says });
  const unwritten = await room.recorded();
  if (unwritten !== undefined) return unwritten;
  for (const request of plan.requests) {
    const result = await room.forward.send(permit, call.registry, request, undefined);
    if (result.kind !== 'answered') return result.refusal;
    trail.upstreamStatus = result.answer.status;
    answer = relay(call.registry, result.answer, 'change');
    if (isRefusal(answer)) return answer;
  }
  return (plan.requests.length > 0 ? await plan.verify?.(probe).catch(unanswered) : undefined) ?? answer;
}

/** The record of a change, made or refused (P7). */
export function recordChange(
  room: GatewayRoom,
  call: Call,
  record: TokenRecord,
  asked: Pick<Change, 'action' | 'name'>,
  { plan, permit, upstreamStatus }: ChangeTrail,
  answer: Reply | Refusal,
): void {
  room.audit({
    event: 'manage',
    outcome: isRefusal(answer) ? outcomeOf(answer, upstreamStatus) : 'changed',
    ...about(room, call),
    ...ofToken(room, record),
    package: asked.name,
    ...(plan === undefined ? {} : versionOf(plan)),
    detail: plan?.says ?? asked.action,
    ...(permit === undefined ? {} : { publishers: permit.publishers.map((publisher) => publisher.name) }),
    ...(upstreamStatus === undefined ? {} : { upstreamStatus }),
    ...(isRefusal(answer) ? ofRefusal(answer) : {}),
  });
}

function versionOf({ version }: Plan): { readonly version?: string } {
  return version === undefined ? {} : { version };
}

/** After a yes of the upstream that could not be borne out, or no answer at all, nobody knows what it has (RSP-17). */
function outcomeOf(refusal: Refusal, upstreamStatus: number | undefined): 'refused' | 'upstream-refused' | 'upstream-unknown' {
  if (['upstream-timeout', 'upstream-broken', 'change-unverified'].includes(refusal.code)) return 'upstream-unknown';
  if (upstreamStatus === undefined) return 'refused';
  return upstreamStatus < 300 ? 'upstream-unknown' : 'upstream-refused';
}
