/**
 * The import rule of the house: server → app → features → (http, storage, shared), in one direction. Types may cross
 * from a domain to what delivers it, values may not; a domain imports nothing of another. A vendor's library is known in
 * one place. Prints every breach and exits 1.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const src = resolve(dirname(fileURLToPath(import.meta.url)), '../../src')

/** Folders that every feature may import. They import nothing but each other, as listed. */
const ground: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  http: ['shared'],
  storage: ['shared'],
  oidc: ['shared', 'http', 'storage'],
}
/** What there is to do, whoever asks for it. */
const domains = [
  'access',
  'attributes',
  'accounts',
  'administrators',
  'audit',
  'branding',
  'clients',
  'configuration',
  'factors',
  'federation',
  'hooks',
  'mail',
  'metrics',
  'organizations',
  'queue',
  'registration',
  'rejections',
  'scim',
  'settings',
  'sms',
  'webhooks',
]
/** What brings it to browsers and programs: it may `import type` of a domain and of the protocol, and narrows that by `Pick`. */
const deliveries = ['admin', 'api', 'interactions']
/** Pages and protocols of a domain: delivery as well. */
const pages = ['accounts/pages/', 'factors/pages/', 'federation/pages/', 'scim/protocol/']
const features = [...domains, ...deliveries]
/** Parts of the composition root; only app.ts imports them. They may import everything. */
const wiring = 'wiring'
const edges = ['cli']
/** Folders that are published alone: they import nothing else of src/, and nothing of src/ imports them. */
const alone = ['resource-server']
/** Files directly in src/ that may import any folder: the composition root and the ways in. */
const roots = [
  'app.ts',
  'services.ts',
  'foundation.ts',
  'configuration-of.ts',
  'server.ts',
  'config.ts',
  'database-url.ts',
  'start-problems.ts',
  'housekeeping.ts',
  'welcome.ts',
]

/** Which files may import a vendor's package. */
const vendors: Readonly<Record<string, (file: string) => boolean>> = {
  'oidc-provider': (file) => file.startsWith('oidc/'),
  '@prisma/': (file) => file.startsWith('storage/'),
  'better-sqlite3': (file) => file.startsWith('storage/'),
  pg: (file) => file.startsWith('storage/'),
  'openid-client': (file) => file.startsWith('federation/'),
  ioredis: (file) => file.startsWith('storage/'),
  '@simplewebauthn/': (file) => file.startsWith('factors/passkeys/'),
  nodemailer: (file) => file.startsWith('mail/'),
  argon2: (file) => file.startsWith('accounts/'),
  bcrypt: (file) => file.startsWith('accounts/'),
  '@prometheus-io/': (file) => file.startsWith('metrics/'),
  'libphonenumber-js/': (file) => file.startsWith('sms/'),
  scimmy: (file) => file.startsWith('scim/protocol/'),
  yaml: (file) => file.startsWith('configuration/'),
}

/** Only storage and the stores of features (`store.ts`, or a folder `store`) touch the database; `import type` of its port is free. */
const isStore = (file: string) => file.startsWith('storage/') || /(^|[/-])store(\.ts$|\/)/.test(file)

function allowed(from: string, to: string, typeOnly: boolean): string | undefined {
  const [home = '', there = ''] = [from, to].map((path) => (path.includes('/') ? path.split('/')[0] : ''))
  if (there === wiring) return home === wiring || from === 'app.ts' ? undefined : 'only app.ts imports wiring'
  if (home === wiring)
    return to === 'server.ts' || to === 'app.ts' ? 'wiring is imported by app.ts' : undefined
  if (home !== there && alone.some((folder) => folder === home || folder === there))
    return 'what is published alone neither knows the server nor is known by it'
  if (home === '')
    return roots.includes(from) ? undefined : 'it is no part of the composition root: give it a folder'
  if (there === '')
    return edges.includes(home)
      ? undefined
      : 'only server.ts and the command line import the composition root'
  if (home === there || edges.includes(home)) return undefined
  if (edges.includes(there)) return 'nothing imports an edge'
  const delivers = deliveries.includes(home) || pages.some((folder) => from.startsWith(folder))
  if (typeOnly && delivers && (domains.includes(there) || there === 'oidc')) return undefined
  const known = ground[home] ?? ['shared', 'http', 'storage']
  if (!known.includes(there))
    return `${home} must not know ${there}: name the interface it needs, app.ts supplies it`
  return undefined
}

const problems: string[] = []
for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name)
  const file = relative(src, path)
  if (!entry.isFile() || !file.endsWith('.ts') || file.startsWith('storage/generated/')) continue
  if (
    file.includes('/') &&
    ![...Object.keys(ground), ...features, ...edges, wiring, ...alone].includes(file.split('/')[0] ?? '')
  )
    problems.push(`${file}: folder is not in the layout of scripts/checks/imports.ts`)
  for (const match of readFileSync(path, 'utf8').matchAll(
    /^\s*(?:import|export)\b[^'"]*?\bfrom\s+'([^']+)'|import\('([^']+)'\)/gm,
  )) {
    const target = match[1] ?? match[2] ?? ''
    const typeOnly = /^\s*(import|export) type\b/.test(match[0])
    if (!target.startsWith('.')) {
      for (const [name, may] of Object.entries(vendors))
        if ((target === name || (name.endsWith('/') && target.startsWith(name))) && !may(file))
          problems.push(`${file}: must not import ${target}`)
      continue
    }
    const to = relative(src, resolve(dirname(path), target))
    if (to.startsWith('..')) continue
    const why = allowed(file, to, typeOnly)
    if (why) problems.push(`${file} → ${to}: ${why}`)
    if (
      to.startsWith('storage/') &&
      !typeOnly &&
      file.includes('/') &&
      !isStore(file) &&
      !/^(cli|wiring)\//.test(file)
    )
      problems.push(`${file} → ${to}: only a store.ts, or a folder store, knows storage`)
  }
}
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log('imports: one direction')
