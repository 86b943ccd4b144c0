// The wire shape of each upload client, as captured (facts: order of parts, boundaries, part heads).
import { createHash } from 'node:crypto';
import { BOUNDARY, FILE, MD5, SHA256, content, fields, form } from './forms.ts';

export interface Shape {
  readonly client: string;
  readonly body: Buffer;
  readonly boundary: string;
  /** `multipart/form-data;boundary=` without the space. */
  readonly tight?: boolean;
  /** Fields in order, as the rebuilt form has to have them. */
  readonly kept: readonly string[];
  readonly file: string;
}

const wheel = { ...content, filename: 'allowed-1.0-py3-none-any.whl' };
const blake2 = createHash('blake2s256').update(FILE).digest('hex');
const uvBoundary = '0f1e2d3c4b5a6978-0f1e2d3c4b5a6978-0f1e2d3c4b5a6978-0f1e2d3c4b5a6978';
const maturinBoundary = '----formdata-ureq-0123456789abcdef0123456789abcdef';
const distutilsBoundary = '--------------GHSKFJDLGDS7543FJKLFHRE75642756743254';
const curlBoundary = '------------------------0123456789abcdef';

const twine4 = fields(
  ['name', 'allowed'], ['version', '1.0'], ['filetype', 'bdist_wheel'], ['pyversion', 'py3'], ['metadata_version', '2.1'], ['summary', 'Ünï'],
  ['home_page', ''], ['author', ''], ['keywords', 'a,b'], ['classifiers', 'A :: B'], ['classifiers', 'C :: D'], ['platform', 'any'],
  ['comment', ''], ['md5_digest', MD5], ['sha256_digest', SHA256], ['blake2_256_digest', blake2], [':action', 'file_upload'], ['protocol_version', '1'],
); // prettier-ignore
const twine7 = fields(
  ['description', `# allowed\n\nlong\r\n${'x'.repeat(100_000)}\n`], ['license_expression', 'MIT'], ['version', '1.0'], ['requires_dist', 'a>1'],
  ['requires_dist', 'b'], ['dynamic', 'license-file'], ['license_file', 'LICENSE'], ['name', 'Allowed'], ['project_urls', 'Home, https://x.example'],
  ['provides_extra', 'dev'], ['metadata_version', '2.4'], ['pyversion', 'py3'], ['filetype', 'bdist_wheel'], ['sha256_digest', SHA256],
  ['attestations', '[{"version": 1}]'], ['blake2_256_digest', blake2], [':action', 'file_upload'], ['protocol_version', '1'],
); // prettier-ignore
const signature = { name: 'gpg_signature', value: '-----BEGIN PGP SIGNATURE-----\n', filename: 'allowed-1.0-py3-none-any.whl.asc' };
const uv = fields(
  [':action', 'file_upload'], ['sha256_digest', SHA256], ['protocol_version', '1'], ['metadata_version', '2.4'], ['name', 'allowed'],
  ['version', '1.0'], ['filetype', 'sdist'], ['pyversion', 'source'], ['requires_python', ''], ['classifiers', 'A :: B'],
); // prettier-ignore
const attestations = fields(['attestations', '[{"version":1}]']);
const maturin = fields(
  [':action', 'file_upload'], ['sha256_digest', SHA256], ['protocol_version', '1'], ['metadata_version', '2.1'], ['name', 'allowed'],
  ['version', '1.0'], ['pyversion', 'cp39'], ['filetype', 'bdist_wheel'], ['requires_python', ''],
); // prettier-ignore
const flit = fields(
  [':action', 'file_upload'], ['name', 'allowed'], ['version', '1.0'], ['metadata_version', '2.1'], ['summary', 's'], ['protocol_version', '1'],
  ['filetype', 'bdist_wheel'], ['pyversion', 'py2.py3'], ['md5_digest', MD5], ['sha256_digest', SHA256],
); // prettier-ignore
const pdm = fields(
  ['name', 'allowed'], ['version', '1.0'], ['filetype', 'sdist'], ['pyversion', 'source'], ['metadata_version', '2.1'], ['home_page', ''],
  ['description', 'd\n'], ['supported_platform', 'x'], ['provides_extras', 'dev'], ['requires_python', '>=3.8'], ['comment', ''],
  ['md5_digest', MD5], ['sha256_digest', SHA256], ['blake2_256_digest', blake2], [':action', 'file_upload'], ['protocol_version', '1'],
); // prettier-ignore
const poetry = fields(
  ['md5_digest', MD5], ['sha256_digest', SHA256], ['blake2_256_digest', blake2], ['filetype', 'sdist'], ['pyversion', ''], ['name', 'allowed'],
  ['version', '1.0'], ['metadata_version', '2.3'], [':action', 'file_upload'], ['protocol_version', '1'],
); // prettier-ignore
const distutilsBefore = fields([':action', 'file_upload'], ['protocol_version', '1'], ['name', 'allowed'], ['version', '1.0']);
const distutilsAfter = fields(
  ['filetype', 'sdist'], ['pyversion', ''], ['metadata_version', '1.0'], ['keywords', 'a'], ['keywords', 'b'], ['description', 'UNKNOWN'],
  ['comment', ''], ['md5_digest', MD5], ['sha256_digest', SHA256], ['blake2_256_digest', blake2],
); // prettier-ignore
const curl = fields([':action', 'file_upload'], ['name', 'allowed'], ['version', '1.0'], ['filetype', 'sdist']);

type Named = readonly { readonly name: string }[];
const sent = (parts: Named): string[] => parts.map(({ name }) => name).filter((name) => name !== 'blake2_256_digest');
const bare = { name: 'content', value: FILE };
const sdist = { ...content, filename: 'allowed-1.0.tar.gz' };
const binary = { ...bare, filename: 'allowed-1.0-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl' };
const universal = { ...bare, filename: 'allowed-1.0-py2.py3-none-any.whl' };
const bareSdist = { ...bare, filename: 'allowed-1.0.tar.gz' };

/** distutils begins with a line end and ends like everybody. */
const distutilsParts = [...distutilsBefore, bareSdist, ...distutilsAfter];

export const shapes: readonly Shape[] = [
  { client: 'twine 4.0.2', body: form([...twine4, wheel]), boundary: BOUNDARY, kept: sent([...twine4, wheel]), file: wheel.filename },
  { client: 'twine 7.0.0', body: form([...twine7, wheel]), boundary: BOUNDARY, kept: sent([...twine7, wheel]), file: wheel.filename },
  { client: 'twine --sign', body: form([signature, ...twine4, wheel]), boundary: BOUNDARY, kept: sent([signature, ...twine4, wheel]), file: wheel.filename },
  { client: 'uv', body: form([...uv, bareSdist, ...attestations], uvBoundary), boundary: uvBoundary, kept: sent([...uv, bareSdist, ...attestations]), file: bareSdist.filename },
  { client: 'maturin 1.15', body: form([...maturin, binary], maturinBoundary), boundary: maturinBoundary, kept: sent([...maturin, binary]), file: binary.filename },
  { client: 'Flit 4', body: form([...flit, universal]), boundary: BOUNDARY, kept: sent([...flit, universal]), file: universal.filename },
  { client: 'PDM and Hatch (httpx)', body: form([...pdm, sdist]), boundary: BOUNDARY, kept: sent([...pdm, sdist]), file: sdist.filename },
  { client: 'Poetry (requests-toolbelt)', body: form([...poetry, sdist]), boundary: BOUNDARY, kept: sent([...poetry, sdist]), file: sdist.filename },
  {
    client: 'distutils and setuptools',
    body: Buffer.concat([Buffer.from('\r\n'), form(distutilsParts, distutilsBoundary)]),
    boundary: distutilsBoundary,
    kept: sent(distutilsParts).filter((name) => name !== 'md5_digest'),
    file: bareSdist.filename,
  },
  { client: 'curl -F', body: form([...curl, sdist], curlBoundary), boundary: curlBoundary, kept: sent([...curl, sdist]), file: sdist.filename },
  { client: 'a client that leaves the space before boundary out', body: form([...curl, sdist]), boundary: BOUNDARY, tight: true, kept: sent([...curl, sdist]), file: sdist.filename },
]; // prettier-ignore
