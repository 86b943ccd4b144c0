import { array, constantFrom, double, record, sample } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MultipartReader } from '../../../src/registries/pypi/multipart.ts';
import { packageName } from '../../../src/registries/pypi/name.ts';
import { UploadRefused } from '../../../src/registries/registry.ts';
import { describeWith } from '../../support/requirement.ts';
import { shapes } from './clients.ts';
import {
  attestation,
  betweenFields,
  crafted,
  craftedBeside,
  craftedTypes,
  craftedTypesBeside,
  disposition,
  ev,
  lf,
  named,
  ownSubject,
  whole,
  withHead,
  withPart,
} from './crafted.ts';
import { BOUNDARY, accepted, boundaryOf, fields, form, plain, refused, upload } from './forms.ts';
import { askCgi } from './python.ts';

describe('bodies of the catalogue', () => {
  it.each([...crafted, ...craftedBeside])('%s: refused', async (_, text) => {
    const outcome = refused(await upload({ body: Buffer.from(text, 'latin1') }));
    expect(outcome.refusal.message).toMatch(/^[\x20-\x7e]{20,}$/);
    expect([400, 413]).toContain(outcome.refusal.status);
    expect(outcome.sent.toString('latin1')).not.toMatch(/--countersign-[0-9a-f]+--/);
  });

  it.each([...craftedTypes, ...craftedTypesBeside])('%s as the content type: refused', async (_, contentType) => {
    expect(await upload({ body: form(plain), contentType })).toMatchObject({
      kind: 'refused',
      when: 'inspect',
      refusal: { code: 'body-type', status: 415 },
    });
  });

  it.each([`${BOUNDARY}x`, BOUNDARY.slice(1), BOUNDARY.slice(0, -1), `--${BOUNDARY}`, '-', '0', 'b'.repeat(70)])(
    'beside MP-25: the boundary %s of another body: refused',
    async (boundary) => {
      expect(await upload({ body: form(plain), contentType: `multipart/form-data; boundary=${boundary}` })).toMatchObject({
        kind: 'refused',
        when: 'inspect',
        refusal: { code: 'body-invalid' },
      });
    },
  );

  it('takes attestations about the file itself, its name in any spelling, and passes them on as they are', async () => {
    const text = attestation([ownSubject]);
    const { body } = accepted(await upload({ body: form([...plain, ...fields(['attestations', text])]) }));
    expect(body.toString('latin1')).toContain(`name="attestations"\r\n\r\n${text}\r\n`);
  });

  it('takes two fields with a whole line end between them', async () => {
    expect(await upload({ body: Buffer.from(betweenFields('\r\n'), 'latin1') })).toMatchObject({ kind: 'rebuilt' });
  });

  it('takes a boundary of 70 characters of RFC 2046', async () => {
    const boundary = `'()+_,./:=?${'x'.repeat(59)}`;
    expect(await upload({ body: form(plain, boundary), contentType: `multipart/form-data; boundary=${boundary}` })).toMatchObject({
      kind: 'rebuilt',
    });
  });

  it('takes a text/plain UTF-8 type on a field and any application type on the file', async () => {
    for (const type of ['text/plain', 'text/plain; charset=utf-8', 'text/plain;charset=UTF-8']) {
      expect(await upload({ body: Buffer.from(withPart(`${named('summary')}\r\nContent-Type: ${type}`)) })).toMatchObject({
        kind: 'rebuilt',
      });
    }
    const outcome = accepted(await upload({ body: Buffer.from(withHead('Content-Type: application/gzip', disposition)) }));
    expect(outcome.body.toString('latin1')).toContain(
      'filename="allowed-1.0.tar.gz"\r\nContent-Type: application/octet-stream\r\n\r\ndata\r\n',
    );
  });
});

/** What a reader makes of a body that comes in these pieces: the data of its parts, or why it breaks off. */
async function partsOf(pieces: readonly string[]): Promise<readonly string[] | string> {
  const bytes = (async function* () {
    for (const piece of pieces) yield Promise.resolve(Buffer.from(piece, 'latin1'));
  })();
  const reader = new MultipartReader(bytes, 'aXa', 10_000);
  const found: string[] = [];
  try {
    while ((await reader.next()) !== undefined) {
      let data = '';
      for await (const chunk of reader.data()) data += Buffer.from(chunk).toString('latin1');
      found.push(data);
    }
    return found;
  } catch (error) {
    if (error instanceof UploadRefused) return error.refusal.message;
    throw error;
  }
}

describe('a body in pieces', () => {
  const head = 'Content-Disposition: form-data; name="a"\r\n\r\n';
  const body = (...values: string[]): string => `${values.map((value) => `--aXa\r\n${head}${value}\r\n`).join('')}--aXa--\r\n`;
  it.each([
    ['values that end like the begin of a boundary', body('x\r', 'x\r\n', 'x\r\n-', '--aX', 'x\r\n--aX', '-', '', '\r\n\r\n', 'a--a')],
    ['a boundary inside a value', body('x', 'y--aXaz')],
    ['a boundary behind a bare line feed', body('x', 'y\n--aXa')],
    ['a boundary at the begin of a value', body('x', '--aXa')],
    ['a boundary behind a part of itself', body('--aX--aXa')],
    ['no end', body('x', 'y').slice(0, -6)],
  ])('MP-04 MP-06 with %s is read the same wherever it is cut', async (_, text) => {
    const whole = await partsOf([text]);
    expect(await partsOf(text.split(''))).toEqual(whole);
    for (let at = 1; at < text.length; at += 1) {
      expect(await partsOf([text.slice(0, at), text.slice(at)])).toEqual(whole);
      expect(await partsOf([text.slice(0, at), text.slice(at, at + 3), text.slice(at + 3)].filter((piece) => piece !== ''))).toEqual(whole);
    }
  });
});

/** The body with its edits, one after the other. */
const mutate = ({ base, edits }: { base: string; edits: readonly { at: number; kind: string; mark: string }[] }): string =>
  edits.reduce((text, { at, kind, mark }) => {
    const place = Math.floor(at * text.length);
    if (kind === 'insert') return text.slice(0, place) + mark + text.slice(place);
    if (kind === 'delete') return text.slice(0, place) + text.slice(place + mark.length);
    return text.slice(0, place) + text.slice(place - 40, place + 40) + text.slice(place);
  }, base);

describeWith('python')('mutated bodies, compared with the parser of devpi and pypiserver', () => {
  const marks = [
    '\r',
    '\n',
    '\r\n',
    '-',
    '--',
    '"',
    '; ',
    '=',
    '\\',
    '\0',
    ' ',
    `--${BOUNDARY}`,
    `\n--${BOUNDARY}\n`,
    'name="name"',
    'filename="victim-1.0.tar.gz"',
    ev,
    lf(ev),
  ];
  const bases = [
    ...shapes.filter((shape) => shape.boundary === BOUNDARY && shape.body.length < 10_000).map((shape) => shape.body.toString('latin1')),
    whole,
  ];
  const edit = record({
    base: constantFrom(...bases),
    edits: array(
      record({
        at: double({ min: 0, max: 1, noNaN: true }),
        kind: constantFrom('insert', 'delete', 'copy'),
        mark: constantFrom(...marks),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  });
  it('MP-67: lets no mutation through of which an upstream would read another project, action or file', async () => {
    const bodies = sample(edit, { numRuns: 6000, seed: 67 }).map(mutate);
    const rebuilt = (await Promise.all(bodies.map(async (text) => upload({ body: Buffer.from(text, 'latin1') })))).flatMap((outcome) =>
      outcome.kind === 'rebuilt' ? [outcome] : [],
    );
    expect(rebuilt.length).toBeGreaterThan(100);
    expect(rebuilt.length).toBeLessThan(bodies.length / 2);
    const answers = await askCgi(
      rebuilt.map(({ inspected, body }) => ({ type: `multipart/form-data; boundary=${boundaryOf(inspected)}`, body })),
    );
    answers.forEach((answer, i) => {
      const only = (name: string): readonly (string | null)[][] => answer.filter((row) => row[0] === name).map((row) => [...row]);
      const { inspected, digest } = rebuilt[i]!;
      expect(only(':action')).toEqual([[':action', null, 'file_upload']]);
      expect(only('content')).toEqual([['content', inspected.file, digest?.sha256]]);
      expect(only('name').map((row) => packageName(row[2] ?? ''))).toEqual([inspected.name]);
      expect(
        answer
          .filter(([, filename]) => filename !== null)
          .every(([, filename]) => filename === inspected.file || filename === `${inspected.file}.asc`),
      ).toBe(true);
      expect(inspected.name).not.toContain('victim');
    });
  });
});
