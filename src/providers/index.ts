// The list of providers. Adding a CI is one file, one line here and one fixture of the contract test.
import { generic } from './generic.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import type { Provider } from './provider.ts';

export const providers: readonly Provider[] = [github, gitlab, generic];

export { compile, type Conditions, type FreeClaim, type Stated } from './conditions.ts';
export { publisherKeys, tokenKeys } from './keys.ts';
export { userControlled } from './generic.ts';
export type { Field, Provider } from './provider.ts';
