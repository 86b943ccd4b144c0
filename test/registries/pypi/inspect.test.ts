import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { describeWith } from '../../support/requirement.ts';
import { shapes } from './clients.ts';
import {
  BOUNDARY,
  FILE,
  MD5,
  SHA256,
  accepted,
  boundaryOf,
  content,
  decision,
  fields,
  form,
  inPieces,
  inTwo,
  inspect,
  plain,
  plainWith,
  refused,
  upload,
} from './forms.ts';
import { askCgi } from './python.ts';

async function refusedWith(body: Uint8Array, contentType?: string): Promise<string> {
  return decision(await upload({ body, contentType }));
}

/** Part heads of a rebuilt body, in order. */
function partNames(body: Buffer, boundary: string): string[] {
  const pattern = new RegExp(`--${boundary}\r\nContent-Disposition: form-data; name="([^"]+)"`, 'g');
  return [...body.toString('latin1').matchAll(pattern)].map(([, name = '']) => name);
}

describe('uploads as real clients send them', () => {
  it.each(shapes)('MP-65: accepts the shape of $client, and MP-66: rebuilds the same fields around the same bytes', async (shape) => {
    const contentType = `multipart/form-data;${shape.tight ? '' : ' '}boundary=${shape.boundary}`;
    const { inspected, body, digest } = accepted(await upload({ body: shape.body, contentType }));
    expect(inspected).toMatchObject({ name: 'allowed', version: '1.0', file: shape.file, tags: [] });
    expect(inspected.request).toEqual({
      method: 'POST',
      path: '',
      headers: { 'content-type': expect.stringMatching(/^multipart\/form-data; boundary=countersign-[0-9a-f]{36}$/) },
    });
    expect(inspected.length).toBeUndefined();
    expect(digest).toEqual({ sha256: SHA256, bytes: FILE.length });
    const boundary = boundaryOf(inspected);
    expect(partNames(body, boundary)).toEqual(shape.kept);
    expect(body.includes(FILE)).toBe(true);
    expect(body.includes(shape.boundary)).toBe(false);
    expect(shape.body.includes(boundary)).toBe(false);
    expect(body.toString('latin1').endsWith(`\r\n--${boundary}--\r\n`)).toBe(true);
  });

  it('MP-66: takes a new boundary for each upload', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20; i += 1) {
      const outcome = await upload({ body: form(plain) });
      if (outcome.kind === 'rebuilt') seen.add(boundaryOf(outcome.inspected));
    }
    expect(seen.size).toBe(20);
  });

  it('MP-64: decides the same wherever the body is split, and byte by byte', async () => {
    const bodies = [
      form([...plain, ...fields(['attestations', '[]'])]),
      form(plainWith({ name: 'other' })),
      Buffer.concat([form(plain), Buffer.from('x')]),
    ];
    const expected = await Promise.all(bodies.map(async (body) => refusedWith(body)));
    expect(expected.map((text) => text.split(' ')[0])).toEqual(['accepted', 'inspect', 'rebuild']);
    for (const [index, body] of bodies.entries()) {
      for (let at = 0; at <= body.length; at += 1)
        expect([at, decision(await upload({ body: inTwo(body, at) }))]).toEqual([at, expected[index]]);
      for (const size of [1, 2, 3, 7, 33, 34, 35])
        expect([size, decision(await upload({ body: inPieces(body, size) }))]).toEqual([size, expected[index]]);
    }
  });

  it('gives the file on while it arrives, and holds no more than a piece of it', async () => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    const pieces = 512;
    const parts = plain.filter((each) => each.name !== 'content');
    const prefix = Buffer.concat([
      form(parts).subarray(0, -(BOUNDARY.length + 6)),
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="allowed-1.0.tar.gz"\r\n\r\n`),
    ]);
    let given = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      yield prefix;
      for (; given < pieces; given += 1) yield piece;
      yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
    }
    const inspected = await inspect(source());
    expect(given).toBeLessThanOrEqual(1);
    let received = 0;
    for await (const chunk of inspected.rebuild()) {
      received += chunk.length;
      expect(received).toBeGreaterThan((given - 1) * piece.length);
    }
    expect(inspected.digest()).toEqual({
      bytes: pieces * piece.length,
      sha256: createHash('sha256')
        .update(Buffer.alloc(pieces * piece.length, 'x'))
        .digest('hex'),
    });
  });

  it('DOS-06: needs little more memory for a long field that comes byte by byte', async () => {
    const body = form(plainWith({ description: 'd'.repeat(1_000_000) }));
    const before = process.memoryUsage().rss;
    let peak = before;
    async function* bytewise(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < body.length; at += 1) {
        if (at % 10_000 === 0) peak = Math.max(peak, process.memoryUsage().rss);
        yield body.subarray(at, at + 1);
      }
    }
    expect(await inspect(bytewise())).toMatchObject({ name: 'allowed' });
    // A list of the pieces takes 260 MiB.
    expect((peak - before) / (1 << 20)).toBeLessThan(128);
  });

  it('can be rebuilt once only', async () => {
    const inspected = await inspect(inPieces(form(plain), 50));
    for await (const chunk of inspected.rebuild()) expect(chunk).toBeInstanceOf(Uint8Array);
    await expect(inspected.rebuild()[Symbol.asyncIterator]().next()).rejects.toThrow(/once only/);
  });

  it('passes on the error of a client that goes away, and never closes the body itself', async () => {
    let closed = false;
    async function* broken(): AsyncGenerator<Uint8Array> {
      try {
        yield form(plain).subarray(0, 600);
        throw new Error('aborted');
      } finally {
        closed = true;
      }
    }
    await expect(upload({ body: broken() })).rejects.toThrow('aborted');
    closed = false;
    const source = (async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield form(plainWith({ name: 'other' }));
        yield Buffer.from('more');
      } finally {
        closed = true;
      }
    })();
    expect(await upload({ body: source })).toMatchObject({ kind: 'refused', when: 'inspect' });
    expect(closed).toBe(false);
  });
});

describe('what an upload says it is', () => {
  const differs: readonly (readonly [string, Uint8Array, RegExp])[] = [
    [
      'PY-05: a file of another project',
      form(plainWith({}, 'victim-1.0.tar.gz')),
      /400 body-mismatch: The project in the file name says victim, expected allowed/,
    ],
    ['PY-06: allowed-evil-1.0.tar.gz', form(plainWith({}, 'allowed-evil-1.0.tar.gz')), /says allowed-evil, expected allowed/],
    ['PY-06: allowed.evil-1.0.tar.gz', form(plainWith({}, 'allowed.evil-1.0.tar.gz')), /says allowed-evil, expected allowed/],
    ['PY-06: allowedevil-1.0.tar.gz', form(plainWith({}, 'allowedevil-1.0.tar.gz')), /says allowedevil, expected allowed/],
    ['PY-07: version 11.0', form(plainWith({}, 'allowed-11.0.tar.gz')), /The version in the file name says 11\.0, expected 1\.0/],
    ['PY-07: version 1.0.1', form(plainWith({}, 'allowed-1.0.1.tar.gz')), /says 1\.0\.1, expected 1\.0/],
    ['PY-07: version 2.0+1.0', form(plainWith({}, 'allowed-2.0+1.0.tar.gz')), /says 2\.0\+1\.0, expected 1\.0/],
    ['PY-08: an empty version', form(plainWith({ version: '' })), /version is not a version/],
    ['PY-08: version UNKNOWN', form(plainWith({ version: 'UNKNOWN' })), /version is not a version of PEP 440: UNKNOWN/],
    ['PY-03: a name that devpi would rewrite', form(plainWith({ name: 'allowed$x' })), /name is not the name of a project/],
    [
      'PY-04: a name with the Kelvin sign',
      form(plainWith({ name: 'allowed\u212a' })),
      /name is not the name of a project: allowed\\u\{212a\}/,
    ],
    ['MP-56: a name with a byte order mark', form(plainWith({ name: '\ufeffallowed' })), /name is not the name of a project/],
    [
      'PY-15: a wheel that says it is an sdist',
      form(plainWith({}, 'allowed-1.0-py3-none-any.whl')),
      /rebuild 400 body-mismatch: filetype says sdist, expected bdist_wheel/,
    ],
    [
      'PY-15: an archive that says it is a wheel',
      form(plainWith({ filetype: 'bdist_wheel' })),
      /filetype says bdist_wheel, expected sdist/,
    ],
    ['PY-15: no filetype at all', form(plainWith({ filetype: undefined })), /filetype says nothing, expected sdist/],
    ['PY-15: another pyversion', form(plainWith({ pyversion: 'cp39' })), /pyversion says cp39, expected source/],
    [
      'PY-15: pyversion of another tag',
      form(plainWith({ filetype: 'bdist_wheel', pyversion: 'cp39' }, 'allowed-1.0-py3-none-any.whl')),
      /pyversion says cp39, expected py3/,
    ],
    ['another protocol_version', form(plainWith({ protocol_version: '2' })), /protocol_version says 2, expected 1/],
    [
      'PTH-23: :action remove_pkg, which deletes on pypiserver',
      form(plainWith({ ':action': 'remove_pkg' })),
      /inspect 400 body-mismatch: :action says remove_pkg, expected file_upload/,
    ],
    [':action submit', form(plainWith({ ':action': 'submit' })), /:action says submit/],
    [':action doc_upload', form(plainWith({ ':action': 'doc_upload' })), /:action says doc_upload/],
    ['no name', form(plainWith({ name: undefined })), /name has to come before content/],
    ['no version', form(plainWith({ version: undefined })), /version has to come before content/],
    [
      'MP-03: name behind content',
      form([...plainWith({ name: undefined }), ...fields(['name', 'allowed'])]),
      /name has to come before content/,
    ],
    [
      'MP-03: :action behind content',
      form([...plainWith({ ':action': undefined }), ...fields([':action', 'file_upload'])]),
      /:action has to come before content/,
    ],
    ['no content', form(plain.filter((each) => each.name !== 'content')), /it has no content/],
    ['an empty file', form(plain.map((each) => (each.name === 'content' ? { ...each, value: '' } : each))), /its file is empty/],
  ];
  it.each(differs)('refuses %s', async (_, body, expected) => expect(await refusedWith(body)).toMatch(expected));

  it('PY-01, PY-02, PEP 440: takes other spellings of the same name and version, and gives canonical ones', async () => {
    const outcome = await upload({ body: form(plainWith({ name: 'Acme.UI', version: 'v1.0.0-RC1' }, 'acme_ui-1.0rc1.tar.gz')) });
    expect(outcome).toMatchObject({ kind: 'rebuilt', inspected: { name: 'acme-ui', version: '1.0.0rc1', file: 'acme_ui-1.0rc1.tar.gz' } });
  });

  it.each([
    ['sha256_digest', SHA256, 'SHA-256'],
    ['md5_digest', MD5, 'MD5'],
  ])('P9: withholds the end of an upload whose %s is wrong, before or after the file', async (field, right, algorithm) => {
    const wrong = right.replace(/^./, (c) => (c === '0' ? '1' : '0'));
    const after = await upload({ body: form([...plain, ...fields(['sha256_digest', wrong])]) });
    const before = await upload({ body: form(plainWith({ [field]: wrong })) });
    for (const outcome of [before, ...(field === 'sha256_digest' ? [after] : [])].map(refused)) {
      expect(outcome).toMatchObject({ when: 'rebuild', refusal: { code: 'body-digest', status: 400 } });
      expect(outcome.refusal.message).toContain(`The ${algorithm} of the file is ${right}, the upload says ${wrong}`);
      expect(outcome.sent.includes(FILE)).toBe(true);
      expect(outcome.sent.toString('latin1')).not.toMatch(/--countersign-[0-9a-f]+--/);
    }
    expect(await refusedWith(form(plainWith({ [field]: right.toUpperCase() })))).toMatch(/^accepted/);
  });

  it('beside MP-63: passes no digest on that it did not verify: BLAKE2, and an MD5 that comes behind the file', async () => {
    const outcome = accepted(
      await upload({ body: form([...plainWith({ blake2_256_digest: '00' }), ...fields(['md5_digest', 'forged'])]) }),
    );
    expect(outcome.body.toString('latin1')).not.toMatch(/blake2|md5|forged/);
  });

  it('P9: withholds the end when something behind the file is wrong', async () => {
    const bad = [
      fields(['evil', 'x']),
      fields(['name', 'victim']),
      fields(['summary', 'a'], ['summary', 'b']),
      [content],
      [{ ...content, name: 'gpg_signature', filename: 'victim-1.0.tar.gz.asc' }],
    ];
    for (const after of bad) {
      const outcome = refused(await upload({ body: form([...plain, ...after]) }));
      expect(outcome.when).toBe('rebuild');
      expect(outcome.sent.toString('latin1')).not.toMatch(/--countersign-[0-9a-f]+--/);
    }
  });

  it('DOS-06, DOS-08: keeps to its limits of parts, fields, heads and bytes, and takes nothing compressed', async () => {
    const many = Array.from({ length: 3000 }, () => ({ name: 'classifiers', value: 'x' }));
    expect(await refusedWith(form([...many, ...plain]))).toMatch(/more than 2048 parts/);
    expect(await refusedWith(form([...plain, ...many]))).toMatch(/rebuild 400 body-invalid: .*more than 2048 parts/);
    expect(await refusedWith(form(plainWith({ summary: 'x'.repeat(70_000) })))).toMatch(
      /413 body-too-large: The field summary is larger than 65536 bytes/,
    );
    expect(await refusedWith(form(plainWith({ description: 'x'.repeat(4_100_000) })))).toMatch(/^accepted/);
    expect(await refusedWith(form(plainWith({ description: 'x'.repeat(4_200_000) })))).toMatch(/413 body-too-large: The field description/);
    const wide = Array.from({ length: 70 }, () => ({ name: 'requires_dist', value: 'x'.repeat(65_000) }));
    expect(await refusedWith(form([...wide, ...plain]))).toMatch(/413 body-too-large: The form without its file/);
    expect(await upload({ body: form(plain), settings: { maxUpload: 300 } })).toMatchObject({
      refusal: { code: 'body-too-large', status: 413 },
    });
    const announced = await upload({ body: form(plain), headers: { 'content-length': '65536' }, settings: { maxUpload: 65_535 } });
    expect(announced).toMatchObject({ when: 'inspect', refusal: { code: 'body-too-large', status: 413 } });
    expect(await upload({ body: form(plain), headers: { 'content-encoding': 'gzip' } })).toMatchObject({
      refusal: { code: 'body-encoding', status: 415 },
    });
  });
});

describeWith('python')('rebuilt bodies, as the parser of devpi and pypiserver reads them', () => {
  it('P2: has exactly the fields and the file that were checked, for every client', async () => {
    const outcomes = await Promise.all(
      shapes.map(async (shape) => upload({ body: shape.body, contentType: `multipart/form-data; boundary=${shape.boundary}` })),
    );
    const rebuilt = outcomes.flatMap((outcome) => (outcome.kind === 'rebuilt' ? [outcome] : []));
    expect(rebuilt.length).toBe(shapes.length);
    const answers = await askCgi(rebuilt.map(({ inspected, body }) => ({ type: inspected.request.headers['content-type'] ?? '', body })));
    answers.forEach((answer, i) => {
      expect(answer.map(([name]) => name)).toEqual(shapes[i]?.kept);
      expect(answer.filter(([name]) => name === 'content')).toEqual([['content', shapes[i]?.file, SHA256]]);
      expect(answer.filter(([name]) => name === ':action')).toEqual([[':action', null, 'file_upload']]);
    });
  });
});
