// Attacks by path, method, head and credential, row by row of the npm study (part E).
import { basic, serviceBasic } from '../support/service-user.ts';
import { ALLOWED, PATH, NEXT, ask, at, bytes, erasing, json, put, shown, stored, type Ask, type Attack, type Case } from './npm-attack.ts';
import { draft } from './npm-scene.ts';

/** Rows 20 to 30, 36, 38 and 39. */
export const requests: Attack[] = [];

function attacks(row: number, ids: string, cases: readonly Case[]): void {
  requests.push({ row, ids, cases });
}

attacks(20, 'NPM-20', [
  ['PUT -rev with a tarball', at(`${PATH}/-rev/1-x`), 'upload-action'],
  ['PUT -rev without versions', ask('PUT', `${PATH}/-rev/1-x`, JSON.stringify({ ...erasing, versions: {} })), 'upload-action'],
  ['PUT -rev with owners', ask('PUT', `${PATH}/-rev/1-x`, JSON.stringify({ maintainers: [] })), 'upload-action'],
  ['PUT -rev of another package', ask('PUT', '/@acme%2fneighbour/-rev/1-x', JSON.stringify(erasing)), 'upload-scope'],
]);

attacks(21, 'NPM-21', [
  ['DELETE of a tarball', ask('DELETE', `${PATH}/-/allowed-1.0.0.tgz/-rev/x`), 'upload-action'],
  ['DELETE of a tarball as npm writes it', ask('DELETE', '/@acme/allowed/-/allowed-1.0.0.tgz/-rev/x'), 'upload-action'],
  ['DELETE of the package', ask('DELETE', `${PATH}/-rev/x`), 'upload-action'],
  ['DELETE without a revision', ask('DELETE', PATH), 'upload-action'],
  ['DELETE of another package', ask('DELETE', '/@acme%2fneighbour/-rev/x'), 'upload-scope'],
]);

const octets = { 'content-type': 'application/octet-stream' };
attacks(22, 'NPM-22', [
  ['a raw tarball', ask('PUT', `${PATH}/-/allowed-9.9.9.tgz/x`, 'bytes', octets), 'upload-action'],
  ['a raw tarball over another', ask('PUT', `${PATH}/-/allowed-1.0.0.tgz/-rev/x`, 'bytes', octets), 'upload-action'],
]);

const tagsOf = '/-/package/@acme%2fallowed/dist-tags';
attacks(23, 'NPM-23', [
  ['PUT /pkg/tag', ask('PUT', `${PATH}/stable`, '"1.0.0"'), 'upload-action'],
  ['PUT of a tag that is not granted', ask('PUT', `${tagsOf}/latest`, '"1.0.0"'), 'upload-action'],
  ['DELETE of a tag that is not granted', ask('DELETE', `${tagsOf}/latest`), 'upload-action'],
  ['POST of a tag', ask('POST', `${tagsOf}/latest`, '"1.0.0"'), 'upload-action'],
  ['POST of all tags', ask('POST', tagsOf, '{"latest":"1.0.0"}'), 'upload-action'],
  ['PUT of all tags', ask('PUT', tagsOf, '{"latest":"1.0.0"}'), 'upload-action'],
  ['PUT of a tag of another package', ask('PUT', '/-/package/@acme%2fneighbour/dist-tags/stable', '"1.0.0"'), 'upload-scope'],
]);

attacks(24, 'NPM-23', [
  ['an un-encoded name before dist-tags', ask('PUT', '/-/package/@acme/allowed/dist-tags/t', '"1.0.0"'), 'upload-action'],
  ['a name encoded twice', ask('PUT', '/-/package/@acme%252fallowed/dist-tags/t', '"1.0.0"'), 'request-path'],
  ['a tag with a slash', ask('PUT', `${tagsOf}/a%2fb`, '"1.0.0"'), 'request-path'],
]);

attacks(25, 'NPM-19', [
  ['npm star', put(JSON.stringify({ _id: ALLOWED, _rev: '1-x', users: { svc: true } })), 'upload-action'],
  ['npm owner by the package path', put(JSON.stringify({ _id: ALLOWED, maintainers: [{ name: 'mallory' }] })), 'upload-action'],
]);

attacks(26, 'TOK-15', [
  ['a new user', ask('PUT', '/-/user/org.couchdb.user:mallory', '{"name":"mallory","password":"12345678"}'), 'upload-action'],
  ['a login', ask('PUT', '/-/user/org.couchdb.user:svc/-rev/1', '{"name":"svc","password":"x"}'), 'upload-action'],
]);

attacks(27, 'TOK-15', [
  ['the list of tokens is read without credential', ask('GET', '/-/npm/v1/tokens'), 'passed'],
  ['a new token', ask('POST', '/-/npm/v1/tokens', '{"password":"x","readonly":false,"cidr_whitelist":[]}'), 'upload-action'],
  ['a token is deleted', ask('DELETE', '/-/npm/v1/tokens/token/abc'), 'upload-action'],
  ['the profile is read without credential', ask('GET', '/-/npm/v1/user'), 'passed'],
  ['the profile with a wrong old password', ask('POST', '/-/npm/v1/user', '{"password":{"old":"a","new":"b2345678"}}'), 'upload-action'],
  ['the login of the web page', ask('POST', '/-/verdaccio/sec/login', '{"username":"svc","password":"x"}'), 'upload-action'],
  ['search is read without credential', ask('GET', '/-/v1/search?text=acme'), 'passed'],
]);

const spellings = [
  '/@acme%2fallowed',
  '/@acme%2Fallowed',
  '/@acme/allowed',
  '/%40acme%2fallowed',
  '/%40acme%2Fallowed',
  '/%40acme/allowed',
];
attacks(
  28,
  'PTH-01 PTH-02',
  spellings.map((path, i): Case => [`${path} is the same package`, at(path, ALLOWED, `3.28.${i}`), stored(`3.28.${i}`)]),
);
attacks(28, 'PTH-11', [['an empty query is none', at(`${PATH}?`, ALLOWED, '3.28.9'), stored('3.28.9')]]);
attacks(28, 'PTH-19', [
  ['raw UTF-8', at('/@\u00e4cme%2fallowed'), 'unparsed'],
  ['no leading slash', at('@acme%2fallowed'), 'unparsed'],
  ['a raw space', bytes(`PUT ${PATH} /x`), 'unparsed'],
  ['a raw NUL', bytes(`PUT ${PATH}\0`), 'unparsed'],
  ['a raw tab', bytes(`PUT ${PATH}\t`), 'unparsed'],
]);
attacks(
  28,
  'PTH-03 to PTH-16 PTH-19',
  [
    '/@ac%6De%2fallowed',
    '/@acme%2f%61llowed',
    '/@acme%2fallowed/',
    '/@acme%2fallowed?x=/@acme/victim/',
    '/@acme%2fallowed?write=true',
    '/@acme%2fallowed#/../x',
    '/@acme%2fallowed%23',
    '/@acme%252fallowed',
    '/@acme%25252fallowed',
    '//@acme%2fallowed',
    '/./@acme%2fallowed',
    '/x/../@acme%2fallowed',
    '/@acme%2fallowed/../@acme%2fvictim',
    '/@acme%2fallowed%2f..%2f@acme%2fvictim',
    '/@acme%2fallowed/%2e%2e/@acme%2fvictim',
    '/@acme//allowed',
    '/@acme%2fallowed%20',
    '/@acme%2fallowed%00',
    '/@acme%2fallowed%0d%0aHost:x',
    '/@acme%2fallowed%5c..%5cvictim',
    '/@acme%2fallowed\\..\\victim',
    '/@acme%2fallowed;v=1',
    '/@acme%2fallowed;/../victim',
    '/@acme%2fallowed%3bv=1',
    '/@acme%2fallowed%3f',
    '/allowed%2fy',
    '/@acme%2f%c0%ae%c0%ae',
    '/@acme%2fallowed%ff',
    '/@acme%ef%bc%8fallowed',
    'http://127.0.0.1/@acme%2fallowed',
    `/${'a/'.repeat(100)}b`,
    `/${'a'.repeat(9000)}`,
  ].map((path): Case => [path.length > 80 ? `a path of ${path.length}` : path, at(path), 'request-path']),
);

attacks(29, 'NPM-27 NPM-28 PTH-17 TOK-12', [
  ...['/@ACME%2fallowed', '/@acme%2fAllowed', '/@acme%2f@acme%2fallowed', '/@@acme%2fx', '/@%2fallowed', '/@acme%2f', '/@acme/'].map(
    (path): Case => [path, at(path), 'request-path'],
  ),
  ...['/@acme-evil%2fallowed', '/acme__allowed', '/acme-allowed', '/allowed', '/@acme%2fallowed2', '/@acme%2fallow-ed'].map(
    (path): Case => [path, at(path, path.slice(1).replace('%2f', '/')), 'upload-scope'],
  ),
  ['acme/allowed without @', at('/acme/allowed'), 'upload-action'],
  ['a scope in Cyrillic', at('/@%d0%b0cme%2fallowed'), 'request-path'],
]);

attacks(30, 'PTH-18', [
  ...['/-', '/-rev', '/_x', '/.bin', '/node_modules', '/favicon.ico', '/__proto__', '/constructor', '/~', `/${'a'.repeat(215)}`].map(
    (path): Case => [path.slice(0, 40), at(path, path.slice(1)), 'request-path'],
  ),
  ['/-/stage is no version of a package -', ask('PUT', '/-/stage', '{}'), 'upload-action'],
  ['a staged publish', ask('POST', '/-/stage/package/@acme%2fallowed', JSON.stringify(draft(ALLOWED, NEXT))), 'upload-action'],
  ['a batch of pnpm', ask('PUT', '/-/pnpr/v0/publish', '{}'), 'upload-action'],
  ['an unknown write', ask('POST', '/-/anything', '{}'), 'upload-action'],
]);

const get = (host: string): Ask => ({
  method: 'GET',
  path: PATH,
  wire: `GET ${PATH} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
});
attacks(36, 'SMG-30', [
  ...['verdaccio_1:4873', 'a!b', 'a..b', '', '[', '127.0.0.1:99999'].map((host): Case => [
    `Host ${JSON.stringify(host)}`,
    get(host),
    'request-invalid',
  ]),
  ['a Host in a publish', { ...at(PATH), headers: { ...json, host: 'verdaccio_1:4873' } }, 'request-invalid'],
  ['our own Host', get('HOST'), 'passed'],
]);

attacks(38, 'TOK-14 TOK-24', [
  ['a password of the registry itself', shown(serviceBasic()), 'long-lived-refused'],
  ['a wrong password', shown(basic('svc', 'wrong')), 'long-lived-refused'],
  ['a bearer that is nobody’s', shown('Bearer some-long-lived-token'), 'long-lived-refused'],
  ['a scheme that nobody knows', shown('Token x'), 'long-lived-refused'],
  ['an empty one', shown(''), 'long-lived-refused'],
]);

const fields = (more: string): string => `Host: HOST\r\nAuthorization: Bearer TOKEN\r\n${more}`;
const extra = 'Proxy-Authorization: Basic c3ZjOng=\r\nnpm-otp: 123456\r\nCookie: session=mallory\r\nX-Forwarded-User: root\r\n';
attacks(39, 'TOK-08 HDR-10 SMG-07 SMG-10', [
  ['two Authorization headers', bytes(`PUT ${PATH}`, fields(`Authorization: ${serviceBasic()}\r\n`)), 'request-invalid'],
  ['the same one twice', { ...at(PATH), headers: { ...json, authorization: ['Bearer x', 'Bearer x'] } }, 'request-invalid'],
  ['two Hosts', bytes(`PUT ${PATH}`, fields('Host: evil.example\r\n')), 'request-invalid'],
  ['two npm-otp', { ...at(PATH), headers: { ...json, 'npm-otp': ['1', '2'] } }, 'request-invalid'],
  ['two content encodings', { ...at(PATH), headers: { ...json, 'content-encoding': ['identity', 'gzip'] } }, 'request-invalid'],
  [
    'what speaks to proxies and people stays here',
    bytes(`PUT ${PATH}`, fields(extra), '3.39.0'),
    stored('3.39.0', (_, __, { sent }) => ({ stayed: !/proxy-authorization|npm-otp|cookie|mallory|x-forwarded-user/i.test(sent) })),
  ],
]);
