// What happens to the numbers, and which alerts fire then: all that fire, and no other. Run by promtool.

export interface AlertCase {
  readonly name: string;
  /** Series in promtool's notation, a sample a minute; they replace those of a healthy replica. */
  readonly series: Readonly<Record<string, string>>;
  readonly at: string;
  readonly fires: readonly Readonly<Record<string, string>>[];
}

const a = 'instance="a"';

/** A replica with nothing to complain of. */
export const healthy: Readonly<Record<string, string>> = {
  [`countersign_build_info{${a}}`]: '1x200',
  [`countersign_store_up{${a}, store="redis"}`]: '1x200',
  [`countersign_store_epoch_resets_total{${a}}`]: '1x200',
  [`countersign_jwks_stale{${a}, issuer="github"}`]: '0x200',
  [`countersign_jwks_keys{${a}, issuer="github"}`]: '4x200',
  [`countersign_jwks_age_seconds{${a}, issuer="github"}`]: '500x200',
  [`countersign_clock_skew_seconds{${a}, issuer="github"}`]: '0.7x200',
  [`countersign_policy_info{${a}, revision="r1"}`]: '1x200',
  [`countersign_policy_last_reload_successful{${a}}`]: '1x200',
  [`countersign_exchanges_total{${a}, registry="npm", provider="github", outcome="minted", code="-"}`]: '0+3x200',
  [`countersign_exchanges_total{${a}, registry="npm", provider="github", outcome="refused", code="publisher-none"}`]: '0+0.1x200',
  [`countersign_uploads_total{${a}, registry="npm", outcome="uploaded", code="-"}`]: '0+3x200',
  [`countersign_uploads_total{${a}, registry="npm", outcome="upstream-unknown", code="-"}`]: '0x200',
  [`countersign_uploads_total{${a}, registry="npm", outcome="upstream-refused", code="upstream-credential"}`]: '0x200',
  [`countersign_changes_total{${a}, registry="npm", outcome="refused", code="upstream-credential"}`]: '0x200',
  [`countersign_long_lived_writes_total{${a}, registry="npm", verdict="refused"}`]: '0+1x200',
  [`countersign_long_lived_writes_total{${a}, registry="npm", verdict="trusted-only"}`]: '0x200',
  [`countersign_publisher_packages_total{${a}, publisher="ui"}`]: '0+1x200',
  [`countersign_limit_refusals_total{${a}, limit="packages_per_minute"}`]: '0x200',
  [`countersign_limit_refusals_total{${a}, limit="requests"}`]: '0x200',
  [`countersign_limit_refusals_total{${a}, limit="refused_exchanges"}`]: '0+5x200',
  [`countersign_upstream_requests_total{${a}, registry="npm", purpose="pass-through", status="2xx"}`]: '0+600x200',
  [`countersign_upstream_requests_total{${a}, registry="npm", purpose="pass-through", status="broken"}`]: '0+1x200',
  [`countersign_http_requests_total{listener="public", ${a}, registry="npm", route="read", status="2xx"}`]: '0+600x200',
  [`countersign_http_requests_total{listener="public", ${a}, registry="npm", route="read", status="5xx"}`]: '0+1x200',
  [`countersign_event_loop_lag_seconds_bucket{${a}, le="0.25"}`]: '0+120x200',
  [`countersign_event_loop_lag_seconds_bucket{${a}, le="1.0"}`]: '0+120x200',
  [`countersign_event_loop_lag_seconds_bucket{${a}, le="+Inf"}`]: '0+120x200',
  [`countersign_log_lines_lost_total{${a}}`]: '0x200',
  [`countersign_audit_records_missed_total{${a}, sink="webhook"}`]: '0x200',
  [`countersign_certificate_expiry_timestamp_seconds{${a}}`]: '7776000x200',
  [`countersign_unknown_claims_total{${a}, provider="github"}`]: '0x200',
};

const fires = (alertname: string, severity: string, labels: Record<string, string> = {}): Record<string, string> => ({
  alertname: `Countersign${alertname}`,
  severity,
  ...labels,
});
const npm = { registry: 'npm' };
const issuer = { instance: 'a', issuer: 'github' };
const one = { instance: 'a' };

export const cases: readonly AlertCase[] = [
  { name: 'nothing happens', series: {}, at: '100m', fires: [] },
  {
    name: 'it is gone',
    series: Object.fromEntries(Object.keys(healthy).map((series) => [series, '0x20 stale'])),
    at: '30m',
    fires: [fires('Absent', 'critical')],
  },
  {
    name: 'the store is away for a minute',
    series: { [`countersign_store_up{${a}, store="redis"}`]: '1x20 0x1 1x100' },
    at: '22m',
    fires: [],
  },
  {
    name: 'the store is away',
    series: { [`countersign_store_up{${a}, store="redis"}`]: '1x20 0x100' },
    at: '24m',
    fires: [fires('StoreDown', 'critical', { ...one, store: 'redis' })],
  },
  {
    name: 'Redis was restarted',
    series: { [`countersign_store_epoch_resets_total{${a}}`]: '1x20 2x100' },
    at: '25m',
    fires: [fires('StoreForgot', 'warning', one)],
  },
  {
    name: 'an issuer is away for half an hour',
    series: {
      [`countersign_jwks_stale{${a}, issuer="github"}`]: '0x20 1x100',
      [`countersign_jwks_age_seconds{${a}, issuer="github"}`]: '600+60x100',
    },
    at: '40m',
    fires: [fires('KeysStale', 'warning', issuer)],
  },
  {
    name: 'an issuer is away for more than an hour',
    series: {
      [`countersign_jwks_stale{${a}, issuer="github"}`]: '1x150',
      [`countersign_jwks_age_seconds{${a}, issuer="github"}`]: '600+60x150',
    },
    at: '60m',
    fires: [fires('KeysStale', 'warning', issuer), fires('KeysUnusable', 'critical', issuer)],
  },
  {
    name: 'keys were never had',
    series: { [`countersign_jwks_stale{${a}, issuer="github"}`]: '1x150', [`countersign_jwks_keys{${a}, issuer="github"}`]: '0x150' },
    at: '5m',
    fires: [fires('KeysUnusable', 'critical', issuer)],
  },
  {
    name: 'nobody needs keys at night: old ones that no attempt failed for are no trouble',
    series: { [`countersign_jwks_age_seconds{${a}, issuer="github"}`]: '600+600x150' },
    at: '100m',
    fires: [],
  },
  {
    name: 'the clock is behind',
    series: { [`countersign_clock_skew_seconds{${a}, issuer="github"}`]: '-20x150' },
    at: '20m',
    fires: [fires('ClockSkew', 'warning', issuer)],
  },
  {
    name: 'the policy has errors',
    series: { [`countersign_policy_last_reload_successful{${a}}`]: '1x20 0x100' },
    at: '30m',
    fires: [fires('PolicyNotReloaded', 'warning', one)],
  },
  {
    name: 'the policy has errors for long',
    series: { [`countersign_policy_last_reload_successful{${a}}`]: '1x20 0x100' },
    at: '90m',
    fires: [fires('PolicyNotReloaded', 'warning', one), fires('PolicyOld', 'critical', one)],
  },
  {
    name: 'two replicas disagree',
    series: { 'countersign_policy_info{instance="b", revision="r0"}': '1x150' },
    at: '20m',
    fires: [fires('PolicyDiffers', 'warning')],
  },
  {
    name: 'the upstream does not take the credential',
    series: { [`countersign_uploads_total{${a}, registry="npm", outcome="upstream-refused", code="upstream-credential"}`]: '0x20 1x100' },
    at: '22m',
    fires: [fires('CredentialRefused', 'critical', npm)],
  },
  {
    name: 'an old token is used for a package that has moved',
    series: { [`countersign_long_lived_writes_total{${a}, registry="npm", verdict="trusted-only"}`]: '0x20 1x100' },
    at: '50m',
    fires: [fires('LongLivedOnTrustedOnly', 'warning', npm)],
  },
  {
    name: 'a worm',
    series: {
      [`countersign_publisher_packages_total{${a}, publisher="ui"}`]: '0x20 0+8x100',
      [`countersign_limit_refusals_total{${a}, limit="packages_per_minute"}`]: '0x20 0+2x100',
    },
    at: '31m',
    fires: [fires('FanOut', 'warning', { publisher: 'ui' }), fires('CeilingReached', 'critical')],
  },
  {
    name: 'somebody tries what he may do',
    series: {
      [`countersign_exchanges_total{${a}, registry="npm", provider="github", outcome="refused", code="publisher-none"}`]: '0x20 0+10x100',
    },
    at: '40m',
    fires: [fires('RefusedBurst', 'warning', npm)],
  },
  {
    name: 'an upload of which nobody knows',
    series: { [`countersign_uploads_total{${a}, registry="npm", outcome="upstream-unknown", code="-"}`]: '0x20 1x100' },
    at: '22m',
    fires: [fires('UploadUnknown', 'warning', npm)],
  },
  {
    name: 'the registry behind is down',
    series: {
      [`countersign_upstream_requests_total{${a}, registry="npm", purpose="pass-through", status="2xx"}`]: '0+600x20 12000x100',
      [`countersign_upstream_requests_total{${a}, registry="npm", purpose="pass-through", status="broken"}`]: '0x20 0+500x100',
      [`countersign_http_requests_total{listener="public", ${a}, registry="npm", route="read", status="5xx"}`]: '0x20 0+500x100',
    },
    at: '40m',
    fires: [fires('UpstreamDown', 'critical', npm), fires('Errors', 'warning', { ...npm, route: 'read' })],
  },
  {
    name: 'more comes than a process may take on',
    series: { [`countersign_limit_refusals_total{${a}, limit="requests"}`]: '0x20 0+30x100' },
    at: '40m',
    fires: [fires('TurnedAway', 'warning', { ...one, limit: 'requests' })],
  },
  {
    name: 'the event loop is late',
    series: { [`countersign_event_loop_lag_seconds_bucket{${a}, le="0.25"}`]: '0+40x150' },
    at: '30m',
    fires: [fires('EventLoopLag', 'warning', one)],
  },
  {
    name: 'whoever collects the log stalls',
    series: { [`countersign_log_lines_lost_total{${a}}`]: '0x20 7x100' },
    at: '22m',
    fires: [fires('LogLinesLost', 'critical', one)],
  },
  {
    name: 'the receiver of webhooks is away for too long',
    series: { [`countersign_audit_records_missed_total{${a}, sink="webhook"}`]: '0x20 3x100' },
    at: '22m',
    fires: [fires('AuditMissed', 'warning', { ...one, sink: 'webhook' })],
  },
  {
    name: 'the certificate ends in ten days',
    series: { [`countersign_certificate_expiry_timestamp_seconds{${a}}`]: `${10 * 86_400}x150` },
    at: '90m',
    fires: [fires('CertificateEnds', 'warning', one)],
  },
  {
    name: 'the certificate ends tomorrow',
    series: { [`countersign_certificate_expiry_timestamp_seconds{${a}}`]: '86400x150' },
    at: '90m',
    fires: [fires('CertificateEnds', 'warning', one), fires('CertificateEnded', 'critical', one)],
  },
  {
    name: 'the CI has changed its tokens',
    series: { [`countersign_unknown_claims_total{${a}, provider="github"}`]: '0x20 5x100' },
    at: '60m',
    fires: [fires('UnknownClaims', 'info', { provider: 'github' })],
  },
];
