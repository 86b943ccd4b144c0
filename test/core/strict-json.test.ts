import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePlainJson } from '../../src/core/plain-json.ts';
import { parseStrictJson, readStrictJson } from '../../src/core/strict-json.ts';

const limits = { maxDepth: 16, maxKeys: 1000 };
const problem = (text: string, bounds = limits) => {
  const result = parseStrictJson(text, bounds);
  return result.ok ? 'accepted' : result.problem;
};

/** The key as a JSON string in which every character is escaped. */
const escaped = (key: string) => `"${key.replaceAll(/./g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
/** Whether JSON.parse takes the text. */
const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('strict JSON', () => {
  it('reads every valid document without duplicate keys exactly as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8, stringUnit: 'binary' }), fc.constantFrom('', ' ', '\t\r\n'), (text, space) => {
        const result = parseStrictJson(space + text + space, { maxDepth: 100, maxKeys: 100_000 });
        expect(result).toEqual({ ok: true, value: JSON.parse(text) as unknown });
      }),
      { numRuns: 500 },
    );
  });

  it('reads indented documents as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 4 }), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseStrictJson(text, { maxDepth: 100, maxKeys: 100_000 })).toEqual({ ok: true, value: JSON.parse(text) as unknown });
      }),
    );
  });

  it('accepts nothing that JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '\\',
      '\\u00',
      '1',
      '-',
      '.',
      'e',
      '0',
      'true',
      'nul',
      ' ',
      '\n',
      '\u0000',
      '\ufeff',
      '\u00a0',
      "'",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        expect(problem(text) !== 'accepted' || isJson(text)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('refuses a duplicate key at every level and however it is escaped (JWT-23)', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{0,8}$/), fc.integer({ min: 0, max: 6 }), fc.boolean(), (key, depth, disguise) => {
        const twice = `{${JSON.stringify(key)}:1,"other key":2,${disguise ? escaped(key) : JSON.stringify(key)}:3}`;
        expect(problem(`${'{"in":['.repeat(depth)}${twice}${']}'.repeat(depth)}`)).toMatch(/^duplicate key ".*" at position \d+$/);
      }),
    );
  });

  it('says where the problem is', () => {
    expect(problem('{"sub":"a","sub":"b"}')).toBe('duplicate key "sub" at position 11');
    expect(problem('{"a":1} x')).toBe('unexpected text at position 8');
    expect(problem('{"a":01}')).toBe('expected `}` at position 6');
    expect(problem('{"a" 1}')).toBe('expected `:` at position 5');
    expect(problem('{a:1}')).toBe('expected a key at position 1');
    expect(problem('[1,]')).toBe('unexpected character at position 3');
    expect(problem('["a\n"]')).toBe('malformed string at position 1');
    expect(problem('["a')).toBe('malformed string at position 1');
    expect(problem('')).toBe('unexpected end at position 0');
    expect(problem('\ufeff{}')).toBe('unexpected character at position 0');
  });

  it('refuses what two readers could read differently: lone surrogates and numbers beyond a double', () => {
    expect(problem(String.raw`{"a":"\ud800"}`)).toMatch(/^malformed string/);
    expect(problem(String.raw`{"\udfff":1}`)).toMatch(/^malformed string/);
    expect(problem('[1e400]')).toBe('number out of range at position 1');
    expect(problem(String.raw`"\ud83d\ude00"`)).toBe('accepted');
  });

  it('bounds depth and number of keys (JWT-28)', () => {
    expect(problem('['.repeat(16) + ']'.repeat(16))).toBe('accepted');
    expect(problem('['.repeat(17) + ']'.repeat(17))).toBe('more than 16 levels at position 16');
    expect(problem('['.repeat(1_000_000))).toBe('more than 16 levels at position 16');
    expect(problem('{"a":{"b":1},"c":2}', { maxDepth: 2, maxKeys: 3 })).toBe('accepted');
    expect(problem('{"a":{"b":1},"c":2}', { maxDepth: 2, maxKeys: 2 })).toBe('more than 2 keys at position 13');
  });

  it('keeps a key __proto__ as an ordinary own property (JWT-27)', () => {
    const result = parseStrictJson('{"__proto__":{"repository_id":"101"},"constructor":{"prototype":{}}}', limits);
    const value = result.ok ? (result.value as Record<string, unknown>) : {};
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(value['repository_id']).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('JWT-23 the short cut for plain documents takes nothing that the strict reader refuses, and reads nothing otherwise', () => {
    const key = fc.constantFrom('a', 'b', '', 'é', '__proto__', '\ud800', ':', '{');
    const value = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('1', '-0', '1e999', '"x"', '":"', '"\\u0061"', 'null', '"{["', '01', '"', ' ', '"\u0000"'),
        fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((members) => `{${members.map(([k, v]) => `"${k}" :${v}`).join(',')}}`),
        fc.array(tie('value'), { maxLength: 4 }).map((items) => `[ ${items.join(',')}]`),
      ),
    })).value;
    let taken = 0;
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 8 }), (text, maxDepth, maxKeys) => {
        const plain = parsePlainJson(text, { maxDepth, maxKeys });
        if (plain === undefined) return;
        taken += 1;
        expect(readStrictJson(text, { maxDepth, maxKeys })).toEqual({ ok: true, value: plain });
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(500);
  });
});
