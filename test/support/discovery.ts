// The discovery documents and key paths of the real issuers, field for field; GitHub's has no authorization_endpoint.

/** Whose document the test issuer serves. */
export type IssuerStyle = 'github' | 'gitlab' | 'circleci' | 'generic';

/** Where each issuer keeps its JWKS, below the issuer's address. */
export const JWKS_PATHS: Readonly<Record<IssuerStyle, string>> = {
  github: '/.well-known/jwks',
  gitlab: '/oauth/discovery/keys',
  circleci: '/.well-known/jwks-pub.json',
  generic: '/keys',
};

/** The OpenID Connect discovery document of `issuer` as that kind of CI words it. */
export function discoveryDocument(style: IssuerStyle, issuer: string, algorithms: readonly string[]): Record<string, unknown> {
  const common = {
    issuer,
    jwks_uri: issuer.replace(/\/$/, '') + JWKS_PATHS[style],
    id_token_signing_alg_values_supported: algorithms,
  };
  if (style === 'gitlab') return { ...common, ...gitlabExtras(issuer) };
  return {
    ...common,
    subject_types_supported: ['public', 'pairwise'],
    response_types_supported: ['id_token'],
    claims_supported: style === 'github' ? GITHUB_CLAIMS : ['sub', 'aud', 'exp', 'iat', 'iss'],
    scopes_supported: ['openid'],
  };
}

const GITHUB_CLAIMS = [
  'sub',
  'aud',
  'exp',
  'iat',
  'iss',
  'jti',
  'nbf',
  'ref',
  'sha',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'enterprise',
  'enterprise_id',
  'run_id',
  'run_number',
  'run_attempt',
  'actor',
  'actor_id',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'head_ref',
  'base_ref',
  'event_name',
  'ref_type',
  'ref_protected',
  'environment',
  'environment_node_id',
  'job_workflow_ref',
  'job_workflow_sha',
  'repository_visibility',
  'runner_environment',
  'issuer_scope',
  'check_run_id',
];

function gitlabExtras(issuer: string): Record<string, unknown> {
  return {
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    userinfo_endpoint: `${issuer}/oauth/userinfo`,
    scopes_supported: ['api', 'read_api', 'openid', 'profile', 'email'],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: ['authorization_code', 'password', 'client_credentials', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    subject_types_supported: ['public'],
    claim_types_supported: ['normal'],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'sub_legacy', 'name', 'email', 'groups_direct'],
    code_challenge_methods_supported: ['plain', 'S256'],
  };
}
