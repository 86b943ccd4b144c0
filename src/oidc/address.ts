// Which network addresses an issuer's keys may come from: public ones, those of one's own network where the issuer is said to be
// inside it, any where it is marked insecure.
import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

// IANA special-purpose registries (RFC 6890): this host, private, shared, loopback, link-local, test nets, multicast, reserved.
const special4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
// ::/96 holds :: and ::1; the others are local NAT64, Teredo, documentation, 6to4, unique local, link- and site-local, multicast.
const special6: readonly (readonly [string, number])[] = [
  ['::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const special = new BlockList();
for (const [net, prefix] of special6) special.addSubnet(net, prefix, 'ipv6');
for (const [net, prefix] of special4) {
  special.addSubnet(net, prefix, 'ipv4');
  // The same addresses in IPv6 clothes: mapped, and behind the well-known NAT64 prefix.
  for (const clothes of ['::ffff:', '64:ff9b::']) special.addSubnet(clothes + net, 96 + prefix, 'ipv6');
}

/** True for a globally reachable IPv4 or IPv6 address; false for any other text. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !special.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** The ranges of private networks (RFC 1918, RFC 6598, RFC 4193): neither loopback nor link-local, where metadata services are. */
const inside = new BlockList();
for (const [net, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  inside.addSubnet(net, prefix, 'ipv4');
}
inside.addSubnet('fc00::', 7, 'ipv6');

/** True for a public address, or one of a private network. */
export function isPublicOrPrivateAddress(address: string): boolean {
  return isPublicAddress(address) || (isIP(address) !== 0 && inside.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6'));
}

/** The address that stands in a URL itself, or undefined for a name. Node resolves no literals, so they are checked apart. */
export function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? undefined : host;
}

/**
 * A `lookup` for sockets that fails when any address of the name is not allowed. It runs for the very connection that
 * is made, so a name that changes its mind between a check and the use gains nothing (JWK-23).
 */
export const lookupIf =
  (allowed: (address: string) => boolean): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return callback(error ?? new Error(`no address for ${hostname}`), '', 0);
      const hidden = addresses.find(({ address }) => !allowed(address));
      if (hidden !== undefined) return callback(new Error(`${hostname} is at ${hidden.address}, which is not a public address`), '', 0);
      return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
