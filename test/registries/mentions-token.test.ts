import { describe, expect, it } from 'vitest';
import { formatToken } from '../../src/core/upload-token.ts';
import { npm } from '../../src/registries/npm/index.ts';
import { pypi } from '../../src/registries/pypi/index.ts';

const token = formatToken(new Uint8Array(32).fill(7));
const basic = Buffer.from(`__token__:${token}`).toString('base64');

describe.each([npm, pypi])(
  '$id: an upload token in a malformed Authorization never counts as foreign (TOK-06, TOK-07, TOK-24)',
  (protocol) => {
    it.each([
      ['a colon before the scheme', `: Basic ${basic}`],
      ['a letter too much', `Basic x${basic}`],
      ['a letter too few', `Basic ${basic.slice(1)}`],
      ['two schemes', `Negotiate Basic ${basic}`],
      ['a comma', `Basic,${basic}`],
      ['padding in front', `Basic =${basic}`],
      ['parameters', `Digest username="${token}"`],
    ])('%s', (_, authorization) => {
      const head = { method: 'GET', path: '/', query: '', headers: new Map([['authorization', authorization]]) };
      expect(protocol.presented(head).kind).toBe('refused');
    });

    it('other credentials stay foreign or text', () => {
      const head = (authorization: string) => ({
        method: 'GET',
        path: '/',
        query: '',
        headers: new Map([['authorization', authorization]]),
      });
      expect(protocol.presented(head(`Basic ${Buffer.from('dev:password').toString('base64')}`)).kind).toBe('foreign');
      expect(protocol.presented(head('Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln')).kind).toBe('text');
    });
  },
);
