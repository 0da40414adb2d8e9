import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { IntlMessageFormat } from 'intl-messageformat'
import type access from '../../../locales/admin/access.en.json'
import type administratorRoles from '../../../locales/admin/administrator_roles.en.json'
import type attributes from '../../../locales/admin/attributes.en.json'
import type auditTexts from '../../../locales/admin/audit.en.json'
import type brandingTexts from '../../../locales/admin/branding.en.json'
import type bulkTexts from '../../../locales/admin/bulk.en.json'
import type claims from '../../../locales/admin/claims.en.json'
import type clientErrors from '../../../locales/admin/client_errors.en.json'
import type clients from '../../../locales/admin/clients.en.json'
import type common from '../../../locales/admin/common.en.json'
import type configurationTexts from '../../../locales/admin/configuration.en.json'
import type dashboardTexts from '../../../locales/admin/dashboard.en.json'
import type definitions from '../../../locales/admin/definitions.en.json'
import type frame from '../../../locales/admin/frame.en.json'
import type hooks from '../../../locales/admin/hooks.en.json'
import type keysTexts from '../../../locales/admin/keys.en.json'
import type languagesTexts from '../../../locales/admin/languages.en.json'
import type limits from '../../../locales/admin/limits.en.json'
import type organizations from '../../../locales/admin/organizations.en.json'
import type parts from '../../../locales/admin/parts.en.json'
import type permissionsTexts from '../../../locales/admin/permissions.en.json'
import type providers from '../../../locales/admin/providers.en.json'
import type registration from '../../../locales/admin/registration.en.json'
import type rejections from '../../../locales/admin/rejections.en.json'
import type resources from '../../../locales/admin/resources.en.json'
import type scim from '../../../locales/admin/scim.en.json'
import type searchTexts from '../../../locales/admin/search.en.json'
import type settingsTexts from '../../../locales/admin/settings.en.json'
import type setupTexts from '../../../locales/admin/setup.en.json'
import type snippets from '../../../locales/admin/snippets.en.json'
import type tryIt from '../../../locales/admin/try_it.en.json'
import type users from '../../../locales/admin/users.en.json'
import type webhooks from '../../../locales/admin/webhooks.en.json'
import type english from '../../../locales/en.json'
import { BoundedMap } from '../bounded-map.ts'
import { own } from '../own.ts'
import { ENGLISH, localeOf } from './locales.ts'

/** Names a text of the console: `admin.`, the area that the file is called by, and a name. All are in locales/admin/{area}.en.json. */
export type ConsoleTextKey =
  | keyof typeof access
  | keyof typeof administratorRoles
  | keyof typeof attributes
  | keyof typeof auditTexts
  | keyof typeof brandingTexts
  | keyof typeof bulkTexts
  | keyof typeof claims
  | keyof typeof clientErrors
  | keyof typeof clients
  | keyof typeof common
  | keyof typeof configurationTexts
  | keyof typeof dashboardTexts
  | keyof typeof definitions
  | keyof typeof frame
  | keyof typeof hooks
  | keyof typeof keysTexts
  | keyof typeof languagesTexts
  | keyof typeof limits
  | keyof typeof organizations
  | keyof typeof parts
  | keyof typeof permissionsTexts
  | keyof typeof providers
  | keyof typeof registration
  | keyof typeof rejections
  | keyof typeof resources
  | keyof typeof scim
  | keyof typeof searchTexts
  | keyof typeof settingsTexts
  | keyof typeof setupTexts
  | keyof typeof snippets
  | keyof typeof tryIt
  | keyof typeof users
  | keyof typeof webhooks

/** Names a text: one of the console, or one of locales/en.json. */
export type TextKey = keyof typeof english | ConsoleTextKey

/** What fills the placeholders of a text. */
export type TextArguments = Readonly<Record<string, string | number | Date>>

/** The same, for a caller that puts the pieces together: objects come out as they are, a function fills a tag. */
export type Fillings = Readonly<Record<string, string | number | Date | object>>

export type Catalogue = Readonly<Record<string, string>>

/** A text whose placeholders are filled: strings, and the objects that were given, in a row. */
export type Format = (values: Fillings) => readonly unknown[]

const FOLDER = fileURLToPath(new URL('../../../locales/', import.meta.url))
const require = createRequire(import.meta.url)

const catalogues = new Map<string, Catalogue>()
const shipped = new Map<string, Format>()
/** Owners change theirs now and then. */
const overridden = new BoundedMap<string, Format>(2000)
let library: typeof IntlMessageFormat | undefined

/** The texts of a language that everybody reads, from its file, read once. @throws Error when there is no such language */
export const catalogueOf = (tag: string): Catalogue => catalogueIn(localeOf(tag).tag)

function catalogueIn(name: string): Catalogue {
  const read = catalogues.get(name)
  if (read !== undefined) return read
  const catalogue = JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as Catalogue
  catalogues.set(name, catalogue)
  return catalogue
}

/** As it ships, in a language; undefined where that language lacks it. Each area of the console is read when its first text is asked for. */
export function shippedText(tag: string, key: string): string | undefined {
  const area = /^admin\.([a-z_]+)\./.exec(key)?.[1]
  if (area === undefined) return own(catalogueOf(tag), key)
  const locale = localeOf(tag)
  return locale.console ? own(catalogueIn(`admin/${area}.${locale.tag}`), key) : undefined
}

/** What an owner says instead of a text; undefined: what ships. */
export type Overrides = (tag: string, key: TextKey) => string | undefined

/**
 * A text in a language (ICU MessageFormat), in pieces; in English where that language lacks it.
 * @throws Error when a placeholder is not filled
 */
export function piecesIn(
  tag: string,
  key: TextKey,
  values: Fillings,
  overrides?: Overrides,
): readonly unknown[] {
  const override = overrides?.(tag, key)
  if (override !== undefined) {
    try {
      return kept(overridden, `${tag} ${key} ${override}`, () => compiled(override, tag))(values)
    } catch {
      // It was good for what filled it when it was saved, and is not for what fills it in this release: what ships is said.
    }
  }
  return kept(shipped, `${tag} ${key}`, () => formatOf(tag, key))(values)
}

function kept(known: Map<string, Format>, name: string, make: () => Format): Format {
  const found = known.get(name)
  if (found !== undefined) return found
  const format = make()
  known.set(name, format)
  return format
}

function formatOf(tag: string, key: TextKey): Format {
  const translated = shippedText(tag, key)
  const language = translated === undefined ? ENGLISH : tag
  const text = translated ?? shippedText(ENGLISH, key)
  if (text === undefined) throw new Error(`no text is called ${key}`)
  return compiled(text, language)
}

/**
 * A text, ready to be filled in. The library is loaded by the first text that has something to fill in.
 * @param text in ICU MessageFormat
 * @throws Error when it is not
 */
export function compiled(text: string, tag: string): Format {
  if (!/[{}<>']/.test(text)) return () => [text]
  library ??= (require('intl-messageformat') as { IntlMessageFormat: typeof IntlMessageFormat })
    .IntlMessageFormat
  const message = new library(text, tag)
  return (values) => {
    const result: unknown = message.format(values as Parameters<typeof message.format>[0])
    return Array.isArray(result) ? result : [result]
  }
}
