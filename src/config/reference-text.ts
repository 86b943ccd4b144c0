// What the reference page says beside its tables.

export const rules = {
  opening: `One YAML file, \`config/countersign.yaml\` unless said otherwise, says everything. \`countersign check\` reports all its problems
at once, each with file, line, column and, where something close is known, what was probably meant. An editor with a YAML language
server completes keys and shows these descriptions when the first line is \`# yaml-language-server: $schema=./schema.json\`.

Unknown keys are errors, and so is whatever two readers could read differently: anchors and aliases, merge keys, tags, directives, a
second document, tabs, values over several lines, numbers whose digits do not survive (\`0123\`, \`1e2\`: quote them), invisible characters.`,

  tracing: `Off without it, unless \`OTEL_EXPORTER_OTLP_ENDPOINT\` or \`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT\` is in the environment
([metrics.md](metrics.md#traces)).`,

  issuers: `Two issuers never share a URL. The URL is compared exactly with the \`iss\` claim. \`https\` and a name are required;
\`private_network: true\` allows private addresses, for an issuer inside your own network; \`insecure: true\` allows http and private or loopback addresses. An audience is refused when it is shared with other services, is the
\`npm:\` audience of another host, or names a host that is neither a registry's nor the issuer's own: a token for it could be used in both places.`,

  admin: `Health is for everybody who reaches the listener, everything else for whoever shows the token. Without a token it is for this machine
alone: on an address that others reach, nothing but health answers then. \`admin: host:port\` is the map with \`listen\` alone:`,

  credential: `\`credential: none\`, or exactly one of:`,

  publishers: `All publishers that match a token add up. A package that the upstream does not have yet may be created by a publisher that names it
exactly; under a pattern only with \`create: true\`.`,

  from: `\`issuer\` is the name of an issuer; its provider decides which other keys there are. A key that is *always* stated cannot be forgotten:
whoever does not want the constraint writes \`any\`, and \`check\` lists it. A list means any one of its values. The anchor is what a
caller must have proved before it is told anything about this policy.`,

  generic: `Publishers state \`subject\` (the \`sub\` claim), or at least two \`claims\`, not all of which are chosen by whoever starts the job.
A claim is compared exactly with a text, \`true\`, \`false\` or a whole number; \`{ glob: … }\` is a pattern; \`{ contains: … }\` asks for a list
with that text in it. The anchor is the subject, else the first claim that the caller does not choose.`,

  values: `## Values

- **Patterns**: \`*\` stands for anything but \`/\`, \`**\` for anything. They match from beginning to end. There is nothing else: no \`?\`, no
  \`[…]\`, no regular expressions. Where patterns are not possible a \`*\` is an error.
- **Durations** and **sizes** have a unit: \`30s\`, \`15m\`, \`1h\`; \`64MiB\`, \`2GiB\`.
- **Variables**: \`\${NAME}\` and \`\${NAME:-default}\` in any value under \`server\`, \`store\`, \`tracing\`, \`issuers\` and \`registries\`. They are put in after
  the file is parsed, so a variable never adds keys or list items. A variable that is not set and has no default is an error. Who may
  publish is read from the file alone: under \`publishers\` there are no variables.
- **Secrets**: \`\${NAME}\`, or a \`…_file\` key; such files are read again when they change. One line break at their end is left out.
- **Files**: relative paths start in the folder of the policy file.`,

  findings: `## Errors and warnings

Each finding of \`check\` has a code that stays the same, for \`--json\`, \`--sarif\` and for searching here. A policy with warnings loads; one with
errors does not. An \`insecure\` issuer that is not on loopback is an error where \`NODE_ENV\` is \`production\`, as in the image.`,

  cut: `## A file cut short

A policy that loses its end must not become a weaker one. The last line ends with a line break, or the file is refused; what every publisher has
to state is required; a list left empty is an error. Limits that may be left out can also get lost:
\`tag\`, \`dist_tags\`, \`events\`, ids that need not be stated, claims beyond two. Put them above \`publish\` and above the required keys, so that
a file which ends too early has lost what must be there, too.`,
} as const;
