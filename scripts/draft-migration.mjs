// Drafts prisma/<provider>/migrations/<timestamp>_<name>/migration.sql for both providers: the difference between
// prisma/migrated.prisma (the models as the migrations so far build them) and prisma/models.prisma. Read the draft,
// correct it where data has to move, and commit it with both files; never edit it once it was released.
//   node scripts/draft-migration.mjs add_passkeys
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diffSchemas, isEmptyDifference } from './schema-engine.ts'
import { schemaHead } from './schema-head.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'prisma')
const name = process.argv[2]
if (name === undefined || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error('usage: node scripts/draft-migration.mjs <name_in_snake_case>')
  process.exit(2)
}

const models = join(root, 'models.prisma')
const migrated = join(root, 'migrated.prisma')
const timestamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)

for (const provider of ['sqlite', 'postgresql']) {
  const whole = (path) => schemaHead(provider) + readFileSync(path, 'utf8')
  const sql = await diffSchemas(existsSync(migrated) ? whole(migrated) : undefined, whole(models))
  if (isEmptyDifference(sql)) {
    console.error('prisma/models.prisma holds nothing that the migrations do not build already')
    process.exit(1)
  }
  const folder = join(root, provider, 'migrations', `${timestamp}_${name}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'migration.sql'), sql)
  console.log(join(folder, 'migration.sql'))
}
copyFileSync(models, migrated)
