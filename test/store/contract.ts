// What every store must do, whatever it keeps its records in. Run against the embedded store and against real Redis.
import { expect, it } from 'vitest';
import { StoreUnavailable, type Store } from '../../src/store/index.ts';
import { again, freshHash, mintOf } from './requests.ts';

export interface UnderTest {
  readonly store: Store;
  /** The clock that the store was given; tests move it. */
  readonly clock: { ms: number };
}

/** Registers the suite in the surrounding `describe`. */
export function storeContract(under: () => UnderTest): void {
  const store = (): Store => under().store;
  const now = (): number => under().clock.ms;

  it('keeps what was minted until it is revoked, and finds nothing else', async () => {
    const request = mintOf(now());
    expect(await store().mint(request)).toBe('minted');
    expect(await store().find(request.tokenHash)).toEqual(request.record);
    expect(await store().find(freshHash())).toBeUndefined();
    expect(await store().revoke(request.tokenHash)).toBe(true);
    expect(await store().revoke(request.tokenHash)).toBe(false);
    expect(await store().find(request.tokenHash)).toBeUndefined();
  });

  it('exchanges an identity token once (P5, JWT-60)', async () => {
    const first = mintOf(now());
    const second = again(first);
    expect(await store().mint(first)).toBe('minted');
    expect(await store().mint(second)).toBe('used');
    expect(await store().find(second.tokenHash)).toBeUndefined();
  });

  it('still counts the exchange after its upload token was revoked (P5)', async () => {
    const first = mintOf(now());
    await store().mint(first);
    await store().revoke(first.tokenHash);
    expect(await store().mint(again(first))).toBe('used');
  });

  it('exchanges as often per package as the limit says, and counts each package alone', async () => {
    const first = mintOf(now(), { limit: 3 });
    const results = [];
    for (const request of [first, again(first), again(first), again(first)]) results.push(await store().mint(request));
    expect(results).toEqual(['minted', 'minted', 'minted', 'used']);
    expect(await store().mint(again(first, { asked: ['npm\n@acme/icons'] }))).toBe('minted');
    expect(await store().mint(again(first, { asked: ['other\n@acme/ui'] }))).toBe('minted');
  });

  it('counts an exchange for all packages of a registry against each of them', async () => {
    const whole = mintOf(now(), { asked: ['pypi\n*'] });
    expect(await store().mint(whole)).toBe('minted');
    expect(await store().mint(again(whole))).toBe('used');
    expect(await store().mint(again(whole, { asked: ['pypi\nui'] }))).toBe('used');
    expect(await store().mint(again(whole, { asked: ['pypi2\nui'] }))).toBe('minted');
  });

  it('counts an exchange for one package against an exchange for all of its registry', async () => {
    const one = mintOf(now(), { asked: ['pypi\nui'] });
    expect(await store().mint(one)).toBe('minted');
    expect(await store().mint(again(one, { asked: ['pypi\n*'] }))).toBe('used');
    expect(await store().mint(again(one, { asked: ['pypi2\n*'] }))).toBe('minted');
  });

  it('counts the most exchanged package against `*`, and `*` against each package', async () => {
    const first = mintOf(now(), { asked: ['pypi\na'], limit: 3 });
    const asked = ['pypi\na', 'pypi\na', 'pypi\nb', 'pypi\n*', 'pypi\n*', 'pypi\na', 'pypi\nb', 'pypi\nb'];
    const results = [];
    for (const entry of asked) results.push(await store().mint(again(first, { asked: [entry] })));
    expect(results).toEqual(['minted', 'minted', 'minted', 'minted', 'used', 'used', 'minted', 'used']);
  });

  it('mints all that was asked for or nothing: one used entry refuses the others and does not count them', async () => {
    const first = mintOf(now(), { asked: ['npm\na'] });
    await store().mint(first);
    const both = again(first, { asked: ['npm\nb', 'npm\na'] });
    expect(await store().mint(both)).toBe('used');
    expect(await store().find(both.tokenHash)).toBeUndefined();
    expect(await store().mint(again(first, { asked: ['npm\nb'] }))).toBe('minted');
  });

  it('takes a repeated nonce for the same mint and counts it once (RED-05)', async () => {
    const request = mintOf(now(), { limit: 2 });
    expect(await store().mint(request)).toBe('minted');
    expect(await store().mint(request)).toBe('minted');
    expect(await store().mint(again(request))).toBe('minted');
    expect(await store().mint(request)).toBe('minted');
    expect(await store().mint(again(request))).toBe('used');
    expect(await store().find(request.tokenHash)).toEqual(request.record);
  });

  it('does not take a repeated nonce for a mint of another upload token', async () => {
    const request = mintOf(now());
    await store().mint(request);
    expect(await store().mint(again(request, { nonce: request.nonce }))).toBe('used');
  });

  it('refuses identity tokens from before its epoch as retryable, and does not mark them (RED-12)', async () => {
    const second = Math.floor(now() / 1000);
    const old = mintOf(now(), { issuedAt: second - 2 });
    expect(await store().mint(old)).toBe('before-epoch');
    expect(await store().find(old.tokenHash)).toBeUndefined();
    expect(await store().mint(again(old, { issuedAt: second + 2 }))).toBe('minted');
  });

  it('exchanges an identity token once under 100 concurrent requests (P5, JWT-61)', async () => {
    const first = mintOf(now());
    const results = await Promise.all(Array.from({ length: 100 }, () => store().mint(again(first))));
    expect(results.filter((result) => result === 'minted')).toHaveLength(1);
    expect(results.filter((result) => result === 'used')).toHaveLength(99);
  });

  it('decides expiry by the record and the clock it was given, to the second (TOK-10, RED-18)', async () => {
    const request = mintOf(now());
    await store().mint(request);
    const { clock } = under();
    const before = clock.ms;
    try {
      clock.ms = request.record.expires * 1000 - 1;
      expect(await store().find(request.tokenHash)).toEqual(request.record);
      clock.ms = request.record.expires * 1000;
      expect(await store().find(request.tokenHash)).toBeUndefined();
    } finally {
      clock.ms = before;
    }
  });

  it('says what a mint would come to, and marks and mints nothing', async () => {
    const first = mintOf(now());
    for (let time = 0; time < 3; time += 1) expect(await store().ask(first)).toBe('minted');
    expect(await store().find(first.tokenHash)).toBeUndefined();
    expect(await store().mint(again(first))).toBe('minted');
    expect(await store().ask(again(first))).toBe('used');
    expect(await store().ask(mintOf(now(), { issuedAt: Math.floor(now() / 1000) - 2 }))).toBe('before-epoch');
    await expect(store().ask(mintOf(now(), { markFor: 0 }))).rejects.toThrow(/malformed: markFor/);
  });

  /** A live token with this number of uploads. */
  const tokenOf = async (maxUploads?: number): Promise<string> => {
    const request = mintOf(now());
    const record = { ...request.record, ...(maxUploads === undefined ? {} : { maxUploads }) };
    expect(await store().mint({ ...request, record })).toBe('minted');
    return request.tokenHash;
  };
  const slots = async (hash: string, uploads: readonly string[]): Promise<(string | undefined)[]> => {
    const used = await Promise.all(uploads.map((upload) => store().use(hash, upload)));
    return used.map((use) => use?.slot);
  };

  it('looks a token up for an upload, and counts nothing where it has no number of them', async () => {
    const hash = await tokenOf();
    expect(await slots(hash, ['a', 'b', 'a'])).toEqual(['free', 'free', 'free']);
    await store().release(hash, 'a');
    expect(await store().use(hash, 'a')).toEqual({ record: await store().find(hash), slot: 'free' });
    expect(await store().use(freshHash(), 'a')).toBeUndefined();
  });

  it('lets exactly as many uploads through as a token is good for, under 200 at once (TOK-17)', async () => {
    const hash = await tokenOf(3);
    const taken = (
      await slots(
        hash,
        Array.from({ length: 200 }, (_, i) => `upload ${i}`),
      )
    ).filter((slot) => slot === 'taken');
    expect(taken).toHaveLength(3);
  });

  it('takes a repeated upload for the same one, and gives back what came to nothing (TOK-16, RED-05)', async () => {
    const hash = await tokenOf(1);
    expect(await slots(hash, ['a', 'a'])).toEqual(['taken', 'taken']);
    expect(await slots(hash, ['b'])).toEqual(['spent']);
    await store().release(hash, 'never taken');
    expect(await slots(hash, ['b'])).toEqual(['spent']);
    await store().release(hash, 'a');
    await store().release(hash, 'a');
    expect(await slots(hash, ['b', 'a'])).toEqual(['taken', 'spent']);
  });

  it('knows a token no more after it was revoked, whatever was taken of it', async () => {
    const hash = await tokenOf(2);
    await store().use(hash, 'a');
    expect(await store().revoke(hash)).toBe(true);
    expect(await store().use(hash, 'b')).toBeUndefined();
    await store().release(hash, 'a');
    expect(await store().revoke(hash)).toBe(false);
  });

  it('throws for times that would store nothing and say so to nobody', async () => {
    for (const wrong of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
      await expect(store().mint(mintOf(now(), { markFor: wrong }))).rejects.toThrow(/malformed: markFor/);
      await expect(store().mint(mintOf(now(), { keepFor: wrong }))).rejects.toThrow(/malformed: keepFor/);
      await expect(store().mint(mintOf(now(), { limit: wrong }))).rejects.toThrow(/malformed: limit/);
    }
    await expect(store().mint(mintOf(now(), { asked: [] }))).rejects.toThrow(/malformed: asked/);
    await expect(store().mint(mintOf(now(), { asked: ['npm'] }))).rejects.not.toBeInstanceOf(StoreUnavailable);
  });

  it('floors a fractional iat, which is a number of seconds that need not be whole (RFC 7519)', async () => {
    expect(await store().mint(mintOf(now(), { issuedAt: Math.floor(now() / 1000) + 60.75 }))).toBe('minted');
  });

  it('keeps a note for a while, replaces it, and keeps no long one', async () => {
    const key = `refused\n127.0.0.1\n${freshHash()}`;
    await store().remember(key, 'first', 60_000);
    await store().remember(key, 'second: "ünïcode" \n', 60_000);
    expect(await store().recall(key)).toBe('second: "ünïcode" \n');
    await store().remember(key, 'x'.repeat(5_000), 60_000);
    expect(await store().recall(key)).toBe('second: "ünïcode" \n');
    expect(await store().recall(`${key}2`)).toBeUndefined();
    await store().remember(`${key}2`, 'never', 0);
    expect(await store().recall(`${key}2`)).toBeUndefined();
  });

  it('has no problem while it can answer', async () => {
    expect(await store().problem()).toBeUndefined();
  });
}
