/** Sentences that stand in code: those that people read belong in locales/, others are listed here with who reads them. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What speaks to people who sign in. */
const SPOKEN = [
  'src/access',
  'src/accounts',
  'src/admin/console/access',
  'src/admin/console/attention.ts',
  'src/admin/console/audit',
  'src/admin/console/branding',
  'src/admin/console/bulk.ts',
  'src/admin/console/clients',
  'src/admin/console/configuration.ts',
  'src/admin/console/dashboard.ts',
  'src/admin/console/definitions',
  'src/admin/console/providers',
  'src/admin/console/resources',
  'src/admin/console/registration',
  'src/admin/console/rejections',
  'src/admin/console/scim',
  'src/admin/console/webhooks',
  'src/admin/console/deletion.ts',
  'src/admin/console/keys.ts',
  'src/admin/console/languages',
  'src/admin/console/organizations',
  'src/admin/console/plot.ts',
  'src/admin/console/search',
  'src/admin/console/settings',
  'src/admin/console/setup',
  'src/admin/console/users',
  'src/admin/console/snippets',
  'src/admin/console/try-it',
  'src/admin/rest/machine.ts',
  'src/attributes',
  'src/audit/activity-words.ts',
  'src/audit/activity.ts',
  'src/branding/branding.ts',
  'src/branding/images.ts',
  'src/clients/resources',
  'src/factors',
  'src/federation',
  'src/hooks',
  'src/http',
  'src/interactions',
  'src/oidc/authorization/pages.ts',
  'src/oidc/consent',
  'src/oidc/device',
  'src/oidc/sessions',
  'src/oidc/sign-out',
  'src/oidc/tokens/claim-preview.ts',
  'src/oidc/tokens/claims.ts',
  'src/organizations',
  'src/scim/tokens',
  'src/settings/texts.ts',
  'src/shared/definitions',
  'src/shared/locales',
  'src/shared/profile',
  'src/shared/text.ts',
  'src/webhooks',
]

/** Folders and files of those whose sentences stay English, by who reads them. */
const ENGLISH: Readonly<Record<string, readonly string[]>> = {
  'administrators and programs': [
    'src/access/configuration.ts',
    'src/access/fields/table.ts',
    'src/accounts/administration.ts',
    'src/accounts/import',
    'src/accounts/passwords/breaches',
    'src/accounts/provisioning',
    'src/attributes/claims/table.ts',
    'src/attributes/claims',
    'src/attributes/table.ts',
    'src/hooks/table.ts',
    'src/federation/connectors/github.ts',
    'src/federation/connectors/google.ts',
    'src/federation/connectors/oidc.ts',
    'src/federation/kept-tokens.ts',
    'src/oidc/sessions/temporary.ts',
    'src/organizations/fields.ts',
  ],
  'programs: answers in JSON, and their description': [
    'src/federation/back-channel-logout.ts',
    'src/http/errors/problem.ts',
    'src/http/etag.ts',
    'src/http/instance.ts',
  ],
  'the names of products': ['src/factors/passkeys/authenticators.ts'],
  'examples in documents': ['src/shared/profile/address.ts'],
}

const listed = Object.values(ENGLISH).flat()
const isIn = (file: string, path: string): boolean => file === path || file.startsWith(`${path}/`)

// A comment, or a text in quotes; a regular expression that holds quotes is taken apart wrongly, and has no words.
const TOKENS = /\/\*[\s\S]*?\*\/|(?<![:'"`\w])\/\/[^\n]*|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g

/** Texts of code that are sentences: two words or more that begin with a capital letter, or end as a sentence does. SQL is none. */
export function sentencesIn(code: string): string[] {
  return [...code.matchAll(TOKENS)]
    .map(([, quoted, template]) => (quoted ?? template ?? '').replaceAll(/\$\{[^}]*\}/g, '…').trim())
    .filter((text) => /^[^\n]*$/.test(text) && /\p{L}{2,},? [\p{L}…“]/u.test(text))
    .filter(
      (text) => /^\p{Lu}\p{Ll}/u.test(text) || (/[\p{L}…”)][.!?]$/u.test(text) && !/^\p{Lu}{2}/u.test(text)),
    )
}

function filesIn(path: string): string[] {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(path, file))
}

/** Each sentence that belongs in a catalogue, and each line of the list that lists nothing. */
export function misplacedSentences(): string[] {
  const spoken = SPOKEN.flatMap(filesIn).map((file) => ({
    file,
    sentences: sentencesIn(readFileSync(file, 'utf8')),
  }))
  return [
    ...spoken
      .filter(({ file }) => !listed.some((path) => isIn(file, path)))
      .flatMap(({ file, sentences }) =>
        sentences.map((text) => `${file}: “${text}” belongs in locales/en.json`),
      ),
    ...listed
      .filter((path) => !spoken.some(({ file, sentences }) => isIn(file, path) && sentences.length > 0))
      .map((path) => `scripts/checks/sentences.ts: ${path} holds no sentence any more`),
  ]
}
