// Requests of clients, counted (RED: rate, errors, duration). The cells of a route are found once; a request that is passed
// through then costs a small object, a listener and additions.
import type { ServerResponse } from 'node:http';
import type { Watch } from '../../gateway/room.ts';
import { none, several, type Cell, type Histogram, type Metrics, type Value } from '../../metrics.ts';
import type { ExchangeEndpoint, RegistrySettings } from '../../registries/registry.ts';
import { UpstreamSeries } from './upstreams.ts';

export type RouteLabel = Value<'route'>;

/** By the hundreds of the status; 0 is for clients that were gone before the end. */
const classes = ['aborted', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Why an upstream gave no answer, by the refusal that the client gets. */
const failures = { 'upstream-unreachable': 'unreachable', 'upstream-timeout': 'timeout', 'upstream-broken': 'broken' } as const;

/** The cells of one listener, registry and route. */
class RouteSeries {
  readonly #cell: (at: number) => Cell;
  readonly #answers: Cell[] = [];
  readonly #seconds: Histogram;

  constructor(metrics: Metrics, listener: Value<'listener'>, registry: string, route: RouteLabel) {
    this.#cell = (at) => metrics.requests.of({ listener, registry, route, status: classes[at] ?? 'aborted' });
    this.#seconds = metrics.requestSeconds.of({ listener, registry, route });
  }

  done(hundreds: number, seconds: number): void {
    (this.#answers[hundreds] ??= this.#cell(hundreds)).add();
    this.#seconds.observe(seconds);
  }
}

/** What is counted of one registry. */
class RegistrySeries {
  readonly name: string;
  readonly #route: (route: RouteLabel) => RouteSeries;
  readonly #routes = new Map<RouteLabel, RouteSeries>();
  readonly passedThrough: UpstreamSeries | undefined;

  readonly longLived: (verdict: Value<'verdict'>) => void;

  constructor(metrics: Metrics, listener: Value<'listener'>, registry: string) {
    this.name = registry;
    this.longLived = (verdict) => metrics.longLivedWrites.of({ registry, verdict }).add();
    this.#route = (route) => new RouteSeries(metrics, listener, registry, route);
    if (registry !== none && registry !== several) this.passedThrough = new UpstreamSeries(metrics, registry, 'pass-through');
  }

  of(route: RouteLabel): RouteSeries {
    let series = this.#routes.get(route);
    if (series === undefined) this.#routes.set(route, (series = this.#route(route)));
    return series;
  }
}

/** One request, from its head to the end of its answer. */
export class RequestWatch implements Watch {
  readonly #meter: RequestMeter;
  readonly #started = performance.now();
  #registry: RegistrySeries;
  #route: RouteLabel = none;
  #passed: number;

  constructor(meter: RequestMeter, registry: RegistrySeries) {
    this.#meter = meter;
    this.#registry = registry;
    this.#passed = this.#started;
  }

  /** The registry that it is for, and what it is, as far as that is known yet. */
  enter(registry: string, route: RouteLabel): void {
    this.#registry = this.#meter.of(registry);
    this.#route = route;
  }

  routed(route: RouteLabel): void {
    this.#route = route;
  }

  /** Labels, for traces. */
  get registry(): string {
    return this.#registry.name;
  }

  get route(): RouteLabel {
    return this.#route;
  }

  longLived(verdict: Value<'verdict'>): void {
    this.#registry.longLived(verdict);
  }

  passed(): void {
    this.#passed = performance.now();
  }

  answered(status: number): void {
    this.#registry.passedThrough?.answered(status, (performance.now() - this.#passed) / 1000);
  }

  failed(code: keyof typeof failures): void {
    this.#registry.passedThrough?.failed(failures[code]);
  }

  /** @param status 0: the client was gone */
  closed(status: number): void {
    this.#registry.of(this.#route).done(Math.floor(status / 100), (performance.now() - this.#started) / 1000);
  }
}

/** What is counted of one listener. */
export class RequestMeter {
  readonly #metrics: Metrics;
  readonly #listener: Value<'listener'>;
  readonly #underWay: Cell;
  readonly #registries = new Map<string, RegistrySeries>();
  /** Of a request of which nothing is known yet. */
  #unknown: RegistrySeries;

  constructor(metrics: Metrics, listener: Value<'listener'>) {
    this.#metrics = metrics;
    this.#listener = listener;
    this.#underWay = metrics.requestsUnderWay.of({ listener });
    this.#unknown = this.of(none);
  }

  begin(res: ServerResponse): RequestWatch {
    const watch = new RequestWatch(this, this.#unknown);
    const underWay = this.#underWay;
    underWay.add(1);
    res.on('close', () => {
      underWay.add(-1);
      watch.closed(res.writableFinished ? res.statusCode : 0);
    });
    return watch;
  }

  /** The series of a registry by its name, `several` or `none`. */
  of(registry: string): RegistrySeries {
    let series = this.#registries.get(registry);
    if (series === undefined) this.#registries.set(registry, (series = new RegistrySeries(this.#metrics, this.#listener, registry)));
    return series;
  }

  /** The policy changed: what was found may be gone. */
  forget(): void {
    this.#registries.clear();
    this.#unknown = this.of(none);
  }
}

/** The label for the registries that an exchange endpoint speaks for. */
export function spokenFor(registries: readonly RegistrySettings[]): string {
  const [first, ...others] = registries;
  return first === undefined ? none : others.length === 0 ? first.name : several;
}

/** What an exchange endpoint is called as a route. */
export function routeOf({ kind }: ExchangeEndpoint): RouteLabel {
  return kind === 'mint' ? 'exchange' : kind;
}
