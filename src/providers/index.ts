// The list of providers. Adding a CI is one file, one line here and one fixture of the contract test.
import { generic } from './generic.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import type { Provider } from './provider.ts';

export const providers: readonly Provider[] = [github, gitlab, generic];

export { compile, type Conditions, type FreeClaim } from './conditions.ts';
export { publisherKeys, tokenKeys } from './keys.ts';
/**
 * Claims that whoever can start a job of some CI chooses himself, or that all projects of an organisation share: under
 * `provider: generic` they cannot be all that a publisher binds (POL-31). CircleCI's audience is the organisation: only its
 * project id tells projects apart (CLM-61).
 */
export const userControlled: readonly string[] = [...new Set(providers.flatMap((provider) => provider.claims.weak))];

export type { Field, Provider } from './provider.ts';
