// How the store gets into Redis: passwords, rotated passwords, least privilege, TLS (RED-10, RED-17, SEC-06).
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { createRedisStore, StoreMisconfigured, StoreUnavailable, type Store, type StoreLog } from '../../src/store/index.ts';
import { freePort } from '../support/ports.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';
import { keptLog, mintOf, redisAt, type RedisSettings } from './requests.ts';

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).toReversed()) await close();
});

async function redisServer(...parameters: Parameters<typeof startRedis>): Promise<RedisServer> {
  const redis = await startRedis(...parameters);
  cleanup.push(() => redis.close());
  return redis;
}

async function open(port: number, change: Partial<RedisSettings>, log: StoreLog = keptLog()): Promise<Store> {
  const store = await createRedisStore(redisAt(port, change), { log, now: Date.now });
  cleanup.push(() => store.close());
  return store;
}

/** All that the store's commands and scripts need; docs/operations.md shows the same line. */
const leastPrivilege =
  '~{countersign}:* -@all +auth +select +client|setname +info +eval +evalsha +get +getrange +set +del +hget +hset +hdel +hlen +hexists +hgetall +pttl +pexpire';

const onRedis = describeWith('redis-server', 'redis-cli');

onRedis('a Redis with users', () => {
  it('needs no more of its user than the commands listed here (RED-10)', async () => {
    const redis = await redisServer();
    await redis.cli('acl', 'setuser', 'proxy', 'on', '>open sesame', ...leastPrivilege.split(' '));
    const password = { kind: 'value', value: new Secret('open sesame') } as const;
    const store = await open(redis.port, { username: 'proxy', password });
    expect(await store.problem()).toBeUndefined();
    const request = mintOf(Date.now());
    expect(await store.mint(request)).toBe('minted');
    expect(await store.find(request.tokenHash)).toEqual(request.record);
    const limited = mintOf(Date.now());
    expect(await store.mint({ ...limited, record: { ...limited.record, maxUploads: 1 } })).toBe('minted');
    expect(await store.use(limited.tokenHash, 'a')).toMatchObject({ slot: 'taken' });
    await store.release(limited.tokenHash, 'a');
    expect(await store.revoke(request.tokenHash)).toBe(true);
    await store.remember('k', 'note', 1_000);
    expect(await store.recall('k')).toBe('note');
  });

  it.each(['-evalsha -eval', '-info', 'resetkeys', '-set', '-hset'])(
    'names a missing permission as the reason, and marks nothing: %s (RED-10, RED-07)',
    async (without) => {
      const redis = await redisServer();
      await redis.cli('acl', 'setuser', 'proxy', 'on', '>pw', ...leastPrivilege.split(' '));
      const store = await open(redis.port, { username: 'proxy', password: { kind: 'value', value: new Secret('pw') } });
      expect(await store.mint(mintOf(Date.now()))).toBe('minted');
      await redis.cli('acl', 'setuser', 'proxy', ...without.split(' '));
      const request = mintOf(Date.now());
      await expect(store.mint(request)).rejects.toThrow('Redis does not permit the configured user a command that Countersign needs.');
      expect(await redis.cli('exists', `{countersign}:once:${request.identity}`)).toBe('0');
    },
  );

  it('refuses a wrong password, and shows it nowhere (RED-10, SEC-06)', async () => {
    const redis = await redisServer();
    await redis.cli('config', 'set', 'requirepass', 'right');
    const log = keptLog();
    const store = await open(redis.port, { password: { kind: 'value', value: new Secret('wrong-but-secret') } }, log);
    expect(await store.problem()).toBe('Redis refuses the configured user name or password.');
    const error: unknown = await store.mint(mintOf(Date.now())).catch((reason: unknown) => reason);
    expect(inspect(error, { depth: 10, showHidden: true }) + log.lines.join()).not.toContain('wrong-but-secret');
    expect(log.lines).toHaveLength(1);
    expect(log.lines.join()).toContain('Redis refuses the configured user name or password.');
    const none = await open(redis.port, {});
    expect(await none.problem()).toBe('Redis refuses the configured user name or password.');
  });

  it('is followed when its password and the password file change (RED-10)', async () => {
    const redis = await redisServer();
    await redis.cli('acl', 'setuser', 'proxy', 'on', '>old', ...leastPrivilege.split(' '));
    const path = join(tempDir('password'), 'redis');
    writeFileSync(path, 'old\n');
    const store = await open(redis.port, { username: 'proxy', password: { kind: 'file', path } });
    expect(await store.mint(mintOf(Date.now()))).toBe('minted');
    await redis.cli('acl', 'setuser', 'proxy', 'resetpass', '>new');
    await redis.cli('client', 'kill', 'user', 'proxy');
    await expect.poll(() => store.problem(), { timeout: 5_000, interval: 20 }).toMatch(/refuses the configured/);
    writeFileSync(path, 'new\n');
    await expect.poll(() => store.problem(), { timeout: 5_000, interval: 50 }).toBeUndefined();
    expect(await store.mint(mintOf(Date.now()))).toBe('minted');
  });

  it('cannot be used with a password file that is missing or empty: a start says which', async () => {
    const missing = join(tempDir('password'), 'missing');
    await expect(open(1, { password: { kind: 'file', path: missing } })).rejects.toThrow(StoreMisconfigured);
    await expect(open(1, { password: { kind: 'file', path: missing } })).rejects.toThrow(/missing cannot be read \(ENOENT\)/);
  });
});

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

/** A certificate authority and a certificate for 127.0.0.1 signed by it. */
function certificates(): { readonly ca: string; readonly cert: string; readonly key: string } {
  const dir = tempDir('tls');
  const at = (name: string): string => join(dir, name);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...curve, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', '/CN=Test authority');
  openssl('req', ...curve, '-keyout', at('key.pem'), '-out', at('csr.pem'), '-subj', '/CN=redis');
  writeFileSync(at('ext'), 'subjectAltName=IP:127.0.0.1\n');
  const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'];
  openssl('x509', '-req', '-in', at('csr.pem'), ...signer, '-out', at('cert.pem'), '-days', '2', '-extfile', at('ext'));
  return { ca: at('ca.pem'), cert: at('cert.pem'), key: at('key.pem') };
}

function hasOpenssl(): boolean {
  try {
    openssl('version');
    return true;
  } catch {
    return false;
  }
}

onRedis('a Redis with TLS', () => {
  describe.skipIf(!hasOpenssl())('with a certificate of its own authority', () => {
    it('is used with that authority, and never without it or in plaintext (RED-17)', async () => {
      const { ca, cert, key } = certificates();
      const port = await freePort();
      const tls = [
        '--tls-port',
        String(port),
        '--tls-cert-file',
        cert,
        '--tls-key-file',
        key,
        '--tls-ca-cert-file',
        ca,
        '--tls-auth-clients',
        'no',
      ];
      const redis = await redisServer({ args: tls });
      const good = await open(port, { tls: true, caFile: ca });
      expect(await good.problem()).toBeUndefined();
      expect(await good.mint(mintOf(Date.now()))).toBe('minted');
      const log = keptLog();
      const system = await open(port, { tls: true }, log);
      await expect(system.mint(mintOf(Date.now()))).rejects.toThrow(/TLS certificate/);
      expect(log.lines.join()).toContain('TLS certificate');
      const plaintext = await open(redis.port, { tls: true, caFile: ca });
      await expect(plaintext.mint(mintOf(Date.now()))).rejects.toThrow(StoreUnavailable);
      await expect(open(port, { tls: true, caFile: `${ca}.missing` })).rejects.toThrow(StoreMisconfigured);
    });
  });
});
