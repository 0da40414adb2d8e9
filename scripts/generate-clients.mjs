// Composes prisma/<provider>/schema.prisma from prisma/models.prisma and generates both clients. None of it is committed.
// Runs after `npm ci`; `--check` only reports a composed schema that is missing or out of date.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { schemaHead } from './schema-head.mjs'
import { slimClient } from './slim-client.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const check = process.argv.includes('--check')
const models = readFileSync(join(root, 'prisma/models.prisma'), 'utf8')
const cli = join(root, 'node_modules/prisma/build/index.js')

for (const provider of ['sqlite', 'postgresql']) {
  const path = join(root, 'prisma', provider, 'schema.prisma')
  const schema = schemaHead(provider) + models
  if (check) {
    if (!existsSync(path) || readFileSync(path, 'utf8') !== schema) {
      console.error(
        `prisma/${provider}/schema.prisma differs from prisma/models.prisma: run npm run generate`,
      )
      process.exitCode = 1
    }
    continue
  }
  if (!existsSync(cli)) {
    console.error('prisma is not installed: install with development dependencies to generate the clients')
    process.exit(1)
  }
  if (!existsSync(path) || readFileSync(path, 'utf8') !== schema) writeFileSync(path, schema)
  // Generation runs in WebAssembly; the engine variable only has to name an executable, so that the
  // command line does not try to download one.
  execFileSync(process.execPath, [cli, 'generate', '--schema', path, '--no-hints'], {
    cwd: root,
    // What it says on standard error is in the error that a failure throws.
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
  })
  await slimClient(join(root, 'src/storage/generated', provider))
}
