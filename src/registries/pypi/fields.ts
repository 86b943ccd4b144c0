// The form fields of an upload: which there are, how often, and how large. Core metadata 1.0 to 2.5 as upload clients spell
// them (twine, uv, PDM, Hatch, Flit, Poetry, maturin, distutils), and what the upload protocol itself adds.

/** Once: an upstream would take the first or the last, nobody knows which (MP-01, MP-02). */
const once = [
  ':action',
  'protocol_version',
  'name',
  'version',
  'filetype',
  'pyversion',
  'metadata_version',
  'summary',
  'description',
  'description_content_type',
  'author',
  'author_email',
  'maintainer',
  'maintainer_email',
  'license',
  'license_expression',
  'home_page',
  'download_url',
  'requires_python',
  'comment',
  'md5_digest',
  'sha256_digest',
  'blake2_256_digest',
  'attestations',
] as const;

/** Any number of times; each value is one item of a list. */
const repeatable = [
  'classifiers',
  'dynamic',
  'import_name',
  'import_names',
  'import_namespace',
  'import_namespaces',
  'keywords',
  'license_file',
  'license_files',
  'obsoletes',
  'obsoletes_dist',
  'platform',
  'project_urls',
  'provides',
  'provides_dist',
  'provides_extra',
  'provides_extras',
  'requires',
  'requires_dist',
  'requires_external',
  'supported_platform',
] as const;

export type OnceField = (typeof once)[number];

const onceNames: ReadonlySet<string> = new Set(once);
const repeatableNames: ReadonlySet<string> = new Set(repeatable);

/** Whether a text field of this name may be there once, any number of times, or not at all. Case matters (MP-57). */
export function occurrence(name: string): 'once' | 'repeatable' | 'never' {
  if (onceNames.has(name)) return 'once';
  return repeatableNames.has(name) ? 'repeatable' : 'never';
}

/** Bytes of all fields together; a README can be long, and attestations are. Nothing of a file counts. */
export const fieldsLimit = 4 * 1024 * 1024;

/** Parts of one form; some projects have a thousand requirements (DOS-06). */
export const partsLimit = 2048;

/** Bytes of one field. */
export function fieldLimit(name: string): number {
  return name === 'description' || name === 'attestations' ? fieldsLimit : 64 * 1024;
}
