// A change other than an upload that an upload token may be allowed to make: setting a dist-tag.
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import type { Reply, Route } from '../registries/registry.ts';
import { relay } from './answer.ts';
import { allowsDistTag, authorise } from './authorise.ts';
import type { Caller } from './caller.ts';
import { about, ofRefusal, ofToken, recordForwarding } from './record.ts';
import { receive, type Call, type GatewayRoom } from './room.ts';

type Manage = Extract<Route, { kind: 'manage' }>;

/** Bytes of body that such a change needs at most. */
const bodyLimit = 4096;

/** Handles the change whole; the audit record is written (P7). */
export async function manage(
  room: GatewayRoom,
  call: Call,
  route: Manage,
  holder: Extract<Caller, { kind: 'holder' }>,
): Promise<Reply | Refusal> {
  const answer = await attempt(room, call, route, holder);
  room.audit({
    event: 'manage',
    outcome: isRefusal(answer) ? 'refused' : 'changed',
    ...about(room, call),
    ...ofToken(room, holder.record),
    package: route.name,
    detail: changeOf(call, route),
    ...(isRefusal(answer) ? ofRefusal(answer) : {}),
  });
  return answer;
}

async function attempt(
  room: GatewayRoom,
  call: Call,
  route: Manage,
  holder: Extract<Caller, { kind: 'holder' }>,
): Promise<Reply | Refusal> {
  const permit = authorise(room.configuration, call.registry, holder.record, route.action, route.name);
  if (isRefusal(permit)) return permit;
  const body = await readBody(call);
  if (isRefusal(body)) return body;
  const request = route.request(body);
  if (isRefusal(request)) return request;
  if (!permit.publishers.some((publisher) => allowsDistTag(publisher, route.tag))) {
    return refuse('upload-dist-tag', { tag: route.tag, problem: 'is not among those this publisher may set' });
  }
  recordForwarding(room, call, holder.record, permit, { event: 'manage', package: route.name, detail: changeOf(call, route) });
  const result = await room.forward.send(permit, call.registry, request, undefined);
  return result.kind === 'answered' ? relay(call.registry, result.answer) : result.refusal;
}

function changeOf(call: Call, route: Manage): string {
  return `${call.head.method} ${route.action} ${route.tag}`;
}

async function readBody(call: Call): Promise<Uint8Array | Refusal> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of receive(call)) {
    size += chunk.length;
    if (size > bodyLimit) return refuse('body-too-large', { limit: bodyLimit });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
