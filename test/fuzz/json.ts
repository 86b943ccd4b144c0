// Mutated npm publish documents: whatever is accepted names the granted package, and nothing else, to every kind of reader.
import * as fc from 'fast-check';
import { isChange } from '../../src/registries/registry.ts';
import { isRefusal } from '../../src/core/refusal.ts';
import { changed, inspect, manifest, name, publish, rebuiltBody, tarball, version } from '../registries/npm/publishing.ts';
import { explore, type Effort, type Fuzzer, type Outcome } from './fuzz.ts';
import { bodyParser1, bodyParser2, doubled, everyMember, firstOf, manifestsOf, type Read } from './json-readers.ts';
import { mutate, mutations, type Grammar, type Mutation } from './mutation.ts';

const victim = '@acme/victim';

const grammar: Grammar = {
  special: /["{}[\],:\\]/g,
  piece: /"[^"]*":/g,
  tokens: [
    '"keywords":["a"],', '"x":{"name":"x"},', '"license":"MIT",', ' ', '\r\n', '"readme":"r",', '"_nodeVersion":"1",',
    '"', '{', '}', '[', ']', ',', ':', '\\', '\0', ' ', '\n', '\t', '\u00ef\u00bb\u00bf', '\u00ff', '/**/', 'null,', '{}', '\\ud800',
    `"name":"${victim}",`, `"_id":"${victim}",`, `"Name":"${victim}",`, `"n\\u0061me":"${victim}",`, `"NAME":"${victim}",`,
    '"versions":{},', '"Versions":{},', '"_attachments":{},', '"users":{"bot":true},', '"maintainers":[],', '"_rev":"1-x",', '"time":{},',
    '"deprecated":"x",', '"__proto__":{"name":"@acme/victim"},', '"constructor":1,', '"toJSON":1,', '"dist-tags":{"latest":"0.0.1"},',
    '"dist":{"tarball":"http://evil.example/x.tgz"},', '"x":1e999,', '"deep":[[[{"name":"x"}]]],', `"2.0.0":{"name":"${victim}","version":"2.0.0"},`,
    `"${victim}-1.0.0.tgz":{"data":"AAAA","length":3},`, '"time":"now",', '"ver\u00c5\u00bfion":"9.9.9",', '"_npmUser":{"name":"root"},',
  ],
  swaps: [
    [name, [victim, '@ACME/widget', '@acme/widget/../victim', 'widget', '@acme%2fwidget', '@acme\\/widget', '@acme/widget\\u0000', '@acme\\u002fwidget']],
    [version, ['1.0.1', 'v1.0.0', '1.0.0+b', '01.0.0', '__proto__', ' 1.0.0', '1.0.0-x', '1\\u002e0.0']],
    ['"name"', ['"_id"', '"Name"', '"n\\u0061me"', '"version"', '"name "']],
    ['"versions"', ['"Versions"', '"users"', '"version"', '"x"']],
    ['"_attachments"', ['"_Attachments"', '"attachments"', '"x"']],
    ['"latest"', ['"next"', '"1.0.0"', '">=1"', '"__proto__"', '"constructor"']],
    ['.tgz', ['.sigstore', '.tgz/../../victim.tgz', '']],
    ['"description"', ['"readme"', '"license"', '"constructor"', '"_npmUser"']],
    ['"', ["'", '\\"', '']],
    ['null', ['true', '"public"', '[]', '{}']],
  ],
  growths: [
    {
      // Members of the manifest and of the document's top, where they may stand.
      at: /(?="(?:readme|_nodeVersion|_npmVersion|description|scripts|dependencies|_hasShrinkwrap|access)":)/g,
      texts: [
        `"x$":{"name":"${victim}","versions":{"9.9.9":{"name":"${victim}"}}},`, `"x$":[{"name":"${victim}"},[[{"_id":"${victim}"}]]],`,
        `"name$":"${victim}",`, `"nam\u00d0\u00b5$":"${victim}",`, `"_id$":"${victim}",`, `"\\u005fx$":1,`, `"x$\\u0000name":"${victim}",`, '"$":1,"0$":2,"-$":3,',
        `"x$":"\\",\\"name\\":\\"${victim}\\"",`, `"x$":"</script>\u00e2\u0080\u00a8\\ud83d\\ude00\\\\",`, '"x$":[1e2,-0,1.50,12345678901234567890,0.1e-7],',
        `"peer$":{"${victim}":"*"},`, `"files$":["${victim}-1.0.0.tgz"],`, '"x$":{"__proto":1,"constructor":{"prototype":{}},"toJSON":null},', '"x$":{"toString":1,"hasOwnProperty":2},',
        '"_npmUser":{"name":"root","trustedPublisher":{"id":"forged"}},', '"_rev":"1-x",', '"hasInstallScript":false,', '"approver":"root",', '"_integrity":"x",', '"_resolved":"http://evil.example/",',
        // To be refused, in the one place where they would count.
        `"Name":"${victim}",`, '"VERSION":"9.9.9",', '"ver\u00c5\u00bfion":"9.9.9",', '"Deprecated":"x",', `"_id":"${victim}@9.9.9",`,
        '"users":{"bot":true},', '"maintainers":[{"name":"evil"}],', '"time":{"1.0.0":"x"},', '"repository":{"url":"git+https://evil.example/x"},', '"publishConfig":{"registry":"http://evil.example/"},',
      ],
    },
    { at: /(?<=[{}[\],:])(?=["{[\d])/g, texts: [' ', '\n', '\t', '\r\n  ', '  \n\t'] },
    { at: /(?<=[{,]"[a-z_]*)[a-z_](?=[a-zA-Z_]*":)/g, texts: ['\\u0061', '\\u006E', '\\u005f', '\\u0073', '\\u006d', '\\u0065'] },
    { at: /(?<="(?:description|readme)":")/g, texts: [`\\",\\"name\\":\\"${victim}\\"`, '\\u0022,', '\u00c3\u00a9', '\\ud83d\\ude00', '\\u0000\\u001f\\/', '\\\\'] },
    { at: /(?<="dist-tags":\{)(?=")/g, texts: [`"next$":"${version}",`, `"B$":"${version}",`, `"beta.$_-":"${version}",`] },
    { at: /(?<="dist":\{)(?=")/g, texts: ['"attestations":{"url":"http://evil.example/"},', '"signatures":[{"sig":"x"}],', '"x$":"y",', '"fileCount":9,'] },
    { at: /(?<="_attachments":\{"[^"]*":\{)(?=")/g, texts: [`"name":"${victim}",`, '"x$":"data",', '"digest":"x",', '"stub":true,', '"revpos":1,'] },
    { at: /"access":null/g, texts: ['"access":"public"', '"access":"restricted"', '"access" : null'] },
    // As it is, in escapes.
    { at: /"@acme\/widget"/g, texts: ['"@acme\\/widget"', '"\\u0040acme/widget"', '"@acme\\u002Fwidget"'] },
  ],
}; // prettier-ignore

/** Documents to begin with: as npm sends them, with provenance, with much in the manifest, and with archives that say something else. */
const documents: readonly string[] = [
  changed(() => {}),
  changed((_, { manifest: of }) => Object.assign(of, { scripts: { test: 'x' }, dependencies: { [victim]: '*' }, _hasShrinkwrap: false })),
  changed((draft) => Object.assign(draft._attachments, { [`${name}-${version}.sigstore`]: { data: '{}', length: 2 } })),
  changed((draft, { dist }) => (Object.assign(draft, { readme: 'Ünï "quoted"' }), Object.assign(dist, { fileCount: 2 }))),
  JSON.stringify(publish(() => {}, tarball([manifest(), manifest({ name: victim })]))),
  JSON.stringify(publish(() => {}, tarball([manifest({ name: victim })]))),
  JSON.stringify(
    publish(() => {}),
    null,
    2,
  ),
].map((text) => Buffer.from(text, 'utf8').toString('latin1'));

const contentTypes = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=utf-7',
  'application/json; charset=utf-16le',
];

interface Case {
  readonly document: number;
  readonly list: readonly Mutation[];
  readonly type: number;
  /** Bytes per chunk; 0: all at once. */
  readonly chunk: number;
}

const cases: fc.Arbitrary<Case> = fc.record({
  // Seldom those whose archive says something else: they are refused whatever else is in them.
  document: fc.oneof({ weight: 12, arbitrary: fc.constantFrom(0, 1, 2, 3, 6) }, { weight: 1, arbitrary: fc.constantFrom(4, 5) }),
  list: mutations(grammar),
  type: fc.oneof({ weight: 10, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(contentTypes.length - 1) }),
  chunk: fc.constantFrom(0, 0, 0, 1, 13, 500),
});

async function judge({ document, list, type, chunk }: Case): Promise<boolean> {
  const body = Buffer.from(mutate(documents[document] ?? '', list, grammar), 'latin1');
  const headers = { 'content-type': contentTypes[type] ?? '' };
  const inspected = await inspect(body, { headers, ...(chunk === 0 ? {} : { chunk }) });
  if (isRefusal(inspected)) return false;
  // A deprecation, of which nothing but texts goes on.
  if (isChange(inspected)) return inspected.name === name ? false : Promise.reject(new Error(`a change of ${inspected.name}`));
  const rebuilt = await rebuiltBody(inspected);
  const { request } = inspected;
  if (inspected.name !== name || request.path !== '@acme%2fwidget' || request.method !== 'PUT')
    throw new Error(`${request.method} ${request.path}`);
  if (inspected.length !== rebuilt.length) throw new Error(`${inspected.length} bytes were announced, ${rebuilt.length} came`);
  const readings: readonly (readonly [string, unknown])[] = [
    ['body-parser 1', await bodyParser1(rebuilt, request.headers)],
    ['body-parser 2', await bodyParser2(rebuilt, request.headers)],
  ];
  for (const [reader, read] of readings) object(reader, objection(read as Document, inspected.version));
  const all = everyMember(rebuilt.toString('utf8'));
  object('a reader that keeps the first of two', doubled(all).join());
  object('a reader that takes any case', firstObjection(all));
  return true;
}

function object(reader: string, problem: string): void {
  if (problem !== '') throw new Error(`${reader} read ${problem}`);
}

interface Document {
  readonly [key: string]: unknown;
  readonly versions: Record<string, { readonly [key: string]: unknown; readonly dist: { readonly tarball: string } }>;
  readonly 'dist-tags': Record<string, unknown>;
  readonly _attachments: Record<string, { readonly data: string; readonly length: number }>;
}

/** Every place from which a registry takes a name or a version, and those by which it takes the request for something else. */
function objection(read: Document, said: string): string {
  const [one] = Object.values(read.versions);
  const [attachment] = Object.values(read._attachments);
  const bytes = Buffer.from(attachment?.data ?? '', 'base64');
  const expected: readonly (readonly [unknown, unknown])[] = [
    [read['name'], name],
    [read['_id'], name],
    [Object.keys(read.versions), [said]],
    [one?.['name'], name],
    [one?.['version'], said],
    [one?.['_id'], `${name}@${said}`],
    [one?.dist.tarball, `https://npm.acme.test/${name}/-/widget-${said}.tgz`],
    [[...new Set(Object.values(read['dist-tags']))], [said]],
    [Object.keys(read._attachments), [`${name}-${said}.tgz`]],
    [attachment?.length, bytes.length],
    [manifestsOf(bytes).map((each) => each.name), [name]],
    [['users', 'maintainers', '_rev', 'time'].filter((key) => key in read), []],
    [['deprecated', '_rev'].filter((key) => one !== undefined && key in one), []],
    [Object.getPrototypeOf(read) === Object.prototype, true],
  ];
  const wrong = expected.filter(([actual, wanted]) => JSON.stringify(actual) !== JSON.stringify(wanted));
  return wrong.map(([actual, wanted]) => `${JSON.stringify(actual)} for ${JSON.stringify(wanted)}`).join(', ');
}

function firstObjection(all: Read): string {
  const versions = firstOf(all, 'versions');
  const one = typeof versions === 'object' && versions !== null && 'members' in versions ? versions.members[0]?.[1] : undefined;
  const names = [firstOf(all, 'name'), firstOf(all, '_id'), firstOf(one, 'name')];
  return names.every((each) => each === name) ? '' : JSON.stringify(names);
}

export const json: Fuzzer = {
  name: 'json',
  full: { cases: 40_000 },
  run: (effort: Effort): Promise<Outcome> => explore('json', effort, cases, judge),
};
