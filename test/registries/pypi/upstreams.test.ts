import { once } from 'node:events';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pypi } from '../../../src/registries/pypi/index.ts';
import { packageName } from '../../../src/registries/pypi/name.ts';
import { UploadRefused, type Inspected, type Probe, type RegistrySettings } from '../../../src/registries/registry.ts';
import { startDevpi, type DevpiServer } from '../../support/devpi.ts';
import { startPypiserver, type PypiServer } from '../../support/pypiserver.ts';
import { describeWith } from '../../support/requirement.ts';
import { SERVICE } from '../../support/service-user.ts';
import { shapes } from './clients.ts';
import { BOUNDARY, fields, form, inPieces, inspect, part, plain, plainWith, registry } from './forms.ts';

const authorization = `Basic ${Buffer.from(`${SERVICE.username}:${SERVICE.password}`).toString('base64')}`;
/** A part as bottle and WebOb read it too: with bare line feeds. */
const loose = (boundary: string, name: string, value: string, filename?: string): string =>
  part({ name, value, ...(filename === undefined ? {} : { filename }) }, boundary)
    .toString('latin1')
    .replaceAll('\r\n', '\n');
/** Upstreams §0.1: strict parsers read one name and one file in it; Python's reads a name and a file more, hidden in a value, and takes the last. */
const hiding = (boundary: string, project: string): Buffer =>
  form([
    ...plain,
    ...fields(['description', `hello\n${loose(boundary, 'name', project)}${loose(boundary, 'content', 'EVIL', `${project}-1.0.tar.gz`)}`]),
  ]);

/** Sends a request chunked, as the gateway does; a body that throws destroys it in mid-request. */
async function send(url: string, type: string, body: AsyncIterable<Uint8Array>): Promise<number | 'destroyed'> {
  const outgoing = request(url, { method: 'POST', headers: { authorization, 'content-type': type }, agent: false });
  const answered = once(outgoing, 'response') as Promise<[{ statusCode: number; resume: () => void }]>;
  answered.catch(() => undefined);
  try {
    for await (const chunk of body) if (!outgoing.write(chunk)) await once(outgoing, 'drain');
  } catch (error) {
    outgoing.destroy();
    if (error instanceof UploadRefused) return 'destroyed';
    throw error;
  }
  outgoing.end();
  const [response] = await answered;
  response.resume();
  return response.statusCode;
}

async function publish(url: string, inspected: Inspected): Promise<number | 'destroyed'> {
  return send(url, inspected.request.headers['content-type'] ?? '', inspected.rebuild());
}

/** A probe as the gateway makes it: below the upstream, no redirect followed. */
function probeOf(upstream: string, asked: string[] = []): Probe {
  return async (path, headers) => {
    asked.push(path);
    const response = await fetch(upstream + path, { headers, redirect: 'manual' });
    return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
  };
}

/** What `pypi.existing` finds at the upstream. */
async function look(upstream: string, name: string, file: string, settings: Partial<RegistrySettings> = {}): Promise<string> {
  const what = { name: packageName(name)!, version: '1.0', file };
  return pypi.existing(probeOf(upstream), { ...registry, upstream: new URL(upstream), ...settings }, what);
}

/** Uploads as anybody could who has the service credential. */
async function put(url: string, name: string, version: string, file: string): Promise<number> {
  const boundary = 'plainboundary';
  const body = new Uint8Array(form(plainWith({ name, version }, file), boundary));
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { authorization, 'content-type': `multipart/form-data; boundary=${boundary}` },
  });
  return response.status;
}

describeWith('devpi-server', 'pypi-server')('real upstreams', () => {
  let devpi: DevpiServer;
  let pypiserver: PypiServer;
  beforeAll(async () => {
    [devpi, pypiserver] = await Promise.all([startDevpi(), startPypiserver({ overwrite: true })]);
  });
  afterAll(async () => {
    await Promise.all([devpi?.close(), pypiserver?.close()]);
  });

  it('MP-65: are stored by devpi and pypiserver, from every client', async () => {
    for (const { client, body, boundary, file } of shapes) {
      for (const url of [devpi.dev, pypiserver.url])
        expect([client, await publish(url, await inspect(inPieces(body, 1000), boundary))]).toEqual([client, 200]);
      expect([client, pypiserver.stored().includes(file)]).toEqual([client, true]);
      expect(await devpi.files('dev', 'allowed')).toContain(file);
    }
  });

  it('P3, MP-04 to MP-06: parts hidden behind bare line feeds are stored when passed on as received, and are refused here', async () => {
    const exploit = hiding(BOUNDARY, 'victim');
    for (const url of [devpi.dev, pypiserver.url]) await send(url, `multipart/form-data; boundary=${BOUNDARY}`, Readable.from([exploit]));
    expect(pypiserver.stored()).toContain('victim-1.0.tar.gz');
    expect(await devpi.files('dev', 'victim')).toEqual(['victim-1.0.tar.gz']);
    const inspected = await inspect(inPieces(exploit, 1000));
    expect(await publish(pypiserver.url, inspected)).toBe('destroyed');
  });

  it('P2, MP-66: parts hidden behind a boundary that somebody else may use are text in what is rebuilt', async () => {
    const before = pypiserver.stored();
    for (const url of [devpi.dev, pypiserver.url]) {
      expect(await publish(url, await inspect(inPieces(hiding('ffffffffffffffffffffffffffffffff', 'sneaky'), 1000)))).toBe(200);
    }
    expect(pypiserver.stored().filter((file) => !before.includes(file) && !file.startsWith('allowed-'))).toEqual([]);
    expect(await devpi.files('dev', 'sneaky')).toEqual([]);
  });

  it('P9: an upload that turns out wrong behind its file leaves nothing at devpi or pypiserver', async () => {
    const bodies = [
      form(plainWith({ name: 'late', sha256_digest: '0'.repeat(64) }, 'late-1.0.tar.gz')),
      form([...plainWith({ name: 'late' }, 'late-1.0.tar.gz'), ...fields(['name', 'victim'])]),
      form(plainWith({ name: 'late' }, 'late-1.0.tar.gz')).subarray(0, -4),
    ];
    for (const body of bodies) {
      for (const url of [devpi.dev, pypiserver.url]) expect(await publish(url, await inspect(inPieces(body, 1000)))).toBe('destroyed');
    }
    await sleep(300);
    expect(pypiserver.stored().filter((file) => file.startsWith('late'))).toEqual([]);
    expect(await devpi.files('dev', 'late')).toEqual([]);
  });

  it.each(['devpi', 'pypiserver'])('say what they have already (%s): no project, no such file, this file in any spelling', async (kind) => {
    const upstream = kind === 'devpi' ? devpi.dev : pypiserver.url;
    expect(await put(upstream, 'Acme.UI', '1.0', 'acme_ui-1.0.tar.gz')).toBe(200);
    expect(await look(upstream, 'acme-none', 'acme_none-1.0.tar.gz')).toBe('no-package');
    expect(await look(upstream, 'acme-ui', 'acme_ui-1.1.tar.gz')).toBe('no-version');
    expect(await look(upstream, 'acme-ui', 'acme_ui-1.0-py3-none-any.whl')).toBe('no-version');
    for (const file of ['acme_ui-1.0.tar.gz', 'Acme.UI-1.0.tar.gz', 'acme-ui-1.0.0.tar.gz'])
      expect(await look(upstream, 'acme-ui', file)).toBe('exists');
  });

  it('are asked where `simple` says', async () => {
    expect(await look(pypiserver.url, 'acme-ui', 'acme_ui-1.0.tar.gz', { simple: 'simple' })).toBe('exists');
    expect(await look(pypiserver.url, 'acme-none', 'acme_none-1.0.tar.gz', { simple: '/simple/' })).toBe('no-package');
    expect(await look(devpi.dev, 'acme-ui', 'acme_ui-1.0.tar.gz', { simple: '+simple/' })).toBe('exists');
  });

  it('are not taken to have what a devpi index only inherits: from an index, or from a mirror of a public one', async () => {
    expect(await put(devpi.prod, 'lone', '1.0', 'lone-1.0.tar.gz')).toBe(200);
    await devpi.api('PUT', 'root/mirror', { type: 'mirror', mirror_url: `${pypiserver.url}simple/` });
    await devpi.api(
      'PUT',
      'svc/top',
      { bases: ['svc/prod', 'root/mirror'], volatile: true, acl_upload: ['svc'], mirror_whitelist: ['*'] },
      SERVICE,
    );
    const top = `${devpi.url}svc/top/`;
    expect(await put(pypiserver.url, 'mirrored', '1.0', 'mirrored-1.0.tar.gz')).toBe(200);
    expect(await look(top, 'lone', 'lone-1.0.tar.gz')).toBe('no-package');
    expect(await look(top, 'mirrored', 'mirrored-1.0.tar.gz')).toBe('no-package');
    expect(await put(top, 'lone', '2.0', 'lone-2.0.tar.gz')).toBe(200);
    expect(await look(top, 'lone', 'lone-1.0.tar.gz')).toBe('no-version');
    expect(await look(top, 'lone', 'lone-2.0.tar.gz')).toBe('exists');
  });

  it('are out of order where there is no index at all, never "nothing exists"', async () => {
    await expect(look(`${devpi.url}svc/nowhere/`, 'acme-ui', 'acme_ui-1.0.tar.gz')).rejects.toThrow(/set `simple`/);
    await expect(look(`${pypiserver.url}packages/`, 'acme-ui', 'acme_ui-1.0.tar.gz')).rejects.toThrow(/set `simple`/);
  });
});
