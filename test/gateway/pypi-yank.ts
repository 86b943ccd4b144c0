// `allow: [yank]`: what a real devpi and a real pypiserver do when a release is taken away.
import { expect, test } from 'vitest';
import { BOUNDARY, fields, form, plainWith } from '../registries/pypi/forms.ts';
import type { DevpiServer } from '../support/devpi.ts';
import type { CiIssuer } from '../support/issuer.ts';
import { raw, type Proxy, type RawAnswer } from '../support/proxy.ts';
import type { PypiServer } from '../support/pypiserver.ts';
import { fromUi, identityOf, mintWith, tokenBasic } from '../support/ui-job.ts';

export type YankScene = { readonly issuer: CiIssuer; readonly devpi: DevpiServer; readonly pypiserver: PypiServer; readonly proxy: Proxy };

const publish = { devpi: ['acme-ui'], prod: ['acme-ui'], pypiserver: ['acme-ui'] };
/** A publisher that may, and one that may not; `devpi`, `prod` and `pypiserver` are registries of the policy. */
export const yankers = [
  { name: 'yanker', from: { ...fromUi, workflow: 'yank.yml' }, publish, allow: ['publish', 'yank'] },
  { name: 'python', from: fromUi, publish },
];

/** Registers the tests in the surrounding `describe`. */
export function yankTests(scene: () => YankScene): void {
  /** Files of the project on pypiserver's disk. */
  const ours = (): string[] =>
    scene()
      .pypiserver.stored()
      .filter((file) => file.startsWith('acme_ui-'))
      .toSorted();
  const mint = async (workflow: string): Promise<string> => {
    const ref = `acme/ui/.github/workflows/${workflow}@refs/tags/v1.0.0`;
    const answer = await mintWith(scene().proxy, identityOf(scene().issuer, scene().proxy, { workflow_ref: ref, job_workflow_ref: ref }));
    return (JSON.parse(answer.body) as { token: string }).token;
  };
  const send = (token: string, method: string, path: string, body?: Buffer): Promise<RawAnswer> => {
    const type = body === undefined ? {} : { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
    return raw(scene().proxy, method, path, { host: scene().proxy.host, authorization: tokenBasic(token), ...type }, body);
  };
  const upload = (token: string, path: string, version: string, file = `acme_ui-${version}.tar.gz`): Promise<RawAnswer> =>
    send(token, 'POST', path, form(plainWith({ name: 'acme-ui', version }, file)));

  test('P2 P7 devpi: yank removes one release on a volatile index; the others stay', async () => {
    const token = await mint('yank.yml');
    for (const version of ['1.0', '1.1']) expect((await upload(token, '/svc/dev/', version)).status).toBe(200);
    const answer = await send(token, 'DELETE', '/svc/dev/Acme_UI/1.0.0');
    expect(answer.status, answer.reason).toBe(200);
    expect(await scene().devpi.files('dev', 'acme-ui')).toEqual(['acme_ui-1.1.tar.gz']);
    const event = await scene().proxy.event((each) => each.outcome === 'changed' && each.package === 'acme-ui');
    expect(event).toMatchObject({ detail: 'remove release 1.0.0', version: '1.0.0', publishers: ['yanker'] });
    expect((await send(token, 'DELETE', '/svc/dev/acme-ui/1.0')).status).toBe(404);
  });

  test('devpi: an index that is not volatile removes nothing, says so, and is not forced', async () => {
    const token = await mint('yank.yml');
    await upload(token, '/locked/', '1.0');
    const answer = await send(token, 'DELETE', '/locked/acme-ui/1.0');
    expect([answer.status, answer.reason]).toEqual([403, expect.stringContaining('cannot delete version on non-volatile index')]);
    expect((await send(token, 'DELETE', '/locked/acme-ui/1.0?force')).status).toBe(403);
    expect(await scene().devpi.files('prod', 'acme-ui')).toEqual(['acme_ui-1.0.tar.gz']);
  });

  test('P2 pypiserver: yank removes the files of one release however they are spelled, by either request', async () => {
    const token = await mint('yank.yml');
    const others = scene().pypiserver.stored().toSorted();
    const files = ['acme_ui-2.0.tar.gz', 'acme_ui-2.0.0-1-py3-none-any.whl', 'acme_ui-2.1.tar.gz', 'acme_ui-2.2.tar.gz'];
    for (const file of files) {
      const version = file.split('-')[1]?.replace('.tar.gz', '') ?? '';
      const filetype = file.endsWith('.whl') ? { filetype: 'bdist_wheel', pyversion: 'py3' } : {};
      const body = form(plainWith({ name: 'acme-ui', version, ...filetype }, file));
      expect((await send(token, 'POST', '/files/', body)).status, file).toBe(200);
    }
    expect(ours()).toEqual(files.toSorted());
    expect((await send(token, 'DELETE', '/files/acme-ui/2.0')).status).toBe(200);
    expect(ours()).toEqual(['acme_ui-2.1.tar.gz', 'acme_ui-2.2.tar.gz']);
    const byForm = form(fields([':action', 'remove_pkg'], ['name', 'acme-ui'], ['version', '2.1']));
    expect((await send(token, 'POST', '/files/', byForm)).status).toBe(200);
    expect(ours()).toEqual(['acme_ui-2.2.tar.gz']);
    expect(
      scene()
        .pypiserver.stored()
        .filter((file) => !file.startsWith('acme_ui-'))
        .toSorted(),
    ).toEqual(others);
  });

  test('TOK-15 PTH-23 yank needs to be allowed, for that project, and its form says nothing else', async () => {
    const [token, yanker] = [await mint('release.yml'), await mint('yank.yml')];
    const removal = (name: string, ...more: [string, string][]): Buffer =>
      form(fields([':action', 'remove_pkg'], ['name', name], ['version', '2.2'], ...more));
    const refused = [
      await send(token, 'DELETE', '/files/acme-ui/2.2'),
      await send(token, 'POST', '/files/', removal('acme-ui')),
      await send(yanker, 'DELETE', '/files/other/2.2'),
      await send(yanker, 'POST', '/files/', removal('other')),
    ];
    for (const answer of refused) expect([answer.status, answer.reason]).toEqual([403, expect.stringMatching(/may not remove|is for /)]);
    expect((await send(yanker, 'POST', '/files/', removal('acme-ui', ['description', 'x']))).status).toBe(400);
    expect((await send(yanker, 'POST', '/files/', removal('acme-ui', ['name', 'other']))).status).toBe(400);
    expect(ours()).toEqual(['acme_ui-2.2.tar.gz']);
  });
}
