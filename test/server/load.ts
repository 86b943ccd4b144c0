// Uploads that take their time, and time that passes faster.
import net from 'node:net';
import { headOf } from '../faults/world.ts';
import { BOUNDARY } from '../registries/pypi/forms.ts';
import type { Proxy } from '../support/proxy.ts';

/** Arguments for Node: code that the program loads before its own. */
export const preload = (code: string): string[] => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];

/** Timers of 400 ms and more, and the time that sockets may be idle, pass so many times as fast. */
export const hurried = (times: number): string[] =>
  preload(`
    import net from 'node:net';
    const wait = globalThis.setTimeout;
    globalThis.setTimeout = Object.assign((f, ms, ...more) => wait(f, ms >= 400 ? ms / ${times} : ms, ...more), wait);
    const idle = net.Socket.prototype.setTimeout;
    net.Socket.prototype.setTimeout = function (ms, f) { return idle.call(this, ms / ${times}, f); };
  `);

/** Servers wait a fifth as long for the head of a request. */
export const hurriedHeads = preload(`
  import http from 'node:http';
  import { syncBuiltinESMExports } from 'node:module';
  const make = http.createServer;
  http.createServer = (options, ...more) => make({ ...options, headersTimeout: options.headersTimeout / 5 }, ...more);
  syncBuiltinESMExports();
`);

export interface SlowUpload {
  /** Sends one more byte of the file. */
  readonly more: () => void;
  /** Sends what is left. */
  readonly finish: () => void;
  readonly heard: () => string;
}

/** Begins to upload `allowed` in this version, as far as the first bytes of its file; `pieces` bytes and `size` more are to come. */
export function beginSlowly(proxy: Proxy, token: string, version: number, pieces = 1, size = 0): SlowUpload {
  const fields = {
    ':action': 'file_upload',
    protocol_version: '1',
    metadata_version: '2.1',
    name: 'allowed',
    version: `${version}.0`,
    filetype: 'sdist',
    pyversion: 'source',
  };
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="allowed-${version}.0.tar.gz"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const start = `${parts.join('')}${file}the file`;
  const end = `\r\n--${BOUNDARY}--\r\n`;
  const length = start.length + pieces + size + end.length;
  const head = Object.entries({ ...headOf(proxy, token), 'content-length': String(length) }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const socket = net.connect(proxy.port, '127.0.0.1').on('error', () => undefined);
  let heard = '';
  let left = pieces;
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.write(`POST / HTTP/1.1\r\n${head.join('')}\r\n${start}`);
  return {
    more: () => {
      left -= 1;
      socket.write('.');
    },
    finish: () => {
      socket.write('.'.repeat(left));
      socket.write(Buffer.alloc(size, 46));
      socket.write(end);
    },
    heard: () => heard,
  };
}
