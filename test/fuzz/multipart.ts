// Mutated uploads of Python's clients: whatever is accepted is read by pypiserver's bottle and devpi's WebOb as the one upload that was checked.
import * as fc from 'fast-check';
import { shapes } from '../registries/pypi/clients.ts';
import { BOUNDARY, content, fields, form, inPieces, part, upload, type Outcome as Upload } from '../registries/pypi/forms.ts';
import { explore, type Effort, type Fuzzer, type Outcome } from './fuzz.ts';
import { mutate, mutations, type Grammar, type Mutation } from './mutation.ts';
import { PythonOracle } from './python-oracle.ts';

/** The upload of another project, as lenient parsers would read it too. */
const evil = part({ name: 'name', value: 'victim' }).toString('latin1');
const evilFile = part({ ...content, value: 'EVIL', filename: 'victim-1.0.tar.gz' }).toString('latin1');
const loose = (text: string): string => text.replaceAll('\r\n', '\n');

/** Values, and pieces of files, that are in order and look like parts to whoever takes another line end, boundary or coding. */
const nasty: readonly string[] = [
  loose(evil).replaceAll(BOUNDARY, BOUNDARY.slice(1)),
  `x\n--C\nContent-Disposition: form-data; name="name"\n\nvictim\n--C--\n`,
  `\r\n--C\r\nContent-Disposition: form-data; name="name"\r\n\r\nvictim\r\n--C--\r\n`,
  `\r\n--countersign-000000000000000000000000000000000000\r\nContent-Disposition: form-data; name=":action"\r\n\r\nremove_pkg\r\n`,
  `\r\n--\r\nContent-Disposition: form-data; name="name"\r\n\r\nvictim\r\n----\r\n`,
  '\r\n\r\nContent-Disposition: form-data; name="name"\r\n\r\nvictim',
  '\r--0123456789abcdef\r',
  '\u0000'.replace('\u0000', '\u0001\u001a\u007f'),
  '\u00e9\u2028\u2029\u0085\ufeff',
  '=6eame ZXZpbC1k +AG4AYQBtAGU- %6e%61me &#110;ame',
  ':action=remove_pkg&name=victim&version=1.0',
  '{"name":"victim","version":"1.0","targetindex":"svc/prod"}',
  '',
  '-'.repeat(80),
  `--${BOUNDARY.slice(0, -1)}`,
  'UNKNOWN',
].map((text) => Buffer.from(text, 'utf8').toString('latin1'));

const grammar: Grammar = {
  special: /[\r\n\-";=:\\]/g,
  piece: /--0123456789abcdef0123456789abcdef/g,
  tokens: [
    '\r',
    '\n',
    '\r\n',
    '\n\n',
    '\r\n\r\n',
    '-',
    '--',
    '"',
    ';',
    '=',
    ':',
    '\\',
    '\0',
    ' ',
    '\t',
    '\r\n ',
    '\xff',
    'é',
    `--${BOUNDARY}`,
    `\r\n--${BOUNDARY}\r\n`,
    `\n--${BOUNDARY}\n`,
    `\r\n--${BOUNDARY}--\r\n`,
    `\n--${BOUNDARY} \r\n`,
    `\r--${BOUNDARY}\r`,
    evil,
    evilFile,
    loose(evil),
    loose(evilFile),
    `\n${loose(evil)}`,
    `\n${loose(evilFile)}`,
    evil.replace('\r\n', ' \r\n'),
    '; filename="victim-1.0.tar.gz"',
    `; filename*=UTF-8''victim-1.0.tar.gz`,
    '; name="name"',
    '; name="x"',
    '; FILENAME="victim-1.0.tar.gz"',
    '\r\nContent-Transfer-Encoding: base64',
    '\r\nContent-Type: text/plain; charset=utf-7',
    '\r\nContent-Type: multipart/mixed; boundary=B',
    '\r\nContent-Type: application/x-www-form-urlencoded',
    '\r\nContent-Length: 3',
    '\r\nContent-Disposition: form-data; name="name"',
  ],
  swaps: [
    ['allowed', ['victim', 'Allowed', 'allowed-', 'allowed_victim', 'allowed-victim', 'a', 'allow\xe9d']],
    ['1.0', ['2.0', '1.0.0', '01.0', '1.0-1', '1.0-victim', '1.0+x', 'v1.0', '1!1.0']],
    ['file_upload', ['submit', 'remove_pkg', 'doc_upload']],
    ['"name"', ['"content"', '":action"', '"Name"', 'name', "'name'", '"name"; x="y"']],
    ['"content"', ['"name"', '"gpg_signature"', '"contents"']],
    ['.tar.gz', ['.zip', '.whl', '.tar.gz.asc', '.exe', '-1-py3-none-any.whl']],
    ['form-data', ['attachment', 'Form-Data', 'form-data ']],
    ['\r\n', ['\n', '\r', '\r\n\r\n', '', '\n\r']],
    ['filetype', ['name', 'version', 'description', 'keywords']],
  ],
  growths: [
    // Parts of a list field, each with a value that some parser could take for something else.
    {
      at: /(?=--0123456789abcdef0123456789abcdef\r\n)/g,
      texts: nasty.map((value) => part({ name: 'classifiers', value }).toString('latin1')),
    },
    {
      at: /(?=--0123456789abcdef0123456789abcdef\r\n)/g,
      texts: nasty.slice(0, 6).map((value) => part({ name: 'requires_dist', value }).toString('latin1')),
    },
    { at: /(?<=name="(?:description|summary|keywords|classifiers)"\r\n\r\n)/g, texts: nasty },
    // To be refused, in the one place where they would count: Python takes a line end of LF alone.
    {
      at: /(?<=name="(?:description|summary|keywords)"\r\n\r\n|the bytes of )/g,
      texts: [`x\n${loose(evil)}x`, `x\n${loose(evilFile)}x`, `\n${loose(evil)}`, `x\r\n${evil}`],
    },
    { at: /content-disposition/gi, texts: ['content-disposition', 'CONTENT-DISPOSITION', 'Content-disposition'] },
    { at: /(?<=content-disposition:) /gi, texts: ['', ' '] },
    {
      at: /(?<=filename="[^"\r\n]*"\r\n)(?=\r\n)/g,
      texts: ['Content-Type: application/gzip\r\n', 'content-type: application/json\r\n', 'CONTENT-TYPE:application/zip\r\n'],
    },
    {
      at: /(?<=; name="[a-z_:]*"\r\n)(?=\r\n)/g,
      texts: ['Content-Type: text/plain\r\n', 'content-type: text/plain; charset=utf-8\r\n', 'Content-Type: text/plain;charset="UTF8"\r\n'],
    },
    { at: /(?<=name="name"\r\n\r\n)allowed/gi, texts: ['Allowed', 'ALLOWED', 'allowed'] },
    { at: /(?<=name="version"\r\n\r\n)1\.0/g, texts: ['1.0.0', 'v1.0', '01.0', '1', '1.0.0.0', '1.00'] },
    { at: /(?<=name="(?:sha256_digest|md5_digest)"\r\n\r\n)[0-9a-f]+/g, texts: [''] },
    { at: /(?<=name="attestations"\r\n\r\n)\[/g, texts: [String.raw`[{"name":"victim","x":"\n--"},`, '[ {"version":$},'] },
    { at: /(?<=the bytes of )/g, texts: nasty },
    { at: /^/g, texts: ['\r\n'] },
    { at: /\r\n$/g, texts: ['', '\r\n'] },
  ],
};

const description = `first line\r\n\r\n--\r\nContent-Disposition: form-data; name="name"\r\n\r\nvictim\r\n-- 0123`;
const signed = { name: 'gpg_signature', value: 'signature', filename: 'allowed-1.0.tar.gz.asc' };
const plainFields = fields([':action', 'file_upload'], ['name', 'allowed'], ['version', '1.0'], ['filetype', 'sdist']);

/** Bodies to begin with, all with one boundary and small, so that a mutation meets what matters. */
const bodies: readonly string[] = [
  ...shapes.map(({ body, boundary }) =>
    body
      .toString('latin1')
      .replaceAll(boundary, BOUNDARY)
      .replaceAll(/x{200,}/g, 'xxxxxxxx'),
  ),
  form([...plainFields, ...fields(['description', description]), signed, content]).toString('latin1'),
  form([...plainFields, content, ...fields(['keywords', 'a'], ['keywords', 'b'], ['description', description])]).toString('latin1'),
];

const contentTypes = [
  `multipart/form-data; boundary=${BOUNDARY}`,
  `multipart/form-data;boundary=${BOUNDARY}`,
  `multipart/form-data; boundary="${BOUNDARY}"`,
  `multipart/form-data; boundary=${BOUNDARY}; boundary=B`,
  `multipart/mixed; boundary=${BOUNDARY}`,
  'multipart/form-data; boundary=0',
  `multipart/form-data; boundary=${BOUNDARY.slice(0, -1)}`,
  `multipart/form-data; boundary=${BOUNDARY}-`,
];

interface Case {
  readonly body: number;
  readonly list: readonly Mutation[];
  /** Index of the content type; the first one nearly always. */
  readonly type: number;
  /** Bytes per chunk; 0: all at once. */
  readonly chunk: number;
}

const cases: fc.Arbitrary<Case> = fc.record({
  body: fc.nat(bodies.length - 1),
  list: mutations(grammar),
  type: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(contentTypes.length - 1) }),
  chunk: fc.constantFrom(0, 0, 0, 7, 64, 1000),
});

async function send({ body, list, type, chunk }: Case): Promise<Upload> {
  const bytes = Buffer.from(mutate(bodies[body] ?? '', list, grammar), 'latin1');
  return upload({ body: chunk === 0 ? bytes : inPieces(bytes, chunk), contentType: contentTypes[type] });
}

interface Read {
  readonly error?: string;
  readonly actions: readonly string[];
  readonly names: readonly string[];
  readonly versions: readonly string[];
  readonly files: readonly string[];
  readonly allFiles: readonly string[];
  readonly project: string | null;
  readonly fileProject?: string;
  readonly sameVersion?: boolean;
  readonly signature: string | null;
}

const normal = (name: string): string => name.replaceAll(/[-_.]+/g, '-').toLowerCase();

/** What is wrong with what a registry reads of an accepted upload of `name` in `file`. */
function objection(read: Read, name: string, file: string): string | undefined {
  if (read.error !== undefined) return read.error;
  const wrong = [
    [read.actions, ['file_upload']],
    [read.names.map(normal), [name]],
    [read.versions.length, 1],
    [read.files, [file]],
    [read.project === null ? null : normal(read.project), name],
    [read.fileProject ?? name, name],
    [read.sameVersion ?? true, true],
    [read.allFiles.filter((each) => each !== 'content' && each !== 'gpg_signature'), []],
    [read.signature ?? `${file}.asc`, `${file}.asc`],
  ].filter(([actual, expected]) => JSON.stringify(actual) !== JSON.stringify(expected));
  return wrong.length === 0 ? undefined : `${JSON.stringify(wrong)} in ${JSON.stringify(read)}`;
}

const endOfBody = /--countersign-[0-9a-f]{36}--/;

/** How many of the cases were accepted; all that were are read in one question. */
async function judge(python: PythonOracle, list: readonly Case[]): Promise<number> {
  const outcomes = await Promise.all(list.map(send));
  for (const outcome of outcomes) {
    if (outcome.kind === 'refused' && endOfBody.test(outcome.sent.toString('latin1')))
      throw new Error('P9: a refused upload was given out whole');
  }
  const accepted = outcomes.flatMap((outcome) => (outcome.kind === 'rebuilt' ? [outcome] : []));
  const questions = accepted.map(({ inspected, body }) => ({
    type: inspected.request.headers['content-type'],
    body: body.toString('base64'),
  }));
  const answers = (await python.ask('form', questions)) as { bottle: Read; webob: Read }[];
  for (const [i, { inspected }] of accepted.entries()) {
    const { name, file } = inspected;
    for (const [reader, read] of Object.entries(answers[i] ?? {})) {
      const problem = objection(read, name, file);
      if (problem !== undefined) throw new Error(`${reader} read something else than ${name} in ${file}: ${problem}`);
    }
  }
  return accepted.length;
}

export const multipart: Fuzzer = {
  name: 'multipart',
  full: { cases: 40_000 },
  async run(effort: Effort): Promise<Outcome> {
    const python = new PythonOracle();
    try {
      return await explore(
        'multipart',
        effort,
        fc.array(cases, { minLength: 1, maxLength: 40, size: 'max' }),
        (list) => judge(python, list),
        (list) => list.length,
      );
    } finally {
      python.close();
    }
  },
};
