import net from 'node:net';
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { bodyOf, drain, welcomeBody } from '../../src/gateway/drain.ts';
import { send } from '../../src/gateway/answer.ts';
import { startFront, type Front, type Handler } from './front.ts';
import { pause, talk, until } from './raw-upstream.ts';

let front: Front | undefined;
afterEach(() => front?.close());

const start = async (handler: Handler): Promise<number> => {
  front = await startFront(handler);
  return front.port;
};
const put = (length: number, headers = ''): string => `PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n${headers}\r\n`;

describe('a refusal before the body was read', () => {
  it('design/4, early refusals: 20 of 20 clients that send 20 MB first and read later see it, and the connection goes on', async () => {
    const port = await start((req, res) => {
      res.writeHead(403, { 'content-length': '2' }).end('no');
      drain(req);
    });
    for (let i = 0; i < 20; i += 1) {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.pause();
      let text = '';
      socket.write(put(20_000_000));
      await new Promise((resolve) => void socket.write(Buffer.alloc(20_000_000), resolve));
      socket.write('GET /second HTTP/1.1\r\nHost: a\r\n\r\n');
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.resume();
      await until(() => text.split('403').length === 3);
      expect(text).toMatch(/^HTTP\/1\.1 403/);
      socket.destroy();
    }
  });

  it('design/4, early refusals: 20 of 20 clients that want the connection closed see it too, and it is closed', async () => {
    const port = await start((_, res) => send(res, { status: 403, headers: {}, body: 'no' }));
    for (let i = 0; i < 20; i += 1) {
      const socket = net.connect(port, '127.0.0.1');
      let [text, error] = ['', ''];
      socket.on('error', ({ message }) => (error = message));
      socket.pause();
      socket.write(put(20_000_000, 'Connection: close\r\n'));
      await new Promise((resolve) => void socket.write(Buffer.alloc(20_000_000), resolve));
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
      expect(error).toBe('');
      expect(text).toMatch(/^HTTP\/1\.1 403 [^]*\r\nno$/);
    }
  });

  it('is not held back for a client that never sends its body', async () => {
    const port = await start((_, res) => send(res, { status: 403, headers: {}, body: 'no' }));
    const { text } = await talk(port, put(20_000_000, 'Connection: close\r\n'), 300);
    expect(text).toMatch(/^HTTP\/1\.1 403 [^]*\r\nno$/);
  });

  it('is drained up to a number of bytes', async () => {
    const port = await start((req, res) => {
      res.writeHead(403, { 'content-length': '2' }).end('no');
      drain(req, { bytes: 100_000, milliseconds: 10_000 });
    });
    const { text, closed } = await talk(port, put(1_000_000) + 'x'.repeat(200_000), 2000);
    expect(text).toMatch(/^HTTP\/1\.1 403/);
    expect(closed).toBe(true);
  });

  it('is drained for a time', async () => {
    const port = await start((req, res) => {
      res.writeHead(403, { 'content-length': '2' }).end('no');
      drain(req, { bytes: 100_000, milliseconds: 100 });
    });
    const started = Date.now();
    expect((await talk(port, put(1000), 2000)).closed).toBe(true);
    expect(Date.now() - started).toBeLessThan(1000);
  });

  it('works after the body was read in part', async () => {
    const port = await start((req, res) => {
      void (async () => {
        for await (const chunk of bodyOf(req)) if (chunk.length > 0) break;
        res.writeHead(403, { 'content-length': '2' }).end('no');
        drain(req);
      })();
    });
    const { text, closed } = await talk(port, `${put(300_000)}${'x'.repeat(300_000)}GET / HTTP/1.1\r\nHost: a\r\n\r\n`, 500);
    expect(text.match(/ 403 /g)).toHaveLength(2);
    expect(closed).toBe(false);
  });

  it('leaves a request that was read whole alone', async () => {
    let request: IncomingMessage | undefined;
    const port = await start((req, res) => {
      request = req;
      req.resume().on('end', () => {
        res.end('ok');
        drain(req, { bytes: 0, milliseconds: 20 });
      });
    });
    const talking = talk(port, `${put(2)}hi`, 300);
    await pause(150);
    expect(request?.socket.destroyed).toBe(false);
    expect((await talking).closed).toBe(false);
  });
});

describe('welcomeBody', () => {
  it('says 100 once, and only to who asked', async () => {
    const port = await start((req, res) => {
      welcomeBody(req, res);
      welcomeBody(req, res);
      req.resume().on('end', () => res.end('ok'));
    });
    expect((await talk(port, `${put(2, 'Expect: 100-continue\r\n')}hi`, 150)).text.match(/100 Continue/g)).toHaveLength(1);
    expect((await talk(port, `${put(2)}hi`, 150)).text).not.toMatch(/100 Continue/);
  });
});
