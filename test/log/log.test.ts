// The log: what goes through it, and what must not (SEC-05, SEC-06).
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { formatToken } from '../../src/core/upload-token.ts';
import { Secret } from '../../src/core/secret.ts';
import { createLogging } from '../../src/log.ts';

const upload = formatToken(new Uint8Array(32).fill(9));
const identity = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2NpIn0.c2lnbmF0dXJl';
const password = 'correct-horse"battery\\staple';
const basic = `Basic ${Buffer.from(`svc:${password}`).toString('base64')}`;

/** What must be in no line: the secrets, and pieces of them that would do. */
const pieces = [
  upload.slice(5, 25),
  'c2lnbmF0dXJl',
  'eyJpc3Mi',
  'correct-horse',
  basic.slice(6, 20),
  Buffer.from(password).toString('base64').slice(0, 12),
  [...Buffer.from(upload.slice(5, 15))].join(','),
];

function logging(level?: string): { log: ReturnType<typeof createLogging>; lines: () => Record<string, unknown>[]; text: () => string } {
  const written: string[] = [];
  const log = createLogging({ level, destination: { write: (line) => void written.push(line) } });
  log.protect(password);
  return { log, text: () => written.join(''), lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

class WithHeaders extends Error {
  readonly headers = { authorization: basic };
  readonly command = { name: 'AUTH', args: [password] };
}

const places: Record<string, unknown> = {
  'a field': { field: upload },
  'a User-Agent': { client: `npm/12 ${identity}` },
  'a URL with a password': { url: `redis://svc:${encodeURIComponent(password)}@redis:6379/0` },
  'a path of npm logout': { url: `/-/user/token/${upload}` },
  'a line of .npmrc': { line: `//npm.acme.dev/:_authToken="${upload}"` },
  'a header': { headers: { Authorization: basic, cookie: `Bearer ${upload}` } },
  'a percent-encoded header': { query: `authorization=Bearer%20${upload}` },
  'deep inside': { a: { b: [{ c: identity }] } },
  'a key': { [upload]: 1 },
  bytes: { bytes: Buffer.from(upload), view: new Uint8Array(Buffer.from(identity)) },
  'a map': { map: new Map([['token', upload]]) },
  'a symbol key': { [Symbol('token')]: upload },
  'an error and its stack': { err: new Error(`refused ${upload}`) },
  'an error with headers and arguments': { err: new WithHeaders('failed') },
  'a cause chain': { err: new Error('a', { cause: new WithHeaders(`b ${basic}`, { cause: new Error(identity) }) }) },
  'an aggregate': { err: new AggregateError([new WithHeaders(upload)], 'all failed') },
  'a Secret': { credential: new Secret(password) },
  'something with toJSON': { odd: { toJSON: () => ({ token: upload }) } },
  'a token cut short': { value: upload.slice(0, 30), jwt: identity.slice(0, 40) },
};

describe('a secret', () => {
  test.each(Object.entries(places))('in %s does not reach the log (SEC-05, SEC-06)', (_, fields) => {
    const { log, text, lines } = logging('trace');
    log.logger.error(fields as object, 'failed');
    for (const piece of pieces) expect(text()).not.toContain(piece);
    expect(lines()).toHaveLength(1);
  });

  test('in the message itself does not reach it either, and the line stays JSON', () => {
    const { log, text, lines } = logging();
    log.logger.info(`got "${upload}" and ${basic} and ${identity}\nand ${password}`);
    for (const piece of pieces) expect(text()).not.toContain(piece);
    expect(lines()[0]?.['msg']).toBe('got "[upload token]" and Basic [secret] and [identity token]\nand [secret]');
  });

  test('that an error carries in a property is left out, even one that nobody told the log about (SEC-06)', () => {
    const { log, lines } = logging('trace');
    const error = Object.assign(new Error('failed', { cause: Object.assign(new Error('why'), { socket: { password: 'untold' } }) }), {
      code: 'ECONNRESET',
      command: { name: 'AUTH', args: ['untold'] },
    });
    log.logger.error({ err: error, nested: { deep: [error] } }, 'failed');
    expect(JSON.stringify(lines())).not.toContain('untold');
    const stack = expect.any(String) as string;
    const cause = { type: 'Error', message: 'why', stack };
    expect(lines()[0]?.['err']).toEqual({ type: 'Error', message: 'failed', code: 'ECONNRESET', stack, cause });
  });

  test('in a real error of the HTTP client does not reach it (SEC-06)', async () => {
    const { log, text } = logging('trace');
    const error: unknown = await request('http://127.0.0.1:1/', { headers: { authorization: basic } }).catch((thrown: unknown) => thrown);
    log.logger.error({ err: error }, 'failed');
    expect(text()).toContain('ECONNREFUSED');
    for (const piece of pieces) expect(text()).not.toContain(piece);
  });
});

describe('the log', () => {
  test('has one JSON object a line, with level, time and pid', () => {
    const { log, lines } = logging();
    log.logger.warn({ issuer: 'github' }, 'keys are old');
    expect(lines()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
        pid: process.pid,
        issuer: 'github',
        msg: 'keys are old',
      },
    ]);
  });

  test.each([
    ['error', ['error']],
    ['debug', ['debug', 'info', 'error']],
    ['nonsense', ['info', 'error']],
    [undefined, ['info', 'error']],
  ])('at COUNTERSIGN_LOG_LEVEL=%s', (level, expected) => {
    const { log, lines } = logging(level);
    log.logger.debug('a');
    log.logger.info('b');
    log.logger.error('c');
    expect(lines().map((line) => line['level'])).toEqual(expected);
  });

  test('leaves ordinary sentences as they are', () => {
    const { log, lines } = logging();
    const text = 'The bearer of this exchange is not a JWT; basic authentication is not possible at https://npm.acme.dev:8443/@acme/ui.';
    log.logger.info(text);
    expect(lines()[0]?.['msg']).toBe(text);
  });

  test('survives getters that throw, cycles, and huge values', () => {
    const { log, lines } = logging();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const hostile = {
      get boom(): string {
        throw new Error('no');
      },
    };
    log.logger.info({ cycle, hostile, huge: 'x'.repeat(1_000_000), list: Array.from({ length: 10_000 }, () => 1), big: 10n }, 'still here');
    expect(lines()[0]?.['msg']).toBe('still here');
    expect(JSON.stringify(lines()[0]).length).toBeLessThan(10_000);
  });
});
