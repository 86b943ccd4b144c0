// How often: the limits of exchanges per address and of packages per publisher, on a clock of the test's.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorder } from '../support/recorder.ts';
import type { LimitSettings } from '../../src/config/configuration.ts';
import type { PackageName } from '../../src/core/package-name.ts';
import type { Pattern } from '../../src/core/pattern.ts';
import type { TrustedPublisher } from '../../src/core/publisher.ts';
import { createLimits, type Limits } from '../../src/exchange/limits.ts';

const settings: LimitSettings = { refusedExchanges: 3, packagesPerMinute: 2, exchangesPerPackage: 4, connections: 10, requests: 10 };

let now = 0;
let { audit, events } = createRecorder();
let limits: Limits;
beforeEach(() => {
  vi.useFakeTimers();
  now = 1_000_000;
  ({ audit, events } = createRecorder());
  limits = createLimits({ audit, elapsed: () => now });
});
afterEach(() => {
  limits.close();
  vi.useRealTimers();
});

function pass(milliseconds: number): void {
  now += milliseconds;
  vi.advanceTimersByTime(milliseconds);
}

function publisher(name: string, packages: readonly string[], packagesPerMinute?: number): TrustedPublisher {
  return {
    name,
    issuer: 'github',
    from: { fields: new Map() },
    publish: new Map([['npm', packages as readonly Pattern[]]]),
    allow: ['publish'],
    create: false,
    ttl: 900,
    place: { file: 'policy.yaml', line: 1, column: 1 },
    check: () => [],
    ...(packagesPerMinute === undefined ? {} : { packagesPerMinute }),
  };
}

const called = (n: number | string): PackageName => `@acme/p${n}` as PackageName;
const admit = (address: string) => limits.admit(settings, { request: 'r', client: 'npm', address }, 'rev');
const fail = (address: string, times = 1): void => {
  for (let i = 0; i < times; i += 1) limits.failed(settings, address);
};

describe('an address', () => {
  test('may be refused three times a minute; one of them is worth 20 s', () => {
    fail('192.0.2.1', 2);
    expect(admit('192.0.2.1')).toBeUndefined();
    fail('192.0.2.1');
    expect(admit('192.0.2.1')).toMatchObject({ code: 'too-many', status: 429, retryAfter: 20 });
    expect(admit('192.0.2.2')).toBeUndefined();
    pass(19_000);
    expect(admit('192.0.2.1')).toMatchObject({ retryAfter: 1 });
    pass(1000);
    expect(admit('192.0.2.1')).toBeUndefined();
  });

  test('asking while it is over does not make it longer', () => {
    fail('192.0.2.1', 3);
    for (let i = 0; i < 100; i += 1) admit('192.0.2.1');
    expect(admit('192.0.2.1')).toMatchObject({ retryAfter: 20 });
  });

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:0DB8:0001:0002:0:0:0:9', true],
    ['2001:db8::1', '2001:db8:0:0:5::', true],
    ['fe80::1%eth0', 'fe80::2', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['::1', '1::', false],
    ['192.0.2.1', '192.0.2.2', false],
  ])('EXC-23 %s and %s share a limit: %s (the /64 of IPv6)', (one, other, share) => {
    fail(one, 3);
    expect(admit(other) !== undefined).toBe(share);
  });

  test('EXC-23 65,536 addresses of one /64 are refused as one', () => {
    for (let i = 0; i < 65_536; i += 1) {
      const address = `2001:db8:1:2:${i.toString(16)}::1`;
      if (admit(address) === undefined) fail(address);
    }
    expect(admit('2001:db8:1:2:abcd::7')).toBeDefined();
  });

  test('EXC-20 of 40,000 networks the latest are remembered, and the first are forgotten: memory is bounded', () => {
    for (let i = 0; i < 40_000; i += 1) fail(`2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`, 3);
    expect(admit('2001:db8:9c:3f::1')).toBeDefined();
    expect(admit('2001:db8:0:0::1'), 'forgotten').toBeUndefined();
  });
});

describe('the audit record of what is turned away', () => {
  test('P7 DOS-16 the first at once, 10,000 more as one line with their number; never one line each', () => {
    fail('192.0.2.1', 3);
    for (let i = 0; i < 10_001; i += 1) admit('192.0.2.1');
    expect(events).toEqual([
      expect.objectContaining({
        event: 'exchange',
        outcome: 'refused',
        code: 'too-many',
        address: '192.0.2.1',
        request: 'r',
        policy: 'rev',
      }),
    ]);
    pass(10_000);
    expect(events).toHaveLength(2);
    expect(events[1]).toMatchObject({ address: '192.0.2.1', detail: '10000 more were refused like this within 10 s' });
    pass(60_000);
    expect(events).toHaveLength(2);
  });

  test('P7 what is still open is written at a stop', () => {
    fail('192.0.2.1', 3);
    admit('192.0.2.1');
    admit('192.0.2.1');
    limits.close();
    expect(events.map((event) => event.detail)).toEqual([undefined, '1 more were refused like this within 10 s']);
  });

  test('DOS-16 5,000 addresses at once: a thousand by themselves, the rest together', () => {
    for (let i = 0; i < 5000; i += 1) {
      const address = `10.0.${i >> 8}.${i & 255}`;
      fail(address, 3);
      admit(address);
      admit(address);
    }
    limits.close();
    const said = events.map((event) => Number(/^\d+/.exec(event.detail ?? '')?.[0] ?? 1)).reduce((sum, n) => sum + n);
    expect(said).toBe(10_000);
    expect(events.length).toBeLessThan(2100);
    expect(events.at(-1)?.address).toBeUndefined();
  });
});

describe('a publisher', () => {
  const wide = publisher('wide', ['@acme/*']);
  const one = (name: PackageName, publishers = [wide]) => limits.exchange(settings, { publishers, name });

  test('EXC-24 reaches two packages a minute by a pattern; the third is told when, and the record which ceiling', () => {
    expect(one(called(1))).toBeUndefined();
    pass(10_000);
    expect(one(called(2))).toBeUndefined();
    expect(one(called(3))).toMatchObject({
      code: 'too-many',
      status: 429,
      retryAfter: 50,
      detail: 'ceiling packages_per_minute',
      message: expect.stringContaining('2 different packages a minute for publisher wide'),
    });
    expect(one(called(2)), 'one that it has reached already').toBeUndefined();
    pass(50_000);
    expect(one(called(3)), '@acme/p1 is a minute old').toBeUndefined();
  });

  test('EXC-24 one that names five packages may reach five', () => {
    const named = publisher('named', [1, 2, 3, 4, 5].map(called));
    for (let i = 1; i <= 5; i += 1) expect(one(called(i), [named])).toBeUndefined();
    expect(one(called(6), [named])).toBeDefined();
  });

  test('EXC-24 `packages_per_minute` of the publisher is what counts, more or less', () => {
    const monorepo = publisher('monorepo', ['@acme/*'], 40);
    for (let i = 0; i < 40; i += 1) expect(one(called(i), [monorepo])).toBeUndefined();
    expect(one(called(41), [monorepo])).toBeDefined();
    const narrow = publisher('narrow', [1, 2, 3].map(called), 1);
    expect(one(called(1), [narrow])).toBeUndefined();
    expect(one(called(2), [narrow])).toBeDefined();
  });

  test('EXC-24 exchanges and uploads count together; uploads of one package are not counted', () => {
    expect(one(called(1))).toBeUndefined();
    for (let i = 0; i < 500; i += 1) expect(limits.upload(settings, { publishers: [wide], name: called(1) })).toBeUndefined();
    expect(limits.upload(settings, { publishers: [wide], name: called(2) })).toBeUndefined();
    expect(limits.upload(settings, { publishers: [wide], name: called(3) })).toBeDefined();
    expect(one(called(3))).toBeDefined();
  });

  test('EXC-24 of two publishers that match, the one that is over decides, and the other is charged nothing', () => {
    const other = publisher('other', ['@acme/*']);
    one(called(1));
    one(called(2));
    expect(one(called(3), [other, wide])).toBeDefined();
    expect(one(called(4), [other])).toBeUndefined();
    expect(one(called(5), [other])).toBeUndefined();
  });

  test('EXC-24 exchanges of one package: four a minute, and others are not held up by it', () => {
    for (let i = 0; i < 4; i += 1) expect(one(called(1))).toBeUndefined();
    expect(one(called(1))).toMatchObject({ code: 'too-many', retryAfter: 15, detail: 'ceiling exchanges_per_package' });
    expect(one(called(2))).toBeUndefined();
  });

  test('an exchange that names no package counts as one, and its uploads for themselves', () => {
    expect(limits.exchange(settings, { publishers: [wide], name: undefined })).toBeUndefined();
    for (const n of [1, 2]) expect(limits.upload(settings, { publishers: [wide], name: called(n) })).toBeUndefined();
    expect(limits.upload(settings, { publishers: [wide], name: called(3) })).toBeDefined();
  });
});
