// An upload with an upload token, step by step: authorise, inspect, look at what exists, forward what was rebuilt, record.
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import { isChange, UploadRefused, type Change, type Inspected, type Reply, type Route } from '../registries/registry.ts';
import { relay } from './answer.ts';
import { authorise, authoriseAny, narrowByVersion, type Authorised } from './authorise.ts';
import { outage, type Caller } from './caller.ts';
import { make, recordChange, type ChangeTrail } from './change.ts';
import { lookUp, refuseExisting } from './existing.ts';
import { outcomeOf, recordForwarding, recordUpload, type Trail } from './record.ts';
import { receive, type Call, type GatewayRoom } from './room.ts';
import { inTurn, turnOf } from './turns.ts';

type Holder = Extract<Caller, { kind: 'holder' }>;

/** Handles an upload whole. Returns what the client is to hear; the audit record is written (P7). */
export async function upload(
  room: GatewayRoom,
  call: Call,
  route: Extract<Route, { kind: 'upload' }>,
  holder: Holder,
): Promise<Reply | Refusal> {
  const trail: UploadTrail = { record: holder.record, changing: {} };
  // Before the cap: what is refused anyway takes no place of another upload of the same token.
  const spent = holder.slot === 'spent' ? refuse('upload-limit', { limit: holder.record.maxUploads }) : undefined;
  const answer = spent ?? (await withinCap(room, call, () => attempt(room, call, route, holder, trail)));
  if (trail.change === undefined) recordUpload(room, call, trail, answer);
  else recordChange(room, call, holder.record, trail.change, trail.changing, answer);
  if (holder.slot === 'taken' && cameToNothing(trail, answer)) await giveBack(room, call, holder);
  return answer;
}

interface UploadTrail extends Trail {
  /** What the request turned out to be instead of an upload. */
  change?: Change;
  readonly changing: ChangeTrail;
}

/** Whether the upload leaves its token's number as it was (TOK-16). What nobody knows the end of counts: it may be published. */
function cameToNothing(trail: UploadTrail, answer: Reply | Refusal): boolean {
  return trail.change !== undefined || (isRefusal(answer) && outcomeOf(answer, trail.upstreamStatus) !== 'upstream-unknown');
}

/** An outage meanwhile costs the token one upload, and nobody more than that. */
async function giveBack(room: GatewayRoom, call: Call, { hash }: Holder): Promise<void> {
  await room.store.release(hash, call.requestId).catch(outage);
}

async function attempt(
  room: GatewayRoom,
  call: Call,
  route: Extract<Route, { kind: 'upload' }>,
  holder: Holder,
  trail: UploadTrail,
): Promise<Reply | Refusal> {
  const unwritten = await room.recorded();
  if (unwritten !== undefined) return unwritten;
  const { record } = holder;
  // Where the path names the package, a token for another one is refused before the body is read.
  const early = route.name === undefined ? undefined : authoriseAny(room.configuration, call.registry, record, route.name);
  if (isRefusal(early)) return early;

  const inspected = await room.step('inspect', async () => inspect(call, route, holder));
  if (isRefusal(inspected)) return inspected;
  if (isChange(inspected)) {
    trail.change = inspected;
    return make(room, call, record, inspected, trail.changing);
  }
  trail.inspected = inspected;

  const permit = authorise(room.configuration, call.registry, record, 'publish', inspected.name);
  if (isRefusal(permit)) return permit;
  const burst = room.limits.upload(room.configuration.server.limits, permit);
  if (burst !== undefined) return burst;

  const turn = turnOf(call.registry, inspected.name, inspected.file);
  return inTurn(room.turns, turn, () => unlessExisting(room, call, permit, inspected, trail));
}

/** Forwards what the upstream does not have yet, if it may be published in this version. */
async function unlessExisting(
  room: GatewayRoom,
  call: Call,
  permit: Authorised,
  inspected: Inspected,
  trail: Trail,
): Promise<Reply | Refusal> {
  const what = { name: inspected.name, version: inspected.version, file: inspected.file };
  const existing = await lookUp(room, call, permit, what);
  if (isRefusal(existing)) return existing;
  const narrowed = narrowByVersion(permit, trail.record, { version: inspected.version, tags: inspected.tags, existing });
  if (isRefusal(narrowed)) return narrowed;
  trail.permit = narrowed;
  const taken = refuseExisting(call, existing, what);
  if (taken !== undefined) return taken;

  recordForwarding(room, call, trail.record, narrowed, { package: what.name, version: what.version, file: what.file });
  return (await room.recorded()) ?? forward(room, call, narrowed, inspected, trail);
}

async function inspect(call: Call, route: Extract<Route, { kind: 'upload' }>, holder: Holder): Promise<Inspected | Change | Refusal> {
  try {
    return await call.registry.protocol.inspect({
      head: call.head,
      registry: call.registry,
      ...(route.name === undefined ? {} : { name: route.name }),
      body: receive(call),
      run: holder.record.run,
      publishers: [...new Set(holder.record.grants.map((grant) => grant.publisher))],
    });
  } catch (error) {
    return interrupted(call, error);
  }
}

async function forward(room: GatewayRoom, call: Call, permit: Authorised, inspected: Inspected, trail: Trail): Promise<Reply | Refusal> {
  try {
    const result = await room.forward.send(permit, call.registry, inspected.request, inspected);
    if (result.kind !== 'answered') return result.refusal;
    trail.upstreamStatus = result.answer.status;
    return relay(call.registry, result.answer);
  } catch (error) {
    return interrupted(call, error);
  }
}

/** A body that broke off, or that turned out wrong at its end. The upstream never got it whole (P9). */
function interrupted(call: Call, error: unknown): Refusal {
  if (error instanceof UploadRefused) return error.refusal;
  if (call.req.destroyed || call.req.errored) return refuse('body-incomplete');
  throw error;
}

/** Keeps to the registry's number of uploads at a time; one more is told to come back (DOS-12). */
async function withinCap(room: GatewayRoom, call: Call, work: () => Promise<Reply | Refusal>): Promise<Reply | Refusal> {
  const { name, maxConcurrentUploads } = call.registry;
  const underWay = room.uploads.get(name) ?? 0;
  if (underWay >= maxConcurrentUploads) {
    const refusal = refuse('too-many', { what: `${maxConcurrentUploads} uploads at a time`, seconds: 5 }, { retryAfter: 5 });
    return { ...refusal, status: 503 };
  }
  room.uploads.set(name, underWay + 1);
  try {
    return await work();
  } finally {
    room.uploads.set(name, (room.uploads.get(name) ?? 1) - 1);
  }
}
