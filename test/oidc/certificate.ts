// A certificate authority for tests: signs X.509 certificates (RFC 5280) with any name and any dates.
import { createSign, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';

export interface CertificateOptions {
  /** DNS name in the subject and the subject alternative name. */
  readonly host: string;
  /** IPv4 addresses in the subject alternative name beside it. */
  readonly addresses?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface Authority {
  /** The authority's own certificate, PEM. */
  readonly certificate: string;
  /** Key and certificate (PEM) of a server. */
  readonly issue: (options: CertificateOptions) => { readonly key: string; readonly cert: string };
}

const day = 86_400_000;
const ecdsaWithSha256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));

/** A new authority, which nobody trusts unless told to. */
export function createAuthority(name = 'Test authority'): Authority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = sign(name, pair.privateKey, { host: name }, pair.publicKey, true);
  return {
    certificate,
    issue: (options) => {
      const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const key = server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      return { key, cert: sign(name, pair.privateKey, options, server.publicKey, false) };
    },
  };
}

function sign(issuer: string, key: KeyObject, options: CertificateOptions, publicKey: KeyObject, authority: boolean): string {
  const from = options.notBefore ?? new Date(Date.now() - day);
  const until = options.notAfter ?? new Date(Date.now() + day);
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    commonName(issuer),
    der(0x30, time(from), time(until)),
    commonName(options.host),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, authority ? basicConstraints() : alternativeName(options))),
  );
  const signature = createSign('sha256').update(body).sign(key);
  const whole = der(0x30, body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
  return `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replaceAll(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function commonName(name: string): Buffer {
  return der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(name)))));
}

function basicConstraints(): Buffer {
  return der(0x30, Buffer.from('0603551d13', 'hex'), der(0x01, Buffer.from([0xff])), der(0x04, der(0x30, Buffer.from('0101ff', 'hex'))));
}

function alternativeName({ host, addresses = [] }: CertificateOptions): Buffer {
  const names = [der(0x82, Buffer.from(host)), ...addresses.map((address) => der(0x87, Buffer.from(address.split('.').map(Number))))];
  return der(0x30, Buffer.from('0603551d11', 'hex'), der(0x04, der(0x30, ...names)));
}

/** RFC 5280 4.1.2.5: two digits of the year through 2049, four from then on. */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/[-:T]|\..*/g, '')}Z`;
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

/** One DER value: tag, shortest length, content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  const size = bytes.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), bytes]);
}
