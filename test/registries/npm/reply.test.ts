import { describe, expect, it } from 'vitest';
import { refuse, refusalKinds, type RefusalCode } from '../../../src/core/refusal.ts';
import { npm } from '../../../src/registries/npm/index.ts';

const codes = Object.keys(refusalKinds) as RefusalCode[];

describe('a refusal in npm’s dialect (P8)', () => {
  it.each(['exchange', 'upload', 'other'] as const)('fits a header, is JSON, and never asks for a login: %s', (where) => {
    for (const code of codes) {
      const reply = npm.reply(refuse(code, { actual: 'a\r\nb\u00e9', package: '@acme/w' }), where, '01JD');
      expect(Object.keys(reply.headers)).not.toContain('www-authenticate');
      expect(reply.headers).toMatchObject({ 'cache-control': 'no-store', 'npm-notice': expect.stringMatching(/^[\x20-\x7e]+$/) });
      expect(JSON.parse(reply.body)).toMatchObject({ code, request: '01JD', error: reply.headers['npm-notice'] });
      expect(reply.headers['npm-notice']).toContain('request 01JD');
    }
  });

  it('puts the sentence of a refused exchange where npm, pnpm and Yarn read it', () => {
    const reply = npm.reply(refuse('publisher-none', { anchor: 'acme/w', package: '@acme/w' }), 'exchange', '01JD');
    const text =
      'No trusted publisher lets acme/w publish @acme/w. An administrator can add one to the policy file. (publisher-none, request 01JD)';
    expect(reply.status).toBe(403);
    expect(JSON.parse(reply.body)).toMatchObject({ error: text, message: text, body: { message: text } });
  });

  it.each<[RefusalCode, number]>([
    ['token-static', 403],
    ['request-path', 403],
    ['token-used', 403],
    ['token-too-large', 413],
    ['request-method', 405],
    ['too-many', 429],
    ['store-unavailable', 503],
    ['internal', 500],
  ])('answers a refused exchange (%s) with %i', (code, status) => expect(npm.reply(refuse(code), 'exchange', 'x').status).toBe(status));

  it.each<[RefusalCode, number]>([
    ['upload-unauthenticated', 403],
    ['upload-token-unknown', 403],
    ['request-not-found', 403],
    ['upload-exists', 409],
    ['body-mismatch', 400],
    ['body-too-large', 413],
    ['body-type', 415],
    ['store-unavailable', 503],
    ['upstream-credential', 502],
  ])('answers a refused upload (%s) with %i: npm hides our text behind 401 and 404', (code, status) =>
    expect(npm.reply(refuse(code), 'upload', 'x').status).toBe(status),
  );

  it('keeps 404 elsewhere, and says when to come back', () => {
    expect(npm.reply(refuse('request-not-found'), 'other', 'x').status).toBe(404);
    expect(npm.reply(refuse('too-many', { what: '10', seconds: 12 }, { retryAfter: 12 }), 'exchange', 'x').headers['retry-after']).toBe(
      '12',
    );
  });

  it('words an existing version as changesets expects it', () => {
    expect(npm.reply(refuse('upload-exists', { what: '@acme/w 1.0.0' }), 'upload', 'x').body).toContain(
      'cannot publish over the previously published',
    );
  });
});
