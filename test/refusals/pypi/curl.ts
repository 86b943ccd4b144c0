// What people write with curl where no client fits: the exchange of RFC 8693, as `countersign snippet` has it, and the form of an upload.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const common = ['--silent', '--show-error', '--fail-with-body'];
const text = (...pairs: readonly string[]): string[] => pairs.flatMap((pair) => ['--data-urlencode', pair]);

/** The members of an exchange; a later one of the same name would be a second one, so scenarios write the whole. */
export const exchangeForm = (identity: string): string[] =>
  text(
    'grant_type=urn:ietf:params:oauth:grant-type:token-exchange',
    'subject_token_type=urn:ietf:params:oauth:token-type:id_token',
    `subject_token=${identity}`,
  );

/** Arguments of curl for an exchange with this form. */
export const exchangeArgs = (origin: string, form: readonly string[]): string[] => [...common, `${origin}/-/oidc/token`, ...form];

export interface CurlUpload {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly login: string;
  /** In place of the file's own. */
  readonly digest?: string;
  readonly more?: readonly string[];
}

/** Arguments of curl for an upload. */
export function uploadArgs(url: string, { file, name, version, login, digest, more = [] }: CurlUpload): string[] {
  const wheel = file.endsWith('.whl');
  const fields: Record<string, string> = {
    ':action': 'file_upload',
    protocol_version: '1',
    metadata_version: '2.1',
    name,
    version,
    filetype: wheel ? 'bdist_wheel' : 'sdist',
    pyversion: wheel ? 'py3' : 'source',
    sha256_digest: digest ?? createHash('sha256').update(readFileSync(file)).digest('hex'),
  };
  const form = Object.entries(fields).flatMap(([key, value]) => ['--form-string', `${key}=${value}`]);
  return [...common, '--user', login, ...form, '--form', `content=@${file};filename=${basename(file)}`, ...more, url];
}

/** Arguments of curl for any other request. */
export const requestArgs = (url: string, more: readonly string[]): string[] => [...common, ...more, url];
