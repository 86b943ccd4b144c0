// Writes without an upload token: long-lived tokens on their way out (allow, warn, refuse), and requests with none at all.
import type { AuditEvent } from '../audit/event.ts';
import { covers, type PackageName } from '../core/package-name.ts';
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import type { Reply, Route } from '../registries/registry.ts';
import { howToPath, isChange, UploadRefused } from '../registries/registry.ts';
import { relayOwn } from './answer.ts';
import { phrases } from './authorise.ts';
import type { Caller } from './caller.ts';
import { glimpse } from './glimpse.ts';
import { receive } from './room.ts';
import type { PassOutcome } from './pass-through.ts';
import { recallRefusal } from './last-refusal.ts';
import { about, ofRefusal } from './record.ts';
import type { Call, GatewayRoom } from './room.ts';

type Write = Extract<Route, { kind: 'upload' | 'manage' | 'write' }>;

/** What happens to the request: it is refused, or goes on as the client's own, perhaps with a word of warning. */
export type Verdict = (
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** `finished` is to hear how it ended. */
  | { readonly kind: 'pass'; readonly notice?: string; readonly finished?: (outcome: PassOutcome) => void }
  /** It was read, rebuilt and sent. */
  | { readonly kind: 'answered'; readonly reply: Reply }
) & {
  /** What it is for, where that was found out on the way. */
  readonly what?: Pick<AuditEvent, 'package' | 'version' | 'file' | 'upstreamStatus'>;
};

/**
 * Decides about a write that no upload token vouches for, and records it (P7). Whether the credential is worth anything, the
 * upstream alone can tell: until it has, anybody could make up one, and a package would seem to live on it.
 */
export async function judge(room: GatewayRoom, call: Call, route: Write, caller: Exclude<Caller, { kind: 'holder' }>): Promise<Verdict> {
  const verdict = await recordVerdict(room, call, route, await decide(room, call, route, caller));
  if (verdict.kind === 'refused' && caller.kind === 'foreign') call.watch?.longLived(counted(call, verdict.refusal));
  return verdict;
}

async function recordVerdict(room: GatewayRoom, call: Call, route: Write, verdict: Verdict): Promise<Verdict> {
  if (verdict.kind === 'refused') return refused(room, call, route, verdict);
  if (route.kind === 'write' && route.harmless) return verdict;
  if (verdict.kind === 'answered') {
    recordEnd(room, call, route, { kind: 'answered', status: verdict.what?.upstreamStatus ?? 0 }, { ...verdict.what });
    return verdict;
  }
  const name = route.name ?? (route.kind === 'upload' ? await glimpse(call) : undefined);
  const what = name === undefined ? {} : { package: name };
  recordLongLived(room, call, route, 'forwarding', what);
  const unwritten = await room.recorded();
  if (unwritten !== undefined) return refused(room, call, route, { kind: 'refused', refusal: unwritten });
  return { ...verdict, finished: (outcome) => recordEnd(room, call, route, outcome, what) };
}

/** How the upstream took it. */
function recordEnd(room: GatewayRoom, call: Call, route: Write, outcome: PassOutcome, what: Partial<AuditEvent>): void {
  const refusal = outcome.kind === 'failed' ? outcome.refusal : undefined;
  const status = outcome.kind === 'answered' ? outcome.status : undefined;
  const taken = status !== undefined && status < 400;
  const known = taken ? 'long-lived' : 'upstream-refused';
  const unknown = refusal?.code === 'upstream-unreachable' ? 'refused' : 'upstream-unknown';
  recordLongLived(room, call, route, status === undefined ? unknown : known, {
    ...what,
    ...(status === undefined ? {} : { upstreamStatus: status }),
    ...(refusal === undefined ? {} : ofRefusal(refusal)),
  });
  const passed = call.registry.longLivedTokens === 'warn' ? 'warned' : 'allowed';
  call.watch?.longLived(taken ? passed : 'upstream-refused');
}

function refused<Refused extends Extract<Verdict, { kind: 'refused' }>>(
  room: GatewayRoom,
  call: Call,
  route: Write,
  verdict: Refused,
): Refused {
  const named = route.name === undefined ? {} : { package: route.name };
  const event = writeEvent(route);
  room.audit({ event, outcome: 'refused', ...about(room, call), ...named, ...verdict.what, ...ofRefusal(verdict.refusal) });
  return verdict;
}

function recordLongLived(room: GatewayRoom, call: Call, route: Write, outcome: AuditEvent['outcome'], what: Partial<AuditEvent>): void {
  const detail = `${call.head.method} ${describe(route)}`;
  room.audit({ event: 'pass-through', outcome, ...about(room, call), detail, ...what });
}

/** What the metrics call it: a package under `trusted_only` whose CI still has an old token is what an admin looks for. */
function counted({ registry }: Call, { code }: Refusal): 'refused' | 'trusted-only' {
  const asSuch = code === 'long-lived-refused' || code === 'upload-exchange-refused';
  return asSuch && registry.longLivedTokens !== 'refuse' ? 'trusted-only' : 'refused';
}

async function decide(room: GatewayRoom, call: Call, route: Write, caller: Exclude<Caller, { kind: 'holder' }>): Promise<Verdict> {
  if (route.kind === 'write' && route.harmless) return { kind: 'pass' };
  const unwritten = await room.recorded();
  if (unwritten !== undefined) return { kind: 'refused', refusal: unwritten };
  if (caller.kind !== 'foreign') return { kind: 'refused', refusal: await withoutCredential(room, call, route, caller) };
  const name = route.name;
  const { registry } = call;
  if (registry.longLivedTokens === 'refuse' || (name !== undefined && isTrustedOnly(call, name))) {
    const earlier = name === undefined ? undefined : await recallRefusal(room, call, name);
    return { kind: 'refused', refusal: earlier ?? refuse('long-lived-refused', { package: name }) };
  }
  if (registry.trustedOnly.length > 0) {
    // Which package such an upload is for is only known for sure from a body that was read and rebuilt (P2).
    if (route.kind === 'upload') return inspected(room, call, route);
    // What a write changes that names no package, nobody here can tell: a batch, an index, an upload by another path (TOK-26).
    if (name === undefined) return { kind: 'refused', refusal: refuse('long-lived-unnamed') };
  }
  return { kind: 'pass', ...noticeFor(call) };
}

/** `long_lived_tokens: warn`: what npm prints beside its own words. */
function noticeFor({ registry }: Call): { readonly notice?: string } {
  if (registry.longLivedTokens !== 'warn') return {};
  return { notice: 'This request used a long-lived token; this registry is moving to trusted publishing.' };
}

/** The reason why nothing at all, or nothing that is known, was shown. */
async function withoutCredential(
  room: GatewayRoom,
  call: Call,
  route: Write,
  caller: Exclude<Caller, { kind: 'holder' | 'foreign' }>,
): Promise<Refusal> {
  const name = route.name;
  const earlier = name === undefined ? undefined : await recallRefusal(room, call, name);
  if (earlier !== undefined) return earlier;
  if (caller.kind === 'unknown') return refuse('upload-token-unknown');
  const page = `${call.registry.url.href}${howToPath.slice(1)}`;
  return refuse(caller.kind === 'placeholder' ? 'upload-placeholder' : 'upload-unauthenticated', { page });
}

/** Reads the upload to learn its package; goes on with the rebuilt body and the client's own credential. */
async function inspected(room: GatewayRoom, call: Call, route: Extract<Route, { kind: 'upload' }>): Promise<Verdict> {
  try {
    const upload = await call.registry.protocol.inspect({
      head: call.head,
      registry: call.registry,
      ...(route.name === undefined ? {} : { name: route.name }),
      body: receive(call),
      publishers: [],
    });
    if (isRefusal(upload)) return { kind: 'refused', refusal: upload };
    // Its body was read and cannot go on as it came; what is written anew goes with the service credential only.
    if (isChange(upload)) return { kind: 'refused', refusal: refuse('upload-action', { action: phrases[upload.action] }) };
    const { name, version, file } = upload;
    const what = { package: name, version, file };
    if (isTrustedOnly(call, name)) return { kind: 'refused', refusal: refuse('long-lived-refused', { package: name }), what };
    recordLongLived(room, call, route, 'forwarding', what);
    const unwritten = await room.recorded();
    if (unwritten !== undefined) return { kind: 'refused', refusal: unwritten, what };
    const result = await room.forward.sendForeign(call.registry, upload.request, upload, call.head.headers.get('authorization') ?? '');
    if (result.kind !== 'answered') return { kind: 'refused', refusal: result.refusal, what };
    const reply = relayOwn(result.answer, noticeFor(call).notice);
    return { kind: 'answered', reply, what: { ...what, upstreamStatus: result.answer.status } };
  } catch (error) {
    if (error instanceof UploadRefused) return { kind: 'refused', refusal: error.refusal };
    if (call.req.destroyed || call.req.errored) return { kind: 'refused', refusal: refuse('body-incomplete') };
    throw error;
  }
}

function isTrustedOnly(call: Call, name: PackageName): boolean {
  return call.registry.trustedOnly.some((entry) => covers(entry, name));
}

function writeEvent(route: Write): 'upload' | 'manage' {
  return route.kind === 'upload' ? 'upload' : 'manage';
}

function describe(route: Write): string {
  return route.kind === 'write' ? route.what : route.kind;
}
