// A TCP proxy that does to the connections through it what bad networks do: delays, drips, cuts, vanishes, refuses.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What happens to bytes from now on. `cut` and `half-open` count the bytes of a writing request (POST, PUT) on its
 * connection, its head included, so that kept connections with reads on them stay as they are until the write comes.
 */
export type NetworkFault =
  | { readonly kind: 'none' }
  /** New connections are reset at once; those that are open go on. */
  | { readonly kind: 'refuse' }
  /** Everything comes later by so many milliseconds, in both directions. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Answers come a few bytes at a time, one such piece every so many milliseconds. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly milliseconds: number }
  /** Both sides are reset when so many bytes of a write went by: the rest never arrives. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Both sides are reset when a write is about to be answered. */
  | { readonly kind: 'cut-answer' }
  /** The peer is gone without a word: nothing comes through, no FIN, no RST. With `after`: once so many bytes of a write went by. */
  | { readonly kind: 'half-open'; readonly after?: number };

export interface FaultProxy {
  readonly port: number;
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  /** Where connections go, on 127.0.0.1. */
  target: number;
  /** What happens; a connection whose peer vanished stays that way. */
  fault: NetworkFault;
  /** Writing requests seen so far. */
  readonly writes: () => number;
  /** Resets every connection now. */
  readonly cut: () => void;
  readonly close: () => Promise<void>;
}

interface Wire {
  readonly client: Socket;
  readonly server: Socket;
  /** Bytes of the write that is under way; undefined before the first one. */
  written: number | undefined;
  vanished: boolean;
  /** The answers so far, as far as they have been handed on: keeps their order when they are delayed. */
  answers: Promise<void>;
  requests: Promise<void>;
}

/** Listens on a free loopback port and hands on to `target`, without a fault. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const wires = new Set<Wire>();
  let writes = 0;
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on('error', () => undefined);
    if (proxy.fault.kind === 'refuse') return void client.resetAndDestroy();
    const server = connect({ port: proxy.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const wire: Wire = {
      client,
      server,
      written: undefined,
      vanished: false,
      answers: Promise.resolve(),
      requests: Promise.resolve(),
    };
    wires.add(wire);
    for (const [from, to] of [[client, server] as const, [server, client] as const]) {
      from.on('end', () => void queue(wire, from === client).then(() => wire.vanished || to.end()));
      from.on('error', () => wire.vanished || reset(wire));
      from.on('close', () => {
        if (client.destroyed && server.destroyed) wires.delete(wire);
        else if (!wire.vanished && from.errored !== null) reset(wire);
      });
    }
    client.on('data', (bytes: Buffer) => {
      if (begins(bytes, 'POST', 'PUT')) writes += 1;
      request(proxy.fault, wire, bytes);
    });
    server.on('data', (bytes: Buffer) => answer(proxy.fault, wire, bytes));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const proxy: FaultProxy = {
    port,
    url: `http://127.0.0.1:${port}/`,
    target,
    fault: { kind: 'none' },
    writes: () => writes,
    cut: () => wires.forEach(reset),
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        wires.forEach(reset);
      }),
  };
  return proxy;
}

function request(fault: NetworkFault, wire: Wire, bytes: Buffer): void {
  if (wire.vanished) return;
  if (begins(bytes, 'POST', 'PUT')) wire.written = 0;
  else if (begins(bytes, 'GET', 'HEAD')) wire.written = undefined;
  const before = wire.written;
  if (before !== undefined) wire.written = before + bytes.length;
  if (fault.kind === 'half-open' && (fault.after === undefined || (wire.written ?? 0) > fault.after)) {
    wire.vanished = true;
    return;
  }
  if (fault.kind === 'cut' && before !== undefined && before + bytes.length >= fault.after) {
    wire.server.write(bytes.subarray(0, Math.max(0, fault.after - before)), () => reset(wire));
    return;
  }
  if (fault.kind === 'delay') later(wire, 'requests', fault.milliseconds, () => wire.server.write(bytes));
  else void queue(wire, true).then(() => wire.server.write(bytes));
}

/** Clients do not pipeline: a request begins where a piece of data does. */
function begins(bytes: Buffer, ...methods: readonly string[]): boolean {
  return methods.some((method) => bytes.toString('latin1', 0, method.length + 1) === `${method} `);
}

function answer(fault: NetworkFault, wire: Wire, bytes: Buffer): void {
  if (wire.vanished) return;
  if (fault.kind === 'half-open' && fault.after === undefined) return void (wire.vanished = true);
  if (fault.kind === 'cut-answer' && wire.written !== undefined) return reset(wire);
  if (fault.kind === 'delay') return later(wire, 'answers', fault.milliseconds, () => wire.client.write(bytes));
  if (fault.kind !== 'drip') return void queue(wire, false).then(() => wire.client.write(bytes));
  for (let at = 0; at < bytes.length; at += fault.bytes) {
    later(wire, 'answers', fault.milliseconds, () => wire.client.write(bytes.subarray(at, at + fault.bytes)));
  }
}

function later(wire: Wire, direction: 'answers' | 'requests', milliseconds: number, write: () => void): void {
  wire[direction] = wire[direction].then(() => sleep(milliseconds)).then(write);
}

const queue = (wire: Wire, requests: boolean): Promise<void> => (requests ? wire.requests : wire.answers);

/** A reset and never a clean end: a server could take that for the end of a body. */
function reset(wire: Wire): void {
  wire.client.resetAndDestroy();
  wire.server.resetAndDestroy();
}
