// Bills of materials of the published package, CycloneDX 1.6 and SPDX 2.3: `node scripts/release/sbom.mjs FOLDER`.
// Not `npm sbom --omit dev`, which leaves out every package that a development dependency needs, too (seen with npm 12.2.0: semver,
// yaml, and half of what pino needs). The same commit gives the same bytes: the time is SOURCE_DATE_EPOCH, else the commit's.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifest, ROOT, runtimePackages } from './runtime.mjs';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node scripts/release/sbom.mjs FOLDER');
const { name, version, license, description } = manifest();
const runtime = runtimePackages();
const seconds = process.env.SOURCE_DATE_EPOCH ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' });
const created = new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');
const digest = createHash('sha256')
  .update(JSON.stringify([name, version, runtime]))
  .digest('hex');

mkdirSync(folder, { recursive: true });
write(`${name}-${version}.cdx.json`, cycloneDx());
write(`${name}-${version}.spdx.json`, spdx());

function write(file, document) {
  writeFileSync(join(folder, file), `${JSON.stringify(document, null, 2)}\n`);
}

function purl(packageName, packageVersion) {
  return `pkg:npm/${packageName.replace('@', '%40')}@${packageVersion}`;
}

/** Algorithm and hex digest of an `integrity` as npm writes it. */
function hash(integrity) {
  const [, bits, base64] = /^sha(\d+)-([A-Za-z0-9+/=]+)$/.exec(integrity);
  return { bits, hex: Buffer.from(base64, 'base64').toString('hex') };
}

function cycloneDx() {
  const self = {
    type: 'application',
    'bom-ref': purl(name, version),
    name,
    version,
    description,
    purl: purl(name, version),
    licenses: [{ license: { id: license } }],
  };
  const reference = new Map(runtime.packages.map((each) => [each.path, each.path]));
  const components = runtime.packages.map((each) => {
    const { bits, hex } = hash(each.integrity);
    const [group, short] = each.name.startsWith('@') ? each.name.split('/') : [undefined, each.name];
    return {
      type: 'library',
      'bom-ref': reference.get(each.path),
      ...(group === undefined ? {} : { group }),
      name: short,
      version: each.version,
      scope: 'required',
      purl: purl(each.name, each.version),
      hashes: [{ alg: `SHA-${bits}`, content: hex }],
      licenses: [/[ ()]/.test(each.license) ? { expression: each.license } : { license: { id: each.license } }],
    };
  });
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    // A UUID that is made from what is listed (RFC 9562, version 8).
    serialNumber: `urn:uuid:${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`,
    version: 1,
    metadata: { timestamp: created, component: self },
    components,
    dependencies: [
      { ref: self['bom-ref'], dependsOn: runtime.direct },
      ...runtime.packages.map(({ path, needs }) => ({ ref: path, dependsOn: needs })),
    ],
  };
}

function spdx() {
  const id = (path) => `SPDXRef-${path.replaceAll(/[^A-Za-z0-9.-]/g, '-')}`;
  const entry = (SPDXID, each, more = {}) => ({
    SPDXID,
    name: each.name,
    versionInfo: each.version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: each.license,
    copyrightText: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl(each.name, each.version) }],
    ...more,
  });
  const packages = runtime.packages.map((each) => {
    const { bits, hex } = hash(each.integrity);
    return entry(id(each.path), each, { checksums: [{ algorithm: `SHA${bits}`, checksumValue: hex }] });
  });
  const depends = (from, to) => ({ spdxElementId: from, relationshipType: 'DEPENDS_ON', relatedSpdxElement: id(to) });
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${name}-${version}`,
    documentNamespace: `urn:countersign:spdx:${version}:${digest.slice(0, 32)}`,
    creationInfo: { created, creators: ['Tool: countersign-scripts-release-sbom'] },
    packages: [entry('SPDXRef-countersign', { name, version, license }, { primaryPackagePurpose: 'APPLICATION' }), ...packages],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-countersign' },
      ...runtime.direct.map((path) => depends('SPDXRef-countersign', path)),
      ...runtime.packages.flatMap(({ path, needs }) => needs.map((need) => depends(id(path), need))),
    ],
  };
}
