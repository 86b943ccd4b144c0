// Asks the real Python code what it reads: one process per question list, JSON in and out.
import { spawn } from 'node:child_process';
import { requires } from '../../support/requirement.ts';

const programs = {
  /** {type, body} → [[name, filename, sha256 or text], …] as `cgi.FieldStorage` reads it; devpi's WebOb and pypiserver's bottle both use it. */
  cgi: `
import base64, hashlib, io, warnings
warnings.simplefilter('ignore')
import cgi
def answer(q):
    body = base64.b64decode(q['body'])
    env = {'REQUEST_METHOD': 'POST', 'CONTENT_TYPE': q['type'], 'CONTENT_LENGTH': str(len(body))}
    form = cgi.FieldStorage(fp=io.BytesIO(body), environ=env, keep_blank_values=True)
    rows = []
    for item in form.list or []:
        data = item.value if isinstance(item.value, bytes) else str(item.value).encode('utf8', 'surrogateescape')
        rows.append([item.name, item.filename, hashlib.sha256(data).hexdigest() if item.filename else data.decode('utf8', 'replace')])
    return rows
`,
  /** A file name → what pypiserver and devpi take it for. */
  guess: `
from pypiserver.pkg_helpers import guess_pkgname_and_version
from devpi_common.metadata import splitbasename
def answer(q):
    try:
        devpi = splitbasename(q)[:2]
    except ValueError:
        devpi = None
    return [guess_pkgname_and_version(q), devpi]
`,
  /** A source archive's name → every project and version that pip may take it for: it cuts at any \`-\` (\`_find_name_version_sep\`). */
  pip: `
from packaging.utils import canonicalize_name
from packaging.version import Version, InvalidVersion
def answer(q):
    stem = q[:-len('.tar.gz')]
    found = []
    for i, c in enumerate(stem):
        if c != '-':
            continue
        try:
            found.append([canonicalize_name(stem[:i]), str(Version(stem[i + 1:]))])
        except InvalidVersion:
            pass
    return found
`,
  /** A version → its normal form, or null. */
  version: `
from packaging.version import Version, InvalidVersion
def answer(q):
    try:
        return str(Version(q))
    except InvalidVersion:
        return None
`,
  /** Two versions → whether they are equal. */
  equal: `
from packaging.version import Version
def answer(q):
    return Version(q[0]) == Version(q[1])
`,
} as const;

/** Runs all questions through one Python process. */
export async function askPython(program: keyof typeof programs, questions: readonly unknown[]): Promise<unknown[]> {
  const source = `import json, sys\n${programs[program]}\nprint(json.dumps([answer(q) for q in json.load(sys.stdin)]))\n`;
  const child = spawn(requires('python'), ['-c', source], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(questions));
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  return JSON.parse(output) as unknown[];
}

/** One part: name, file name, and the text or (of a file) the SHA-256. */
export type CgiRow = readonly [string, string | null, string];

/** The parts of each body as `cgi.FieldStorage` reads them. Throws when it cannot read one. */
export async function askCgi(bodies: readonly { readonly type: string; readonly body: Uint8Array }[]): Promise<CgiRow[][]> {
  const questions = bodies.map(({ type, body }) => ({ type, body: Buffer.from(body).toString('base64') }));
  return (await askPython('cgi', questions)) as CgiRow[][];
}
