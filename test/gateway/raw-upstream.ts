// An upstream of plain TCP that keeps every byte it gets and answers whatever the test says, however malformed.
import net from 'node:net';
import type { AddressInfo } from 'node:net';

export interface RawConnection {
  readonly socket: net.Socket;
  /** Everything received so far, as latin1. */
  readonly received: () => string;
  /** How the client's side ended: 'open', 'fin' or 'reset'. */
  readonly ended: () => 'open' | 'fin' | 'reset';
}

export interface RawUpstream {
  readonly url: URL;
  readonly port: number;
  readonly connections: RawConnection[];
  /** Everything received on all connections. */
  readonly received: () => string;
  readonly close: () => Promise<void>;
}

/** @param react called with each piece of data; `text` is what the connection got so far */
export async function startRawUpstream(react: (socket: net.Socket, text: string, index: number) => void): Promise<RawUpstream> {
  const connections: RawConnection[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    let ended: ReturnType<RawConnection['ended']> = 'open';
    const index = connections.length;
    connections.push({ socket, received: () => text, ended: () => ended });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      react(socket, text, index);
    });
    socket.on('end', () => {
      ended = 'fin';
      socket.end();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') ended = 'reset';
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    port,
    connections,
    received: () => connections.map((connection) => connection.received()).join(''),
    close: async () => {
      for (const { socket } of connections) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

/** Answers each complete head with this text. */
export function answering(text: string): (socket: net.Socket, received: string) => void {
  const answered = new WeakMap<net.Socket, number>();
  return (socket, received) => {
    const heads = received.split('\r\n\r\n').length - 1;
    for (let done = answered.get(socket) ?? 0; done < heads; done += 1) socket.write(text, 'latin1');
    answered.set(socket, heads);
  };
}

export const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok';

/**
 * Sends raw bytes to a port of 127.0.0.1 and gives what came back: until the other side closes or the answer is complete,
 * at most 400 ms; with `milliseconds`, for so long whatever comes.
 */
export async function talk(port: number, bytes: string, milliseconds?: number): Promise<{ text: string; closed: boolean }> {
  const socket = net.connect(port, '127.0.0.1');
  const seen = { text: '', closed: false };
  const deadline = Date.now() + (milliseconds ?? 400);
  const enough = (): boolean => seen.closed || Date.now() > deadline || (milliseconds === undefined && isComplete(seen.text));
  socket.on('data', (chunk) => (seen.text += chunk.toString('latin1')));
  for (const event of ['error', 'close', 'end']) socket.on(event, () => (seen.closed = true));
  socket.write(bytes, 'latin1');
  while (!enough()) await pause(5);
  const result = { ...seen };
  socket.destroy();
  return result;
}

function isComplete(text: string): boolean {
  const answer = text.replace(/^HTTP\/1\.1 1\d\d [^]*?\r\n\r\n/, '');
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, end))?.[1];
  return length === undefined ? answer.endsWith('0\r\n\r\n') : answer.length - end - 4 >= Number(length);
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}

/** Waits until the condition holds; throws after `milliseconds`. */
export async function until(holds: () => boolean, milliseconds = 10_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!holds()) {
    if (Date.now() > end) throw new Error('waited in vain');
    await pause(5);
  }
}
