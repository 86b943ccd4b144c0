// A TCP proxy between the store and a real Redis that cuts and delays like a bad network.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to the next bytes: they pass, the connection is cut instead of the answer or of the request. */
export type Fault = 'none' | 'cut-answers' | 'cut-requests';

export interface FaultyWire {
  readonly port: number;
  /** The port to which new connections go. */
  target: number;
  fault: Fault;
  /** Goes to the client in place of each answer. */
  instead: Buffer | undefined;
  /** Milliseconds by which every answer comes later. */
  latency: number;
  /** Connections taken so far. */
  readonly connections: () => number;
  /** Connections that are open now. */
  readonly open: () => number;
  /** Drops every connection now. */
  readonly cut: () => void;
  /** Times the text went by in requests. */
  readonly sent: (text: string) => number;
  readonly close: () => Promise<void>;
}

/** Listens on a free loopback port and forwards to `target`. */
export async function startFaultyWire(target: number): Promise<FaultyWire> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  let taken = 0;
  const server: Server = createServer((client) => {
    taken += 1;
    const upstream = connect(wire.target, '127.0.0.1');
    const drop = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', drop).on('close', () => {
        sockets.delete(socket);
        drop();
      });
    }
    client.on('data', (bytes: Buffer) => {
      if (wire.fault === 'cut-requests') return drop();
      requests.push(bytes.toString('latin1'));
      upstream.write(bytes);
    });
    upstream.on('data', (bytes: Buffer) => {
      if (wire.fault === 'cut-answers') drop();
      else if (wire.instead !== undefined) client.write(wire.instead);
      else if (wire.latency === 0) client.write(bytes);
      else void sleep(wire.latency).then(() => client.write(bytes));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const wire: FaultyWire = {
    port: (server.address() as AddressInfo).port,
    target,
    fault: 'none',
    instead: undefined,
    latency: 0,
    connections: () => taken,
    open: () => sockets.size,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    sent: (text) => requests.join('').split(text).length - 1,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets.forEach((socket) => socket.destroy());
      }),
  };
  return wire;
}
