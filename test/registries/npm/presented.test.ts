import { describe, expect, it } from 'vitest';
import { formatToken } from '../../../src/core/upload-token.ts';
import { npm } from '../../../src/registries/npm/index.ts';
import type { Presented } from '../../../src/registries/registry.ts';
import { head } from './publishing.ts';

const token = formatToken(new Uint8Array(32).fill(7));

function presented(authorization: string): Presented {
  return npm.presented(head('PUT', '/w', { authorization }));
}

function basic(text: string | Uint8Array): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

describe('what an npm client presents', () => {
  it('is nothing without Authorization', () => {
    expect(npm.presented(head('GET', '/w'))).toEqual({ kind: 'none' });
  });

  it.each([
    `Bearer ${token}`,
    `bearer ${token}`,
    `BEARER ${token}`,
    basic(`__token__:${token}`),
    basic(`__token__:${token}`).replace('Basic', 'basic'),
  ])('is an upload token: %s (TOK-06, TOK-07)', (header) => {
    expect(presented(header)).toEqual({ kind: 'text', text: token });
  });

  it.each(['npm_abc', 'XXXXX-XXXXX-XXXXX-XXXXX', 'aGVsbG8+/w==', 'a.b.c'])('is the text %s of another bearer', (text) => {
    expect(presented(`Bearer ${text}`)).toEqual({ kind: 'text', text });
  });

  it.each([
    `Bearer  ${token}`,
    `Bearer\t${token}`,
    `Bearer ${token},`,
    `Bearer "${token}"`,
    `Bearer ${token} extra`,
    `Bearer x${token}`,
    `Token ${token}`,
    token,
    ` Bearer ${token}`,
    `Basic ${token}`,
    basic(`svc:${token}`),
    basic(`${token}:`),
    basic(`:${token}`),
    basic(token),
    basic(`${token}:${token}`),
    basic(`__token__: ${token}`),
    basic(`__TOKEN__:${token}`),
    basic(`x\n__token__:${token}`),
    `${basic(`__token__:${token}`)}!!!`,
    `Basic ${Buffer.from(`__token__:${token}`).toString('base64').slice(0, 20)}!!${Buffer.from(`__token__:${token}`).toString('base64').slice(20)}`,
    basic(`__token__:${token}`).replace(/.(?===$)/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
    basic(Buffer.concat([Buffer.from([0xff]), Buffer.from(`:${token}`)])),
  ])('is refused, not passed on, in the form %s (TOK-06, TOK-07)', (header) => {
    expect(presented(header)).toMatchObject({ kind: 'refused', refusal: { code: 'request-invalid' } });
  });

  it('is damaged, not foreign, with something behind the token (TOK-02, TOK-07)', () => {
    expect(presented(basic(`__token__:${token}:x`))).toEqual({ kind: 'text', text: `${token}:x` });
    expect(presented(`Bearer ${token}x`)).toEqual({ kind: 'text', text: `${token}x` });
  });

  it.each([
    basic('svc:password'),
    basic('svc:pass:word'),
    basic('__token__:pypi-abc'),
    'Basic !!!',
    'Bearer ${NPM_TOKEN}',
    'Negotiate abc',
    'Digest x="y"',
    'Bearer',
    '',
  ])('is foreign: %s', (header) => {
    expect(presented(header)).toEqual({ kind: 'foreign' });
  });
});
