// GitLab CI: one token per audience and job, in a variable that the job's `id_tokens:` names.
import { tokenVariables } from './variable.ts';
import type { IdentitySource } from './source.ts';

export const gitlab: IdentitySource = {
  title: 'GitLab CI',
  here: (env) => env['GITLAB_CI'] === 'true',
  fetch: async (audience, { env }) => {
    const names = tokenVariables(audience);
    const token = names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
    if (token !== undefined) return { token };
    return {
      missing: [
        `The job has no identity token for audience ${audience}. Add to it:`,
        '  id_tokens:',
        `    ${names[0] ?? 'COUNTERSIGN_ID_TOKEN'}:`,
        `      aud: "${audience}"`,
        `Looked for the variables ${names.join(', ')}.`,
      ].join('\n'),
    };
  },
};
