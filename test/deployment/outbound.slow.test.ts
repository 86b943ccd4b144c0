// What the program itself reaches for: addresses, files to write, programs. Node's own permission model is on, and every connection noted.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishNpm, runClient } from '../support/clients.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { npmPackage } from '../support/npm-package.ts';
import { pastEpoch, startProxy, type Proxy } from '../support/proxy.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';
import { fromUi, registryOf, serviceEnv, uiJob } from '../support/ui-job.ts';
import { startVerdaccio, type VerdaccioServer } from '../support/verdaccio.ts';

/** Notes every connection and every look-up of a name, before anything else is loaded. Written to a descriptor: files are forbidden. */
const SPY = `
import dns from 'node:dns';
import net from 'node:net';
const note = (what) => process.stderr.write('outbound ' + what + '\\n');
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const { host, port, path } = Array.isArray(args[0]) ? args[0][0] : typeof args[0] === 'object' ? args[0] : { port: args[0], host: args[1] };
  note(path ?? (host ?? 'localhost') + ':' + port);
  return connect.apply(this, args);
};
const lookup = dns.lookup;
dns.lookup = (name, ...rest) => (note('look-up ' + name), lookup(name, ...rest));
`;

describeWith(
  'redis-server',
  'verdaccio',
  'npm-12',
)('the program, watched', () => {
  let issuer: CiIssuer;
  let verdaccio: VerdaccioServer;
  let redis: RedisServer;
  let proxy: Proxy;
  beforeAll(async () => {
    [issuer, verdaccio, redis] = await Promise.all([startIssuer({ style: 'github' }), startVerdaccio(), startRedis()]);
    const spy = join(tempDir('spy'), 'spy.mjs');
    writeFileSync(spy, SPY);
    proxy = await startProxy({
      env: serviceEnv,
      node: ['--permission', '--allow-fs-read=*', '--disable-proto=delete', '--import', spy],
      policy: (port) => ({
        store: redis.url,
        issuers: { github: { issuer: issuer.issuer, insecure: true } },
        registries: { npm: registryOf('npm', `http://127.0.0.1:${port}/`, verdaccio.url) },
        publishers: [{ name: 'ui', from: fromUi, publish: { npm: ['@acme/ui'] } }],
      }),
    });
    await pastEpoch();
  }, 120_000);
  afterAll(async () => {
    await proxy?.close();
    await Promise.all([issuer?.close(), verdaccio?.close(), redis?.close()]);
  });

  test('SUP-15 connects to the store, the issuer and the registry that the policy names, and to nothing else', async () => {
    const published = await publishNpm('npm-12', npmPackage('@acme/ui').folder, { registry: proxy.url, env: issuer.githubEnv(uiJob) });
    expect(published, published.output).toMatchObject({ code: 0 });
    const seen = [...proxy.output().matchAll(/^outbound (.+)$/gm)].map(([, address]) => address);
    const configured = [redis.url, issuer.issuer, verdaccio.url].map((url) => new URL(url).host);
    // `localhost` in an address is looked up; here all of them are numbers, which are no names to be asked for.
    expect(new Set(seen)).toEqual(new Set([...configured, 'look-up 127.0.0.1']));
  });

  test("SUP-12 does its work where Node's permission model lets it write no file, start no program and load no native code", async () => {
    expect((await fetch(`${proxy.admin}readyz`)).status).toBe(200);
    expect(proxy.audit().map(({ outcome }) => outcome)).toEqual(expect.arrayContaining(['minted', 'uploaded']));
    expect(proxy.output()).not.toContain('ERR_ACCESS_DENIED');
    // The flag counts: the same Node refuses to write under it.
    const { output } = await runClient('node', ['--permission', '--allow-fs-read=*', '-e', "require('fs').writeFileSync('x', '')"]);
    expect(output).toContain('ERR_ACCESS_DENIED');
  });
});
