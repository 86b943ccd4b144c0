// The audit store in a real Redis Cluster of three masters.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditScripts } from '../../src/audit/redis-scripts.ts';
import { createRedisAudit } from '../../src/audit/redis-store.ts';
import { openRedisLink, type RedisLink } from '../../src/store/redis-link.ts';
import { keptLog, redisAt } from '../store/requests.ts';
import { startRedisCluster, type RedisCluster } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { auditStoreContract, keeping } from './contract.ts';
import { entryOf, pagesOf } from './entries.ts';

describeWith('redis-server', 'redis-cli')('a Redis Cluster', () => {
  let cluster: RedisCluster;
  let link: RedisLink;
  let opened = 0;
  beforeAll(async () => {
    cluster = await startRedisCluster();
    const settings = redisAt(0, { mode: 'cluster', nodes: cluster.addresses });
    link = openRedisLink(settings, { subject: 'audit store', scripts: auditScripts }, keptLog());
    const up = (): Promise<unknown> => link.call('get', '{a}').catch(() => 'away');
    while ((await up()) === 'away') await new Promise((resolve) => setTimeout(resolve, 20));
  });
  afterAll(async () => {
    link.close();
    await cluster.close();
  });

  // Prefixes in slots of all three nodes.
  const open = (change: Partial<typeof keeping> = {}) =>
    createRedisAudit({
      link: { ...link, close: () => undefined },
      keyPrefix: `{cluster-${(opened += 1)}}:`,
      keeping: { ...keeping, ...change },
      now: Date.now,
      scrub: (text) => text,
      told: () => undefined,
      delay: 1,
    });

  auditStoreContract(open, 15);

  test('follows its slot to another node, and loses nothing over it (RED-09 MOVED)', async () => {
    const store = open();
    const before = entryOf();
    store.add(before);
    await store.settle();
    const key = `{cluster-${opened}}:audit:events`;
    const slot = await cluster.nodes[0]?.cli('cluster', 'keyslot', key);
    const sizes = await Promise.all(cluster.nodes.map((node) => node.cli('--raw', 'keys', `{cluster-${opened}}:*`)));
    const from = cluster.nodes[sizes.findIndex((keys) => keys !== '')];
    const to = cluster.nodes.find((node) => node !== from);
    if (from === undefined || to === undefined || slot === undefined) throw new Error('no node has the keys');
    const keys = (await from.cli('--raw', 'keys', `{cluster-${opened}}:*`)).split('\n');
    const id = await to.cli('cluster', 'myid');
    await to.cli('cluster', 'setslot', slot, 'importing', await from.cli('cluster', 'myid'));
    await from.cli('cluster', 'setslot', slot, 'migrating', id);
    await from.cli('migrate', '127.0.0.1', `${to.port}`, '', '0', '5000', 'KEYS', ...keys);
    for (const node of [to, from, ...cluster.nodes]) await node.cli('cluster', 'setslot', slot, 'node', id);
    const after = entryOf();
    store.add(after);
    await expect.poll(() => store.status().waiting, { timeout: 10_000 }).toBe(0);
    expect((await pagesOf(store, {}, 10)).flat()).toEqual([after.id, before.id]);
  });
});
