// Google Cloud: the metadata server gives the machine's service account a token per request.
import { existsSync, readFileSync } from 'node:fs';
import { header } from '../http.ts';
import type { IdentitySource } from './source.ts';

const product = '/sys/class/dmi/id/product_name';
const path = '/computeMetadata/v1/instance/service-accounts/default/identity';

export const google: IdentitySource = {
  title: 'Google Cloud',
  here: (env) => env['GCE_METADATA_HOST'] !== undefined || env['K_SERVICE'] !== undefined || onComputeEngine(),
  fetch: async (audience, { env, ask }) => {
    const url = new URL(`http://${env['GCE_METADATA_HOST'] ?? 'metadata.google.internal'}${path}`);
    url.searchParams.set('audience', audience);
    url.searchParams.set('format', 'full');
    const answer = await ask(url, { headers: { 'metadata-flavor': 'Google' } });
    // Whatever else answers at that address in another network does not say this.
    const genuine = header(answer, 'metadata-flavor') === 'Google';
    if (answer.status === 200 && genuine) return { token: answer.text.trim() };
    return { missing: `The metadata server answered ${answer.status}. Does the machine have a service account?` };
  },
};

function onComputeEngine(): boolean {
  return existsSync(product) && readFileSync(product, 'utf8').startsWith('Google');
}
