import { array, constantFrom, double, record, sample } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packageName } from '../../../src/registries/pypi/name.ts';
import { describeWith } from '../../support/requirement.ts';
import { shapes } from './clients.ts';
import {
  attestation,
  betweenFields,
  crafted,
  craftedBeside,
  craftedTypes,
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

  it.each(craftedTypes)('%s as the content type: refused', async (_, contentType) => {
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
