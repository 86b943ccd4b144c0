// early-answer: the upstream answers 413 at once and closes, in the middle of an upload. How often does the client see it?
import { request } from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { startHaproxy, startHttpProxy3, startNginx } from '../peers/proxies.ts';
import type { Series } from '../lab/rounds.ts';
import { startSubject } from '../lab/subject.ts';
import { atLeast, type Figure } from '../report/goals.ts';
import { withClosers, type Run } from './run.ts';

const tries = 20;
const bytes = 20_000_000;

/** Answers every upload 413 as soon as its head is there, and closes; answers reads, so that peers are found ready. */
async function startRefusing(): Promise<{ port: number; close: () => void }> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (/^(?:GET|HEAD) /.test(text))
        return void socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}');
      socket.removeAllListeners('data');
      socket.write('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 7\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\ntoo big');
      socket.destroySoon();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

/** Whether the client saw status and body. */
function seen(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { 'content-length': bytes, 'content-type': 'application/json', authorization: 'Bearer of-somebody' };
    const sending = request(`${url}package`, { method: 'PUT', agent: false, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (some: string) => (text += some));
      answer.on('end', () => resolve(answer.statusCode === 413 && text.includes('too big'))).on('error', () => resolve(false));
    });
    sending.on('error', () => resolve(false));
    sending.end(Buffer.alloc(bytes));
  });
}

export async function earlyAnswer(run: Run): Promise<Figure[]> {
  return withClosers(async (closing) => {
    const { port } = closing(await startRefusing());
    const subject = closing(
      await startSubject({
        build: run.build,
        env: { BENCH_TOKEN: 'of-the-bench' },
        policy: (url) => ({
          issuers: { github: {} },
          registries: {
            npm: {
              protocol: 'npm',
              url,
              upstream: `http://127.0.0.1:${port}/`,
              credential: { bearer: '${BENCH_TOKEN}' },
              long_lived_tokens: 'allow',
            },
          },
        }),
      }),
    );
    const servers = [
      ['countersign', subject.url],
      ['haproxy', closing(await startHaproxy(port))?.url],
      ['nginx', closing(await startNginx(port))?.url],
      ['http-proxy-3', closing(await startHttpProxy3(port)).url],
      ['direct', `http://127.0.0.1:${port}/`],
    ] as const;
    const series: Series[] = [];
    for (const [name, url] of servers) {
      if (url === undefined) continue;
      let count = 0;
      for (let i = 0; i < tries; i += 1) count += (await seen(url)) ? 1 : 0;
      series.push({ name, rounds: [{ value: count }] });
    }
    const goals = [atLeast(`early 413 seen by the client, of ${tries}`, series[0]?.rounds[0]?.value, tries)];
    return [
      {
        name: 'early-answer',
        what: '413 at once and the end of the connection, during a 20 MB upload',
        unit: `of ${tries}`,
        series,
        goals,
      },
    ];
  });
}
