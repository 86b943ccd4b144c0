// Open-loop load: requests at a rate, whether or not the answers before have come, and how long each took from its due time.
import net from 'node:net';

export interface SteadyOptions {
  readonly port: number;
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Whole requests; each is sent once, from the first on. */
  readonly requests: readonly Buffer[];
  readonly connections?: number;
}

export interface Latencies {
  readonly answered: number;
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

interface Lane {
  readonly socket: net.Socket;
  due: number | undefined;
  text: string;
}

/** Sends at the rate on kept connections, one request on each at a time. Rejects when a connection breaks. */
export async function steady({ port, rate, seconds, requests, connections = 64 }: SteadyOptions): Promise<Latencies> {
  const taken: number[] = [];
  const statuses = new Map<number, number>();
  const waiting: number[] = [];
  const idle: Lane[] = [];
  const { promise: broken, reject } = Promise.withResolvers<never>();
  let next = 0;
  const send = (lane: Lane, due: number): void => {
    lane.due = due;
    lane.socket.write(requests[next % requests.length] ?? '');
    next += 1;
  };
  const answered = (lane: Lane): void => {
    const status = Number(lane.text.slice(9, 12));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    taken.push(performance.now() - (lane.due ?? 0));
    lane.text = '';
    lane.due = undefined;
    const due = waiting.shift();
    if (due === undefined) idle.push(lane);
    else send(lane, due);
  };
  const open = (): Promise<Lane> =>
    new Promise((resolve) => {
      const lane: Lane = { socket: net.connect({ port, host: '127.0.0.1', noDelay: true }), due: undefined, text: '' };
      lane.socket.once('connect', () => resolve(lane)).on('error', reject);
      lane.socket.on('close', () => reject(new Error('a connection was closed')));
      lane.socket.setEncoding('latin1').on('data', (text: string) => {
        lane.text += text;
        if (isWhole(lane.text)) answered(lane);
      });
    });
  idle.push(...(await Promise.all(Array.from({ length: connections }, open))));
  const lanes = [...idle];
  const began = performance.now();
  let due = 0;
  const work = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsed = performance.now() - began;
      for (; due < rate * seconds && (due / rate) * 1000 <= elapsed; due += 1) {
        const at = began + (due / rate) * 1000;
        const lane = idle.shift();
        if (lane === undefined) waiting.push(at);
        else send(lane, at);
      }
      const late = elapsed > (seconds + 10) * 1000;
      if ((due >= rate * seconds && taken.length >= due) || late) {
        clearInterval(timer);
        resolve();
      }
    }, 1);
  });
  await Promise.race([work, broken]);
  for (const { socket } of lanes) socket.removeAllListeners('close').destroy();
  taken.sort((a, b) => a - b);
  const at = (share: number): number => taken[Math.floor(share * (taken.length - 1))] ?? Number.NaN;
  return { answered: taken.length, statuses, p50: at(0.5), p99: at(0.99) };
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  return text.length >= end + 4 + Number(length ?? 0);
}
