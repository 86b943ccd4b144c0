// ActiveState Platform. Claims: PyPI's ActiveState publisher (warehouse/oidc/models/activestate.py) and its tests.
import { stringClaim, type VerifiedClaims } from '../core/claims.ts';
import type { Field, Provider } from './provider.ts';
import { field, runOf, text, uuid, uuidProblem } from './table.ts';

const fields: readonly Field[] = [
  field('organization', 'anchor', text('organization'), 'Organization as in the address of the project.'),
  field('project', 'anchor', text('project'), 'Project as in its address.'),
  field('organization_id', 'owner', uuid('organization_id'), 'Id of the organization, or any.', {
    required: true,
    what: 'organization id',
    problem: uuidProblem,
  }),
  field('project_id', 'repository', uuid('project_id'), 'Id of the project.', { what: 'project id', problem: uuidProblem }),
  field('actor_id', 'rest', uuid('actor_id'), 'Id of the account that started the build, or any.', {
    required: true,
    problem: uuidProblem,
  }),
  field('builder', 'rest', text('builder'), 'The builder that asked; pypi-publisher unless stated.', { absent: () => 'pypi-publisher' }),
];

export const activestate: Provider = {
  id: 'activestate',
  title: 'ActiveState',
  issuers: ['https://platform.activestate.com/api/v1/oauth/oidc'],
  unconfirmed: {
    aud: 'Tokens were only seen with the audience `pypi`, which is shared with others and therefore refused; whether another can be asked for is not documented.',
    exp: 'How long a token lives is not documented; up to 60 minutes are accepted (`max_age`).',
  },
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'sub', 'organization', 'project', 'builder', 'actor_id'],
    checked: ['organization_id', 'project_id'],
    unchecked: ['actor', 'project_path', 'project_visibility', 'ingredient', 'ingredient_name', 'artifact_id', 'nbf', 'jti'],
    weak: ['aud', 'organization', 'organization_id', 'builder', 'actor', 'actor_id'],
  },
  anchor: ['organization', 'project'],
  fields,
  algorithms: ['RS256'],
  maxAge: 60 * 60,
  fresh: false,
  jti: false,
  audience: 'settings',
  tags: false,
  anchorText: path,
  run: (claims) => runOf(path(claims), { actor: stringClaim(claims, 'actor') }),
};

function path(claims: VerifiedClaims): string {
  return `${stringClaim(claims, 'organization') ?? ''}/${stringClaim(claims, 'project') ?? ''}`;
}
