// `reads: service`: the holder of an upload token reads the packages it was granted with the service credential.
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import type { Route } from '../registries/registry.ts';
import { pipeline } from 'node:stream/promises';
import { send } from './answer.ts';
import { authoriseAny } from './authorise.ts';
import { identify } from './caller.ts';
import { breakOffAnswer } from './reset.ts';
import { headForClient } from './response.ts';
import type { Call, GatewayRoom } from './room.ts';

/** Reads on for the client. What the token was not granted is read anonymously, like by anybody. */
export async function serviceRead(room: GatewayRoom, call: Call, route: Extract<Route, { kind: 'read' }>): Promise<void> {
  const caller = await identify(room, call);
  if (isRefusal(caller)) return refuseRead(call, caller);
  const permit =
    caller.kind === 'holder' && route.name !== undefined
      ? authoriseAny(room.configuration, call.registry, caller.record, route.name)
      : undefined;
  if (permit === undefined || isRefusal(permit) || call.head.method !== 'GET') return room.passThrough.pass(call, { credential: 'none' });

  const opened = await room.forward.open(permit, call.registry, call.head.path.slice(1), call.head.headers.get('accept') ?? '*/*');
  if (opened.kind !== 'opened') return refuseRead(call, opened.refusal);
  const head = headForClient({ statusCode: opened.status, statusMessage: opened.reason, rawHeaders: opened.rawHeaders }, call.registry, {
    method: 'GET',
    credentialed: true,
  });
  if (head === undefined || opened.status === 401 || opened.status === 403) {
    opened.body.destroy();
    return refuseRead(call, refuse(head === undefined ? 'upstream-broken' : 'upstream-credential'));
  }
  if (head.reason !== undefined) call.res.statusMessage = head.reason;
  call.res.writeHead(head.status, head.headers);
  // A broken answer destroys the client's connection; it never looks like a short one (RSP-05).
  await pipeline(opened.body, call.res).catch(() => breakOffAnswer(call.res));
}

function refuseRead(call: Call, refusal: Refusal): void {
  send(call.res, call.registry.protocol.reply(refusal, 'other', call.requestId));
}
