// Random tarballs in a publish: whatever is accepted has one package.json, of the published package, to npm's own tar and to Python's.
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { isRefusal } from '../../src/core/refusal.ts';
import { inspect, manifest, name, publish, tarEntry, version, type TarEntry } from '../registries/npm/publishing.ts';
import { requires } from '../support/components.ts';
import { explore, type Effort, type Fuzzer, type Outcome } from './fuzz.ts';
import { PythonOracle } from './python-oracle.ts';

const good = String(manifest().content);
const evil = JSON.stringify({ name: '@acme/victim', version });

const folders = ['package', 'package', 'widget', 'PACKAGE', '.', './package', 'package/.', 'a/..', '', 'package/sub'];
const files = ['package.json', 'package.json', 'Package.json', 'package.json/', 'index.js', 'package.json.', 'x/package.json', 'README.md'];
const paths = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('package/index.js', 'package/lib/x.js', 'package/README.md', `package/${'long/'.repeat(12)}x.js`),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...folders), fc.constantFrom(...files)).map((parts) => parts.join('/')) },
);

/** The value of a pax header's records. */
const records = (pairs: readonly (readonly [string, string])[]): string =>
  pairs
    .map(([key, value]) => {
      const rest = Buffer.byteLength(` ${key}=${value}\n`);
      return `${rest + String(rest + String(rest).length).length} ${key}=${value}\n`;
    })
    .join('');

const formats: readonly ((block: Buffer) => void)[] = [
  () => undefined,
  () => undefined,
  (block) => void block.write('ustar  \0', 257),
  (block) => void block.fill(0, 257, 265),
  // What follows a shorter prefix, in the format of star.
  (block) => void block.write('00000000001\0', 476),
];

/** One file, link or folder, with what stands before it and says something of it. */
const entries: fc.Arbitrary<readonly TarEntry[]> = fc
  .record({
    path: paths,
    type: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('0', '0', '\0', '7') },
      { weight: 1, arbitrary: fc.constantFrom('1', '2', '5', 'L', 'x', 'g', 'S', '3') },
    ),
    content: fc.constantFrom(good, evil, evil, 'x', ''),
    format: fc.constantFrom(...formats),
    prefix: fc.constantFrom('', '', '', 'package', 'package/deep', 'x'),
    named: fc.oneof({ weight: 5, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom('pax', 'long', 'global', 'size') }),
    other: paths,
  })
  .map(({ path, type, content, format, prefix, named, other }): TarEntry[] => {
    const plain = type === '0' || type === '\0' || type === '7';
    const entry: TarEntry = {
      path,
      type,
      prefix,
      spoil: format,
      ...(plain ? { content } : {}),
      ...(type === '1' || type === '2' ? { link: 'index.js' } : {}),
    };
    if (named === 'pax') return [{ path: 'PaxHeader/x', type: 'x', content: records([['path', other], ['mtime', '1.5']]) }, entry]; // prettier-ignore
    if (named === 'global') return [{ path: 'pax_global_header', type: 'g', content: records([['comment', other]]) }, entry];
    if (named === 'size') return [{ path: 'PaxHeader/x', type: 'x', content: records([['size', String(content.length)]]) }, entry];
    if (named === 'long') return [{ path: '././@LongLink', type: 'L', content: `${other}\0` }, entry];
    return [entry];
  });

const cases: fc.Arbitrary<Buffer> = fc
  .record({
    list: fc.array(entries, { maxLength: 5 }),
    at: fc.nat(5),
    bare: fc.integer({ min: 0, max: 9 }),
    zeros: fc.constantFrom(1024, 1024, 512, 10_240),
  })
  .map(({ list, at, bare, zeros }) => {
    const all = list.flatMap((each) => [each]);
    // Nearly always with the manifest that belongs there.
    if (bare > 0) all.splice(at % (all.length + 1), 0, [manifest()]);
    return gzipSync(Buffer.concat([...all.flat().map((entry) => tarEntry(entry)), Buffer.alloc(zeros)]));
  });

/** What a reader finds: path, kind and contents of each entry. */
type Found = readonly (readonly [path: string, kind: string, content: string])[];

interface NodeTar {
  readonly Parser: new (options: object) => {
    readonly end: (bytes: Buffer) => void;
    readonly on: (event: string, listener: () => void) => void;
  };
}
interface NodeTarEntry {
  readonly path: string;
  readonly type: string;
  readonly on: (event: string, listener: (chunk: Buffer) => void) => void;
}

/** npm's own reader, which unpacks for its installs. */
function nodeTar(): NodeTar {
  return createRequire(requires('npm'))('tar') as NodeTar;
}

function readByNpm({ Parser }: NodeTar, file: Buffer): Promise<Found> {
  return new Promise((resolve) => {
    const found: [string, string, string][] = [];
    const parser = new Parser({
      onReadEntry: (entry: NodeTarEntry) => {
        const at = found.push([entry.path, entry.type, '']) - 1;
        entry.on('data', (chunk) => (found[at]![2] += chunk.toString()));
      },
    });
    parser.on('end', () => resolve(found));
    parser.end(file);
  });
}

/** Paths at which a registry or an installer looks for the manifest, on whatever disk. */
const isManifest = (path: string): boolean => {
  const segments = path.split(/[/\\]/).filter((segment) => segment !== '' && segment !== '.');
  return (
    segments.length <= 2 &&
    segments
      .at(-1)
      ?.toLowerCase()
      .replace(/[. ]+$/, '') === 'package.json'
  );
};

function objection(reader: string, found: Found): void {
  const manifests = found.filter(([path]) => isManifest(path));
  if (manifests.length === 1 && manifests[0]?.[1] === 'File' && manifests[0][2] === good) return;
  throw new Error(`${reader} found ${JSON.stringify(manifests)} among ${JSON.stringify(found)}`);
}

async function judge(tar: NodeTar, python: PythonOracle, list: readonly Buffer[]): Promise<number> {
  const accepted: Buffer[] = [];
  for (const file of list) {
    const result = await inspect(JSON.stringify(publish(() => {}, file)));
    if (isRefusal(result)) continue;
    if (result.name !== name) throw new Error(`published ${result.name}`);
    accepted.push(file);
  }
  for (const file of accepted) objection("npm's tar", await readByNpm(tar, file));
  const answers = (await python.ask('tar', accepted.map((file) => ({ file: file.toString('base64') })))) as Found[]; // prettier-ignore
  for (const found of answers) objection("Python's tarfile", found);
  return accepted.length;
}

export const tarballs: Fuzzer = {
  name: 'tarballs',
  full: { cases: 20_000 },
  async run(effort: Effort): Promise<Outcome> {
    const python = new PythonOracle();
    const tar = nodeTar();
    try {
      return await explore(
        'tarballs',
        effort,
        fc.array(cases, { minLength: 1, maxLength: 40, size: 'max' }),
        (list) => judge(tar, python, list),
        (list) => list.length,
      );
    } finally {
      python.close();
    }
  },
};
