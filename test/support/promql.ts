// Finds in a PromQL expression what has to exist: metrics, labels, and the values that labels are compared with.

export type Matcher = { readonly label: string; readonly values: readonly string[] };

export type Selector = {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
  /** The function whose argument it is: `rate`, `increase` … */
  readonly within: string | undefined;
};

export type Parsed = {
  readonly selectors: readonly Selector[];
  /** Labels after `by`, `on` and their like. */
  readonly grouped: readonly string[];
};

const words = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'and', 'or', 'unless', 'bool', 'offset']);
const grouping = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;

/** Reads it; whether it is PromQL at all is for Prometheus to say (metrics/prometheus.slow.test.ts). */
export function parsePromql(expression: string): Parsed {
  const grouped = [...expression.matchAll(grouping)].flatMap(([, list = '']) => names(list));
  const rest = expression.replaceAll(grouping, ' ');
  const found = rest.matchAll(/(?:\b([a-z_]+)\s*\(\s*)?\b([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?(?=\s*(?:\[|[^\s\w({[]|\s|$))/g);
  const selectors = [...found]
    .filter(([, , name = '', matchers]) => (matchers !== undefined || name.includes('_')) && !words.has(name) && !isFunction(rest, name))
    .map(([, within, metric = '', matchers = '']) => ({ metric, within, matchers: matchersOf(matchers) }));
  return { selectors, grouped };
}

function isFunction(expression: string, name: string): boolean {
  return new RegExp(`\\b${name}\\s*\\(`).test(expression);
}

function matchersOf(text: string): Matcher[] {
  return [...text.matchAll(/([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g)].map(([, label = '', operator = '', value = '']) => ({
    label,
    values: operator.includes('~') ? value.split('|') : [value],
  }));
}

function names(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
