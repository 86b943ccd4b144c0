// docs/policy.md and config/schema.json say what the schema says; `vitest -u` writes them anew.
import { expect, test } from 'vitest';
import { policyReference } from '../../src/config/reference.ts';
import { fileSchema, jsonSchema } from '../../src/config/json-schema.ts';
import { outlineSchema } from '../../src/config/schema.ts';

test('docs/policy.md is what the schema and the providers say', async () => {
  await expect(policyReference()).toMatchFileSnapshot('../../docs/policy.md');
});

test('config/schema.json is the schema of the policy file', async () => {
  await expect(`${JSON.stringify(jsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../../config/schema.json');
});

test('every key of the policy has a description', () => {
  const undescribed: string[] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('properties' in node && typeof node.properties === 'object' && node.properties !== null) {
      for (const [key, value] of Object.entries(node.properties)) {
        if (typeof value !== 'object' || value === null || !('description' in value)) undescribed.push(`${path}.${key}`);
      }
    }
    for (const [key, value] of Object.entries(node)) walk(value, `${path}.${key}`);
  };
  walk(jsonSchema(), '');
  expect(undescribed.filter((path) => !/\.(?:glob|contains)$/.test(path))).toEqual([]);
});

test('what is checked section by section is what the schema describes', () => {
  expect(Object.keys(outlineSchema.shape)).toEqual(Object.keys(fileSchema.shape));
});
