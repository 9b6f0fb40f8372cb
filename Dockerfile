# Targets: api, worker, and stand-in-model for the demo profile of docker-compose.yml.

FROM node:24-slim AS packages
RUN npm install --global pnpm@12
WORKDIR /app
# Downloads everything once, and again only for another lockfile; the installs below need no network.
COPY pnpm-lock.yaml pnpm-workspace.yaml ./
RUN pnpm fetch && rm -rf node_modules
COPY packages/shared/package.json packages/shared/
COPY packages/store/package.json packages/store/
COPY packages/api/package.json packages/api/
COPY packages/worker/package.json packages/worker/

# The root's package.json is left out on purpose: pnpm would install the root's dependencies along with the filtered
# packages, and a second Node.js of 130 MB is among them.
FROM packages AS api-dependencies
RUN pnpm install --offline --frozen-lockfile --prod --filter @promptq/api...
# 10 MB of its 12 that the page at /docs never asks for.
RUN cd packages/api/node_modules/swagger-ui-dist && rm -f *.map swagger-ui-es-bundle*

FROM packages AS worker-dependencies
RUN pnpm install --offline --frozen-lockfile --prod --filter @promptq/worker...

FROM packages AS build
COPY package.json ./
# The root names these two; no image has them.
COPY packages/client/package.json packages/client/
COPY packages/cli/package.json packages/cli/
RUN pnpm install --offline --frozen-lockfile
# It has no dependencies, so a copy without pnpm's links is the whole of it.
RUN cp -RL node_modules/@copilotkit/aimock /aimock && rm -rf /aimock/node_modules
COPY tsconfig.base.json ./
COPY packages packages
COPY scripts/copy-lua.ts scripts/
RUN node_modules/.bin/tsc -b packages/api packages/worker && node scripts/copy-lua.ts && rm packages/*/dist/.tsbuildinfo

# The files belong to root: the process can read them and change none.
FROM node:24-slim AS runtime
ENV NODE_ENV=production
# Else V8 lets its young generation grow to 128 MB under load; with 32 (twice this) a process takes 70 to 90 MB less and
# no more CPU for a job (docs/operating.md, "Memory of processes").
ENV NODE_OPTIONS=--max-semi-space-size=16
WORKDIR /app
USER node

FROM runtime AS stand-in-model
COPY package.json ./
COPY --from=build /aimock node_modules/@copilotkit/aimock
COPY scripts/stand-in-model.ts scripts/
EXPOSE 4010
CMD ["node", "scripts/stand-in-model.ts"]

FROM runtime AS worker
COPY --from=worker-dependencies /app/node_modules node_modules
COPY --from=worker-dependencies /app/packages packages
COPY --from=build /app/packages/shared/dist packages/shared/dist
COPY --from=build /app/packages/store/dist packages/store/dist
COPY --from=build /app/packages/worker/dist packages/worker/dist
WORKDIR /app/packages/worker
CMD ["node", "--enable-source-maps", "dist/main.js"]

FROM runtime AS api
COPY --from=api-dependencies /app/node_modules node_modules
COPY --from=api-dependencies /app/packages packages
COPY --from=build /app/packages/shared/dist packages/shared/dist
COPY --from=build /app/packages/store/dist packages/store/dist
COPY --from=build /app/packages/api/dist packages/api/dist
WORKDIR /app/packages/api
EXPOSE 3000
CMD ["node", "--enable-source-maps", "dist/main.js"]
