// Whether the job reaches Countersign, over TLS that it trusts.
import { whoAnswers } from '../who-answers.ts';
import { bad, good, type Finding } from './finding.ts';
import type { Job } from './job.ts';

const firewall = 'The job cannot publish before it gets through: look at the address, the firewall and HTTPS_PROXY.';

/** The finding; undefined without `--url`. */
export async function lookAtReach(job: Job): Promise<Finding | undefined> {
  if (job.url === undefined) return undefined;
  const found = await whoAnswers(job.url, job.ask);
  if (found.kind === 'countersign') return good('reach', `${job.url.href} is answered by Countersign (request ${found.request})`);
  if (found.kind === 'untrusted') {
    const fix = ['NODE_EXTRA_CA_CERTS=/path/ca.pem   # npm, pnpm, Yarn', 'SSL_CERT_FILE=/path/ca.pem        # uv and other Python clients'];
    return bad('reach', 'fail', found.says, 'Clients refuse a certificate that they do not trust.', fix);
  }
  if (found.kind === 'silent') return { ...bad('reach', 'fail', found.says, firewall), outage: true };
  if (found.kind === 'other-host')
    return bad('reach', 'fail', found.says, 'The address is not that of a registry in the policy, or a proxy in front changes the host.');
  return bad(
    'reach',
    'fail',
    found.says,
    'The address leads to another server, most often to the registry itself: look at --url and at what is in front.',
  );
}
