// Any OIDC issuer: publishers name the subject, or claims one by one.
import { claimText, claim, stringClaim } from '../core/claims.ts';
import type { Provider } from './provider.ts';

/**
 * Claims that whoever can start a job chooses himself, or that all projects of an organisation share. They cannot be all
 * that a publisher binds (POL-31). CircleCI's audience is the organisation: only its project id tells projects apart (CLM-61).
 */
export const userControlled: readonly string[] = [
  'aud',
  'actor',
  'ref',
  'ref_type',
  'workflow',
  'head_ref',
  'base_ref',
  'user_login',
  'user_email',
  'name',
  'oidc.circleci.com/context-ids',
  'oidc.circleci.com/org-id',
  'oidc.circleci.com/ssh-rerun',
  'oidc.circleci.com/vcs-origin',
  'oidc.circleci.com/vcs-ref',
];

export const generic: Provider = {
  id: 'generic',
  title: 'OIDC issuer',
  issuers: [],
  claims: { required: ['iss', 'aud', 'exp', 'iat', 'sub'], checked: [], unchecked: [] },
  anchor: [],
  fields: [],
  algorithms: ['RS256', 'ES256'],
  maxAge: 60 * 60,
  fresh: false,
  jti: false,
  freeClaims: true,
  anchorText: (claims) => stringClaim(claims, 'sub') ?? 'this workload',
  run: (claims) => {
    const commit = claimText(claim(claims, 'sha'));
    const ref = stringClaim(claims, 'ref');
    return { anchor: stringClaim(claims, 'sub') ?? '', ...(commit === undefined ? {} : { commit }), ...(ref === undefined ? {} : { ref }) };
  },
};
