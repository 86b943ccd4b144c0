// The list of providers. Adding a CI is one file, one line here and one fixture of the contract test.
import { activestate } from './activestate.ts';
import { aws } from './aws.ts';
import { azureDevops } from './azure-devops.ts';
import { bitbucket } from './bitbucket.ts';
import { buildkite } from './buildkite.ts';
import { circleci } from './circleci.ts';
import { codefresh } from './codefresh.ts';
import { forgejo } from './forgejo.ts';
import { generic } from './generic.ts';
import { gitea } from './gitea.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { google } from './google.ts';
import { jenkins } from './jenkins.ts';
import { kubernetes } from './kubernetes.ts';
import type { Provider } from './provider.ts';
import { semaphore } from './semaphore.ts';
import { spiffe } from './spiffe.ts';
import { teamcity } from './teamcity.ts';

export const providers: readonly Provider[] = [
  github,
  gitlab,
  azureDevops,
  bitbucket,
  buildkite,
  circleci,
  codefresh,
  forgejo,
  gitea,
  google,
  jenkins,
  kubernetes,
  semaphore,
  spiffe,
  teamcity,
  aws,
  activestate,
  generic,
];

export { compile, foldAscii, type Conditions, type FreeClaim } from './conditions.ts';
export { publisherKeys, tokenKeys } from './keys.ts';
/**
 * Claims that whoever can start a job of some CI chooses himself, or that all projects of an organisation share: under
 * `provider: generic` they cannot be all that a publisher binds (POL-31). CircleCI's audience is the organisation: only its
 * project id tells projects apart (CLM-61).
 */
export const userControlled: readonly string[] = [...new Set(providers.flatMap((provider) => provider.claims.weak))];

export type { Field, Provider } from './provider.ts';
