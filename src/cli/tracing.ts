// Whether traces are sent, and where: as the policy says, else as OpenTelemetry's own variables do.
import type { Configuration } from '../config/configuration.ts';
import type { Logging } from '../log.ts';
import { openTracing, type Tracing, type TracingSettings } from '../tracing.ts';
import { CommandFailed, exitCode } from './exit.ts';
import { version } from './version.ts';

const missing = 'the packages for traces are not installed; see docs/metrics.md, Traces';

/**
 * Undefined when traces are off.
 * @throws CommandFailed when the policy asks for them and their packages are not there. A variable asks in vain: platforms set
 *   it for everything that they run
 */
export async function tracingFor(
  { tracing }: Configuration,
  env: Readonly<Record<string, string | undefined>>,
  { logger, protect }: Logging,
): Promise<Tracing | undefined> {
  const asked = tracing ?? fromEnvironment(env);
  if (asked === undefined || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  for (const name of ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'])
    for (const header of (env[name] ?? '').split(',')) protect(header.slice(header.indexOf('=') + 1).trim());
  const delivered = (well: boolean): void => {
    if (well) logger.info({}, 'traces are delivered again');
    else logger.warn({}, 'traces cannot be delivered and are dropped');
  };
  const gather = Number(/^[0-9]{1,6}$/.exec(env['OTEL_BSP_SCHEDULE_DELAY'] ?? '')?.[0] ?? 2000);
  const opened = await openTracing({ ...asked, gather, version: version(), delivered });
  if (opened === undefined && tracing !== undefined) throw new CommandFailed(exitCode.configuration, missing);
  if (opened === undefined) logger.warn({}, missing);
  return opened;
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Pick<TracingSettings, 'endpoint' | 'oneIn'> | undefined {
  const named = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  return named === '' ? undefined : { endpoint: undefined, oneIn: 1 };
}
