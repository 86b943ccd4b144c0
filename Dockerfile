# syntax=docker/dockerfile:1
# Countersign's image: production dependencies only, no shell, no package manager, not root, nothing to write to.
#   docker build -t countersign .
#   docker run --read-only --cap-drop ALL -p 8080:8080 -v ./config:/etc/countersign:ro countersign
ARG BASE=node:24-slim

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

# Not `npm prune`: it leaves the empty folders of what it removes.
FROM ${BASE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev
# Traces are off unless asked for (docs/metrics.md), and their packages as large as all others together: TRACING=yes keeps them.
ARG TRACING=no
RUN if [ "$TRACING" != yes ]; then rm -r node_modules/@opentelemetry; fi

# Node itself and the libraries that it is linked to; `ldd` knows them for whatever processor this is built on.
FROM ${BASE} AS system
RUN mkdir -p /image/etc /image/usr/bin \
  && cp "$(node -p process.execPath)" /image/usr/bin/node \
  && ldd /image/usr/bin/node | grep -o '/[^ ]*' | sort -u | xargs cp --parents --dereference --target-directory=/image \
  && printf 'countersign:x:10001:10001::/:/nonexistent\n' > /image/etc/passwd \
  && printf 'countersign:x:10001:\n' > /image/etc/group \
  && printf 'hosts: files dns\n' > /image/etc/nsswitch.conf

FROM scratch
LABEL org.opencontainers.image.title="Countersign" \
  org.opencontainers.image.description="Trusted publishing for the package registry you already run" \
  org.opencontainers.image.version="0.1.0" \
  org.opencontainers.image.licenses="Apache-2.0"
COPY --from=system /image /
COPY LICENSE package.json /app/
COPY --from=dependencies /build/node_modules /app/node_modules
COPY --from=build /build/dist /app/dist
COPY config/schema.json /app/config/schema.json
USER 10001:10001
WORKDIR /app
ENV NODE_ENV=production COUNTERSIGN_CONFIG=/etc/countersign/countersign.yaml
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/bin/node", "/app/dist/main.js", "health"]
ENTRYPOINT ["/usr/bin/node", "/app/dist/main.js"]
CMD ["serve"]
