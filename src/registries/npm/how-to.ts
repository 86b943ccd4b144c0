// How people publish to an npm registry here, for the page that a browser shows. Nothing of the policy.
import type { HowTo, RegistrySettings } from '../registry.ts';

export function howTo({ url }: Pick<RegistrySettings, 'url'>): readonly HowTo[] {
  return [
    {
      title: 'GitHub Actions',
      says: 'npm 11.5.1 or newer (Node 24 has it), pnpm 11 or newer, Yarn 4. The job needs id-token: write and no token; leave registry-url of setup-node out.',
      code: `permissions: { contents: read, id-token: write }
steps:
  - uses: actions/checkout@v6
  - uses: actions/setup-node@v6
    with: { node-version: 24 }
  - run: npm ci
  - run: npm publish --registry ${url.href}`,
    },
    {
      title: 'GitLab CI',
      says: `id_tokens stands in the job. Yarn wants npm:${url.host} as its audience.`,
      code: `publish:
  image: node:24
  id_tokens:
    NPM_ID_TOKEN: { aud: "npm:${url.hostname}" }
  script:
    - npm ci
    - npm publish --registry ${url.href}`,
    },
    {
      title: 'Any other CI, and clients without trusted publishing',
      says: `The job gets an identity token for the audience ${url.origin} and exchanges it; what comes back is good for minutes and for its own packages.`,
      code: `countersign mint --url ${url.href} --format npmrc >> ~/.npmrc
npm publish --registry ${url.href}`,
    },
  ];
}
