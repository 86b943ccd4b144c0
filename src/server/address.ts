// The client's address: the socket's, unless a proxy that the configuration trusts says otherwise.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

const nobody = new BlockList();

/** Compiles CIDR ranges and single addresses; none: nobody is trusted (EXC-22). */
export function trustedProxies(ranges: readonly string[]): BlockList {
  if (ranges.length === 0) return nobody;
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/**
 * The client's address. `X-Forwarded-For` is read from its end: the last entry that no trusted proxy wrote about another
 * trusted proxy is the client; everything before it is the client's own invention.
 */
export function clientAddress(req: IncomingMessage, trusted: BlockList): string {
  const peer = plain(req.socket.remoteAddress ?? '');
  if (!isTrusted(trusted, peer)) return peer;
  const forwarded = String(req.headers['x-forwarded-for'] ?? '');
  const hops = forwarded
    .split(',')
    .map((hop) => plain(hop.trim()))
    .filter((hop) => hop !== '');
  const client = hops.findLast((hop) => !isTrusted(trusted, hop));
  return client !== undefined && isIP(client) !== 0 ? client : peer;
}

/** Whether the other end of the connection is a proxy that the configuration trusts. */
export function isTrustedPeer(req: IncomingMessage, trusted: BlockList): boolean {
  return isTrusted(trusted, plain(req.socket.remoteAddress ?? ''));
}

function isTrusted(trusted: BlockList, address: string): boolean {
  return trusted !== nobody && isIP(address) !== 0 && trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** IPv4 addresses in IPv6 clothes are IPv4 addresses. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
