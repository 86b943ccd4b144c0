import { describe, expect, it } from 'vitest';
import { refusalKinds, refuse, type RefusalCode } from '../../../src/core/refusal.ts';
import { pypi } from '../../../src/registries/pypi/index.ts';

const values = {
  anchor: 'acme/ui',
  package: 'acme-ui',
  publisher: 'ui',
  what: 'acme_ui-1.0.tar.gz',
  expected: 'a\r\nb\u00e9',
  actual: 'c',
  field: 'ref',
  problem: 'x',
  seconds: 3,
};
const codes = Object.keys(refusalKinds) as RefusalCode[];

describe('refusals in the dialect of Python indexes', () => {
  it.each(codes)('%s of an upload has a reason phrase, JSON `code`, `message` and the members of RFC 9457', (code) => {
    const refusal = refuse(code, values);
    const answer = pypi.reply(refusal, 'upload', 'req-1');
    expect(answer.status).toBe(refusal.status);
    expect(answer.reason).toMatch(/^[\x20-\x7e]{1,400}$/);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['www-authenticate']).toBe(refusal.status === 401 ? 'Basic realm="Countersign", charset="UTF-8"' : undefined);
    const text = `${refusal.message} (request req-1)`;
    expect(JSON.parse(answer.body)).toEqual({
      message: text,
      code: `${refusal.status} ${text}`,
      title: refusal.title,
      detail: text,
      type: `urn:countersign:refusal:${code}`,
      status: refusal.status,
      errors: [{ code, description: text }],
    });
  });

  it.each(codes)('EXC-11: %s of an exchange has `message` and `errors`, without which twine and gh-action crash', (code) => {
    const refusal = refuse(code, values);
    const answer = pypi.reply(refusal, 'exchange', 'req-1');
    const kept = refusal.status >= 500 || [404, 405, 408, 413, 429].includes(refusal.status);
    expect(answer.status).toBe(kept ? refusal.status : 422);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(answer.headers['retry-after']).toBe(refusal.retryAfter === undefined ? undefined : String(refusal.retryAfter));
    expect(JSON.parse(answer.body)).toMatchObject({
      message: 'Token request failed',
      errors: [{ code: expect.stringMatching(/^invalid-[a-z-]+$/), description: `${refusal.message} (request req-1)` }],
      type: `urn:countersign:refusal:${code}`,
      status: answer.status,
    });
  });

  it('says "already exists" with 409 where a file is there, for --skip-existing of twine and uv', () => {
    const answer = pypi.reply(refuse('upload-exists', { what: 'acme_ui-1.0.tar.gz' }), 'upload', 'r');
    expect(answer.status).toBe(409);
    expect(answer.reason).toContain('acme_ui-1.0.tar.gz already exists');
  });

  it('cuts a long reason phrase, and no line end or foreign character gets into it', () => {
    const long = 'y'.repeat(400);
    const answer = pypi.reply(
      refuse('body-mismatch', { where: `a\r\nSet-Cookie: x\u2028${long}`, actual: long, expected: long }),
      'upload',
      'r\n',
    );
    expect(answer.reason).toMatch(/^[\x20-\x7e]{400}$/);
    expect(answer.body).not.toContain('\n');
  });
});
