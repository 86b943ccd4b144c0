// How people publish to a Python index here, for the page that a browser shows. Nothing of the policy.
import type { HowTo, RegistrySettings } from '../registry.ts';

export function howTo({ url }: Pick<RegistrySettings, 'url'>): readonly HowTo[] {
  return [
    {
      title: 'GitHub Actions, with uv',
      says: 'The job needs id-token: write and no token. pdm publish --repository works the same way.',
      code: `permissions: { contents: read, id-token: write }
steps:
  - uses: actions/checkout@v6
  - uses: astral-sh/setup-uv@v7
  - run: uv build
  - run: uv publish --trusted-publishing always --publish-url ${url.href}`,
    },
    {
      title: 'GitHub Actions, with the action that one uses for PyPI',
      says: 'It and uv insist on https with a certificate that they trust.',
      code: `  - uses: pypa/gh-action-pypi-publish@release/v1
    with: { repository-url: "${url.href}" }`,
    },
    {
      title: 'GitLab CI, and any other CI, with twine, Poetry, Hatch or Flit',
      says: `The job gets an identity token for the audience ${url.origin} and exchanges it; what comes back is good for minutes and for its own projects.`,
      code: `publish:
  id_tokens:
    COUNTERSIGN_ID_TOKEN: { aud: "${url.origin}" }
  script:
    - export TWINE_USERNAME=__token__
    - TWINE_PASSWORD=$(countersign mint --url ${url.href})
    - export TWINE_PASSWORD
    - twine upload --repository-url ${url.href} dist/*`,
    },
  ];
}
