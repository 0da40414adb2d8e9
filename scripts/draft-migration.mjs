// Drafts prisma/<provider>/migrations/<timestamp>_<name>/migration.sql for both providers: the difference between
// prisma/models.prisma as the newest committed migration left it and as it is now. Read the draft, correct it where data has to
// move, and commit it with the models; never edit it once it was released.
//   node scripts/draft-migration.mjs add_passkeys
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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

const git = (...options) => execFileSync('git', options, { cwd: root, encoding: 'utf8' }).trim()
const folders = ['sqlite/migrations', 'postgresql/migrations']
if (git('status', '--porcelain', '--', ...folders) !== '') {
  console.error('a migration is not committed yet: commit it with its models, or delete it, and draft again')
  process.exit(1)
}
const newest = git('log', '-1', '--format=%H', '--', ...folders)
const before = newest === '' ? undefined : git('show', `${newest}:./models.prisma`)
const after = readFileSync(join(root, 'models.prisma'), 'utf8')
const timestamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)

for (const provider of ['sqlite', 'postgresql']) {
  const whole = (models) => schemaHead(provider) + models
  const sql = await diffSchemas(before === undefined ? undefined : whole(before), whole(after))
  if (isEmptyDifference(sql)) {
    console.error('prisma/models.prisma holds nothing that the migrations do not build already')
    process.exit(1)
  }
  const folder = join(root, provider, 'migrations', `${timestamp}_${name}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'migration.sql'), sql)
  console.log(join(folder, 'migration.sql'))
}
