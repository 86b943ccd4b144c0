// A request that asks for a change other than an upload: dist-tags, and the removal of what was published.
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import type { Reply, Route } from '../registries/registry.ts';
import { authorise } from './authorise.ts';
import type { Caller } from './caller.ts';
import { make, recordChange, type ChangeTrail } from './change.ts';
import { receive, type Call, type GatewayRoom } from './room.ts';

type Manage = Extract<Route, { kind: 'manage' }>;

/** Handles the change whole; the audit record is written (P7). */
export async function manage(
  room: GatewayRoom,
  call: Call,
  route: Manage,
  { record }: Extract<Caller, { kind: 'holder' }>,
): Promise<Reply | Refusal> {
  const trail: ChangeTrail = {};
  const attempt = async (): Promise<Reply | Refusal> => {
    // Before the body is read; `make` asks again, for what the body turned out to ask for.
    const early = authorise(room.configuration, call.registry, record, route.action, route.name);
    if (isRefusal(early)) return early;
    const body = await readBody(call, route.bodyLimit);
    if (isRefusal(body)) return body;
    const change = route.read(body);
    return isRefusal(change) ? change : make(room, call, record, change, trail);
  };
  const answer = await attempt();
  recordChange(room, call, record, route, trail, answer);
  return answer;
}

/** The body whole, under a limit in bytes. */
export async function readBody(call: Call, limit: number): Promise<Uint8Array | Refusal> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of receive(call)) {
    size += chunk.length;
    if (size > limit) return refuse('body-too-large', { limit });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
