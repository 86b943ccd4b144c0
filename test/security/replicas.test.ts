// Two Countersigns on one Redis, restarts, and clocks that jump: what an upload token is worth then.
import net from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf } from '../gateway/npm-scene.ts';
import { BOUNDARY, form, plainWith } from '../registries/pypi/forms.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { raw } from '../support/proxy.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { mintWith, tokenBasic } from '../support/ui-job.ts';
import { startWorld, type World } from './world.ts';

/** SIGUSR2 puts the program's clock an hour forward, SIGWINCH an hour back. */
const jumping = `
  const now = Date.now;
  let off = 0;
  process.on('SIGUSR2', () => { off += 3_600_000; });
  process.on('SIGWINCH', () => { off -= 3_600_000; });
  Date.now = () => now() + off;
`;

describeWith('redis-server', 'redis-cli')('on one Redis', () => {
  let issuer: CiIssuer;
  let redis: RedisServer;
  let first: World;
  let second: World;
  beforeAll(async () => {
    [issuer, redis] = await Promise.all([startIssuer(), startRedis()]);
    const node = ['--import', `data:text/javascript,${encodeURIComponent(jumping)}`];
    first = await startWorld({ issuer, store: redis.url });
    second = await startWorld({ issuer, store: redis.url, node });
  }, 40_000);
  afterAll(async () => {
    for (const each of [first, second, redis, issuer]) await each?.close();
  });

  test('TOK-21 a token that one process minted is good at another, and after the first is gone', async () => {
    const token = await first.pypiToken();
    expect((await second.uploadPypi(token, '1.0')).status).toBe(200);
    const third = await startWorld({ issuer, store: redis.url });
    const kept = await third.pypiToken();
    await third.close();
    expect((await second.uploadPypi(kept, '1.1')).status).toBe(200);
  });

  test('JWK-20 Redis holds no key of an issuer, and what is put there is not believed', async () => {
    await first.pypiToken();
    const keys = (await redis.cli('--raw', 'keys', '*')).split('\n').filter((key) => key !== '');
    const values: string[] = [];
    for (const key of keys) values.push(key, await redis.cli('dump', key));
    expect(keys.length).toBeGreaterThan(0);
    const stored = values.join('\n');
    for (const mark of ['"kty"', 'jwks', 'BEGIN PUBLIC', issuer.currentKey().kid]) expect(stored.includes(mark), mark).toBe(false);
    const attacker = await startIssuer();
    const forged = attacker.sign(
      JSON.parse(Buffer.from(second.identity().split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>,
    );
    const jwks = await (await fetch(attacker.jwksUri)).text();
    for (const key of [`{countersign}:jwks:${issuer.issuer}`, `jwks:${issuer.issuer}`, issuer.jwksUri]) await redis.cli('set', key, jwks);
    const answer = await mintWith(second.proxy, forged);
    const event = await second.proxy.event((each) => each.request === answer.headers['x-request-id']);
    expect([answer.status, event.code, event.message]).toEqual([422, 'token-invalid', expect.stringMatching(/key|signature/)]);
    await attacker.close();
  });

  test('TOK-17 of 200 uploads at once over two processes exactly as many are forwarded as the token is good for', async () => {
    const token = await first.npmToken('@acme/three');
    const before = first.writes().length + second.writes().length;
    const uploads = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? first : second).uploadNpm(token, '@acme/three', `1.0.${i}`));
    const answers = await Promise.all(uploads);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(first.writes().length + second.writes().length - before).toBe(3);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(new Set(refused.map(({ status, body }) => `${status} ${codeOf({ body })}`))).toEqual(new Set(['403 upload-limit']));
    expect(refused[0]?.body).toContain('This upload token is good for 3 uploads, and none is left');
  });

  test('TOK-16 a single-use token is good for the upload that succeeds, not for those that came to nothing', async () => {
    const ref = 'acme/ui/.github/workflows/single.yml@refs/tags/v1.0.0';
    const token = await first.pypiToken({ workflow_ref: ref, job_workflow_ref: ref });
    second.answerWrites((res) => res.writeHead(500).end());
    expect((await second.uploadPypi(token, '5.0')).status).toBe(502);
    second.answerWrites((res) => res.writeHead(409, 'no').end());
    expect((await second.uploadPypi(token, '5.0')).status).toBe(409);
    second.answerWrites();
    expect((await first.uploadPypi(token, '5.0', { version: '5.1' })).status).toBe(400);
    expect((await first.uploadPypi(token, '5.0', { name: 'other' })).status).toBe(400);
    expect((await first.uploadPypi(token, '5.0')).status).toBe(200);
    const again = await second.uploadPypi(token, '5.1');
    expect([again.status, again.headers['www-authenticate']]).toEqual([401, expect.stringContaining('Basic')]);
    const event = await second.proxy.event((each) => each.request === again.headers['x-request-id']);
    expect(event).toMatchObject({ event: 'upload', outcome: 'refused', code: 'upload-limit', anchor: 'acme/ui' });
  });

  test('TOK-16 an upload whose end nobody knows counts: the registry may have it', async () => {
    const ref = 'acme/ui/.github/workflows/single.yml@refs/tags/v1.0.0';
    const token = await first.pypiToken({ workflow_ref: ref, job_workflow_ref: ref });
    first.answerWrites((res) => res.destroy());
    const unknown = await first.uploadPypi(token, '6.0');
    first.answerWrites();
    const event = await first.proxy.event((each) => each.request === unknown.headers['x-request-id']);
    expect([unknown.status, event.outcome]).toEqual([502, 'upstream-unknown']);
    expect((await first.uploadPypi(token, '6.0')).status).toBe(401);
  });

  test('TOK-11 an upload that begins before the end of its token and ends after it goes through', async () => {
    const token = await second.pypiToken();
    const body = form(plainWith({ name: 'acme-ui', version: '2.0' }, 'acme_ui-2.0.tar.gz'));
    const slow = net.connect(second.proxy.port, '127.0.0.1');
    let text = '';
    slow.on('data', (chunk) => (text += chunk.toString()));
    const head = [
      'POST /pypi/ HTTP/1.1',
      `Host: ${second.proxy.host}`,
      `Authorization: ${tokenBasic(token)}`,
      `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
      `Content-Length: ${body.length}`,
      'Expect: 100-continue',
      'Connection: close',
    ];
    slow.write(`${head.join('\r\n')}\r\n\r\n`);
    // The program asks for the body once it has judged the head.
    await expect.poll(() => text, { timeout: 5000 }).toContain('100 Continue');
    slow.write(body.subarray(0, 200));
    process.kill(second.proxy.pid, 'SIGUSR2');
    await expect.poll(async () => (await second.uploadPypi(token, '2.1')).status, { timeout: 5000 }).toBe(401);
    slow.write(body.subarray(200));
    await expect.poll(() => text, { timeout: 5000 }).toMatch(/HTTP\/1\.1 200 /);
    slow.destroy();
    process.kill(second.proxy.pid, 'SIGWINCH');
    await expect.poll(async () => (await second.uploadPypi(token, '2.2')).status, { timeout: 5000 }).toBe(200);
  });

  test('TOK-22 a clock that jumps forward ends a token, one that jumps back does not make Redis keep it longer', async () => {
    const token = await first.pypiToken();
    process.kill(second.proxy.pid, 'SIGUSR2');
    await expect.poll(async () => (await second.uploadPypi(token, '3.0')).status, { timeout: 5000 }).toBe(401);
    for (let i = 0; i < 2; i += 1) {
      process.kill(second.proxy.pid, 'SIGWINCH');
      // The same signal twice before it is heard counts once.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await expect.poll(async () => (await second.uploadPypi(token, '3.1')).status, { timeout: 5000 }).toBe(200);
    const keys = (await redis.cli('--raw', 'keys', '*')).split('\n');
    // The audit store keeps for as long as it is told to.
    const lives = keys.filter((key) => !key.includes(':audit:'));
    expect(lives.length).toBeGreaterThan(2);
    for (const key of lives) expect(Number(await redis.cli('pttl', key)), key).toBeLessThanOrEqual(20 * 60 * 1000);
    process.kill(second.proxy.pid, 'SIGUSR2');
    await expect.poll(async () => (await second.uploadPypi(token, '3.2')).status, { timeout: 5000 }).toBe(200);
  });

  test('JWT-66 after Redis lost its memory an identity token is not exchanged again, by neither process', async () => {
    // The npm dialect's audience is the host without its port, so both processes take it.
    const identity = first.identity({ aud: 'npm:127.0.0.1' });
    const path = '/-/npm/v1/oidc/token/exchange/package/@acme%2fui';
    const shown = async ({ proxy }: World): Promise<string | undefined> => {
      const answer = await raw(proxy, 'POST', path, { host: proxy.host, authorization: `Bearer ${identity}`, 'content-length': '0' });
      if (answer.status === 201) return 'minted';
      expect(answer.body).not.toContain('csgn_');
      return (await proxy.event((each) => each.request === answer.headers['x-request-id'])).code;
    };
    expect([await shown(first), await shown(second), await shown(first)]).toEqual(['minted', 'token-used', 'token-used']);
    await redis.cli('flushall');
    expect([await shown(second), await shown(first)]).toEqual(['token-before-store', 'token-before-store']);
  });
});
