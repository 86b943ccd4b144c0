// The list of registry protocols. Adding one is one folder and one line here.
import { npm } from './npm/index.ts';
import { pypi } from './pypi/index.ts';
import type { Registry } from './registry.ts';

export const registries: readonly Registry[] = [npm, pypi];
