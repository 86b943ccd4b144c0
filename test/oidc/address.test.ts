import { lookup as resolve } from 'node:dns/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isPublicAddress, isPublicOrPrivateAddress, literalAddress, lookupIf } from '../../src/oidc/address.ts';

describe('an address', () => {
  it.each([
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '192.0.2.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2002:7f00:1::',
    '2001:db8::1',
    '',
    'localhost',
    '1.2.3',
    '0x7f.1',
    '1.2.3.4 ',
  ])('%s is not public (JWK-23)', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['1.1.1.1', '140.82.112.3', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it('in a URL is found in every spelling that URLs allow', () => {
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '127.1']) {
      expect(literalAddress(new URL(`https://${host}/`))).toBe('127.0.0.1');
    }
    expect(literalAddress(new URL('https://[::1]:8443/'))).toBe('::1');
    expect(literalAddress(new URL('https://ci.example/'))).toBeUndefined();
  });

  it('of a private network is allowed where the issuer is inside it; loopback and link-local never are (JWK-02)', () => {
    for (const address of ['10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1', 'fd00::1', '1.1.1.1'])
      expect(isPublicOrPrivateAddress(address)).toBe(true);
    for (const address of ['127.0.0.1', '169.254.169.254', '::1', 'fe80::1', '::ffff:127.0.0.1', '0.0.0.0']) {
      expect(isPublicOrPrivateAddress(address)).toBe(false);
    }
  });

  it('that a name leads to is checked for the very connection (JWK-23)', async () => {
    const look = promisify(lookupIf(isPublicAddress));
    await expect(resolve('localhost')).resolves.toBeDefined();
    for (const all of [true, false])
      await expect(look('localhost', { all })).rejects.toThrow(/^localhost is at (127\.0\.0\.1|::1), which is not a public address$/);
    await expect(look('1.1.1.1', { all: true })).resolves.toEqual([{ address: '1.1.1.1', family: 4 }]);
    await expect(look('name.invalid', {})).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  });
});
