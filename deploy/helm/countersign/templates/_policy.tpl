{{/* The policy's `server:` and `store:`, which a change of restarts the pods; the rest is read anew while they run. */}}
{{- define "countersign.server" -}}
server:
  listen: 0.0.0.0:8080
  # For the kubelet's probes and Prometheus; the NetworkPolicy says who else gets there.
  {{- if .Values.server.admin }}
  admin:
    listen: 0.0.0.0:9090
    {{- .Values.server.admin | trim | nindent 4 }}
  {{- else }}
  admin: 0.0.0.0:9090
  {{- end }}
  shutdown_grace: {{ .Values.server.shutdownGrace }}s
  {{- with .Values.server.trustedProxies }}
  trusted_proxies: {{ toJson . }}
  {{- end }}
  {{- if .Values.server.tlsSecret }}
  tls: { cert_file: /run/secrets/tls/tls.crt, key_file: /run/secrets/tls/tls.key }
  {{- end }}
  {{- with .Values.server.extra }}
  {{- . | trim | nindent 2 }}
  {{- end }}
{{ if .Values.redis.enabled }}
store:
  url: redis://{{ include "countersign.name" . }}-redis:6379/0
  username: countersign
  password_file: /run/secrets/redis/password
{{- else }}
store:
{{- if contains ":" .Values.store }}
  {{- .Values.store | trim | nindent 2 }}
{{- else }} {{ .Values.store }}
{{- end }}
{{- end }}
{{- end }}

{{- define "countersign.policy" -}}
{{ include "countersign.server" . }}

{{ .Values.policy | trim }}
{{ end }}

{{- define "countersign.check" -}}
{{- if not .Values.image.repository }}{{ fail "image.repository is required: your own build of the Dockerfile" }}{{ end }}
{{- if not (trim .Values.policy) }}{{ fail "policy is required: --set-file policy=policy.yaml" }}{{ end }}
{{- if regexMatch "(?m)^(server|store)\\s*:" .Values.policy }}{{ fail "policy must not say server: or store:, the chart writes them (values server, redis, store)" }}{{ end }}
{{- if and (not .Values.redis.enabled) (not .Values.store) }}{{ fail "redis.enabled: false needs store: an address of a Redis, or memory" }}{{ end }}
{{- if and (not .Values.redis.enabled) (eq (trim .Values.store) "memory") (gt (int .Values.replicas) 1) }}{{ fail "store: memory is for replicas: 1; tokens of one replica are unknown to the other" }}{{ end }}
{{- if and .Values.redis.enabled .Values.store }}{{ fail "store is for redis.enabled: false" }}{{ end }}
{{- end }}
