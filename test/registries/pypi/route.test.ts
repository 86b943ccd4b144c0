import { describe, expect, it } from 'vitest';
import { pypi } from '../../../src/registries/pypi/index.ts';
import { head } from './forms.ts';

describe('routes of a Python index', () => {
  it.each(['/', ''])('POST to the URL of the registry (%j) is an upload', (path) =>
    expect(pypi.route(head('POST', path))).toEqual({ kind: 'upload' }),
  );

  it.each(['/legacy', '/legacy/', '/simple/', '/pypi', '/+simple/', '/other/index/', '/+login', '/acme-ui/1.0/'])(
    'PTH-22, PTH-23: POST %s is no upload',
    (path) => expect(pypi.route(head('POST', path)).kind).toBe('write'),
  );

  it('PTH-23: an upload has no query', () =>
    expect(pypi.route(head('POST', '/', {}, ':action=remove_pkg'))).toEqual({ kind: 'write', what: 'upload with a query in the URL' }));

  it.each([
    ['/simple/Acme_UI/', 'acme-ui'],
    ['/+simple/acme-ui/', 'acme-ui'],
    ['/acme-ui/', 'acme-ui'],
    ['/acme-ui', 'acme-ui'],
    ['/simple/', undefined],
    ['/', undefined],
    ['/+f/8f4/34346648f6b96/acme_ui-1.0.tar.gz', undefined],
    ['/packages/acme_ui-1.0.tar.gz', undefined],
    ['/simple/%61cme/', undefined],
    ['/simple/acme-ui/x', undefined],
    ['/simple/acme-ui/..%2fvictim', undefined],
    ['/+simple/acme-ui/victim/', undefined],
    ['/acme-ui/1.0', undefined],
  ])('GET and HEAD %s are reads of %s', (path, name) => {
    for (const method of ['GET', 'HEAD'])
      expect(pypi.route(head(method, path))).toEqual({ kind: 'read', ...(name === undefined ? {} : { name }) });
  });

  it.each([
    ['DELETE', '/acme-ui', 'remove files or projects', 'acme-ui'],
    ['DELETE', '/acme-ui/latest', 'remove files or projects', 'acme-ui'],
    ['DELETE', '/acme-ui/1.0/x', 'remove files or projects', 'acme-ui'],
    ['DELETE', '/', 'delete an index', undefined],
    ['PUSH', '/', 'push releases', undefined],
    ['PUT', '/', 'change users, indexes or files', undefined],
    ['PATCH', '/', 'change users, indexes or files', undefined],
    ['POST', '/+login', 'log in', undefined],
    ['POST', '/+simple/acme-ui/refresh', 'refresh an index', undefined],
    ['OPTIONS', '/', 'send OPTIONS requests', undefined],
  ])('TOK-15: %s %s is a write, in words', (method, path, what, name) => {
    expect(pypi.route(head(method, path))).toEqual({ kind: 'write', what, ...(name === undefined ? {} : { name }) });
  });
});
