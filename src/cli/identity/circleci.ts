// CircleCI: its command line makes tokens of the root issuer (the one of `issuers: { circleci: {} }`) for any audience; without it there is the job's own, whose audience is fixed.
import type { IdentitySource } from './source.ts';

export const circleci: IdentitySource = {
  title: 'CircleCI',
  here: (env) => env['CIRCLECI'] === 'true',
  fetch: async (audience, { env, execute, note }) => {
    const made = await execute('circleci', ['run', 'oidc', 'get', '--root-issuer', '--claims', JSON.stringify({ aud: audience })]);
    if (made !== undefined && made.trim() !== '') return { token: made.trim() };
    const fixed = env['CIRCLE_OIDC_TOKEN_V2'];
    if (!fixed) return { missing: 'The job has no identity token: CIRCLE_OIDC_TOKEN_V2 is not set and `circleci run oidc get` failed.' };
    note('`circleci run oidc get` failed; using CIRCLE_OIDC_TOKEN_V2, whose audience is the organisation id.');
    return { token: fixed };
  },
};
