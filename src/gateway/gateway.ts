// The gateway: what happens to a request inside a registry. One page of named steps.
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import { showsToken } from '../core/upload-token.ts';
import type { Reply, Route } from '../registries/registry.ts';
import { send } from './answer.ts';
import { identify, outage, showsUploadToken, type Caller } from './caller.ts';
import { judge } from './long-lived.ts';
import { manage } from './manage.ts';
import { about, ofRefusal, ofToken } from './record.ts';
import type { Call, GatewayRoom } from './room.ts';
import { serviceRead } from './service-read.ts';
import { refusePolicy, showTrust } from './trust.ts';
import { upload } from './upload.ts';

/** Handles one request whole: an answer is sent, or the request was handed to the pass-through. */
export async function handle(room: GatewayRoom, call: Call): Promise<void> {
  const route = call.registry.protocol.route(call.head);
  call.watch?.routed(route.kind);
  if (route.kind === 'refused') return refuseUnread(room, call, route, route.refusal);
  if (route.kind !== 'revoke' && targetShowsToken(call)) return refuseCall(call, refuse('request-path', { problem: inTarget }), 'other');
  if (route.kind === 'read') return read(room, call, route);
  if (route.kind === 'policy') return answer(call, await refusePolicy(room, call, route));

  const caller = await identify(room, call, route.kind === 'upload');
  if (isRefusal(caller)) return refuseUnread(room, call, route, caller);
  if (route.kind === 'local') return local(room, call, route, caller);
  if (route.kind === 'trust') return answer(call, showTrust(room, call, route, caller));
  if (route.kind === 'revoke') return answer(call, await revoke(room, call, route, caller));
  if (caller.kind !== 'holder') return withoutToken(room, call, route, caller);
  if (route.kind === 'upload') return answer(call, await upload(room, call, route, caller));
  if (route.kind === 'manage') return answer(call, await manage(room, call, route, caller));
  return refuseWrite(room, call, route, caller);
}

const inTarget = 'it holds an upload token, which belongs into the Authorization header';

/** An upload token in the URL would travel on, into the upstream's logs (TOK-24). */
function targetShowsToken({ head }: Call): boolean {
  return showsToken(head.path) || showsToken(head.query);
}

/** Reads go on as they are; an upload token never leaves with them (design/3, "The upload token"). */
function read(room: GatewayRoom, call: Call, route: Extract<Route, { kind: 'read' }>): void | Promise<void> {
  if (!showsUploadToken(call)) return room.passThrough.pass(call, { credential: 'own' });
  if (call.registry.reads === 'service') return serviceRead(room, call, route);
  return room.passThrough.pass(call, { credential: 'none' });
}

/** Answers what only makes sense to the holder of an upload token; for everybody else it is a read like any other. */
function local(room: GatewayRoom, call: Call, route: Extract<Route, { kind: 'local' }>, caller: Caller): void {
  if (caller.kind === 'holder') return send(call.res, route.answer(caller.record.grants));
  if (caller.kind === 'unknown') return refuseCall(call, refuse('upload-token-unknown'), 'other');
  return room.passThrough.pass(call, { credential: caller.kind === 'foreign' ? 'own' : 'none' });
}

/** `npm logout`: the upload token that the path names is forgotten. Who does not hold it learns nothing. */
async function revoke(room: GatewayRoom, call: Call, route: Extract<Route, { kind: 'revoke' }>, caller: Caller): Promise<Reply | Refusal> {
  const hash = room.hashToken(route.token);
  const was = await room.store.revoke(hash).catch(outage);
  if (isRefusal(was)) return was;
  if (was) {
    const token = caller.kind === 'holder' ? ofToken(room, caller.record) : { token: hash.slice(0, 12) };
    room.audit({ event: 'revoke', outcome: 'revoked', ...about(room, call), ...token });
  }
  return route.done;
}

async function withoutToken(
  room: GatewayRoom,
  call: Call,
  route: Extract<Route, { kind: 'upload' | 'manage' | 'write' }>,
  caller: Exclude<Caller, { kind: 'holder' }>,
): Promise<void> {
  const verdict = await judge(room, call, route, caller);
  if (verdict.kind === 'refused') return refuseCall(call, verdict.refusal, 'upload');
  if (verdict.kind === 'answered') return send(call.res, verdict.reply);
  const credential = caller.kind === 'foreign' || caller.kind === 'none' ? 'own' : 'none';
  const { notice, finished } = verdict;
  return room.passThrough.pass(call, {
    credential,
    ...(notice === undefined ? {} : { notice }),
    ...(finished === undefined ? {} : { finished }),
  });
}

function refuseWrite(
  room: GatewayRoom,
  call: Call,
  route: Extract<Route, { kind: 'write' }>,
  caller: Extract<Caller, { kind: 'holder' }>,
): void {
  const refusal = refuse('upload-action', { action: route.what });
  const named = route.name === undefined ? {} : { package: route.name };
  room.audit({
    event: 'manage',
    outcome: 'refused',
    ...about(room, call),
    ...ofToken(room, caller.record),
    ...named,
    ...ofRefusal(refusal),
  });
  return refuseCall(call, refusal, 'upload');
}

/** A request that was refused before it was known who asks: a decision like any other, where it would have changed something (P7). */
function refuseUnread(room: GatewayRoom, call: Call, route: Exclude<Route, { kind: 'read' }>, refusal: Refusal): void {
  if (route.kind !== 'local' && route.kind !== 'trust') {
    const event = route.kind === 'upload' ? 'upload' : 'manage';
    const named = 'name' in route && route.name !== undefined ? { package: route.name } : {};
    room.audit({ event, outcome: 'refused', ...about(room, call), ...named, ...ofRefusal(refusal) });
  }
  return refuseCall(call, refusal, route.kind === 'refused' ? 'other' : 'upload');
}

function answer(call: Call, result: Reply | Refusal): void {
  return isRefusal(result) ? refuseCall(call, result, 'upload') : send(call.res, result);
}

/** Sends a refusal in this ecosystem's dialect. */
function refuseCall(call: Call, refusal: Refusal, where: 'upload' | 'other'): void {
  send(call.res, call.registry.protocol.reply(refusal, where, call.requestId));
}
