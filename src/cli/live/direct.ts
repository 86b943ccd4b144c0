// Whether somebody without the service credential may publish at the registry: past Countersign, if he reaches it. Asked with
// uploads that lack what every upload needs, so that none is stored; whether the right or the content is missed tells.
import { fine, failed, skipped, type LiveResult } from './result.ts';
import type { Upstream } from './upstreams.ts';

/** The finding for one registry. What devpi allows is in the index's own settings: see devpi-index.ts. */
export async function direct(upstream: Upstream): Promise<readonly LiveResult[]> {
  const { registry, kind } = upstream;
  if (kind.id === 'devpi') return [];
  if (kind.id === 'unknown')
    return [skipped('direct', registry.name, 'no request is known that this server would refuse in a telling way')];
  const status = await (kind.id === 'verdaccio' ? askVerdaccio(upstream) : askPypiserver(upstream));
  if (status === 401 || status === 403)
    return [fine('direct', registry.name, 'nobody publishes without an account; who has one is not seen')];
  if (status === 400 || status === 422) return [anybody(upstream)];
  return [skipped('direct', registry.name, `${kind.title} answered ${status === 0 ? 'nothing' : status}`)];
}

function anybody({ registry, kind, example }: Upstream): LiveResult {
  const where = kind.id === 'verdaccio' ? `${example} ` : '';
  const fix =
    kind.id === 'verdaccio'
      ? "Write `publish: <service account>` for its packages in Verdaccio's config.yaml."
      : 'Start pypiserver with a password file and `--authenticate update`.';
  return failed('direct', registry.name, `whoever reaches the registry publishes ${where}without any account`, fix);
}

/** Verdaccio asks for the right to publish before it looks at the document, whose name must be that of the path (422, nothing stored). */
async function askVerdaccio({ send, example }: Upstream): Promise<number> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const body = Buffer.from(JSON.stringify({ name: 'countersign-check' }));
  const sent = await send({ method: 'PUT', path: example.replace('/', '%2f'), headers, body });
  return sent.kind === 'answered' ? sent.answer.status : 0;
}

/** pypiserver asks for the right to `update` before it looks for the file, which is missing here (400). */
async function askPypiserver({ send }: Upstream): Promise<number> {
  const boundary = 'countersign-check';
  const body = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n--${boundary}--\r\n`);
  const headers = { accept: '*/*', 'content-type': `multipart/form-data; boundary=${boundary}` };
  const sent = await send({ method: 'POST', path: '', headers, body });
  return sent.kind === 'answered' ? sent.answer.status : 0;
}
