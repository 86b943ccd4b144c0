// The parsers of pypiserver (bottle) and devpi (WebOb) themselves, in one Python process that answers line by line.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { requires } from '../support/components.ts';

const program = String.raw`
import base64, io, json, sys, tarfile, warnings
warnings.simplefilter('ignore')
from urllib.parse import unquote_to_bytes
from webob import Request as WebObRequest
from pypiserver import _app
from pypiserver.bottle_wrapper import BaseRequest as BottleRequest
from pypiserver.pkg_helpers import guess_pkgname_and_version, normalize_pkgname
from devpi_common.validation import normalize_name
from devpi_common.metadata import splitbasename
from packaging.version import Version

def environ(q):
    body = base64.b64decode(q['body'])
    return {'REQUEST_METHOD': 'POST', 'PATH_INFO': '/', 'QUERY_STRING': '', 'SERVER_NAME': 'u', 'SERVER_PORT': '80',
            'CONTENT_TYPE': q['type'], 'CONTENT_LENGTH': str(len(body)), 'wsgi.input': io.BytesIO(body), 'wsgi.url_scheme': 'http'}

def attempt(read):
    try:
        return read()
    except Exception as error:
        return {'error': '%s: %s' % (type(error).__name__, error)}

def bottle(q):
    request = BottleRequest(environ(q))
    ufile = request.files.get('content')
    signature = request.files.get('gpg_signature')
    raw = ufile.raw_filename if ufile else None
    guessed = guess_pkgname_and_version(raw) if raw and _app.is_valid_pkg_filename(raw) else None
    return {'actions': request.forms.getall(':action'), 'names': request.forms.getall('name'), 'versions': request.forms.getall('version'),
            'files': [each.raw_filename for each in request.files.getall('content')], 'allFiles': sorted(request.files.keys()),
            'project': normalize_pkgname(guessed[0]) if guessed else None, 'version': guessed[1] if guessed else None,
            'signature': signature.raw_filename if signature else None}

def webob(q):
    post = WebObRequest(environ(q)).POST
    content = post['content']
    return {'actions': [str(each) for each in post.getall(':action')], 'names': [str(each) for each in post.getall('name')],
            'versions': [str(each) for each in post.getall('version')], 'files': [each.filename for each in post.getall('content')],
            'allFiles': sorted(key for key, value in post.items() if hasattr(value, 'filename')),
            'project': normalize_name(post['name']), 'version': splitbasename(content.filename)[1],
            'fileProject': normalize_name(splitbasename(content.filename)[0]),
            'sameVersion': Version(post['version']) == Version(splitbasename(content.filename)[1]), 'signature': None}

def form(q):
    return {'bottle': attempt(lambda: bottle(q)), 'webob': attempt(lambda: webob(q))}

def path(q):
    """What bottle routes and WebOb decodes: PATH_INFO as a WSGI server makes it."""
    raw = q['path'].encode('latin1')
    info = unquote_to_bytes(raw).decode('latin1')
    def routed():
        route, arguments = app.router.match({'REQUEST_METHOD': q['method'], 'PATH_INFO': info})
        return {'route': route.rule, 'arguments': arguments}
    return {'bottle': attempt(routed), 'webob': attempt(lambda: WebObRequest({'PATH_INFO': info}).path_info)}

def tar(q):
    kinds = {tarfile.REGTYPE: 'File', tarfile.AREGTYPE: 'File', tarfile.CONTTYPE: 'File'}
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(q['file'])), mode='r:gz') as archive:
        return [[m.name, kinds.get(m.type, str(m.type)), archive.extractfile(m).read().decode('utf8', 'replace') if m.isreg() else ''] for m in archive]

app = _app.app
answers = {'form': form, 'path': path, 'tar': tar}
for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps([answers[question['ask']](each) for each in question['list']]), flush=True)
`;

/** A process of Python that answers until it is closed. */
export class PythonOracle {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  constructor() {
    this.#child = spawn(requires('python'), ['-c', program]);
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#child.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Answers in the order of the questions. Throws when Python ended. */
  async ask(ask: 'form' | 'path' | 'tar', list: readonly object[]): Promise<unknown[]> {
    this.#child.stdin.write(`${JSON.stringify({ ask, list })}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`Python ended: ${this.#errors.slice(-2000)}`);
    return JSON.parse(value) as unknown[];
  }

  close(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}
