# Two stages: install and generate with everything, then run as an ordinary user with only what runs.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY scripts/generate-clients.mjs scripts/schema-head.mjs scripts/slim-client.mjs scripts/build-program.mjs scripts/
COPY prisma prisma
COPY bin bin
COPY src src
# Optional packages are those of development alone. Prisma's query compilers are files of ours: as texts they are not read.
RUN npm ci && npm prune --omit=dev --omit=optional --ignore-scripts \
  && find node_modules/@prisma/client/runtime -name '*.wasm-base64.*' -delete && rm -rf node_modules/.cache

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY package.json ./
COPY scripts/build-program.mjs scripts/
COPY bin bin
COPY prisma prisma
COPY public public
COPY snippets snippets
COPY views views
COPY locales locales
COPY --from=build /app/src src
COPY --from=build /app/build build
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.PORT||3000)+'/health/ready').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# `docker run latchkey` serves; `docker run latchkey clients list` is the command line.
ENTRYPOINT ["node", "--initial-old-space-size=64", "--max-semi-space-size=8", "--heap-growing-percent=50", "--expose-gc", "bin/latchkey.mjs"]
CMD ["serve"]
