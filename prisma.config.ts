import { defineConfig } from 'prisma/config'

// For Prisma's own command line on a database of ours (`prisma migrate status`, `prisma studio`). The program does not
// need it: it applies the same migrations by itself at start and keeps the same ledger.
const url = process.env.DATABASE_URL ?? 'file:./data/latchkey.db'
const provider = url.startsWith('file:') ? 'sqlite' : 'postgresql'

export default defineConfig({
  schema: `prisma/${provider}/schema.prisma`,
  migrations: { path: `prisma/${provider}/migrations` },
  datasource: { url },
  // The artefact store's: Prisma neither models nor migrates them.
  tables: { external: ['public.artifacts', 'public._artifact_migrations'] },
  experimental: { externalTables: true },
})
