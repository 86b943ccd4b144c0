// Attacks by what a publish document says, row by row of the npm study (part E).
import { manifest, tarball, without, type Change } from '../registries/npm/publishing.ts';
import {
  ALLOWED,
  VICTIM,
  PATH,
  NEXT,
  at,
  attachment,
  doc,
  erasing,
  put,
  stored,
  text,
  type Ask,
  type Attack,
  type Case,
} from './npm-attack.ts';
import { packed } from './npm-scene.ts';

/** Rows 1 to 19 and 33 to 35. */
export const documents: Attack[] = [];

function attacks(row: number, ids: string, cases: readonly Case[]): void {
  documents.push({ row, ids, cases });
}

attacks(1, 'NPM-02 NPM-11 TOK-12', [
  ['the document is named for the victim', doc((d) => (d['name'] = VICTIM)), 'body-mismatch'],
  ['the path is for the victim', at('/@acme%2fvictim'), 'upload-scope'],
  ['both are for the victim', at('/@acme%2fvictim', VICTIM), 'upload-scope'],
  ['the name is a list', doc((d) => (d['name'] = [ALLOWED])), 'body-mismatch'],
  ['the name is an object', doc((d) => (d['name'] = { toString: ALLOWED })), 'body-mismatch'],
  ['the name is null', doc((d) => (d['name'] = null)), 'body-mismatch'],
  ['there is no name', doc((d) => without(d, 'name')), 'body-mismatch'],
]);

attacks(2, 'NPM-03', [
  ['_id of the victim', doc((d) => (d['_id'] = VICTIM)), 'body-mismatch'],
  ['_id of a list', doc((d) => (d['_id'] = [ALLOWED])), 'body-mismatch'],
  ['no _id at all is fine', doc((d) => without(d, '_id'), '3.2.0'), stored('3.2.0')],
]);

attacks(3, 'NPM-13', [
  ['the version is named for the victim', doc((_, { manifest: m }) => (m['name'] = VICTIM)), 'body-mismatch'],
  ['the _id of the version is the victim’s', doc((_, { manifest: m }) => (m['_id'] = `${VICTIM}@${NEXT}`)), 'body-mismatch'],
  ['the version has no name', doc((_, { manifest: m }) => without(m, 'name')), 'body-mismatch'],
]);

const key = (version: string): Ask => text((body) => body.replace(`"versions":{"${NEXT}"`, () => `"versions":{${JSON.stringify(version)}`));
attacks(4, 'NPM-13', [
  ['its version field says another', doc((_, { manifest: m }) => (m['version'] = '9.9.9')), 'body-mismatch'],
  ...['not-semver', `${NEXT} `, ` ${NEXT}`, `v${NEXT}`, '02.0.0', `${NEXT}+build`, `=${NEXT}`, ''].map((version): Case => [
    `the key of the version is ${JSON.stringify(version)}`,
    key(version),
    'body-invalid',
  ]),
  ['the key is another version than inside', key('2.0.1'), 'body-mismatch'],
]);

attacks(
  5,
  'NPM-14',
  [
    'other-9.9.9.tgz',
    '../../escape.tgz',
    'x/y-1.0.0.tgz',
    'noext',
    '@acme/victim-2.0.0.tgz',
    '@acme/allowed-9.9.9.tgz',
    `a/b/allowed-${NEXT}.tgz`,
    `allowed-${NEXT}.tgz`,
    `${ALLOWED}-${NEXT}.tgz\u0000`,
  ].map((name): Case => [`the attachment is called ${JSON.stringify(name)}`, doc(attachment(name)), 'body-mismatch']),
);

attacks(
  6,
  'NPM-14',
  ['package.json', '..', '.', '.htaccess', '', '/'].map((name): Case => [
    `the attachment is called ${JSON.stringify(name)}`,
    doc(attachment(name)),
    'body-mismatch',
  ]),
);

attacks(7, 'NPM-31', [
  ['two names, the victim’s first', text((body) => body.replace('"name":', `"name":"${VICTIM}","name":`)), 'body-invalid'],
  ['two names, the victim’s last', text((body) => body.replace(/\}$/, `,"name":"${VICTIM}"}`)), 'body-invalid'],
  ['the second name in escapes', text((body) => body.replace('"name":', `"n\\u0061me":"${VICTIM}","name":`)), 'body-invalid'],
  ['versions twice', text((body) => body.replace('"versions":', '"versions":{},"versions":')), 'body-invalid'],
  ['two names deep inside', text((body) => body.replace('"readme":', `"name":"${VICTIM}","readme":`)), 'body-invalid'],
  ...['Name', 'NAME', 'Versions', 'VERSIONS', 'verſions', '_ATTACHMENTS', '_ID'].map((spelling): Case => [
    `the key ${spelling} beside the real one`,
    text((body) => body.replace(/^\{/, `{${JSON.stringify(spelling)}:"${VICTIM}",`)),
    'body-invalid',
  ]),
]);

const tarballAs = (value: unknown, version: string): Case => [
  `dist.tarball is ${JSON.stringify(value)}`,
  doc((_, { dist }) => (dist['tarball'] = value), version),
  stored(version, (manifest, _, { url }) => ({ ours: manifest.dist['tarball'] === `${url}${ALLOWED}/-/allowed-${version}.tgz` })),
];
attacks(8, 'NPM-15', [
  tarballAs('https://evil.example/x/evil.tgz', '3.8.0'),
  tarballAs('http://127.0.0.1/@acme/victim/-/victim-1.0.0.tgz', '3.8.1'),
]);

attacks(9, 'NPM-15', [tarballAs(5, '3.9.0'), tarballAs({}, '3.9.1'), tarballAs('/x.tgz', '3.9.2'), tarballAs('not a url', '3.9.3')]);

attacks(
  10,
  'NPM-11',
  ['text', 5, null, [], true].map((value): Case => [
    `the version is ${JSON.stringify(value)}`,
    doc((d) => (d.versions = { [NEXT]: value })),
    'body-invalid',
  ]),
);

const inside = (...entries: Parameters<typeof manifest>[0][]): Ask =>
  doc(() => {}, NEXT, tarball(entries.map((changes) => manifest({ name: ALLOWED, version: NEXT, ...changes }))));
const data = (change: (data: string) => string): Ask => doc((_, { attachment: one }) => (one['data'] = change(String(one['data']))));
attacks(11, 'NPM-16', [
  ['the tarball is the victim’s', inside({ name: VICTIM }), 'body-mismatch'],
  ['the tarball is another version', inside({ version: '9.9.9' }), 'body-mismatch'],
  ['two package.json, the victim’s last', inside({}, { name: VICTIM }), 'body-invalid'],
  ['the tarball has no package.json', doc(() => {}, NEXT, tarball([{ path: 'package/index.js' }])), 'body-invalid'],
  ['its package.json is no JSON', doc(() => {}, NEXT, tarball([{ path: 'package/package.json', content: '{' }])), 'body-invalid'],
  ['the tarball is not gzip', doc(() => {}, NEXT, Buffer.from('not gzip at all')), 'body-invalid'],
  ['the tarball is empty', data(() => ''), 'body-invalid'],
  ['its base64 is URL-safe', data((text) => text.replace(/.{4}$/, '-_-_')), 'body-invalid'],
  ['its base64 has white space', data((text) => `${text.slice(0, 8)} ${text.slice(8)}`), 'body-invalid'],
  ['its padding is odd', data((text) => `${text.replace(/=+$/, '')}=====`), 'body-invalid'],
  ['bytes follow the archive', doc(() => {}, NEXT, Buffer.concat([packed(ALLOWED, NEXT), Buffer.from('tail')])), 'body-invalid'],
]);

attacks(12, 'NPM-15', [
  ['wrong shasum', doc((_, { dist }) => (dist['shasum'] = '0'.repeat(40))), 'body-digest'],
  ['wrong integrity', doc((_, { dist }) => (dist['integrity'] = `sha512-${Buffer.alloc(64).toString('base64')}`)), 'body-digest'],
  ['integrity of a weak digest', doc((_, { dist }) => (dist['integrity'] = 'md5-1B2M2Y8AsgTpgAmY7PhCfg==')), 'body-digest'],
  ['wrong length', doc((_, { attachment: one }) => (one['length'] = 1)), 'body-mismatch'],
  [
    'without dist it is computed',
    doc((_, { manifest: m }) => without(m, 'dist'), '3.12.0'),
    stored('3.12.0', ({ dist }) => ({ computed: String(dist['integrity']).startsWith('sha512-') })),
  ],
]);

const second: Change = (d) => (d.versions['2.0.1'] = { ...(d.versions[NEXT] as object), version: '2.0.1', _id: `${ALLOWED}@2.0.1` });
attacks(13, 'NPM-12', [
  ['two versions, one tarball', doc(second), 'body-invalid'],
  [
    'two versions, two tarballs',
    doc((d, parts) => {
      second(d, parts);
      d._attachments[`${ALLOWED}-2.0.1.tgz`] = parts.attachment;
    }),
    'body-invalid',
  ],
  ['one version, two tarballs', doc((d, { attachment: one }) => (d._attachments[`${ALLOWED}-2.0.1.tgz`] = one)), 'body-invalid'],
  ['no version, one tarball', doc((d) => (d.versions = {})), 'body-invalid'],
]);

const bundle = { content_type: 'application/vnd.dev.sigstore.bundle+json;version=0.2', data: '{}', length: 2 };
attacks(14, 'NPM-29', [
  [
    'a provenance bundle is left out',
    doc((d) => (d._attachments[`${ALLOWED}-3.14.0.sigstore`] = bundle), '3.14.0'),
    stored('3.14.0', ({ dist }) => ({ bare: !Object.hasOwn(dist, 'attestations') })),
  ],
  ['the bundle of another version', doc((d) => (d._attachments[`${ALLOWED}-9.9.9.sigstore`] = bundle)), 'body-mismatch'],
  ['a bundle and no tarball', doc((d) => (d._attachments = { [`${ALLOWED}-${NEXT}.sigstore`]: bundle })), 'body-invalid'],
]);

attacks(15, 'NPM-18', [
  ['no attachments', doc((d) => without(d, '_attachments')), 'upload-action'],
  ['attachments without one', doc((d) => (d._attachments = {})), 'upload-action'],
  ['an empty document', put('{}'), 'body-mismatch'],
]);

const tags = (value: unknown): Ask => doc((d) => (d['dist-tags'] = value));
attacks(16, 'NPM-17', [
  ['another tag to an older version', tags({ latest: NEXT, stable: '1.0.0' }), 'upload-dist-tag'],
  ['latest to an older version', tags({ latest: '1.0.0' }), 'upload-dist-tag'],
  ['a tag is removed with null', tags({ latest: NEXT, stable: null }), 'upload-dist-tag'],
  ['a tag to a version that is not there', tags({ latest: NEXT, stable: '9.9.9' }), 'upload-dist-tag'],
  ['a tag that is a version', tags({ '1.0.0': NEXT }), 'upload-dist-tag'],
  ['a tag that is a range', tags({ '>=1': NEXT }), 'upload-dist-tag'],
  ['a tag of 300 characters', tags({ ['t'.repeat(300)]: NEXT }), 'upload-dist-tag'],
  ['the tag __proto__', text((body) => body.replace('"latest"', '"__proto__"')), 'body-invalid'],
  ['no tags', tags({}), 'body-invalid'],
]);

attacks(17, 'NPM-18', [
  ['the shape that erases every version', put(JSON.stringify(erasing)), 'upload-action'],
  ['the same with empty attachments', put(JSON.stringify({ ...erasing, _attachments: {} })), 'upload-action'],
  [
    'npm deprecate',
    doc((d, { manifest: m }) => {
      m['deprecated'] = 'old';
      without(d, '_attachments');
    }, '1.0.0'),
    'upload-action',
  ],
]);

attacks(18, 'NPM-14', [
  [
    '1.0.0 again under another file name',
    doc(attachment(`${ALLOWED}-1.0.0-again.tgz`), '1.0.0', packed(ALLOWED, '1.0.0', 'evil()')),
    'body-mismatch',
  ],
  ['1.0.0 again with other content', doc(() => {}, '1.0.0', packed(ALLOWED, '1.0.0', 'evil()')), 'upload-exists'],
  ['1.0.0 again as it was', at(PATH, ALLOWED, '1.0.0'), 'upload-exists'],
]);

attacks(19, 'NPM-18', [
  ['deprecated inside a publish', doc((_, { manifest: m }) => (m['deprecated'] = 'use another')), 'upload-action'],
  ['Deprecated inside a publish', doc((_, { manifest: m }) => (m['Deprecated'] = 'use another')), 'body-invalid'],
]);

attacks(33, 'NPM-10', [
  ['__proto__ with a name', text((body) => body.replace('{', `{"__proto__":{"name":"${VICTIM}"},`)), 'body-invalid'],
  ['the version __proto__', key('__proto__'), 'body-invalid'],
  ['__proto__ inside the version', text((body) => body.replace('"readme"', '"__proto__":{},"readme"')), 'body-invalid'],
  ['constructor', text((body) => body.replace('{', `{"constructor":{"name":"${VICTIM}"},`)), 'body-invalid'],
  ['toJSON', doc((d) => (d['toJSON'] = VICTIM)), 'body-invalid'],
]);

const TRUE_PUBLISHER = 'trusted-publisher ui-release acme/ui refs/tags/v1.0.0';
attacks(34, 'P2', [
  [
    'forged evidence of trust is replaced by the true one',
    doc((d, { manifest: m, dist }) => {
      m['_npmUser'] = { name: 'npm', approver: 'root', trustedPublisher: { id: 'github', oidcConfigId: 'forged' } };
      dist['attestations'] = { url: 'https://evil.example', provenance: { predicateType: 'https://slsa.dev/provenance/v1' } };
      dist['signatures'] = [{ keyid: 'SHA256:x', sig: 'x' }];
      Object.assign(m, { hasInstallScript: false, approver: 'root', _integrity: 'x', _resolved: 'https://evil.example', _from: 'x' });
      d['_npmUser'] = { name: 'npm' };
    }, '3.34.0'),
    stored('3.34.0', (manifest, packument) => {
      const npmUser = manifest['_npmUser'] as { readonly name: string; readonly trustedPublisher: Record<string, unknown> };
      const { id, anchor, ref } = npmUser.trustedPublisher;
      return {
        'dist is ours': Object.keys(manifest.dist).toSorted().join() === 'integrity,shasum,tarball',
        'the publisher is the true one': `${npmUser.name} ${String(id)} ${String(anchor)} ${String(ref)}` === TRUE_PUBLISHER,
        'nothing of it is left': ['hasInstallScript', 'approver', '_integrity', '_resolved', '_from'].every(
          (field) => !(field in manifest),
        ),
        nowhere: !/evil\.example|forged|oidcConfigId/.test(JSON.stringify(packument)),
      };
    }),
  ],
]);

const registryFields = { time: { '3.35.0': '1999-01-01' }, users: { mallory: true }, maintainers: [{ name: 'mallory' }] };
attacks(35, 'P3', [
  [
    'fields that are the registry’s are dropped',
    doc((d) => Object.assign(d, { _rev: '99-forged', _uplinks: { evil: {} }, _distfiles: { evil: {} }, ...registryFields }), '3.35.0'),
    stored('3.35.0', (_, packument, { sent }) => {
      return {
        'not stored': !/forged|evil|mallory|1999/.test(JSON.stringify(packument)),
        'not sent': ['99-forged', '_uplinks', '_distfiles', 'mallory', '1999-01-01'].every((field) => !sent.includes(field)),
      };
    }),
  ],
]);
