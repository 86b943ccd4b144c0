// Addresses: `host:port`, CIDR ranges, and which hosts are this machine or a private network.
import { BlockList, isIP, isIPv4 } from 'node:net';
import type { Cursor } from '../cursor.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port` or `[v6]:port`, or undefined after a report. */
export function hostPort(cursor: Cursor, example: string): HostPort | undefined {
  const parts = typeof cursor.value === 'string' ? /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(cursor.value) : null;
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || port > 65_535 || (parts?.[1] !== undefined && isIP(host) !== 6)) {
    return cursor.error(`write host:port, for example ${example}`);
  }
  return { host, port };
}

/** A CIDR range, or undefined after a report. A range of all addresses would believe a header from anyone. */
export function cidr(cursor: Cursor): string | undefined {
  const [address = '', bits = ''] = typeof cursor.value === 'string' ? cursor.value.split('/', 2) : [];
  const family = isIP(address);
  if (family !== 0 && bits === '') return cursor.error(`write a range, for example ${address}/${family === 4 ? 32 : 128}`);
  if (family === 0 || !/^[0-9]{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) {
    return cursor.error('write a CIDR range, for example 10.0.0.0/8');
  }
  if (Number(bits) === 0) return cursor.error('a range of all addresses would believe headers from anyone', 'name the proxies in front');
  return `${address}/${Number(bits)}`;
}

const privateRanges = new BlockList();
for (const [address, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  privateRanges.addSubnet(address, bits, 'ipv4');
}
privateRanges.addSubnet('fc00::', 7, 'ipv6');
privateRanges.addSubnet('fe80::', 10, 'ipv6');

/** What kind of place a URL's host is: this machine, a private address, a public address, or a name. */
export function hostKind(hostname: string): 'loopback' | 'private' | 'public' | 'name' {
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (bare === 'localhost' || bare.endsWith('.localhost')) return 'loopback';
  const family = isIP(bare);
  if (family === 0) return 'name';
  if (bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'))) return 'loopback';
  return privateRanges.check(bare, family === 4 ? 'ipv4' : 'ipv6') ? 'private' : 'public';
}
