// A month of a busy company: 200,000 records in Redis. What the dashboard asks is answered at once, what has to go through everything within
// seconds, and neither holds up the token store.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collectPage } from '../../src/audit/page.ts';
import { readQuery } from '../../src/audit/query.ts';
import { auditScripts } from '../../src/audit/redis-scripts.ts';
import { createRedisAudit } from '../../src/audit/redis-store.ts';
import type { AuditStore } from '../../src/audit/store.ts';
import { summarise } from '../../src/audit/summary.ts';
import { openRedisLink } from '../../src/store/redis-link.ts';
import { keptLog, redisAt } from '../store/requests.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { entryOf } from './entries.ts';

const records = 200_000;
const outcomes = ['minted', 'forwarding', 'uploaded', 'refused'] as const;

/** A record as full as they get, one of four kinds, at its share of the month that ends now. */
function recordOf(i: number): ReturnType<typeof entryOf> {
  const outcome = outcomes[i % 4] ?? 'minted';
  const refused = {
    code: 'publisher-workflow' as const,
    message: 'Publisher ui-release expects workflow release.yml; this job runs build.yml.',
  };
  return entryOf(
    {
      event: outcome === 'minted' ? 'exchange' : 'upload',
      outcome,
      request: i.toString(16).padStart(16, '0'),
      registry: 'npm',
      package: `@acme/package-${i % 700}`,
      version: `1.0.${i}`,
      file: `package-1.0.${i}.tgz`,
      sha256: 'a'.repeat(64),
      bytes: 12_345,
      ...(outcome === 'refused'
        ? { ...refused, considered: ['ui-release: workflow expected release.yml got build.yml'] }
        : { publishers: [`publisher-${i % 200}`] }),
      issuer: 'github',
      provider: 'github',
      anchor: `acme/repository-${i % 300}`,
      actor: 'octocat',
      commit: 'b'.repeat(40),
      ref: 'refs/tags/v1.2.3',
      workflow: 'release.yml',
      environment: 'release',
      run: '4711',
      runUrl: 'https://github.com/acme/ui/actions/runs/4711',
      token: '0123456789ab',
      client: 'npm/12.2.0 node/v24.21.0 linux x64 workspaces/false ci/github-actions',
      address: '192.0.2.7',
      upstreamStatus: 201,
      milliseconds: 12,
      policy: 'abcdef012345',
    },
    Date.now() - (30 * 86_400_000 * (records - i)) / records,
  );
}

describeWith('redis-server', 'redis-cli')('200,000 records', () => {
  let redis: RedisServer;
  let store: AuditStore;
  beforeAll(async () => {
    redis = await startRedis();
    const link = openRedisLink(redisAt(redis.port), { subject: 'audit store', scripts: auditScripts }, keptLog());
    const keeping = { maxEvents: 300_000, maxAge: 90 * 86_400, maxVersions: 50_000 };
    store = createRedisAudit({
      link,
      keyPrefix: '{scale}:',
      keeping,
      now: Date.now,
      scrub: (text) => text,
      told: () => undefined,
      delay: 1,
    });
    for (let i = 0; i < records; i += 1) {
      store.add(recordOf(i));
      if (i % 1000 === 0) await atMost(5_000);
    }
    await atMost(0);
  }, 300_000);
  afterAll(async () => {
    store.close();
    await redis.close();
  });

  async function atMost(waiting: number): Promise<void> {
    while (store.status().waiting > waiting) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
    const started = performance.now();
    const result = await work();
    return { result, ms: performance.now() - started };
  }
  /** The first records that fit: a page that ended for want of time is gone on from. */
  const found = (question: string) =>
    timed(async () => {
      const events: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null && events.length === 0;) {
        const query = readQuery(new URLSearchParams(`${question}${cursor === '' ? '' : `&cursor=${cursor}`}`));
        if ('problem' in query) throw new Error(query.problem);
        const page = await collectPage(store, query);
        events.push(...page.events);
        cursor = page.next;
      }
      return events;
    });

  test('are summed up at once, each of them counted', async () => {
    const { result, ms } = await timed(() => summarise(store, { days: 31, limit: 1000 }, Date.now()));
    expect(ms).toBeLessThan(1_000);
    const counted = result.days.reduce((sum, { outcomes: { uploaded = 0 } }) => sum + uploaded, 0);
    expect([counted, result.publishers.length, result.packages.length, store.status().lost]).toEqual([records / 4, 100, 175, 0]);
    console.log(`summary of ${records} records: ${ms.toFixed(0)} ms`);
  });

  test.each([
    '',
    'outcome=uploaded',
    'outcome=refused&outcome=uploaded',
    'package=@acme/package-6',
    'request=0000000000000001',
    'package=nothing',
  ])('are asked for "%s" within seconds, and the token store is not held up', async (question) => {
    let longest = 0;
    const until = new AbortController();
    const others = (async () => {
      while (!until.signal.aborted) {
        const { ms } = await timed(() => redis.cli('ping'));
        longest = Math.max(longest, ms);
      }
    })();
    const { result, ms } = await found(question);
    until.abort();
    await others;
    expect(ms).toBeLessThan(20_000);
    expect(result.length).toBe(question.startsWith('request') ? 1 : question.endsWith('nothing') ? 0 : 100);
    // With the start of redis-cli: a command of somebody else waits for one piece of the search at most.
    expect(longest).toBeLessThan(1_000);
    console.log(
      `"${question}": ${ms.toFixed(0)} ms; meanwhile another client waited ${longest.toFixed(0)} ms at most, redis-cli's start included`,
    );
  });

  test('take about as much memory as docs/operations.md says', async () => {
    const size = Number(await redis.cli('memory', 'usage', '{scale}:audit:events', 'samples', '0'));
    console.log(`${(size / records).toFixed(0)} bytes a record`);
    expect(size / records).toBeLessThan(1_200);
    const versions = Number(await redis.cli('memory', 'usage', '{scale}:audit:by:versions', 'samples', '0'));
    console.log(`${(versions / 50_000).toFixed(0)} bytes a version`);
    expect(versions / 50_000).toBeLessThan(1_200);
  });
});
